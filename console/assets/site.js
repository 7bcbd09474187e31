// The site's own page: tables of what the site knows, and guided steps, behind the operator's passphrase.
import { Connection, get, post } from "./connection.js";
import { element, keepingFocus, patch } from "./dom.js";
import { connectionNotice, languageSwitch, siteTitle } from "./page_frame.js";
import { choices, mediaDocument } from "./site_documents.js";
import * as parcels from "./site_parcels.js";
import { commandIn } from "./site_problem.js";
import * as tables from "./site_tables.js";
import { STEPS, endOf, keyOf, runs, stepForm, steps, valuesOf } from "./site_work.js";
import { load } from "./words.js";

const SECTIONS = {
  installed: { path: "status", show: tables.installed },
  parcels: { path: "parcels", show: parcels.parcels },
  media: { read: mediaDocument, show: tables.media },
  jobs: { path: "jobs", show: tables.jobs },
  work: { path: "works", show: null },
  log: { path: "log", show: tables.log },
};

const place = (id) => document.getElementById(id);

let words;
let session = null; // null: not known yet
let site = null;
let isLost = false;
let trouble = null; // the key of what is wrong with the login
let shown = { section: "installed", id: null, document: null, failed: null };
const spoken = new Set(); // works whose end was told
// Of the guided steps: what is filled in and what was tried by step, what may be filled in by list, the works, and the
// reports of those that have ended by number.
const state = { filled: {}, tried: {}, choices: {}, works: [], reports: new Map() };

function bar() {
  return element(
    "header",
    {},
    siteTitle(site),
    languageSwitch(words),
    element(
      "p.ways",
      {},
      element("a", { href: "/" }, words.say("site.kiosk")),
      session?.logged_in
        ? element("button", { type: "button", "data-leave": "1" }, words.say("login.leave"))
        : null,
    ),
  );
}

const heading = (key) => element("h2", { tabindex: "-1" }, words.say(key));

function login() {
  if (!session.passphrase_set) {
    return element(
      "main",
      {},
      element(
        "div.login",
        {},
        heading("login.title"),
        element("p", {}, words.say("login.none-set")),
        element("p", {}, element("code", {}, session.command ?? "courier console --set-passphrase")),
      ),
    );
  }
  return element(
    "main",
    {},
    element(
      "form.login",
      { "data-key": "login", novalidate: true },
      heading("login.title"),
      element(
        "p.field",
        {},
        element("label", { for: "passphrase" }, words.say("login.passphrase")),
        element("input", {
          id: "passphrase",
          name: "passphrase",
          type: "password",
          autocomplete: "current-password",
          "aria-describedby": trouble ? "trouble" : null,
          "aria-invalid": trouble ? "true" : null,
        }),
      ),
      trouble ? element("p.bad", { id: "trouble", role: "alert" }, words.say(trouble)) : null,
      element("button.primary", { type: "submit", "data-key": "enter" }, words.say("login.enter")),
    ),
  );
}

function navigation() {
  if (!session?.logged_in) return element("nav");
  return element(
    "nav",
    {},
    Object.keys(SECTIONS).map((name) =>
      element(
        "a",
        { href: `#${name}`, "aria-current": name === shown.section ? "page" : null },
        words.say(`nav.${name}`),
      ),
    ),
  );
}

function body() {
  if (shown.failed) {
    return [
      element("p.bad", { role: "alert" }, words.say("table.failed")),
      element("p", { lang: "en" }, shown.failed),
    ];
  }
  if (shown.section === "work") return [steps(words, state), runs(words, state)];
  if (!shown.document) return element("p.aside", {}, "…");
  if (shown.id) return parcels.parcel(words, shown.document, receipts(shown.document));
  return SECTIONS[shown.section].show(words, shown.document);
}

// Where a receipt may still come: the step that takes it, for each site that it may come from.
function receipts(parcel) {
  const step = STEPS.find((one) => one.id === "receipt");
  const own = (parcel.addressees ?? []).filter(
    (one) => parcels.awaitsReceipt(parcel, one) || state.tried[keyOf(step, { parcel: one.id })],
  );
  return own.length
    ? element(
        "div.steps",
        {},
        own.map(({ id }) => stepForm(words, step, state, { parcel: id })),
      )
    : null;
}

function page() {
  if (!session) return element("main");
  if (!session.logged_in) return login();
  return element(
    "main",
    {},
    element(
      "div",
      { "data-key": `${shown.section}/${shown.id ?? ""}`, "data-section": shown.section },
      heading(`nav.${shown.section}`),
      body(),
    ),
  );
}

function show() {
  keepingFocus(() => {
    patch(place("bar"), bar());
    patch(place("nav"), navigation());
    patch(place("connection"), connectionNotice(words, isLost));
    patch(place("main"), page());
  });
  place("nav").setAttribute("aria-label", words.say("nav.label"));
  document.title = site ? `${site.code} · ${words.say("site.title")}` : "Courier";
}

