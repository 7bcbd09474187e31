// What the browser tests share: the browser, sites made by the program itself, and its console.
import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, test as plainTest } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const COURIER = process.env.COURIER ?? "courier";
const MODULES = process.env.COURIER_BROWSER_MODULES ?? path.join(process.cwd(), "node_modules");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ENVIRONMENT = { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" };
delete ENVIRONMENT.COURIER_HOME;

// Nothing here waits for a time: this only ends a test that would wait for ever.
export const PATIENCE_MS = 240_000;

function missing(what) {
  throw new Error(
    `${what} is missing: scripts/test installs what these tests need (scripts/packages, [browser])`,
  );
}

if (!fs.existsSync(path.join(MODULES, "node_modules"))) missing(`${MODULES}/node_modules`);
const require = createRequire(path.join(MODULES, "x.js"));
const { chromium } = require("playwright-core");
export const imported = (name) => import(pathToFileURL(require.resolve(name)));
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export async function launch() {
  if (!fs.existsSync(CHROMIUM)) missing(CHROMIUM);
  const asRoot = process.getuid() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--disable-dev-shm-usage", ...asRoot],
    timeout: PATIENCE_MS,
  });
}

// A page in a browser of its own; what goes wrong in it fails the test that owns it, see `faults`.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1024, height: 600 },
    locale: "en",
    timezoneId: "UTC",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  if (options.before) await context.addInitScript(options.before);
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Uncaught/.test(message.text())) page.faults.push(message.text());
  });
  if (url) await page.goto(url);
  return page;
}

// What the pages showed when a test failed is said with the failure.
export async function explained(browser, work) {
  try {
    await work();
  } catch (error) {
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      const shown = await page.evaluate(() => document.body.innerText).catch(() => "(no page)");
      error.message += `\n--- shown at ${page.url()}\n${shown}`;
    }
    throw error;
  }
}

// ----------------------------------------------------------------------------------------------------- what a page shows
export async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const found = await window.axe.run(document);
    return found.violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
    );
  });
}

// Text that its box does not hold, and boxes that the window does not hold.
export async function clipped(page) {
  return page.evaluate(() => {
    const found = [];
    for (const one of document.querySelectorAll("body *")) {
      const style = getComputedStyle(one);
      if (one.closest(".unseen, svg") || one.tagName === "PROGRESS" || style.display === "none") continue;
      const name = `${one.tagName.toLowerCase()}.${one.className} "${one.textContent.trim().slice(0, 40)}"`;
      const box = one.getBoundingClientRect();
      if (box.width > 0 && (box.left < -1 || box.right > innerWidth + 1) && !one.closest(".scroll"))
        found.push(`${name} leaves the window`);
      // What is typed may be longer than its field, which moves it along.
      const isScrolled = ["auto", "scroll"].includes(style.overflowX) || one.tagName === "INPUT";
      if (
        style.display !== "inline" &&
        !isScrolled &&
        one.clientWidth > 0 &&
        (one.scrollWidth > one.clientWidth + 1 ||
          (one.scrollHeight > one.clientHeight + 4 && style.overflowY === "hidden"))
      ) {
        found.push(`${name} is wider than its box`);
      }
    }
    return found;
  });
}

// The name of a text that the catalogue lacks would be shown as it is.
export async function rawKeys(page) {
  const text = await page.evaluate(() => document.body.innerText);
  return (
    text.match(
      /\b(problem|done|offer|taking|needs|wait|button|state|column|work|nav|phase|verdict)\.[a-z][\w.-]*/g,
    ) ?? []
  );
}

