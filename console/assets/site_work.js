// Guided steps: a few fields become the command that is shown, and run when pressed. How it went is said beside the button.
import { element } from "./dom.js";
import { bar, leftWords, phaseWords } from "./progress.js";
import { problemParts } from "./site_problem.js";

// command(values) gives the arguments; null: something is still to be filled in. choices: what the site knows that may be
// filled in, by field.
export const STEPS = [
  {
    id: "distribute",
    fields: ["package", "to-target"],
    choices: { package: "packages", "to-target": "targets" },
    command: (v) => v.package && v["to-target"] && ["distribute", v.package, "--to", v["to-target"]],
  },
  {
    id: "create",
    fields: ["to-site", "out", "plan"],
    choices: { "to-site": "sites" },
    command: (v) =>
      v["to-site"] && [
        "parcel",
        "create",
        "--to",
        v["to-site"],
        ...(v.out ? ["--out", v.out] : []),
        ...(v.plan ? ["--plan"] : []),
      ],
  },
  {
    id: "write",
    fields: ["parcel", "target"],
    choices: { parcel: "writable" },
    command: (v) => v.parcel && v.target && ["media", "write", v.parcel, v.target],
  },
  {
    id: "sent",
    fields: ["parcel"],
    choices: { parcel: "created" },
    command: (v) => v.parcel && ["parcel", "mark", v.parcel, "sent"],
  },
  {
    id: "receive",
    fields: ["source", "return-to"],
    choices: {},
    command: (v) =>
      v.source && ["receive", v.source, "--yes", ...(v["return-to"] ? ["--return-to", v["return-to"]] : [])],
  },
  {
    id: "receipt",
    fields: ["parcel", "words"],
    choices: { parcel: "unconfirmed" },
    command: (v) =>
      v.parcel && v.words && ["parcel", "mark", v.parcel, "confirmed", `--receipt=${v.words}`],
  },
];

const LABELS = { package: "column.package", parcel: "column.parcel" };
const CHECKED = new Set(["plan"]);

export function valuesOf(form) {
  const values = {};
  for (const input of form.querySelectorAll("input")) {
    values[input.name] = input.type === "checkbox" ? input.checked : input.value.trim();
  }
  return values;
}

// As a person would type it.
export function commandLine(args) {
  const quoted = args.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return ["courier", ...quoted].join(" ");
}

// Of a step's form: what is given tells it from others of the same step.
export const keyOf = (step, given = {}) => [step.id, ...Object.values(given)].join("-");

function field(words, step, name, key, { filled, choices }) {
  const id = `${key}-${name}`;
  const value = filled[key]?.[name];
  const offered = choices[step.choices[name]] ?? [];
  const list = offered.length ? `${id}-choices` : null;
  return element(
    CHECKED.has(name) ? "p.field.check" : "p.field",
    {},
    element("label", { for: id }, words.say(LABELS[name] ?? `work.${name}`)),
    element("input", {
      id,
      name,
      type: CHECKED.has(name) ? "checkbox" : "text",
      value: CHECKED.has(name) ? null : value,
      checked: CHECKED.has(name) && value,
      list,
      spellcheck: "false",
      autocapitalize: "off",
    }),
    list
      ? element(
          "datalist",
          { id: list },
          offered.map(({ value, text }) => element("option", { value }, text)),
        )
      : null,
  );
}

// What a receipt said, which is not all that it could have said.
function receiptWords(words, work, report) {
  if (!report) return null;
  const key = report.all_in ? "work.receipt-all" : "work.receipt-partly";
  return element("p", {}, words.say(key, { parcel: report.id ?? "" }));
}

