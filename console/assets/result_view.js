// What came of it: what is in, that the drive can go, and the receipt where no return can go with it.
import { element } from "./dom.js";
import { button, buttons, returnsElsewhere, returnsHere } from "./kiosk_parts.js";
import { counts, itemTable } from "./item_table.js";
import { isTakeable } from "./offer_view.js";
import { details } from "./problem_view.js";

const IN = ["installed", "stored", "waiting"];
const BAD = ["refused", "damaged", "incomplete"];

// The parcels of a drive for which a receipt is shown: the return was written nowhere.
export function receiptsOf(drive) {
  const result = drive.result;
  if (drive.state !== "done" || !result) return [];
  const returns = result.returns ?? [];
  const needed = returns.some((one) => !one.path) || (drive.read_only && returns.length === 0);
  const offers = (drive.offers ?? []).filter((offer) => isTakeable(offer) && !offer.is_return);
  return needed ? [...new Map(offers.map((offer) => [offer.parcel, offer])).values()] : [];
}

function receipt(view, offer) {
  const { words } = view;
  const made = view.receipts.get(offer.parcel);
  const site = offer.from_name ? `${offer.from} (${offer.from_name})` : offer.from;
  if (!made) return null;
  const title = element("h3", {}, words.say("receipt.title", { site }));
  if (made.failed) return element("div.receipt", {}, title, element("p", {}, words.say("receipt.failed")));
  return element(
    "div.receipt",
    { "data-key": `receipt-${offer.parcel}` },
    title,
    element("p.parcel", {}, words.say("receipt.parcel", { parcel: offer.parcel })),
    element("p", {}, words.say(made.words ? "receipt.why" : "receipt.why-picture", { site: offer.from })),
    made.words
      ? element(
          "ol.words",
          { "aria-label": words.say("receipt.words"), lang: "en" },
          made.words.map((one) => element("li", {}, one)),
        )
      : null,
    element("img.code", { src: made.qr, alt: words.say("receipt.picture", { parcel: offer.parcel }) }),
  );
}

// Only what is in makes it "all in".
function titleOf(drive, result, isReturn) {
  if (BAD.some((kind) => result[kind] > 0)) return "done.title-partly";
  if (drive.problem) return "done.title-open";
  if (isReturn) return "done.title-return";
  const isIn = result.already_received || IN.some((kind) => result[kind] > 0);
  return isIn ? "done.title" : "done.title-nothing";
}

const PICTURES = { "done.title-partly": "problem", "done.title-open": "problem", "done.title-nothing": "parcel" };

export function done(view, drive) {
  const { words } = view;
  const result = drive.result ?? {};
  const confirmed = result.confirmed ?? [];
  const taken = (drive.offers ?? []).filter(isTakeable);
  const isReturn = taken.length > 0 && taken.every((offer) => offer.is_return);
  const title = titleOf(drive, result, isReturn);
  const isCounted = !isReturn && !result.already_received;
  return [
    PICTURES[title] ?? "done",
    words.say(title),
    element("p.out", {}, words.say(result.safe_to_remove ? "done.remove" : "done.leave-in")),
    title === "done.title-open" ? element("p.large", {}, words.say("done.open")) : null,
    isCounted ? counts(words, result) : null,
    result.repaired_bytes > 0 && title === "done.title"
      ? element("p.large", {}, words.say("done.repaired"))
      : null,
    result.already_received ? element("p.large", {}, words.say("done.already")) : null,
    drive.has_news ? element("p.large", {}, words.say("done.news")) : null,
    drive.has_news ? buttons(button(view, "again", "button.look", drive, false)) : null,
    confirmed.length
      ? element(
          "p.large",
          {},
          words.say("done.confirmed", { n: confirmed.length, parcels: words.list(confirmed) }),
        )
      : null,
    returnsHere(words, drive),
    returnsElsewhere(words, drive),
    receiptsOf(drive).map((offer) => receipt(view, offer)),
    isReturn ? null : itemTable(words, drive),
    drive.problem ? details(view, drive) : null,
  ];
}
