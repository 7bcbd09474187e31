// Elements made from descriptions, and a page brought up to date by changing only what differs: the focus, open
// details and what a screen reader has read stay as they are while events come in.

const SVG = "http://www.w3.org/2000/svg";

// element("button.primary", {"data-action": "take"}, "Take it in"); null, false and undefined children are left out.
export function element(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const isDrawing = tag === "svg" || tag === "path";
  const made = isDrawing ? document.createElementNS(SVG, tag) : document.createElement(tag);
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

// What a person has changed since: it is not the page's to take back.
const KEPT = new Map([
  ["DETAILS", ["open"]],
  ["INPUT", ["value", "checked"]],
]);

function patchAttributes(shown, wanted) {
  const kept = KEPT.get(shown.tagName) ?? [];
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name) && !kept.includes(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value && !kept.includes(name)) shown.setAttribute(name, value);
  }
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);

function isSameThing(shown, wanted) {
  return (
    shown.nodeType === wanted.nodeType && shown.nodeName === wanted.nodeName && keyOf(shown) === keyOf(wanted)
  );
}

// Where a person is led: a heading, or what is said of a failure. Tab passes them by.
const LANDING = '[tabindex="-1"]';

// What has the focus may be gone after a change: it then goes to the landing that is nearest around it.
export function keepingFocus(change) {
  const before = document.activeElement;
  const around = [];
  for (let one = before?.parentElement; one; one = one.parentElement) around.push(one);
  change();
  if (before === document.body || before?.isConnected) return;
  const landings = around.filter((one) => one.isConnected).map((one) => one.querySelector(LANDING));
  landings.find((one) => one)?.focus();
}

// Makes the children of `shown` those of `wanted`. Children with a data-key are found again by it.
export function patch(shown, wanted) {
  let at = shown.firstChild;
  for (const want of [...wanted.childNodes]) {
    const key = keyOf(want);
    if (key !== null && at && !isSameThing(at, want)) {
      const found = [...shown.childNodes].find((node) => isSameThing(node, want));
      if (found) {
        while (at !== found) {
          const gone = at;
          at = at.nextSibling;
          gone.remove();
        }
      }
    }
    if (at && isSameThing(at, want)) {
      if (at.nodeType === Node.TEXT_NODE) {
        if (at.data !== want.data) at.data = want.data;
      } else {
        patchAttributes(at, want);
        patch(at, want);
      }
      at = at.nextSibling;
    } else {
      shown.insertBefore(want, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
