// A page as somebody uses it who has a keyboard only: where Tab leads, and whether one sees where one is.
import assert from "node:assert/strict";
import { open } from "./support.mjs";

// In the page: what had the focus may go when a state comes, and the focus must not go with it.
function watchFocus() {
  let isHeld = false;
  window.lostFocus = [];
  document.addEventListener("focusin", () => {
    isHeld = true;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Tab") isHeld = false; // past the last one it goes out of the page
  });
  new MutationObserver(() => {
    if (isHeld && document.activeElement === document.body) {
      window.lostFocus.push(document.querySelector("main").innerText);
      isHeld = false;
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
}

export const openForKeys = (browser, url, options = {}) => open(browser, url, { before: watchFocus, ...options });

// In the page: all that Tab is to reach, in order; the place of what has the focus among them; and whether that is seen.
function whereIsFocus() {
  const all = [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
    (one) => one.checkVisibility() && one.type !== "hidden",
  );
  const name = (one) => `${one.tagName.toLowerCase()} "${(one.innerText || one.name || "").slice(0, 40)}"`;
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    all: all.map(name),
    index: all.indexOf(at),
    name: name(at),
    isBody: at === document.body,
    isOutlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    isInWindow: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}

// Somebody who looks at the page sees what has the focus, and no change of the page has taken it away.
export async function focusIsSeen(page) {
  const where = await page.evaluate(whereIsFocus);
  assert.ok(!where.isBody, "nothing has the focus");
  assert.ok(where.isOutlined, `${where.name} has the focus, and does not show it`);
  assert.ok(where.isInWindow, `${where.name} has the focus, and is not in the window`);
  assert.deepEqual(await page.evaluate(() => window.lostFocus), []);
  return where;
}

// One stop after another, all the way round: past the last one the focus may leave the page, and comes in again.
async function walk(page, key, step) {
  const { all } = await page.evaluate(whereIsFocus);
  for (let before = null, steps = 0; steps < all.length; steps += 1) {
    await page.keyboard.press(key);
    if ((await page.evaluate(whereIsFocus)).isBody) await page.keyboard.press(key);
    const { index, name } = await focusIsSeen(page);
    if (before !== null)
      assert.equal(index, (before + step + all.length) % all.length, `${key} leads to ${name} of ${all.join(", ")}`);
    before = index;
  }
}

// Tab reaches everything in its order, and Shift+Tab goes back.
export async function everyStopIsReached(page) {
  await walk(page, "Tab", 1);
  await walk(page, "Shift+Tab", -1);
}

export async function tabTo(page, selector) {
  const isThere = () => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
  const { all } = await page.evaluate(whereIsFocus);
  for (let presses = 0; !(await isThere()); presses += 1) {
    assert.ok(presses <= all.length + 1, `${selector} is not reached: ${all.join(", ")}`);
    await page.keyboard.press("Tab");
  }
  await focusIsSeen(page);
}

export async function pressKey(page, selector, key = "Enter") {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

export async function typeInto(page, selector, text) {
  await tabTo(page, selector);
  await page.keyboard.type(text);
}
