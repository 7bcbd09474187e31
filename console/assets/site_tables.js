// The tables of the site's own page, each made from the document of the command that it shows; parcels have their own file.
import { element } from "./dom.js";
import { code, parcelLink, state, states, table, time, withParcel } from "./site_table.js";

const PENDING = "Install Pending";

function installedState(words, row) {
  const served =
    row.state === "Content Updating" && row.served_version
      ? element("span", {}, words.say("state.served", { n: row.served_version }))
      : null;
  return states(
    words,
    row.state,
    row.state === PENDING ? row.pending : null,
    served,
    row.invalid ? "invalid" : null,
  );
}

export function installed(words, { states: rows = [] }) {
  return table(
    words,
    words.say("nav.installed"),
    [
      ["package", (row) => code(row.package)],
      ["name", (row) => row.name],
      ["site", (row) => code(row.site)],
      ["dp", (row) => row.dp ?? element("span.aside", {}, words.say("table.store"))],
      ["version", (row) => words.number(row.version), true],
      ["state", (row) => installedState(words, row)],
      ["since", (row) => time(words, row.as_of)],
      ["evidence", (row) => (row.evidence === row.reason ? "" : withParcel(row.evidence))],
      ["reason", (row) => row.reason],
    ],
    rows,
    { isAlone: true },
  );
}

const GATE = { passes: "good", refused: "bad" };

function drives(words, { drives: rows = [] }) {
  return table(
    words,
    words.say("media.plugged"),
    [
      ["drive", (row) => row.drive],
      ["name", (row) => row.label],
      ["kind", (row) => row.file_system],
      ["size", (row) => (row.bytes ? words.size(row.bytes) : ""), true],
      [
        "gate",
        (row) => element(`span.state.${GATE[row.gate] ?? "calm"}`, {}, words.word("gate", row.gate)),
      ],
      ["reason", (row) => row.gate_reason],
      [
        "parcel",
        (row) => (row.parcels ?? []).map((each) => element("div", {}, each.id ?? each.parcel ?? "")),
      ],
    ],
    rows,
    { empty: "media.none-plugged" },
  );
}

// The newest copies first. `written` is null while it is not known.
export function media(words, { drives: rows, written }) {
  return element(
    "div",
    {},
    drives(words, { drives: rows }),
    written
      ? table(
          words,
          words.say("media.written"),
          [
            ["parcel", (row) => parcelLink(row.parcel)],
            ["to", (row) => code(row.to)],
            ["written", (row) => withParcel(row.target)],
            ["kind", (row) => row.medium],
            ["name", (row) => row.medium_label],
            ["copy", (row) => (row.verified ? state(words, "verified") : state(words, "not verified"))],
            ["time", (row) => time(words, row.time)],
          ],
          written,
          { empty: "media.none-written" },
        )
      : null,
  );
}

// The states of packages have no word for what is gone.
function jobState(words, row) {
  const isGone = row.kind === "remove" && row.step === "confirmed" && row.state === "Installed";
  if (isGone && !row.reason?.startsWith("superseded")) return state(words, "Removed");
  return states(words, row.state, row.state === PENDING ? row.pending : null);
}

const destinationOf = (row) => [row.destination, ...(row.distribution_points ?? [])].join(" / ");

export function jobs(words, { jobs: list = [] }) {
  return table(
    words,
    words.say("nav.jobs"),
    [
      ["job", (row) => String(row.job), true],
      ["package", (row) => code(row.package)],
      ["version", (row) => words.number(row.version), true],
      ["kind", (row) => words.word("job-kind", row.kind)],
      ["to", (row) => code(destinationOf(row))],
      ["state", (row) => jobState(words, row)],
      ["parcel", (row) => (row.parcel ? parcelLink(row.parcel) : "")],
      ["since", (row) => time(words, row.as_of)],
      ["reason", (row) => row.reason],
    ],
    list,
    { isAlone: true },
  );
}

const LOG_ROWS = 500;

// With what it is about, where the message itself does not say so.
function messageOf(line) {
  const about = line.fields?.parcel || line.fields?.package;
  return about && !line.message.includes(about) ? `${line.message}: ${about}` : line.message;
}

function details(words, line) {
  const rows = [["component", line.component], ...Object.entries(line.fields ?? {})];
  return element(
    "details",
    {},
    element("summary", {}, words.say("log.details")),
    element(
      "dl.fields",
      { lang: "en" },
      rows
        .filter(([, value]) => value !== "")
        .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
  );
}

export function log(words, { lines = [] }) {
  return table(
    words,
    words.say("nav.log"),
    [
      ["time", (row) => time(words, row.time)],
      ["severity", (row) => element(`span.severity-${row.severity}`, {}, words.word("severity", row.severity))],
      ["message", (row) => [element("p", { lang: "en" }, withParcel(messageOf(row))), details(words, row)]],
    ],
    lines.slice(-LOG_ROWS).reverse(),
    { isAlone: true },
  );
}
