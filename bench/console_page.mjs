// What the kiosk's page costs in Debian's Chromium, for bench/console.py: console_page.mjs URL ROUNDS
//
// Cold: each time in a context of its own, which has no cache. First paint is the first-contentful-paint of the Performance
// API, from the navigation's start; the question is there with the largest-contentful-paint. Bytes are those of the wire,
// header fields and all. An event is told by the page's own clock: from a press on the server, whose answer says no more
// than that the state is another one, to the change of the document that shows it.
import { launch, open } from "../tests/browser/support.mjs";

const [url, rounds] = [process.argv[2], Number(process.argv[3])];

async function cold(browser) {
  const page = await open(browser);
  const session = await page.context().newCDPSession(page);
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await session.send("Network.enable");
  await page.goto(url);
  await page.locator(".card h2").waitFor();
  const times = await page.evaluate(async () => {
    const last = (type) =>
      new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type, buffered: true });
      });
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return { first: paint.startTime, question: await last("largest-contentful-paint") };
  });
  await page.context().close();
  return { ...times, bytes };
}

// Milliseconds from a press to the page that shows what it led to.
function toldAgain() {
  const shown = (state) => document.querySelector(`.card[data-state="${state}"]`);
  const becomes = (state) =>
    new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        if (!shown(state)) return;
        watch.disconnect();
        resolve(performance.now());
      });
      watch.observe(document.getElementById("main"), { subtree: true, childList: true, attributes: true });
    });
  const id = shown("empty").getAttribute("data-key");
  const reading = becomes("reading");
  const began = performance.now();
  fetch(`/api/v1/drives/${id}/again`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Courier": "1" },
    body: "{}",
  });
  return reading.then((at) => at - began);
}

const browser = await launch();
const result = { first: [], question: [], bytes: [], event: [] };
try {
  for (let i = 0; i < rounds; i += 1)
    for (const [name, value] of Object.entries(await cold(browser))) result[name].push(value);
  const page = await open(browser, url);
  for (let i = 0; i < rounds; i += 1) {
    await page.locator('.card[data-state="empty"]').waitFor();
    await page.waitForTimeout(300); // after a pause the next state is told at once
    result.event.push(await page.evaluate(toldAgain));
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(result));
