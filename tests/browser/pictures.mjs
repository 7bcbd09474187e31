// Text that is cut off, seen as a person would: a picture of the page as it is beside one with nothing cut off.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { imported } from "./support.mjs";

const { PNG } = await imported("pngjs");
const { default: pixelmatch } = await imported("pixelmatch");

// Where the pictures that differ are kept.
const FOLDER = process.env.COURIER_PICTURES ?? path.join(os.tmpdir(), "courier-pictures");
// Large screens are looked at from further away.
const LARGEST_WIDTH = 512;

// What scrolls cuts off on purpose; a caret blinks.
const STILL = "* { caret-color: transparent !important; }";
const LIFTED = `*:not(.unseen, .scroll, pre, progress, input, img, svg, svg *) {
  overflow: visible !important;
  text-overflow: clip !important;
  -webkit-line-clamp: none !important;
  max-height: none !important;
  clip-path: none !important;
}`;

// In the page: its size under a stylesheet of ours, which its own policy would not let in as an element.
function sizeUnder(css) {
  window.ours ??= new CSSStyleSheet();
  window.ours.replaceSync(css);
  if (!document.adoptedStyleSheets.includes(window.ours)) document.adoptedStyleSheets.push(window.ours);
  const { scrollWidth: width, scrollHeight: height } = document.documentElement;
  return { width, height, isTaller: height > innerHeight || width > innerWidth };
}

async function picture(session, page, css) {
  const { width, height, isTaller } = await page.evaluate(sizeUnder, css);
  const { data } = await session.send("Page.captureScreenshot", {
    optimizeForSpeed: true,
    captureBeyondViewport: isTaller,
    clip: { x: 0, y: 0, width, height, scale: Math.min(1, LARGEST_WIDTH / width) },
  });
  return Buffer.from(data, "base64");
}

// How many pixels differ.
function difference(one, other) {
  if (one.equals(other)) return 0;
  const [a, b] = [PNG.sync.read(one), PNG.sync.read(other)];
  const size = a.width * a.height;
  if (a.width !== b.width || a.height !== b.height) return Math.max(size, b.width * b.height);
  return pixelmatch(a.data, b.data, null, a.width, a.height, { includeAA: true });
}

function kept(name, bytes) {
  fs.mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, `${name.replace(/[^\w-]+/g, "-")}.png`);
  fs.writeFileSync(file, bytes);
  return file;
}

// What is cut off on the page as it is shown now, each with both pictures.
export async function cutOff(page, name) {
  page.pictures ??= await page.context().newCDPSession(page);
  const session = page.pictures;
  try {
    for (;;) {
      const shown = await picture(session, page, STILL);
      const lifted = await picture(session, page, STILL + LIFTED);
      const pixels = difference(shown, lifted);
      if (pixels === 0) return [];
      // Unless the page itself has changed meanwhile.
      if (difference(shown, await picture(session, page, STILL)) > 0) continue;
      const files = [kept(`${name} as it is`, shown), kept(`${name} with nothing cut off`, lifted)];
      return [`text is cut off: ${pixels} pixels differ in ${files.join(" and ")}`];
    }
  } finally {
    await page.evaluate(sizeUnder, "");
  }
}
