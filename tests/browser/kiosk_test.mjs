// The kiosk over the program itself: sites with homes, drives that come and go, a parcel's whole way by clicks only.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { PATIENCE_MS, browser, clipped, open, spoil, test, useWorlds, violations, world } from "./support.mjs";

useWorlds();

const inState = (page, state) => page.locator(`.card[data-state="${state}"]`);
const press = (page, action) => page.locator(`[data-action="${action}"]`).click();

async function isCalm(page) {
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await clipped(page), []);
  assert.deepEqual(page.faults, []);
}

async function problem(page, code) {
  await page.locator(`.card[data-problem="${code}"]`).waitFor();
  await isCalm(page);
  return page.locator(".card").innerText();
}

test("a parcel goes there and its return comes back, by clicks only", async () => {
  const id = await world.parcel("PUN00020", { out: "stick" });
  await world.run("A", "parcel", "mark", id, "sent");
  const there = await world.console("B", "drive");
  const page = await open(browser, there.url);
  await inState(page, "none").waitFor();
  assert.match(await page.locator("h1").innerText(), /PSE\s+Branch/);
  await isCalm(page);

  world.insert("drive", "stick");
  await inState(page, "offer").waitFor();
  const offer = await page.locator(".card").innerText();
  for (const part of ["From PUN (Pune)", "This site", "1 package", "Label signed by PUN"])
    assert.ok(offer.includes(part), offer);
  await isCalm(page);
  await press(page, "take");
  await inState(page, "done").waitFor();
  const done = await page.locator(".card").innerText();
  for (const part of [
    "All in",
    "You can take the drive out now",
    "1 package installed",
    "A return for PUN was written to this drive",
  ]) {
    assert.ok(done.includes(part), done);
  }
  await isCalm(page);
  assert.ok(fs.existsSync(world.path("share/PUN00020/readme.txt")));
  world.insert("stick-back", "drive");
  world.remove("drive");
  await inState(page, "none").waitFor();

  const origin = await world.console("A", "drive-of-A");
  const desk = await open(browser, origin.url, { locale: "sv" });
  await inState(desk, "none").waitFor();
  world.insert("drive-of-A", "stick-back");
  await inState(desk, "offer").waitFor();
  assert.match(await desk.locator(".card").innerText(), /Retur från PSE \(Branch\)/);
  await press(desk, "take");
  await inState(desk, "done").waitFor();
  assert.match(await desk.locator(".card").innerText(), new RegExp(`Försändelsen ${id} är bekräftad`));
  await isCalm(desk);
  assert.equal((await world.run("A", "parcel", "show", id)).state, "Confirmed");
});

test("two pages see the same, and work runs on when both are closed", async () => {
  await world.parcel("PUN00020", { out: "stick" });
  const kiosk = await world.console("B", "drive");
  const one = await open(browser, kiosk.url);
  const other = await open(browser, kiosk.url, { locale: "pt-BR" });
  world.insert("drive", "stick");
  await inState(one, "offer").waitFor();
  await inState(other, "offer").waitFor();
  await press(one, "take");
  await one.locator('.card:not([data-state="offer"])').waitFor();
  await one.context().close();
  await inState(other, "done").waitFor();
  assert.match(await other.locator(".card").innerText(), /Tudo recebido/);
});

test("several drives are shown at once, each with its own question", async () => {
  await world.parcel("PUN00020", { out: "one" });
  await world.parcel("PUN00021", { out: "two" });
  const kiosk = await world.console("B", "drive1", "drive2");
  const page = await open(browser, kiosk.url);
  world.insert("drive1", "one");
  world.insert("drive2", "two");
  await inState(page, "offer").nth(1).waitFor();
  await inState(page, "offer").first().locator("[data-action=take]").click();
  await inState(page, "done").first().waitFor();
  await inState(page, "offer").first().waitFor();
  await isCalm(page);
  await press(page, "take");
  await inState(page, "done").nth(1).waitFor();
  world.remove("drive1");
  world.remove("drive2");
  await inState(page, "none").waitFor();
});

// The processes that the console started and that have not ended.
function childrenOf(pid) {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return (
          Number(parent) === pid &&
          state !== "Z" &&
          fs.readFileSync(`/proc/${name}/cmdline`, "utf8").includes("receive")
        );
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}

const MIDDLE_BYTES = 160_000_000;

