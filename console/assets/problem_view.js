// Every problem: what happened, whether anything was lost, what to do now, and the details for the help desk.
import { element } from "./dom.js";
import { counts, itemTable } from "./item_table.js";
import { button, buttons, driveWords, fact, returnsHere } from "./kiosk_parts.js";

// Drives that need no word from the program to be explained.
const PROBLEM_OF_STATE = { empty: "not-found", foreign: "foreign", refused: "gate", gone: "removed" };

// What this site sends itself is no mistake of the courier's.
const isOwn = (drive) => drive.offers?.length > 0 && drive.offers.every((offer) => offer.verdict === "own");

export function problemCode(view, drive) {
  const { words } = view;
  if (drive.state === "foreign" && isOwn(drive)) return "own";
  let code = drive.problem?.code;
  if (drive.state === "gone" || !code || (drive.state === "refused" && !drive.offers?.length))
    code = PROBLEM_OF_STATE[drive.state];
  return code && words.has(`problem.${code}.title`) ? code : "general";
}

const isReturnToCome = (drive) =>
  drive.result && !(drive.result.returns ?? []).some((one) => one.on_this_drive);

const AGAIN = [
  ["repair", "button.repair"],
  ["take", "button.again"],
  ["again", "button.again"],
];
const LOOK = ["again", "button.look"];
const RETURN = ["return", "button.return"];

// The one or two of what the server would do that are sensible here, the best first: taking it in again goes on where it
// stopped; a medium with nothing for here, or one that was made here, can still carry the return; what others have put
// right meanwhile is seen by looking again.
function sensible(drive) {
  const offered = new Set(drive.actions ?? drive.problem?.actions ?? []);
  const isOffered = ([action]) => offered.has(action);
  if (drive.state === "problem")
    return [
      AGAIN.find(isOffered),
      isReturnToCome(drive) ? ["return", "button.take-rest"] : null,
    ].filter((one) => one && isOffered(one));
  if (drive.state === "gone") return [["dismiss", "button.dismiss"]].filter(isOffered);
  return (drive.state === "empty" || isOwn(drive) ? [RETURN, LOOK] : [LOOK]).filter(isOffered);
}

export function details(view, drive) {
  const { words } = view;
  const problem = drive.problem ?? {};
  const rows = [
    ["message", problem.message],
    ["loss", problem.loss],
    ["hint", problem.hint],
    ["code", problem.code],
    ["status", problem.status],
    ["parcel", (drive.offers ?? []).map((offer) => offer.parcel).join(", ")],
    ["drive", driveWords(words, drive)],
    ["command", drive.command],
    ["version", view.state.version],
    ["time", problem.time ? words.dateTime(problem.time) : null],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "");
  return element(
    "details.help",
    { "data-key": "help" },
    element("summary", {}, words.say("details.title")),
    element(
      "dl",
      {},
      rows.map(([name, value]) => [
        element("dt", {}, words.say(`details.${name}`)),
        element("dd", { lang: ["message", "loss", "hint"].includes(name) ? "en" : null }, String(value)),
      ]),
    ),
  );
}

export function problem(view, drive) {
  const { words } = view;
  const code = problemCode(view, drive);
  const actions = sensible(drive);
  return [
    code === "own" ? "parcel" : "problem",
    words.say(`problem.${code}.title`),
    (drive.offers ?? []).length
      ? element("p.aside", {}, words.list([...new Set(drive.offers.map((offer) => offer.parcel))]))
      : null,
    element(
      "dl.three",
      {},
      fact(words.say("problem.loss"), words.say(`problem.${code}.loss`)),
      fact(words.say("problem.now"), words.say(`problem.${code}.now`)),
    ),
    actions.length
      ? buttons(
          actions.map(([action, key], i) =>
            button(view, action, key, drive, i === 0 && drive.state === "problem"),
          ),
        )
      : null,
    counts(words, drive.result),
    itemTable(words, drive),
    drive.state === "problem" && drive.result?.safe_to_remove
      ? element("p", {}, words.say("done.remove"))
      : null,
    returnsHere(words, drive, drive.state === "problem" ? "problem.return-here" : "done.return-here"),
    details(view, drive),
  ];
}
