// Every screen of the kiosk, in every language, light and dark, from a telephone to 4K: states come from states.mjs in
// place of the server's events, the pages from the program.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { cutOff } from "./pictures.mjs";
import { PROGRESS, state, states } from "./states.mjs";
import { World, clipped, launch, open, rawKeys, violations } from "./support.mjs";

const SOURCE = process.env.COURIER_SOURCE;
const LANGUAGES = ["en", "pt-BR", "sv"];
const CODES = [
  ...fs
    .readFileSync(path.join(SOURCE, "base/error.cc"), "utf8")
    .matchAll(/ErrorCodeRow\{ErrorCode::\w+,\s*"([\w-]+)"/g),
]
  .map((match) => match[1])
  .concat("gate", "removed", "unreadable", "too-long", "one that is not known");
const STATES = states(CODES);

// In place of the server's events: window.tell(name, document).
function toldByTest() {
  const streams = [];
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      streams.push(this);
      queueMicrotask(() => this.dispatchEvent(new Event("open")));
    }
    close() {}
  };
  window.tell = (name, document) => {
    streams.at(-1).dispatchEvent(new MessageEvent(name, { data: JSON.stringify(document) }));
  };
  window.lose = () => streams.at(-1).dispatchEvent(new Event("error"));
  window.isListening = () => streams.length > 0;
}

let world;
let browser;
let kiosk;

before(async () => {
  world = new World();
  await world.site("B", "PSE", "Branch");
  kiosk = await world.console("B");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await world?.close();
});

async function page(options = {}) {
  const made = await open(browser, null, { before: toldByTest, ...options });
  await made.route("**/api/v1/receipts/*", (route) =>
    route.fulfill({
      json: {
        words: "reunion diesel cradle unit outdoor trial father worth".split(" "),
        qr: "/assets/icon.svg",
        text: "",
        all_in: true,
      },
    }),
  );
  await made.goto(kiosk.url);
  await made.waitForFunction(() => window.isListening?.());
  made.tell = (document) => made.evaluate((told) => window.tell("kiosk", told), document);
  made.loseServer = async () => {
    await made.route(`${kiosk.url}**`, (route) => route.abort());
    await made.evaluate(() => window.lose());
  };
  return made;
}

async function eachState(options, look) {
  const one = await page(options);
  const found = [];
  for (const [name, told] of Object.entries(STATES)) {
    await one.tell(told);
    if (name === "done from a disc") await one.locator(".words li").nth(7).waitFor();
    for (const fault of await look(one, name)) found.push(`${name}: ${fault}`);
  }
  found.push(...one.faults);
  await one.context().close();
  assert.deepEqual(found, []);
}

const SIZES = [
  [390, 780],
  [1024, 600],
  [1920, 1080],
  [3840, 2160],
];

// Pictures take time: in each language every screen is pictured at both small sizes and at one of the large ones, and
// the problems, which differ in their words only, at one of the four.
function isPictured(name, size) {
  const turn = Object.keys(STATES).indexOf(name);
  if (name.startsWith("problem ")) return turn % SIZES.length === size;
  return size < 2 || turn % 2 === size % 2;
}

for (const language of LANGUAGES) {
  for (const [size, [width, height]] of SIZES.entries()) {
    test(`no text is cut off in ${language} at ${width} x ${height}, and none is missing`, async () => {
      const screen = { locale: language, viewport: { width, height }, reducedMotion: "reduce" };
      await eachState(screen, async (one, name) => [
        ...(await clipped(one)),
        ...(await rawKeys(one)),
        ...(isPictured(name, size) ? await cutOff(one, `${name} ${language} ${width}`) : []),
      ]);
    });
  }
}

