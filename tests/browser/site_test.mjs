// The site's own page over the program: behind its passphrase, what the site knows, and guided steps that run commands.
import assert from "node:assert/strict";
import fs from "node:fs";
import { cutOff } from "./pictures.mjs";
import {
  PASSPHRASE,
  browser,
  clipped,
  open,
  rawKeys,
  setPassphrase,
  test,
  useWorlds,
  violations,
  world,
} from "./support.mjs";

useWorlds();

async function enter(page, passphrase = PASSPHRASE) {
  await page.locator("#passphrase").fill(passphrase);
  await page.locator("#passphrase").press("Enter");
}

// The site's page of a home, past its passphrase.
async function atDesk(home, section, options = {}) {
  await setPassphrase(home);
  const { url } = await world.console(home);
  const page = await open(browser, `${url}/site#${section}`, options);
  await enter(page);
  return page;
}

// A parcel that went out, came in there and was answered.
async function roundTrip(id = "PUN00020") {
  const parcel = await world.parcel(id, { out: "stick" });
  await world.run("A", "parcel", "mark", parcel, "sent");
  await world.run("B", "receive", world.path("stick"), "--yes", "--return-to", world.path("stick"));
  await world.run("A", "receive", world.path("stick"), "--yes");
  return parcel;
}

async function isCalm(page) {
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await clipped(page), []);
  const language = await page.locator("html").getAttribute("lang");
  assert.deepEqual(await cutOff(page, `site ${language} ${new URL(page.url()).hash}`), []);
  assert.deepEqual(await rawKeys(page), []);
  assert.deepEqual(page.faults, []);
}

test("without a passphrase the page shows nothing but how to set one", async () => {
  const desk = await world.console("A");
  const page = await open(browser, `${desk.url}/site`);
  const command = `courier --home ${world.path("A")} console --set-passphrase`;
  await page.locator("code", { hasText: command }).waitFor();
  assert.equal(await page.locator("#nav a, table").count(), 0);
  await isCalm(page);
});

test("the passphrase opens it, another does not, and leaving closes it", async () => {
  await setPassphrase("A");
  const desk = await world.console("A");
  const page = await open(browser, `${desk.url}/site`);
  await enter(page, "wrong");
  await page.locator("#trouble").waitFor();
  assert.equal(await page.locator("table").count(), 0);
  await isCalm(page);
  await enter(page);
  await page.locator("#nav a").first().waitFor();
  await page.locator("[data-leave]").click();
  await page.locator("#passphrase").waitFor();
  const refused = await page.evaluate(async () => (await fetch("/api/v1/parcels")).status);
  assert.ok([401, 403].includes(refused), String(refused));
});

for (const [locale, colorScheme, width] of [
  ["en", "light", 1280],
  ["pt-BR", "dark", 390],
  ["sv", "dark", 3840],
]) {
  test(`what is installed, parcels, media, jobs and log are shown in ${locale}, ${colorScheme}, at ${width}`, async () => {
    const id = await roundTrip();
    const page = await atDesk("A", "installed", { locale, colorScheme, viewport: { width, height: 900 } });
    const words = { en: "Installed", "pt-BR": "Instalado", sv: "Installerat" };
    await page.locator("td", { hasText: words[locale] }).first().waitFor();
    await isCalm(page);
    for (const section of ["media", "jobs", "log", "work", "parcels"]) {
      await page.locator(`#nav a[href="#${section}"]`).click();
      await page.locator(`[data-section="${section}"] h2`).waitFor();
      await page.locator(`[data-section="${section}"] :is(table, .empty, form)`).first().waitFor();
      await isCalm(page);
    }
    await page.locator(`a[href="#parcels/${id}"]`).first().click();
    await page.locator("td", { hasText: "return PSE-PUN-000001" }).first().waitFor();
    await isCalm(page);
  });
}

