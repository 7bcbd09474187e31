// The two pictures of the README, from the program with made-up sites: screenshots.mjs FOLDER
import fs from "node:fs";
import path from "node:path";
import { World, launch, open } from "./support.mjs";

const [folder] = process.argv.slice(2);
const world = new World();
const browser = await launch();
try {
  await world.punAndPse();
  await world.package("PUN00020", 4_000_000, "Field tools");
  await world.package("PUN00021", 9_000_000, "Charts of the coast");
  await world.package("PUN00022", 2_000_000, "Clinic forms");
  for (const id of ["PUN00020", "PUN00021", "PUN00022"])
    await world.run("A", "distribute", id, "--to", "PSE");
  const { id } = await world.run("A", "parcel", "create", "--to", "PSE", "--out", world.mkdir("stick"));
  await world.run("A", "parcel", "mark", id, "sent");

  const kiosk = await world.console("B", "COURIER-7");
  const there = await open(browser, kiosk.url);
  world.insert("COURIER-7", "stick");
  await there.locator('.card[data-state="offer"]').waitFor();
  await there.screenshot({ path: path.join(folder, "kiosk.png") });
  await there.locator('[data-action="take"]').click();
  await there.locator('.card[data-state="done"]').waitFor();
  await kiosk.kill();

  await world.run("A", "receive", world.path("COURIER-7"), "--yes");
  fs.writeFileSync(world.path("passphrase"), "for the pictures\n");
  await world.run("A", "console", "--set-passphrase", "--passphrase-file", world.path("passphrase"));
  const desk = await world.console("A");
  const here = await open(browser, `${desk.url}/site`);
  await here.locator("#passphrase").fill("for the pictures");
  await here.locator('[data-key="enter"]').click();
  await here.locator("td").first().waitFor();
  await here.screenshot({ path: path.join(folder, "site.png") });
} finally {
  await browser.close();
  await world.close();
}