// --------------------------------------------------------------------------------------------------------------- sites
export class World {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "courier-browser-"));
    this.consoles = [];
  }

  path(...names) {
    return path.join(this.folder, ...names);
  }

  mkdir(name) {
    fs.mkdirSync(this.path(name), { recursive: true });
    return this.path(name);
  }

  async run(home, ...args) {
    try {
      const done = await promisify(execFile)(COURIER, ["--home", this.path(home), "--json", ...args], {
        cwd: this.folder,
        env: ENVIRONMENT,
        timeout: PATIENCE_MS,
        maxBuffer: 1 << 26,
      });
      return done.stdout ? JSON.parse(done.stdout) : null;
    } catch (error) {
      throw new Error(`courier ${args.join(" ")}: status ${error.code}\n${error.stderr}`);
    }
  }

  async site(home, code, name) {
    await this.run(home, "site", "init", code, "--name", name);
    await this.run(home, "site", "export", this.path(`${code}.site`));
  }

  async join(home, code, role) {
    await this.run(home, "site", "join", this.path(`${code}.site`), "--as", role, "--trust");
  }

  // PUN in A is the parent of PSE in B, which serves share/.
  async punAndPse() {
    await this.site("A", "PUN", "Pune");
    await this.site("B", "PSE", "Branch");
    await this.join("A", "PSE", "child");
    await this.join("B", "PUN", "parent");
    await this.run("B", "dp", "add", "files", this.mkdir("share"));
  }

  async package(id, bytes = 300_000, name = "Field tools") {
    const source = this.mkdir(`source-${id}`);
    fs.writeFileSync(path.join(source, "readme.txt"), `read me first: ${id}\n`);
    fs.writeFileSync(path.join(source, "large.bin"), noise(bytes, id));
    await this.run("A", "package", "add", source, "--id", id, "--name", name);
  }

  // A parcel of PUN with one package, in a folder beside the homes; gives its ID.
  async parcel(id, { to = "PSE", bytes = 300_000, out = null } = {}) {
    await this.package(id, bytes);
    await this.run("A", "distribute", id, "--to", to);
    const where = out ? ["--out", this.mkdir(out)] : [];
    return (await this.run("A", "parcel", "create", "--to", to, ...where)).id;
  }

  // A drive is a folder: it is put in when it has something in it, all of it at once, as what is still being copied might
  // be looked at on a slow machine; and taken out when it is empty.
  insert(drive, from) {
    const coming = this.path(`${drive}-coming`);
    fs.cpSync(this.path(from), coming, { recursive: true, preserveTimestamps: true });
    if (fs.existsSync(this.path(drive))) fs.rmdirSync(this.path(drive));
    fs.renameSync(coming, this.path(drive));
  }

  remove(drive) {
    for (const name of fs.readdirSync(this.path(drive)))
      fs.rmSync(this.path(drive, name), { recursive: true });
  }

  async console(home, ...drives) {
    const one = new Console(
      this,
      home,
      drives.map((drive) => this.mkdir(drive)),
    );
    this.consoles.push(one);
    await one.start();
    return one;
  }

  async close() {
    for (const one of this.consoles) await one.kill();
    // What a console was just running may be writing still when it is killed.
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// The middle of a file, as no recovery data brings it back.
export function spoil(file) {
  const { size } = fs.statSync(file);
  const bad = fs.openSync(file, "r+");
  fs.writeSync(bad, Buffer.alloc(600_000, 0x55), 0, 600_000, Math.floor(size / 2) - 300_000);
  fs.closeSync(bad);
}

// Bytes that do not compress, the same for the same seed.
export function noise(size, seed) {
  const bytes = Buffer.alloc(size);
  let state =
    [...String(seed)].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7) || 1;
  for (let i = 0; i + 4 <= size; i += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, i);
  }
  return bytes;
}

// ------------------------------------------------------------------------------------------------------------- console
class Console {
  constructor(world, home, folders) {
    Object.assign(this, { world, home, folders, port: 0, process: null, said: "" });
  }

  // Again after kill(): at the same address.
  async start(...options) {
    const args = [
      "--home",
      this.world.path(this.home),
      "--json",
      "console",
      "--listen",
      `127.0.0.1:${this.port}`,
      ...this.folders.flatMap((folder) => ["--folder", folder]),
      ...options,
    ];
    // A group of its own: power cuts end all of it at once.
    this.process = spawn(COURIER, args, {
      cwd: this.world.folder,
      env: ENVIRONMENT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stderr.on("data", (text) => {
      this.said += text;
    });
    const line = await new Promise((resolve, reject) => {
      let out = "";
      this.process.stdout.on("data", (text) => {
        out += text;
        try {
          resolve(JSON.parse(out));
        } catch {
          // Not all of it yet.
        }
      });
      this.process.once("error", reject);
      this.process.once("exit", (status) =>
        reject(new Error(`the console ended with ${status}: ${this.said}`)),
      );
    });
    this.url = line.url.replace(/\/$/, "");
    this.port = Number(new URL(this.url).port);
  }

  // As when the power goes.
  async kill() {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    process.kill(-this.process.pid, "SIGKILL");
    await this.ended;
  }
}

// ------------------------------------------------------------------------------------------- tests that each have a world
export let browser;
export let world;

// To be called once by a file of tests: one browser for all of them, and PUN and PSE made anew for each.
export function useWorlds() {
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
  });
  beforeEach(async () => {
    world = new World();
    await world.punAndPse();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await world.close();
  });
}

export const PASSPHRASE = "correct horse battery";

export async function setPassphrase(home) {
  fs.writeFileSync(world.path("passphrase"), `${PASSPHRASE}\n`);
  await world.run(home, "console", "--set-passphrase", "--passphrase-file", world.path("passphrase"));
}

export const test = (name, work) => plainTest(name, (context) => explained(browser, () => work(context)));