async function readSection() {
  const [name, id = null] = location.hash.slice(1).split("/");
  const section = Object.hasOwn(SECTIONS, name) ? name : "installed";
  if (section !== shown.section || id !== shown.id) shown = { section, id, document: null, failed: null };
  if (!session?.logged_in) return show();
  show();
  const asked = shown;
  try {
    const { path, read } = SECTIONS[section];
    const document = read ? await read() : await get(id ? `${path}/${encodeURIComponent(id)}` : path);
    if (shown !== asked) return;
    shown.document = document;
    shown.failed = null;
    if (section === "work") {
      know(document.works);
      show();
      // Without them everything can still be typed.
      state.choices = await choices().catch(() => state.choices);
    }
  } catch (refusal) {
    if (refusal.status === 401 || refusal.status === 403) return readSession();
    if (shown === asked) shown.failed = refusal.message;
  }
  show();
}

async function readSession() {
  try {
    site = await get("site");
    session = { logged_in: true, passphrase_set: true };
  } catch (refusal) {
    if (refusal.status !== 401) return lookAgain();
    site = null;
    session = {
      logged_in: false,
      passphrase_set: refusal.error?.code !== "no-passphrase-set",
      command: commandIn(refusal.error?.hint),
    };
  }
  await readSection();
}

// A server that was restarted, or is busy: the connection tells when it is there again.
function lookAgain() {
  session ??= { logged_in: false, passphrase_set: true };
  show();
}

// Works come without their reports, which may be large: each is asked for once.
function know(list) {
  state.works = list;
  for (const work of list.filter((one) => one.state === "done" && !spoken.has(one.id))) {
    spoken.add(work.id);
    place("said").textContent = `${work.command}: ${words.word("work.state", endOf(work))}`;
    get(`works/${work.id}`)
      .then((one) => {
        state.reports.set(work.id, one.report);
        if (shown.id || shown.section === "work") return readSection();
      })
      .catch(() => spoken.delete(work.id));
    const key = Object.keys(state.tried).find((one) => state.tried[one].work === work.id);
    if (key && work.problem) point(key);
  }
}

// To what went wrong, unless the person is at something else by now.
function point(key) {
  show();
  const form = document.querySelector(`form[data-key="${key}"]`);
  const at = document.activeElement;
  if (form && (at === document.body || at.matches("#main h2") || form.contains(at)))
    form.querySelector(".problem")?.focus();
}

async function enter(form) {
  trouble = null;
  try {
    await post("login", { passphrase: form.querySelector("input").value });
    connection.reopen();
  } catch (refusal) {
    trouble = refusal.status === 429 ? "login.too-often" : "login.wrong";
  }
  form.querySelector("input").value = "";
  await readSession();
}

async function leave() {
  await post("logout").catch(() => null);
  spoken.clear();
  Object.assign(state, { filled: {}, tried: {}, choices: {}, works: [], reports: new Map() });
  connection.reopen();
  await readSession();
}

async function run(form) {
  const { key, step } = form.dataset;
  const command = STEPS.find((one) => one.id === step).command(valuesOf(form));
  if (!command) return [...form.querySelectorAll("input")].find((input) => !input.value)?.focus();
  try {
    const { id } = await post("works", { command });
    state.tried[key] = { work: id };
    // It may have ended, and been told, before its number came.
    if (state.works.some((one) => one.id === id && one.problem)) point(key);
  } catch (refusal) {
    state.tried[key] = { error: refusal.error ?? { message: refusal.message } };
    return point(key);
  }
  await readSection();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.language) {
    words.choose(button.dataset.language);
    show();
  } else if (button.dataset.leave) {
    leave();
  } else if (button.dataset.stop) {
    post(`works/${button.dataset.stop}`, {}, "DELETE").catch((refusal) => {
      place("said").textContent = refusal.message;
    });
  }
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-step]");
  if (!form) return;
  state.filled[form.dataset.key] = valuesOf(form);
  show();
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.dataset.step) run(event.target);
  else enter(event.target);
});

window.addEventListener("hashchange", () => {
  readSection();
  document.querySelector("#main h2")?.focus();
});

words = await load();
show();
const connection = new Connection("/site", {
  kiosk(state) {
    // Work on a drive changes what the tables show.
    const busy = state.drives.map((drive) => `${drive.id} ${drive.state}`).join();
    if (busy !== connection.busy && shown.section !== "work" && session?.logged_in) readSection();
    connection.busy = busy;
  },
  works(document) {
    know(document.works);
    if (shown.section === "work") show();
  },
  connected() {
    if (isLost) {
      isLost = false;
      readSession();
    }
  },
  lost() {
    isLost = true;
    show();
  },
});
await readSession();
