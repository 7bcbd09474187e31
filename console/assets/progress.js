// One bar over all phases of a piece of work, and what it says in words.
import { element } from "./dom.js";

// Under this a person rather waits.
const WORTH_LEAVING_S = 180;

export function phaseWords(words, phase) {
  return words.has(`phase.${phase}`) ? words.say(`phase.${phase}`) : words.say("phase.working");
}

export function leftWords(words, progress) {
  if (!progress || progress.share === null || progress.share === undefined)
    return words.say("taking.starting");
  const share = words.share(progress.share);
  const left = progress.seconds_left;
  if (left === null || left === undefined) return words.say("taking.left-unknown", { share });
  if (left < 60) return words.say("taking.left-soon", { share });
  return words.say("taking.left", { share, duration: words.duration(left) });
}

// "You may leave until 14:20", where it takes long enough; else null.
export function untilWords(words, progress, now) {
  if (!progress?.until || !(progress.seconds_left >= WORTH_LEAVING_S)) return null;
  return words.say("taking.until", { time: words.clock(progress.until, now) });
}

export function bar(words, progress, label) {
  const share = progress?.share;
  const known = typeof share === "number";
  return element("progress.bar-of-all", {
    max: "1",
    value: known ? Math.max(0.01, share).toFixed(3) : null,
    "aria-label": label,
    "aria-valuetext": leftWords(words, progress),
  });
}