// tried: {work} the number of what was started, or {error} of what was not.
function outcome(words, step, tried, works, reports) {
  if (!tried) return null;
  const work = works.find((one) => one.id === tried.work);
  const error = tried.error ?? work?.problem;
  const end = tried.error ? "failed" : work ? endOf(work) : "waiting";
  return element(
    "div.outcome",
    { "data-key": `outcome-${tried.work ?? "refused"}`, "data-state": end },
    element("p", {}, endWords(words, end)),
    step.id === "receipt" && end === "done" ? receiptWords(words, work, reports.get(work.id)) : null,
    error ? problemParts(words, error, { role: "alert", tabindex: "-1" }) : null,
  );
}

function asked(words, step, key, args, state, given) {
  return [
    element("p.aside", {}, words.say(`work.${step.id}-text`)),
    step.fields.map((name) =>
      name in given
        ? element("input", { type: "hidden", name, value: given[name] })
        : field(words, step, name, key, state),
    ),
    element(
      "p.command",
      { "aria-live": "polite" },
      args
        ? [element("span.aside", {}, words.say("work.command")), " ", element("code", {}, commandLine(args))]
        : "",
    ),
    element(
      "button.primary",
      { type: "submit", "aria-disabled": args ? null : "true" },
      words.say("work.run"),
    ),
  ];
}

const isConfirming = ({ tried, reports }, key) => reports.get(tried[key]?.work)?.all_in === true;

// state: {filled, tried, choices, works, reports}: what is filled in so far and what was tried, by step; what may be filled
// in. given: what is not to be asked for.
export function stepForm(words, step, state, given = {}) {
  const key = keyOf(step, given);
  const args = step.command({ ...state.filled[key], ...given });
  // A parcel's own receipt, once it is taken, is not to be taken again.
  const isOver = "parcel" in given && isConfirming(state, key);
  const title = [words.say(`work.${step.id}`), ...Object.values(given)].join(": ");
  return element(
    "form.step",
    { "data-key": key, "data-step": step.id, novalidate: true, autocomplete: "off" },
    element("h3", { tabindex: "-1" }, title),
    isOver ? null : asked(words, step, key, args, state, given),
    outcome(words, step, state.tried[key], state.works, state.reports),
  );
}

export function steps(words, state) {
  return element(
    "div.steps",
    { "data-key": "steps" },
    STEPS.map((step) => stepForm(words, step, state)),
  );
}

const STOPPED = [130, 143]; // ended by Ctrl-C or SIGTERM

// How it stands, in one word of the page.
export function endOf(work) {
  if (work.state !== "done") return work.state;
  return work.status === 0 ? "done" : STOPPED.includes(work.status) ? "stopped" : "failed";
}

function endWords(words, end) {
  const tone = { done: "good", failed: "bad" }[end] ?? "calm";
  return element(`span.state.${tone}`, {}, words.word("work.state", end));
}

function underWay(words, work) {
  const phase = work.progress?.phase ? `${phaseWords(words, work.progress.phase)}: ` : "";
  return [
    bar(words, work.progress, work.command),
    element("p", {}, phase, leftWords(words, work.progress)),
    element("button", { type: "button", "data-stop": work.id }, words.say("work.stop")),
  ];
}

function run(words, work, report) {
  const end = endOf(work);
  return element(
    "article.run",
    { "data-key": `run-${work.id}`, "data-state": end },
    element("p", { tabindex: "-1" }, element("code", {}, work.command)),
    element(
      "p",
      {},
      endWords(words, end),
      " ",
      words.dateTime(work.ended ?? work.started),
    ),
    work.state === "done" ? null : underWay(words, work),
    work.problem ? problemParts(words, work.problem) : null,
    report
      ? element(
          "details",
          {},
          element("summary", {}, words.say("work.result")),
          element("pre", { tabindex: "0" }, JSON.stringify(report, null, 2)),
        )
      : null,
  );
}

export function runs(words, { works, reports }) {
  const newestFirst = [...works].sort((a, b) => b.id - a.id);
  return element(
    "section",
    { "data-key": "runs" },
    works.length ? element("h3", {}, words.say("work.list")) : null,
    newestFirst.map((work) => run(words, work, reports.get(work.id))),
  );
}
