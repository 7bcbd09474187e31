// What the kiosk shows for a drive in each state: one question, one answer to press.
import { element } from "./dom.js";
import { icon } from "./icons.js";
import { driveWords, returnsHere } from "./kiosk_parts.js";
import { offered } from "./offer_view.js";
import { problem, problemCode } from "./problem_view.js";
import { bar, leftWords, phaseWords, untilWords } from "./progress.js";
import { done } from "./result_view.js";

export function waiting(view) {
  return element(
    "section.card.waiting",
    { "data-key": "waiting", "data-state": "none", "aria-labelledby": "heading-none" },
    element("div.picture", {}, icon("insert")),
    element("h2", { id: "heading-none", tabindex: "-1" }, view.words.say("wait.title")),
    element("p.large", {}, view.words.say("wait.text")),
  );
}

function taking(view, drive) {
  const { words } = view;
  // Without its server nobody knows whether the work goes on.
  const progress = view.isLost ? { ...drive.progress, seconds_left: null, until: null } : drive.progress;
  const until = untilWords(words, progress, view.state.now);
  const title = words.say("taking.title");
  return [
    "parcel",
    title,
    drive.resumed ? element("p.notice.good", {}, words.say("taking.resumed")) : null,
    bar(words, progress, title),
    element("p.left", {}, leftWords(words, progress)),
    element("p.stay", {}, words.say("taking.leave-in")),
    until ? element("p.until.large", {}, until) : null,
    element("p.aside", {}, progress?.phase ? phaseWords(words, progress.phase) : ""),
  ];
}

function reading(view) {
  const { words } = view;
  return ["read", words.say("reading.title"), element("p.large", {}, words.say("reading.text"))];
}

function needing(view, drive) {
  const { words } = view;
  const [first, ...others] = drive.needs ?? [];
  return [
    "next",
    first
      ? words.say("needs.title", { n: first.volume, of: first.volumes })
      : words.say("problem.incomplete.title"),
    first ? element("p.large", {}, words.say("needs.label", { label: first.label })) : null,
    element(
      "p.notice.good",
      {},
      [words.say("needs.kept"), drive.present === false ? null : words.say("needs.out")]
        .filter(Boolean)
        .join(" "),
    ),
    returnsHere(words, drive),
    others.length
      ? element(
          "div.more",
          {},
          element("h3", {}, words.say("needs.more")),
          element(
            "ul",
            {},
            others.map((need) =>
              element(
                "li",
                {},
                words.say("needs.volume", {
                  n: need.volume,
                  of: need.volumes,
                  label: need.label,
                }),
              ),
            ),
          ),
        )
      : null,
  ];
}

const BODIES = {
  reading,
  offer: offered,
  taking,
  waiting: needing,
  done,
  problem,
  empty: problem,
  foreign: problem,
  refused: problem,
  gone: problem,
};
const TONES = { problem: "bad", empty: "bad", foreign: "bad", refused: "bad", gone: "bad" };
const DONE_TONES = { done: "good", problem: "bad" };

function toneOf(view, drive, picture) {
  if (drive.state === "done") return DONE_TONES[picture] ?? "calm";
  return problemCode(view, drive) === "own" ? "calm" : (TONES[drive.state] ?? "calm");
}

// view: {words, state, receipts, isLost, isAsked(drive, action)}
export function driveCard(view, drive) {
  const [picture, heading, ...body] = (BODIES[drive.state] ?? reading)(view, drive);
  const tone = toneOf(view, drive, picture);
  const id = `heading-${drive.id}`;
  return element(
    `section.card.${tone}`,
    {
      "data-key": drive.id,
      "data-state": drive.state,
      "data-problem": drive.problem?.code,
      "aria-labelledby": id,
    },
    element("div.picture", {}, icon(picture)),
    element("p.drive", {}, driveWords(view.words, drive)),
    element("h2", { id, tabindex: "-1" }, heading),
    ...body,
  );
}

// The same in one sentence, for those who hear the page.
export function spoken(view, drive) {
  const { words } = view;
  const [, heading] = (BODIES[drive.state] ?? reading)(view, drive);
  const more = [];
  if (drive.state === "taking" && drive.progress) more.push(leftWords(words, drive.progress));
  if (drive.state === "waiting" && drive.needs?.length)
    more.push(words.say("needs.label", { label: drive.needs[0].label }));
  if (drive.state === "done" && drive.result?.safe_to_remove) more.push(words.say("done.remove"));
  if (BODIES[drive.state] === problem) more.push(words.say(`problem.${problemCode(view, drive)}.now`));
  return [heading, ...more].join(". ");
}
