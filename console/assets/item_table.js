// What became of the packages: how many of each verdict, and each by itself.
import { element } from "./dom.js";

const COUNTED = ["installed", "stored", "waiting", "refused", "damaged", "incomplete"];

export function counts(words, result) {
  const kinds = COUNTED.filter((kind) => result?.[kind] > 0);
  if (!kinds.length) return null;
  return element(
    "ul.counts",
    {},
    kinds.map((kind) => element(`li.${kind}`, {}, words.say(`done.${kind}`, { n: result[kind] }))),
  );
}

export function itemTable(words, drive) {
  const items = (drive.result?.items ?? []).filter((item) => item.package);
  const names = new Map(
    (drive.offers ?? []).flatMap((offer) => offer.items ?? []).map((item) => [item.package, item.name]),
  );
  if (!items.length) return null;
  return element(
    "details",
    { "data-key": "items" },
    element("summary", {}, words.say("done.items")),
    element(
      "ul.plain",
      {},
      items.map((item) => {
        const name = item.name || names.get(item.package);
        const what = [name ? item.package : null, words.word("verdict", item.verdict), item.why];
        return element(
          "li",
          {},
          element("strong", {}, name || item.package),
          element("span.aside", {}, what.filter(Boolean).join(" · ")),
        );
      }),
    ),
  );
}
