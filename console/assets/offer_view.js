// What is offered: from whom, for whom, what, whether it is genuine, and one button.
import { element } from "./dom.js";
import { button, buttons, driveWords, fact } from "./kiosk_parts.js";

function senderOf(words, offer) {
  if (offer.is_return)
    return words.say("offer.return", { code: offer.from, name: offer.from_name || offer.from });
  if (!offer.from_name) return words.say("offer.from-code", { code: offer.from });
  return words.say("offer.from", { code: offer.from, name: offer.from_name });
}

function genuineWords(words, offer) {
  if (offer.genuine) return words.say("offer.genuine-yes", { code: offer.from });
  return words.say(offer.verdict === "signer not known here" ? "offer.genuine-unknown" : "offer.genuine-no");
}

const isRemoval = (item) => item.kind === "remove";

const sitesOf = (offer) => [offer.to ?? []].flat().join(", ");

function contentsWords(words, offer) {
  if (offer.is_return) return words.say("offer.contents-return");
  const removals = (offer.items ?? []).filter(isRemoval).length;
  const parts = [
    offer.packages > removals ? words.say("packages", { n: offer.packages - removals }) : null,
    removals ? words.say("offer.removals", { n: removals }) : null,
  ].filter(Boolean);
  return words.say("offer.contents-value", { packages: words.list(parts), size: words.size(offer.bytes) });
}

function packageList(words, items) {
  return element(
    "ul.plain",
    {},
    items.map((item) => {
      const version = item.version ? `${words.say("column.version")} ${words.number(item.version)}` : null;
      const size = item.bytes ? words.size(item.bytes) : null;
      return element(
        "li",
        {},
        element("strong", {}, item.name || item.package),
        element(
          "span.aside",
          {},
          [item.name ? item.package : null, version, size, isRemoval(item) ? words.say("offer.removed") : null]
            .filter(Boolean)
            .join(" · "),
        ),
      );
    }),
  );
}

function offerFacts(words, offer, isNamed) {
  const forWhom = offer.for_here
    ? words.say("offer.for-here")
    : words.say("offer.for-others", { sites: sitesOf(offer) });
  return element(
    "div.offer",
    { "data-key": `offer-${offer.parcel}-${offer.volume}`, "data-parcel": offer.parcel },
    isNamed ? element("h3", {}, senderOf(words, offer)) : null,
    element(
      "dl.facts",
      {},
      fact(words.say("offer.for"), forWhom, offer.for_here ? "good" : "bad"),
      fact(words.say("offer.contents"), contentsWords(words, offer)),
      fact(words.say("offer.genuine"), genuineWords(words, offer), offer.genuine ? "good" : "bad"),
      fact(words.say("offer.packed"), words.date(offer.created)),
      offer.volumes > 1
        ? fact(
            words.say("offer.volume"),
            words.say("offer.volume-value", {
              n: words.list((offer.volumes_here ?? [offer.volume]).map((n) => words.number(n))),
              of: offer.volumes,
            }),
          )
        : null,
    ),
    offer.already_in ? element("p.notice.good", {}, words.say("offer.already")) : null,
  );
}

function contents(words, offer, isNamed) {
  if (!offer.items?.length || offer.is_return) return null;
  const title = isNamed ? `${words.say("offer.list")} (${offer.parcel})` : words.say("offer.list");
  return element(
    "details",
    { "data-key": `list-${offer.parcel}-${offer.volume}` },
    element("summary", {}, title),
    packageList(words, offer.items),
  );
}

// What is on the drive too and stays there, in a line each.
function leftAlone(words, offers) {
  if (!offers.length) return null;
  const why = (offer) =>
    offer.for_here ? genuineWords(words, offer) : words.say("offer.for-others", { sites: sitesOf(offer) });
  return element(
    "div.others.aside",
    {},
    element("p", {}, words.say("offer.left-alone")),
    element(
      "ul",
      {},
      offers.map((offer) => element("li", {}, `${offer.parcel}, ${senderOf(words, offer)}: ${why(offer)}`)),
    ),
  );
}

export const isTakeable = (offer) => offer.for_here && offer.genuine;

// By a signer not known here: it is kept, and nothing of it is used until the signer is known.
const isForQuarantine = (offer) => offer.for_here && offer.verdict === "signer not known here";

function offerQuestion(view, drive, takeable) {
  const { words } = view;
  if (takeable.length) {
    const parcels = new Set(takeable.map((offer) => offer.parcel));
    if (takeable.every((offer) => offer.already_in))
      return buttons(button(view, "take", "button.take-again", drive));
    return buttons(button(view, "take", parcels.size > 1 ? "button.take-all" : "button.take", drive, true));
  }
  if (drive.offers.some(isForQuarantine)) {
    return [
      element("p.large", {}, words.say("offer.quarantine")),
      buttons(button(view, "take", "button.quarantine", drive)),
    ];
  }
  return element("p.large", {}, words.say("offer.nothing"));
}

export function offered(view, drive) {
  const { words } = view;
  const offers = drive.offers ?? [];
  const takeable = offers.filter(isTakeable);
  const parcels = new Set(takeable.map((offer) => offer.parcel));
  const heading =
    offers.length === 1 || parcels.size === 1
      ? senderOf(words, takeable[0] ?? offers[0])
      : driveWords(words, drive);
  return [
    "parcel",
    heading,
    (takeable.length ? takeable : offers).map((offer) =>
      offerFacts(words, offer, parcels.size > 1 || offers.length > 1),
    ),
    offerQuestion(view, drive, takeable),
    takeable.length
      ? leftAlone(
          words,
          offers.filter((offer) => !isTakeable(offer)),
        )
      : null,
    takeable.map((offer) => contents(words, offer, takeable.length > 1)),
  ];
}
