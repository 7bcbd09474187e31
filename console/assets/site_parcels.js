// Parcels: what came and went, and one parcel with all that is known of it.
import { element } from "./dom.js";
import { code, link, parcelLink, state, states, table, time, withParcel } from "./site_table.js";

// As the command line words it: a receipt that a return contradicts is said so, and not only that it is Confirmed.
function addresseeState(words, one) {
  const partly = one.state === "Confirmed" ? "a return says otherwise" : "partly confirmed";
  return states(
    words,
    one.state,
    one.lost ? "lost" : null,
    one.receipt_only ? "receipt only" : null,
    one.partly_confirmed ? partly : null,
  );
}

const kindOf = (words, row) => words.say(row.is_return ? "parcels.a-return" : "parcels.a-parcel");
const sizeOf = (words, row) => (row.is_return ? "" : words.size(row.content_bytes));

// A return has no content: it says what arrived there.
function verdictsOf(words, row) {
  if (row.is_return) return words.say("offer.contents-return");
  return Object.entries(row.verdicts ?? {})
    .map(([word, n]) => `${words.number(n)} ${words.word("verdict", word)}`)
    .join(", ");
}

export function parcels(words, { outgoing = [], incoming = [] }) {
  // Each addressee has its own state, and the parcel a number for each.
  const sent = outgoing.flatMap((row) =>
    (row.addressees ?? []).map((addressee) => ({ ...row, parcel: row.id, ...addressee })),
  );
  return element(
    "div",
    {},
    table(
      words,
      words.say("parcels.outgoing"),
      [
        ["parcel", (row) => parcelLink(row.id, row.parcel)],
        ["kind", (row) => kindOf(words, row)],
        ["name", (row) => row.name],
        ["to", (row) => code(row.site)],
        ["state", (row) => addresseeState(words, row)],
        ["since", (row) => time(words, row.confirmed ?? row.sent ?? row.created)],
        ["evidence", (row) => (row.return ? parcelLink(row.return) : "")],
        ["size", (row) => sizeOf(words, row), true],
      ],
      sent,
    ),
    table(
      words,
      words.say("parcels.incoming"),
      [
        ["parcel", (row) => parcelLink(row.id)],
        ["kind", (row) => kindOf(words, row)],
        ["name", (row) => row.name],
        ["from", (row) => code(row.from)],
        ["state", (row) => state(words, row.state)],
        ["arrived", (row) => time(words, row.arrived)],
        ["contents", (row) => verdictsOf(words, row)],
        ["reason", (row) => row.reason],
        ["size", (row) => sizeOf(words, row), true],
      ],
      incoming,
    ),
  );
}

// [{site, verdict, as_of}] of what went out, and one word of what came in.
function verdictCell(words, item) {
  if (item.kind === "verdicts") return "";
  if (!Array.isArray(item.verdicts)) return item.verdict ? words.word("verdict", item.verdict) : "";
  return item.verdicts.length
    ? item.verdicts.map((each) =>
        element(
          "div",
          {},
          code(each.site),
          " ",
          words.word("verdict", each.verdict ?? "waiting"),
          " ",
          time(words, each.as_of),
        ),
      )
    : "";
}

// The change itself in words; the state machine's own name of it is for the help desk.
function event(words, row) {
  return [words.word("event", row.event), " ", element("span.aside", {}, row.event)];
}

// "0 executing": how the item of that index stands.
function becomes(words, text) {
  const [, index, stage] = /^(\d+) (.+)$/.exec(text ?? "") ?? [];
  if (!stage) return state(words, text);
  return words.say("parcels.item", { n: Number(index) + 1, state: words.word("stage", stage) });
}

const facts = (words, one) => [
  ["kind", kindOf(words, one)],
  ["name", one.name],
  ["from", code(one.from)],
  [
    "to",
    one.addressees ? one.addressees.map((each) => [code(each.site), " "]) : one.to ? code(one.to) : "",
  ],
  [
    "state",
    one.addressees
      ? one.addressees.map((each) => element("div", {}, addresseeState(words, each)))
      : state(words, one.state),
  ],
  ["created", time(words, one.created ?? one.written)],
  ["arrived", time(words, one.arrived)],
  ["size", sizeOf(words, one)],
  ["contents", one.is_return ? words.say("offer.contents-return") : ""],
  ["reason", one.reason],
];

export function parcel(words, one, receipt) {
  return element(
    "div",
    {},
    element("p", {}, link("parcels", words.say("parcels.back"))),
    element("h3", {}, code(one.id)),
    element(
      "dl.facts",
      {},
      facts(words, one)
        .filter(([, value]) => value && value.length !== 0)
        .map(([name, value]) =>
          element(
            "div",
            {},
            element("dt", {}, words.say(`column.${name}`)),
            element("dd", {}, value),
          ),
        ),
    ),
    receipt,
    table(
      words,
      words.say("parcels.items"),
      [
        ["kind", (row) => words.word("item", row.kind)],
        ["package", (row) => code(row.package)],
        ["version", (row) => (row.version ? words.number(row.version) : ""), true],
        ["size", (row) => (row.bytes ? words.size(row.bytes) : ""), true],
        ["verdict", (row) => verdictCell(words, row)],
        ["reason", (row) => row.reason],
      ],
      one.items ?? [],
    ),
    one.direction === "incoming"
      ? null
      : table(
          words,
          words.say("parcels.copies"),
          [
            ["written", (row) => withParcel(row.target)],
            ["kind", (row) => row.medium],
            ["copy", (row) => state(words, row.verified ? "verified" : "not verified")],
            ["size", (row) => (row.bytes ? words.size(row.bytes) : ""), true],
            ["time", (row) => time(words, row.time)],
          ],
          one.copies ?? [],
          { empty: "media.none-written" },
        ),
    table(
      words,
      words.say("parcels.history"),
      [
        ["time", (row) => time(words, row.time)],
        ["event", (row) => event(words, row)],
        ["state", (row) => becomes(words, row.to)],
        ["evidence", (row) => withParcel(row.evidence)],
        ["operator", (row) => row.operator],
      ],
      one.history ?? [],
    ),
  );
}

// Whether a receipt of it may still come from that addressee.
export const awaitsReceipt = (parcel, addressee) =>
  parcel.direction === "outgoing" && !parcel.is_return && ["Created", "Sent"].includes(addressee.state);