test("a text that does not fit into its box is seen in the pictures", async () => {
  for (const [width, height] of [SIZES[0], SIZES[3]]) {
    const one = await page({ viewport: { width, height }, reducedMotion: "reduce" });
    await one.tell(STATES.offer);
    assert.deepEqual(await cutOff(one, "offer"), []);
    for (const box of ["overflow: hidden; text-overflow: ellipsis", "overflow: clip", "clip-path: inset(0)"]) {
      await one.evaluate((style) => {
        const narrow = new CSSStyleSheet();
        narrow.replaceSync(`h2 { width: 4em; height: 1em; white-space: nowrap; ${style} }`);
        document.adoptedStyleSheets = [narrow];
      }, box);
      const [found] = await cutOff(one, "a box that is too narrow");
      const [, ...files] = /in (.*) and (.*)$/.exec(found);
      for (const file of files) fs.unlinkSync(file);
    }
    await one.context().close();
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in any state, ${colorScheme}`, async () => {
    await eachState({ colorScheme }, (one) => violations(one));
  });
}

test("the question and its buttons are seen without scrolling on a small touch screen, and a thumb can press them", async () => {
  await eachState({ locale: "pt-BR" }, (one, name) =>
    one.evaluate((isLong) => {
      const found = [];
      for (const button of document.querySelectorAll("button")) {
        const box = button.getBoundingClientRect();
        if (box.height < 44 || box.width < 44)
          found.push(`${button.textContent} is ${box.width} x ${box.height}`);
      }
      for (const seen of document.querySelectorAll(".card:first-child h2, .card:first-child .primary")) {
        if (!isLong && seen.getBoundingClientRect().bottom > innerHeight)
          found.push(`${seen.textContent} is below the window`);
      }
      return found;
    }, name.startsWith("offers")),
  );
});

test("what can be done with a medium that brings nothing is one or two buttons", async () => {
  const one = await page();
  const buttons = async (name) => {
    await one.tell(STATES[name]);
    return one.locator(".card .buttons button").allInnerTexts();
  };
  assert.deepEqual(await buttons("foreign"), ["Look again"]);
  assert.deepEqual(await buttons("from here, as its label says"), ["Look again"]);
  assert.deepEqual(await buttons("made here"), ["Write the return here", "Look again"]);
  assert.deepEqual(await buttons("nothing on it"), ["Write the return here", "Look again"]);
  assert.deepEqual(await buttons("not let in"), ["Look again"]);
  await one.context().close();
});

test("numbers, sizes, dates, durations and plural forms are those of the language", async () => {
  const expected = {
    en: [
      ["3 packages, 4.2 GB", "12 Nov 2026"],
      ["42%, about 40 minutes left", "You may leave until 14:20"],
      ["2 packages installed", "1 package stored"],
      ["Insert volume 2 of 3"],
    ],
    "pt-BR": [
      ["3 pacotes, 4,2 GB", "12 de nov. de 2026"],
      ["42%, faltam cerca de 40 minutos", "Pode ausentar-se até 14:20"],
      ["2 pacotes instalados", "1 pacote armazenado"],
      ["Insira o volume 2 de 3"],
    ],
    sv: [
      ["3 paket, 4,2 GB", "12 nov. 2026"],
      ["42 %, ungefär 40 minuter kvar", "Du kan gå till 14:20"],
      ["2 paket installerade", "1 paket lagrat"],
      ["Sätt i volym 2 av 3"],
    ],
  };
  const one = await page();
  for (const language of LANGUAGES) {
    await one.locator(`[data-language="${language}"]`).click();
    assert.equal(await one.locator("html").getAttribute("lang"), language);
    const shown = ["offer", "taking", "done", "volumes wanted"];
    for (const [i, name] of shown.entries()) {
      await one.tell(STATES[name]);
      const text = (await one.locator("main").innerText()).replace(/[\u00a0\u202f]/g, " ");
      for (const part of expected[language][i]) assert.ok(text.includes(part), `${part} is not in: ${text}`);
    }
  }
  // The choice outlasts the page.
  await one.reload();
  await one.waitForFunction(() => window.isListening?.());
  assert.equal(await one.locator("html").getAttribute("lang"), "sv");
});

test("the end of long work is told with its day when that is another one", async () => {
  const one = await page();
  await one.tell(
    state({
      ...STATES.taking.drives[0],
      progress: { ...PROGRESS, seconds_left: 50_000, until: "2026-11-23T03:35:00Z" },
    }),
  );
  assert.match(await one.locator(".until").innerText(), /Monday.*03:35/);
  assert.match(await one.locator(".left").innerText(), /13 hours 53 minutes/);
});

test("everything is done by the keyboard, and the focus is never lost while events come in", async () => {
  const one = await page();
  const presses = [];
  await one.route("**/api/v1/drives/**", (route) => {
    presses.push(new URL(route.request().url()).pathname);
    return route.fulfill({ status: 202, json: {} });
  });
  await one.tell(STATES["damage to repair"]);
  const reached = [];
  for (let i = 0; i < 8; i += 1) {
    await one.keyboard.press("Tab");
    reached.push(
      await one.evaluate(() => document.activeElement.dataset.action ?? document.activeElement.tagName),
    );
  }
  assert.deepEqual(reached.filter((name) => name !== "BODY").slice(0, 7), [
    "BUTTON",
    "BUTTON",
    "BUTTON",
    "repair",
    "return",
    "SUMMARY",
    "A",
  ]);

  await one.tell(STATES.offer);
  await one.locator('[data-action="take"]').focus();
  await one.tell({ ...STATES.offer, now: "2026-11-22T13:41:00Z" });
  assert.equal(await one.evaluate(() => document.activeElement.dataset.action), "take");
  await one.keyboard.press("Enter");
  await one.waitForFunction(
    () => document.querySelector('[data-action="take"]').getAttribute("aria-disabled") === "true",
  );
  await one.keyboard.press("Enter");
  await one.tell(STATES.taking);
  assert.equal(await one.evaluate(() => document.activeElement.tagName), "H2");
  assert.deepEqual(presses, ["/api/v1/drives/d1/take"]);

  // Details that were opened stay open.
  await one.tell(STATES["problem damaged"]);
  await one.locator(".help summary").focus();
  await one.keyboard.press("Enter");
  await one.tell({ ...STATES["problem damaged"], now: "2026-11-22T13:42:00Z" });
  assert.ok(await one.locator(".help dd", { hasText: "beyond repair" }).isVisible());
});

test("what happens is told to a screen reader, each thing once", async () => {
  const one = await page();
  const said = () => one.locator("#said").innerText();
  await one.tell(STATES["nothing in"]);
  assert.match(await said(), /Insert the courier’s drive/);
  await one.tell(STATES.taking);
  assert.match(await said(), /Taking it in.*42%/);
  await one.evaluate(() => {
    document.getElementById("said").textContent = "heard";
  });
  await one.tell(state({ ...STATES.taking.drives[0], progress: { ...PROGRESS, share: 0.43 } }));
  assert.equal(await said(), "heard");
  await one.tell(STATES.done);
  assert.match(await said(), /All in.*You can take the drive out now/);
  assert.equal(await one.locator("#said").getAttribute("role"), "status");
});

test("what did not come in is never said to be in, and a return that was written is told", async () => {
  const one = await page();
  for (const [name, tone, words] of [
    ["done, nothing of it", "calm", /Nothing new came in/],
    ["a return on an empty drive", "bad", /A return for PUN was written/],
    ["problem no-space", "bad", /A return for PUN is on this drive: it says what is missing/],
    ["made here", "calm", /was made here[^]*If it has not been sent yet, send it with the courier/],
    ["from here, as its label says", "bad", /Nothing on this drive is for this site/],
  ]) {
    await one.tell(STATES[name]);
    const text = await one.locator(`.card.${tone}`).innerText();
    assert.match(text, words);
    assert.doesNotMatch(text, /All in/);
  }
});

test("what is said is said again in the language that is chosen, and a lost server's promises are taken back", async () => {
  const one = await page();
  await one.tell(STATES.done);
  await one.locator('[data-language="sv"]').click();
  assert.match(await one.locator("#said").innerText(), /Nu kan du ta ut enheten/);
  await one.locator('[data-language="en"]').click();
  await one.tell(STATES.taking);
  assert.equal(await one.locator(".until").count(), 1);
  await one.loseServer();
  await one.locator(".lost").waitFor();
  assert.equal(await one.locator(".until").count(), 0);
  assert.doesNotMatch(await one.locator(".left").innerText(), /left/);
});

test("a receipt names its parcel, and its words come before its picture", async () => {
  const one = await page();
  await one.tell(STATES["done from a disc"]);
  await one.locator(".receipt .words").waitFor();
  const text = await one.locator(".receipt").innerText();
  assert.match(text, /Parcel PUN-PSE-000012/);
  const [words, code] = await Promise.all([".words", ".code"].map((name) => one.locator(`.receipt ${name}`).boundingBox()));
  assert.ok(words.y < code.y);
});

test("a receipt that could not be made is asked for again", async () => {
  const one = await page();
  await one.route("**/api/v1/receipts/*", (route) => route.fulfill({ status: 503, json: {} }), { times: 1 });
  await one.tell(STATES["done from a disc"]);
  await one.getByText("The receipt could not be made.").waitFor();
  await one.locator(".receipt .words").waitFor();
});

test("no receipt is shown of what was confirmed by a return on another drive", async () => {
  const one = await page();
  await one.tell(STATES["done from a disc"]);
  await one.locator(".receipt").waitFor();
  await one.tell(STATES["done from a disc, its return elsewhere"]);
  assert.equal(await one.locator(".receipt").count(), 0);
  assert.match(await one.locator(".card").innerText(), /The return for PUN is not on this drive/);
});

test("nothing moves for those who want no motion", async () => {
  await eachState({ reducedMotion: "reduce" }, async (one) =>
    one.evaluate(() =>
      document
        .getAnimations()
        .filter((each) => each.playState === "running")
        .map((each) => each.animationName),
    ),
  );
});

test("what a medium says is shown as text", async () => {
  const one = await page();
  const nasty = `<img src=x onerror="document.title='broken'">`;
  await one.tell(
    state({
      ...STATES.offer.drives[0],
      name: nasty,
      offers: [{ ...STATES.offer.drives[0].offers[0], from_name: nasty }],
    }),
  );
  assert.ok((await one.locator("h2").innerText()).includes(nasty));
  assert.equal(await one.locator("main img").count(), 0);
});

test("the page asks nobody but its own server, and weighs less than 300 KB", async () => {
  const one = await open(browser, null);
  const asked = [];
  one.on("request", (request) => asked.push(request.url()));
  await one.goto(kiosk.url);
  await one.locator(".card.waiting").waitFor();
  assert.deepEqual(
    asked.filter((url) => !url.startsWith(kiosk.url)),
    [],
  );
  const bytes = await one.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce(
      (sum, entry) => sum + entry.transferSize,
      0,
    ),
  );
  assert.ok(bytes > 10_000 && bytes < 300_000, String(bytes));
  assert.deepEqual(one.faults, []);
});