test("a parcel is made, written and marked by guided steps that show their command", async () => {
  await world.package("PUN00020");
  const page = await atDesk("A", "work");
  const fill = async (step, values) => {
    const form = page.locator(`form[data-step="${step}"]`);
    for (const [name, value] of Object.entries(values)) await form.locator(`[name="${name}"]`).fill(value);
    return form;
  };
  const ran = (command) => page.locator(".run", { hasText: command });

  const distribute = await fill("distribute", { package: "PUN00020", "to-target": "PSE" });
  assert.equal(await distribute.locator("code").innerText(), "courier distribute PUN00020 --to PSE");
  await distribute.locator("button").click();
  await ran("courier distribute PUN00020 --to PSE").and(page.locator('[data-state="done"]')).waitFor();

  const create = await fill("create", { "to-site": "PSE" });
  await create.locator("button").click();
  await ran("parcel create --to PSE").and(page.locator('[data-state="done"]')).waitFor();

  const stick = world.mkdir("stick");
  const write = await fill("write", { parcel: "PUN-PSE-000001", target: stick });
  await write.locator("button").click();
  await ran("media write PUN-PSE-000001").and(page.locator('[data-state="done"]')).waitFor();
  assert.ok(fs.existsSync(`${stick}/PUN-PSE-000001.pcl`));

  const sent = await fill("sent", { parcel: "PUN-PSE-000001" });
  await sent.locator("button").click();
  await ran("parcel mark PUN-PSE-000001 sent").and(page.locator('[data-state="done"]')).waitFor();
  assert.equal((await world.run("A", "parcel", "show", "PUN-PSE-000001")).state, "Sent");

  // What the program refuses is said beside the button, in three parts; it is in view, and has the focus.
  await sent.locator("[name=parcel]").fill("PUN-PSE-000099");
  await sent.locator("button").click();
  await ran("PUN-PSE-000099").and(page.locator('[data-state="failed"]')).waitFor();
  const problem = sent.locator(".problem");
  await problem.and(page.locator(":focus")).waitFor();
  assert.deepEqual(await problem.locator("dt").allInnerTexts(), [
    "What happened",
    "Was anything lost?",
    "What to do now",
  ]);
  assert.deepEqual(await problem.locator("dd").allInnerTexts(), [
    "Parcel PUN-PSE-000099: this site never made it",
    "Nothing was lost",
    `courier --home ${world.path("A")} parcel list`,
  ]);
  assert.ok(await isInView(problem));
  await isCalm(page);
});

const isInView = (one) =>
  one.evaluate((shown) => {
    const box = shown.getBoundingClientRect();
    return box.top >= -1 && box.bottom <= innerHeight + 1 && box.left >= -1 && box.right <= innerWidth + 1;
  });

test("guided steps offer what the site knows, and what was typed outlasts a look elsewhere", async () => {
  const id = await world.parcel("PUN00020");
  const page = await atDesk("A", "work");
  const offered = async (step, name) => {
    const input = page.locator(`form[data-step="${step}"] [name="${name}"]`);
    await page.locator(`form[data-step="${step}"] datalist option`).first().waitFor({ state: "attached" });
    const list = await input.getAttribute("list");
    return page.locator(`datalist[id="${list}"] option`).evaluateAll((all) => all.map((one) => one.value));
  };
  assert.deepEqual(await offered("distribute", "package"), ["PUN00020"]);
  assert.ok((await offered("distribute", "to-target")).includes("PSE"));
  assert.deepEqual(await offered("create", "to-site"), ["PSE"]);
  for (const step of ["write", "sent", "receipt"]) assert.deepEqual(await offered(step, "parcel"), [id]);

  await page.locator('form[data-step="create"] [name="to-site"]').fill("PSE");
  await page.locator('form[data-step="create"] [name="plan"]').check();
  await page.locator('#nav a[href="#jobs"]').click();
  await page.locator('[data-section="jobs"] table').waitFor();
  await page.locator('#nav a[href="#work"]').click();
  const create = page.locator('form[data-step="create"]');
  await create.waitFor();
  assert.equal(await create.locator('[name="to-site"]').inputValue(), "PSE");
  assert.ok(await create.locator('[name="plan"]').isChecked());
  assert.equal(await create.locator("code").innerText(), "courier parcel create --to PSE --plan");
  await isCalm(page);
});

