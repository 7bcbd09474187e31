// The kiosk: shows the state that the server sends, and sends back what is pressed.
import { Connection, get, post } from "./connection.js";
import { element, keepingFocus, patch } from "./dom.js";
import { driveCard, spoken, waiting } from "./kiosk_view.js";
import { connectionNotice, languageSwitch, siteTitle } from "./page_frame.js";
import { receiptsOf } from "./result_view.js";
import { load } from "./words.js";

const place = (id) => document.getElementById(id);

let words;
let state = null;
let isLost = false;
const receipts = new Map();
const asked = new Set(); // pressed, and not answered by a new state yet
const heard = new Map(); // what was said of each drive

const PRESS_MS = 2_000;

const pressOf = (drive, action) => `${drive.id} ${drive.state} ${action}`;
const view = {
  get words() {
    return words;
  },
  get state() {
    return state;
  },
  receipts,
  get isLost() {
    return isLost;
  },
  isAsked: (drive, action) => asked.has(pressOf(drive, action)),
};

function bar() {
  return element("header", {}, siteTitle(state?.site), languageSwitch(words));
}

function page() {
  const drives = state?.drives ?? [];
  const cards = drives.length ? drives.map((drive) => driveCard(view, drive)) : state ? [waiting(view)] : [];
  return element(
    "main",
    {},
    element(drives.length > 1 ? "div.cards.several" : "div.cards", { "data-key": "cards" }, cards),
  );
}

function foot() {
  return element(
    "footer",
    {},
    state?.drives?.length ? element("p", {}, words.say("wait.more")) : element("p", {}),
    element("a", { href: "/site" }, words.say("operator")),
  );
}

function show() {
  keepingFocus(() => {
    patch(place("bar"), bar());
    patch(place("connection"), connectionNotice(words, isLost));
    patch(place("main"), page());
    patch(place("foot"), foot());
  });
  document.body.classList.toggle("is-lost", isLost);
  document.title = state ? `${state.site.code} · Courier` : "Courier";
}

// Each state of a drive is said once; of its progress, each quarter.
function say() {
  const drives = state.drives;
  for (const id of [...heard.keys()]) if (id && !drives.some((drive) => drive.id === id)) heard.delete(id);
  if (!drives.length && heard.get("") !== "none") {
    heard.set("", "none");
    place("said").textContent = words.say("wait.title");
    return;
  }
  if (drives.length) heard.delete("");
  for (const drive of drives) {
    const quarter = drive.state === "taking" ? Math.floor((drive.progress?.share ?? 0) * 4) : "";
    const now = `${drive.state} ${drive.problem?.code ?? ""} ${quarter}`;
    if (heard.get(drive.id) === now) continue;
    heard.set(drive.id, now);
    place("said").textContent = spoken(view, drive);
  }
}

// One after another: the server makes them one at a time, and lets only so many wait.
let receiptsBefore = Promise.resolve();
const RECEIPT_RETRY_MS = { first: 5_000, longest: 300_000 };
let receiptsMade = 0;

const isShown = (parcel) => state.drives.flatMap(receiptsOf).some((one) => one.parcel === parcel);

async function fetchReceipt(parcel, pause) {
  const made = await get(`receipts/${encodeURIComponent(parcel)}`).catch(() => null);
  // Another one's picture has another address: the browser would show the one that it has.
  if (made) made.qr += `?${++receiptsMade}`;
  receipts.set(parcel, made ?? { failed: true });
  show();
  if (!made) setTimeout(() => askAgain(parcel, pause), pause);
}

function askReceipt(parcel, pause) {
  receiptsBefore = receiptsBefore.then(() => fetchReceipt(parcel, pause));
}

// While it is wanted; else when it is wanted next.
function askAgain(parcel, pause) {
  if (isShown(parcel)) askReceipt(parcel, Math.min(2 * pause, RECEIPT_RETRY_MS.longest));
  else receipts.delete(parcel);
}

function fetchReceipts() {
  // What is put in again may have come to more meanwhile.
  for (const [parcel, made] of [...receipts]) if (made && !made.failed && !isShown(parcel)) receipts.delete(parcel);
  for (const { parcel } of state.drives.flatMap(receiptsOf)) {
    if (receipts.has(parcel)) continue;
    receipts.set(parcel, null);
    askReceipt(parcel, RECEIPT_RETRY_MS.first);
  }
}

function came(next) {
  // Another program than the one this page is from.
  if (state && state.version !== next.version) return location.reload();
  state = next;
  for (const press of [...asked]) {
    const [id, was] = press.split(" ");
    if (!state.drives.some((drive) => drive.id === id && drive.state === was)) asked.delete(press);
  }
  fetchReceipts();
  show();
  say();
}

async function press(drive, action) {
  const pressed = pressOf(drive, action);
  if (asked.has(pressed)) return;
  asked.add(pressed);
  show();
  try {
    await post(`drives/${encodeURIComponent(drive.id)}/${action}`);
    // A press that leaves the state as it is may be repeated; one that changes it may come back to it between two events.
    if (action === "take") await new Promise((done) => setTimeout(done, PRESS_MS));
    asked.delete(pressed);
  } catch {
    asked.delete(pressed);
    place("said").textContent = words.say("action.failed");
  }
  show();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  const { language, action, drive: id } = target.dataset;
  if (language) {
    words.choose(language);
    heard.clear();
    show();
    if (state) say();
  }
  const drive = action && state?.drives.find((one) => one.id === id);
  if (drive) press(drive, action);
});

words = await load();
show();
new Connection("/", {
  kiosk: came,
  connected() {
    if (!isLost) return;
    isLost = false;
    show();
    place("said").textContent = words.say("connection.back");
  },
  lost() {
    if (isLost) return;
    isLost = true;
    show();
  },
});
