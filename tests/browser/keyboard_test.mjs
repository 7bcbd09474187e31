// The whole way of a parcel by the keyboard only, over the program itself: nothing here clicks, or puts the focus anywhere.
import assert from "node:assert/strict";
import fs from "node:fs";
import { everyStopIsReached, focusIsSeen, openForKeys, pressKey, tabTo, typeInto } from "./keyboard.mjs";
import { PASSPHRASE, browser, setPassphrase, spoil, test, useWorlds, world } from "./support.mjs";

useWorlds();

const inState = (page, state) => page.locator(`.card[data-state="${state}"]`);

test("the kiosk takes a parcel in and its return at the origin, by the keyboard only", async () => {
  const id = await world.parcel("PUN00020", { out: "stick" });
  await world.run("A", "parcel", "mark", id, "sent");
  const there = await world.console("B", "drive");
  const page = await openForKeys(browser, there.url);
  await inState(page, "none").waitFor();
  await everyStopIsReached(page);

  world.insert("drive", "stick");
  await inState(page, "offer").waitFor();
  await everyStopIsReached(page);
  await pressKey(page, "summary", "Space");
  await page.locator("details[open]").waitFor();
  await tabTo(page, '[data-action="take"]');
  await page.keyboard.press("Escape"); // breaks nothing
  await focusIsSeen(page);
  await page.keyboard.press("Enter");
  await inState(page, "done").waitFor();
  assert.equal((await focusIsSeen(page)).name, 'h2 "All in"');
  await everyStopIsReached(page);
  await pressKey(page, "summary");
  await page.locator("details[open]").waitFor();

  // What was opened goes with its drive, and the next one is asked for.
  world.insert("stick-back", "drive");
  world.remove("drive");
  await inState(page, "none").waitFor();
  assert.match((await focusIsSeen(page)).name, /^h2 "Insert/);

  const origin = await world.console("A", "drive-of-A");
  const desk = await openForKeys(browser, origin.url);
  await inState(desk, "none").waitFor();
  await pressKey(desk, '[data-language="sv"]', "Space");
  await desk.locator("h2", { hasText: "Sätt i" }).waitFor();
  assert.equal((await focusIsSeen(desk)).name, 'button "Svenska"');
  world.insert("drive-of-A", "stick-back");
  await inState(desk, "offer").waitFor();
  await pressKey(desk, '[data-action="take"]', "Space");
  await inState(desk, "done").waitFor();
  assert.match((await focusIsSeen(desk)).name, /^h2/);
  assert.equal((await world.run("A", "parcel", "show", id)).state, "Confirmed");
});

test("damage is met by the keyboard only: the rest is kept and reported, and what reads better is repaired", async () => {
  const id = await world.parcel("PUN00020", { out: "stick", bytes: 2_000_000 });
  const file = `${id}.pcl`;
  fs.cpSync(world.path("stick", file), world.path("whole.pcl"));
  spoil(world.path("stick", file));
  const packed = new Date("2026-01-01T00:00:00Z");
  fs.utimesSync(world.path("stick", file), packed, packed);
  await world.run("B", "site", "set", `kiosk.return-to=${world.mkdir("answers")}`);
  const kiosk = await world.console("B", "drive");
  const page = await openForKeys(browser, kiosk.url);
  world.insert("drive", "stick");
  await inState(page, "offer").waitFor();
  await pressKey(page, '[data-action="take"]');
  await page.locator('.card[data-problem="damaged"]').waitFor();
  await focusIsSeen(page);
  await everyStopIsReached(page);
  await pressKey(page, ".help summary", "Space");
  await page.locator(".help dl").waitFor();

  await pressKey(page, '[data-action="return"]', "Space");
  await page.locator('.card[data-problem="damaged"]', { hasText: "A return for PUN is on this drive" }).waitFor();
  await focusIsSeen(page);
  assert.ok(fs.readdirSync(world.path("drive")).some((name) => name.startsWith("PSE-PUN-")));

  // The same file reads better now: another one would be looked at anew.
  fs.writeFileSync(world.path("drive", file), fs.readFileSync(world.path("whole.pcl")), { flag: "r+" });
  fs.utimesSync(world.path("drive", file), packed, packed);
  await pressKey(page, '[data-action="repair"]');
  await inState(page, "done").waitFor();
  await focusIsSeen(page);
  assert.ok(fs.existsSync(world.path("share/PUN00020/readme.txt")));
});

test("the desk makes a parcel, writes it, marks it and takes its return in, by the keyboard only", async () => {
  await world.package("PUN00020");
  await setPassphrase("A");
  const { url } = await world.console("A");
  const page = await openForKeys(browser, `${url}/site`);
  await page.locator("#passphrase").waitFor();
  await everyStopIsReached(page);
  await typeInto(page, "#passphrase", "wrong");
  await page.keyboard.press("Enter");
  await page.locator("#trouble").waitFor();
  await typeInto(page, "#passphrase", PASSPHRASE);
  await pressKey(page, "form.login button", "Space");
  await page.locator("#nav a").first().waitFor();
  assert.equal((await focusIsSeen(page)).name, 'h2 "What is installed"');
  await pressKey(page, '#nav a[href="#work"]');
  await page.locator('form[data-step="distribute"] datalist option').first().waitFor({ state: "attached" });
  await focusIsSeen(page);
  await everyStopIsReached(page);

  const step = async (name, values) => {
    const form = `form[data-step="${name}"]`;
    for (const [field, value] of Object.entries(values)) await typeInto(page, `${form} [name="${field}"]`, value);
    await pressKey(page, `${form} button`);
    await page.locator(`${form} .outcome[data-state="done"]`).waitFor();
    await focusIsSeen(page);
  };
  const id = "PUN-PSE-000001";
  const stick = world.mkdir("stick");
  await step("distribute", { package: "PUN00020", "to-target": "PSE" });
  await step("create", { "to-site": "PSE" });
  await step("write", { parcel: id, target: stick });
  await step("sent", { parcel: id });

  const kiosk = await world.console("B", "stick");
  const there = await openForKeys(browser, kiosk.url);
  await inState(there, "offer").waitFor();
  await pressKey(there, '[data-action="take"]');
  await inState(there, "done").waitFor();

  await step("receive", { source: stick });
  await everyStopIsReached(page);
  await pressKey(page, '#nav a[href="#parcels"]');
  await page.locator(`tr:has(a[href="#parcels/${id}"]) [data-label="State"]`, { hasText: "Confirmed" }).waitFor();
  await everyStopIsReached(page);
  await pressKey(page, `a[href="#parcels/${id}"]`);
  await page.locator(".facts dd", { hasText: /^Confirmed$/ }).waitFor();
  assert.equal((await focusIsSeen(page)).name, 'h2 "Parcels"');
  assert.equal((await world.run("A", "parcel", "show", id)).state, "Confirmed");

  await pressKey(page, "[data-leave]");
  await page.locator("#passphrase").waitFor();
  assert.match((await focusIsSeen(page)).name, /^h2/);
});