test("guided steps can be typed when what the site knows cannot be told", async () => {
  await world.package("PUN00020");
  const page = await open(browser);
  await page.route("**/api/v1/packages", (route) =>
    route.fulfill({ status: 503, json: { error: { code: "busy", message: "too much is asked at once" } } }),
  );
  await setPassphrase("A");
  const { url } = await world.console("A");
  await page.goto(`${url}/site#work`);
  await enter(page);
  const form = page.locator('form[data-step="distribute"]');
  await form.locator("[name=package]").fill("PUN00020");
  await form.locator("[name=to-target]").fill("PSE");
  await form.locator("button").click();
  await form.locator('[data-state="done"]').waitFor();
  await isCalm(page);
});

test("a receipt is taken by clicks, from the parcel's own page or as a guided step", async () => {
  const first = await world.parcel("PUN00020", { out: "stick" });
  await world.run("A", "parcel", "mark", first, "sent");
  await world.run("B", "receive", world.path("stick"), "--yes");
  const { words, text } = await world.run("B", "return", "create", "--receipt", `--parcel=${first}`);
  const page = await atDesk("A", "parcels");
  await page.locator(`a[href="#parcels/${first}"]`).first().click();
  const form = page.locator('form[data-step="receipt"]');
  await form.locator("[name=words]").fill("reunion diesel cradle unit outdoor trial father worth");
  await form.locator("button").click();
  await form.locator(".problem").and(page.locator(":focus")).waitFor();
  assert.equal((await world.run("A", "parcel", "show", first)).state, "Sent");
  await isCalm(page);

  await form.locator("[name=words]").fill(words);
  await form.locator("button").click();
  await page.locator(".facts", { hasText: "Confirmed, by receipt only" }).waitFor();
  await form.locator('[data-state="done"]', { hasText: `All of ${first} is in there` }).waitFor();
  assert.equal(await form.locator("[name=words]").count(), 0);
  const { addressees } = await world.run("A", "parcel", "show", first);
  assert.deepEqual([addressees[0].state, addressees[0].receipt], ["Confirmed", "words"]);
  await isCalm(page);

  // The receipt of another parcel is refused, and its own code is taken.
  const second = await world.parcel("PUN00021", { out: "stick2" });
  await world.run("B", "receive", world.path("stick2"), "--yes");
  const other = await world.run("B", "return", "create", "--receipt", `--parcel=${second}`);
  await page.locator('#nav a[href="#work"]').click();
  const step = page.locator('form[data-step="receipt"]');
  await step.locator("[name=parcel]").fill(second);
  await step.locator("[name=words]").fill(text);
  await step.locator("button").click();
  await step.locator(".problem", { hasText: first }).waitFor();
  await step.locator("[name=words]").fill(other.text);
  await step.locator("button").click();
  await step.locator('[data-state="done"]', { hasText: `All of ${second} is in there` }).waitFor();
  assert.equal((await world.run("A", "parcel", "show", second)).addressees[0].receipt, "code");
  await isCalm(page);
});

test("a receipt that a return contradicts is shown so, in the list and on the parcel's page", async () => {
  const id = await world.parcel("PUN00020");
  const page = await atDesk("A", "jobs");
  const contradicted = (one) => {
    Object.assign(one.addressees[0], { state: "Confirmed", receipt_only: true, partly_confirmed: true });
    return one;
  };
  await page.route("**/api/v1/parcels**", async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    told.outgoing?.forEach(contradicted);
    return route.fulfill({ response: answer, json: told.addressees ? contradicted(told) : told });
  });
  await page.locator('#nav a[href="#parcels"]').click();
  const says = /^Confirmed, by receipt only, a return says otherwise$/;
  await page.locator("td", { hasText: says }).waitFor();
  await page.locator(`a[href="#parcels/${id}"]`).click();
  await page.locator(".facts dd div", { hasText: says }).waitFor();
  await page.locator(".facts .state.bad").waitFor();
  await isCalm(page);
});

