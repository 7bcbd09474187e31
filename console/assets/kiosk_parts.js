// What the screens of the kiosk are put together from. view: {words, state, receipts, isLost, isAsked(drive, action)}
import { element } from "./dom.js";

export function button(view, action, key, drive, isFirst) {
  return element(
    isFirst ? "button.primary" : "button",
    {
      type: "button",
      "data-key": action,
      "data-action": action,
      "data-drive": drive.id,
      "aria-disabled": view.isAsked(drive, action) ? "true" : null,
    },
    view.words.say(key),
  );
}

export const buttons = (...list) => element("div.buttons", {}, ...list);

export function fact(label, value, mark) {
  return element(
    mark ? `div.fact.${mark}` : "div.fact",
    {},
    element("dt", {}, label),
    element("dd", {}, value),
  );
}

const sitesOf = (words, drive, isHere) =>
  words.list([
    ...new Set(
      (drive.result?.returns ?? []).filter((one) => one.on_this_drive === isHere).map((one) => one.to),
    ),
  ]);

// Where the returns of a drive are: on it, or elsewhere.
export function returnsHere(words, drive, key = "done.return-here") {
  const sites = sitesOf(words, drive, true);
  return sites ? element("p.large", {}, words.say(key, { sites })) : null;
}

export function returnsElsewhere(words, drive) {
  const sites = sitesOf(words, drive, false);
  if (!sites) return null;
  const isNowhere = drive.result.returns.some((one) => !one.path);
  const text = [words.say("done.return-not-here", { sites }), isNowhere ? words.say("done.return-next") : ""];
  return element("p.large", {}, text.filter(Boolean).join(" "));
}

export function driveWords(words, drive) {
  const kind = words.word("drive.kind", drive.kind);
  const name = drive.name ? `${kind} ${drive.name}` : kind;
  return drive.read_only ? `${name} (${words.say("drive.read-only")})` : name;
}