const bytesRead = (pid) => Number(/^rchar: (\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/io`, "utf8"))[1]);

// A parcel on its way in, and the process that takes it in, held where an eighth of it is read: what comes next comes in
// the middle, though this process be kept waiting meanwhile. The process is looked for from before the press on, and
// watched without letting anything else run.
async function heldInTheMiddle() {
  const id = await world.parcel("PUN00020", { out: "stick", bytes: MIDDLE_BYTES });
  const kiosk = await world.console("B", "drive");
  const page = await open(browser, kiosk.url);
  world.insert("drive", "stick");
  await inState(page, "offer").waitFor();
  const pressed = press(page, "take");
  const end = Date.now() + PATIENCE_MS;
  let job;
  while (!job && Date.now() < end) {
    await new Promise((resolve) => setImmediate(resolve));
    [job] = childrenOf(kiosk.process.pid);
  }
  while (bytesRead(job) < MIDDLE_BYTES / 8);
  process.kill(job, "SIGSTOP");
  assert.ok(bytesRead(job) < MIDDLE_BYTES, "it was read to its end before it was held");
  await pressed;
  await inState(page, "taking").waitFor();
  return { id, kiosk, page, job };
}

async function allIsIn(page, id) {
  await inState(page, "done").waitFor();
  assert.match(await inState(page, "done").innerText(), /1 package installed/);
  await isCalm(page);
  assert.equal((await world.run("B", "parcel", "show", id)).state, "Processed");
  assert.ok((await world.run("B", "store", "check")).clean);
}

test("after a power cut in the middle the page finds the server again, and the work goes on by itself", async () => {
  const { id, kiosk, page, job } = await heldInTheMiddle();
  await kiosk.kill();
  try {
    process.kill(job, "SIGKILL");
  } catch {
    // It went with the console.
  }
  await page.locator(".lost").waitFor();
  await isCalm(page);
  await kiosk.start();
  await page.locator(".lost").waitFor({ state: "detached" });
  await allIsIn(page, id);
});

test("a drive pulled out in the middle is asked for, and when it is in again the work goes on by itself", async () => {
  const { id, page, job } = await heldInTheMiddle();
  // An open file outlasts its folder's name: nothing of it may be left to read, as on a drive that is out.
  fs.truncateSync(world.path("drive", `${id}.pcl`));
  fs.renameSync(world.path("drive"), world.path("pulled-out"));
  await isOut(page);
  process.kill(job, "SIGCONT");
  await inState(page, "gone").waitFor();
  const told = await inState(page, "gone").innerText();
  for (const part of ["taken out too early", "What came is kept", "Insert it again"]) assert.ok(told.includes(part), told);
  await isCalm(page);
  assert.ok(!fs.existsSync(world.path("share/PUN00020")));

  world.insert("drive", "stick");
  await allIsIn(page, id);
  assert.equal(await page.locator(".card").count(), 1);
});

test("an empty medium, one for another site and one from a stranger are each explained, and nothing is taken in", async () => {
  await world.site("C", "PXX", "Stranger");
  await world.join("A", "PXX", "child");
  await world.join("C", "PSE", "child");
  await world.parcel("PUN00020", { to: "PXX", out: "for-another" });
  await world.run(
    "C",
    "package",
    "add",
    world.path("source-PUN00020"),
    "--id",
    "PXX00001",
    "--name",
    "Strange",
  );
  await world.run("C", "distribute", "PXX00001", "--to", "PSE");
  await world.run("C", "parcel", "create", "--to", "PSE", "--out", world.mkdir("from-a-stranger"));
  fs.writeFileSync(world.mkdir("photos") + "/cat.jpg", "no parcel");

  const kiosk = await world.console("B", "drive");
  const page = await open(browser, kiosk.url);
  for (const [medium, words] of [
    ["photos", /There is no parcel on this drive/],
    ["for-another", /for another site|not this site/],
    ["from-a-stranger", /not known here|not trusted/],
  ]) {
    world.insert("drive", medium);
    await page.locator('.card:not([data-state="none"], [data-state="reading"])').waitFor();
    const text = await page.locator(".card").innerText();
    assert.match(text, words);
    await isCalm(page);
    world.remove("drive");
    await inState(page, "none").waitFor();
  }
  assert.ok(!fs.readdirSync(world.path("share")).some((name) => /^P/.test(name)));
});

test("a damaged parcel is explained with what to do, and the details are there for the help desk", async () => {
  const id = await world.parcel("PUN00020", { out: "stick", bytes: 2_000_000 });
  spoil(world.path("stick", `${id}.pcl`));
  const kiosk = await world.console("B", "drive");
  const page = await open(browser, kiosk.url);
  world.insert("drive", "stick");
  await inState(page, "offer").waitFor();
  await press(page, "take");
  await page.locator(".card.bad").waitFor();
  const text = await page.locator(".card").innerText();
  assert.match(text, /damaged|Not everything/i);
  await page.locator(".help summary").click();
  assert.match(await page.locator(".help").innerText(), /receive/);
  await isCalm(page);
});

// The wish for a volume outlasts its drive, so that the page does not tell when that is out.
async function isOut(page) {
  for (;;) {
    const told = await page.evaluate(async () => (await fetch("/api/v1/kiosk")).json());
    if (told.drives.every((drive) => !drive.present)) return;
  }
}

test("a missing volume is asked for by its label, and comes in from the next drive", async () => {
  const id = await world.parcel("PUN00020", { bytes: 12_000_000 });
  await world.run("A", "media", "write", id, world.mkdir("all"), "--volume-size", "5M");
  const volumes = fs
    .readdirSync(world.path("all"))
    .filter((name) => name.startsWith(id))
    .sort();
  assert.ok(volumes.length > 1, String(volumes));
  volumes.forEach((name, i) => fs.cpSync(world.path("all", name), world.path(`volume${i + 1}`, name)));
  const kiosk = await world.console("B", "drive");
  const page = await open(browser, kiosk.url);
  world.insert("drive", "volume1");
  await inState(page, "offer").waitFor();
  await press(page, "take");
  for (let next = 2; next <= volumes.length; next += 1) {
    const wanted = inState(page, "waiting").filter({ hasText: `Insert volume ${next} of ${volumes.length}` });
    await wanted.waitFor();
    assert.match(await wanted.innerText(), new RegExp(`${id.replaceAll("-", "_")}_V${next}`));
    await isCalm(page);
    world.remove("drive");
    await isOut(page);
    world.insert("drive", `volume${next}`);
  }
  await inState(page, "done").waitFor();
  assert.ok(fs.existsSync(world.path("share/PUN00020/readme.txt")));
});

test("a site without space says so, keeps what came, and goes on when there is space", async (context) => {
  const share = world.mkdir("small");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "none", share], { stdio: "ignore" });
  } catch {
    context.skip("no file system can be mounted here");
    return;
  }
  try {
    await world.site("small/S", "PSM", "Small");
    await world.join("A", "PSM", "child");
    await world.join("small/S", "PUN", "parent");
    await world.parcel("PUN00020", { to: "PSM", out: "stick", bytes: 16_000_000 });
    const ballast = world.path("small/ballast");
    fs.writeFileSync(ballast, Buffer.alloc(16_000_000));
    const kiosk = await world.console("small/S", "drive");
    const page = await open(browser, kiosk.url);
    world.insert("drive", "stick");
    await inState(page, "offer").waitFor();
    await press(page, "take");
    assert.match(await problem(page, "no-space"), /not enough space here/);
    fs.unlinkSync(ballast);
    await page.locator(".buttons .primary").click();
    await inState(page, "done").waitFor();
  } finally {
    for (const one of world.consoles) await one.kill();
    execFileSync("umount", ["-l", share]);
  }
});

test("from a medium that cannot be written the return goes back as a receipt: eight words and a picture", async (context) => {
  const id = await world.parcel("PUN00020", { out: "stick" });
  await world.run("A", "parcel", "mark", id, "sent");
  const disc = world.mkdir("disc");
  const mount = (...args) => execFileSync("mount", [...args, disc], { stdio: "ignore" });
  try {
    mount("-t", "tmpfs", "-o", "size=8m", "none");
  } catch {
    context.skip("no file system can be mounted here");
    return;
  }
  try {
    fs.cpSync(world.path("stick"), disc, { recursive: true });
    mount("-o", "remount,ro");
    const kiosk = await world.console("B", "disc", "next");
    const page = await open(browser, kiosk.url);
    await inState(page, "offer").waitFor();
    await press(page, "take");
    await inState(page, "done").waitFor();
    await page.locator(".words li").nth(7).waitFor();
    await page.waitForFunction(() => document.querySelector(".receipt img")?.naturalWidth > 0);
    await isCalm(page);
    // What a picture of the page says by its code, and what is read out over the telephone, each at the other site.
    await page.screenshot({ path: world.path("kiosk.png"), fullPage: true });
    fs.cpSync(world.path("A"), world.path("A2"), { recursive: true });
    await world.run("A2", "parcel", "mark", id, "confirmed", "--receipt", `@${world.path("kiosk.png")}`);
    assert.match(await inState(page, "done").innerText(), /insert another drive and let it be written there/);
    // Another drive takes the return, by a press; the receipt stays in sight.
    fs.writeFileSync(`${world.mkdir("photos")}/cat.jpg`, "no parcel");
    world.insert("next", "photos");
    await inState(page, "empty").waitFor();
    await press(page, "return");
    await inState(page, "empty").locator("text=A return for PUN was written to this drive").waitFor();
    assert.ok(fs.readdirSync(world.path("next")).some((name) => name.startsWith("PSE-PUN-")));
    await isCalm(page);
    const words = await page.locator(".words li").allInnerTexts();
    await world.run("A", "parcel", "mark", id, "confirmed", "--receipt", words.join(" "));
    assert.equal((await world.run("A", "parcel", "show", id)).state, "Confirmed");
    await kiosk.kill();
  } finally {
    for (const one of world.consoles) await one.kill();
    execFileSync("umount", ["-l", disc]);
  }
});