test("the store, the version still served, returns, events and the log are said in words", async () => {
  const id = await roundTrip();
  fs.writeFileSync(`${world.path("source-PUN00020")}/new.txt`, "new\n");
  await world.run("A", "package", "update", "PUN00020", world.path("source-PUN00020"));
  await world.run("A", "distribute", "PUN00020", "--to", "PSE");
  const page = await atDesk("A", "installed");
  const row = page.locator("tbody tr").first();
  assert.equal(await row.locator('[data-label="Distribution point"]').innerText(), "(store)");
  assert.equal(
    await row.locator('[data-label="State"]').innerText(),
    "Content Updating, version 1 still served",
  );

  await page.locator('#nav a[href="#parcels"]').click();
  const cameBack = page.locator("tr", { hasText: "PSE-PUN-000001" }).last();
  await cameBack.locator("td", { hasText: "What arrived there" }).waitFor();
  assert.match(await cameBack.innerText(), /Return/);
  assert.doesNotMatch(await cameBack.innerText(), /stored|0 bytes/);
  const wentOut = page.locator("tr", { hasText: id }).last();
  assert.equal(await wentOut.locator('[data-label="To"]').innerText(), "PSE");
  assert.equal(await wentOut.locator('[data-label="State"]').innerText(), "Confirmed");

  await page.locator(`a[href="#parcels/${id}"]`).first().click();
  await page.locator("td", { hasText: "Marked as sent P3" }).waitFor();
  await page.locator("td", { hasText: "Confirmed by a return P5" }).waitFor();

  await page.locator('#nav a[href="#media"]').click();
  const copy = page.locator("tr", { hasText: id }).locator('[data-label="Written to"]');
  await copy.filter({ hasText: world.path("stick") }).waitFor();
  await page.locator("h3", { hasText: "Plugged-in drives" }).waitFor();

  await page.locator('#nav a[href="#log"]').click();
  const line = page.locator("tr", { hasText: "package stored: PUN00020" }).first();
  await line.locator("td", { hasText: /^Information$/ }).waitFor();
  const details = line.locator("details");
  assert.equal(await details.locator("dl").isVisible(), false);
  await details.locator("summary").click();
  await details.locator("dt", { hasText: "root" }).waitFor();
  await isCalm(page);
});

test("at 390 pixels each row is a card: nothing is scrolled sideways, and no ID is broken", async () => {
  await roundTrip();
  const page = await atDesk("A", "installed", { viewport: { width: 390, height: 780 } });
  for (const section of ["installed", "parcels", "jobs", "log", "media"]) {
    await page.locator(`#nav a[href="#${section}"]`).click();
    await page.locator(`[data-section="${section}"] td`).first().waitFor();
    const found = await page.evaluate(() => {
      const wrong = [];
      for (const one of document.querySelectorAll(".scroll"))
        if (one.scrollWidth > one.clientWidth) wrong.push(`${one.ariaLabel} is scrolled`);
      for (const cell of document.querySelectorAll("td:not(.none)")) {
        if (cell.getBoundingClientRect().right > innerWidth) wrong.push(`${cell.innerText} is outside`);
        if (!getComputedStyle(cell, "::before").content.includes(cell.dataset.label))
          wrong.push(`${cell.innerText} has no heading`);
      }
      for (const id of document.querySelectorAll("a.code-text"))
        if (id.getClientRects().length !== 1) wrong.push(`${id.innerText} is broken`);
      return wrong;
    });
    assert.deepEqual(found, [], section);
  }
});

test("the desk recovers by itself when its server was restarted: it asks for the passphrase again", async () => {
  await setPassphrase("A");
  const desk = await world.console("A");
  const page = await open(browser, `${desk.url}/site`);
  await enter(page);
  await page.locator("#nav a").first().waitFor();
  await desk.kill();
  await page.locator(".lost").waitFor();
  await desk.start();
  await page.locator("#passphrase").waitFor();
  assert.equal(await page.locator(".lost").count(), 0);
  await enter(page);
  await page.locator("#nav a").first().waitFor();
});
