// What the tables of the site's own page are made of.
import { element } from "./dom.js";

const GOOD = new Set(["Installed", "Removed", "Confirmed", "Processed", "installed", "done", "ok", "allowed"]);
const BAD = new Set([
  "Install Failed",
  "Removal Failed",
  "Refused",
  "Incomplete",
  "lost",
  "a return says otherwise",
  "E",
  "refused",
  "damaged",
  "failed",
]);
const PARCEL_ID = /\b[A-Z0-9]{3}-[A-Z0-9]{3}-\d{6,}\b/;
const FILE_OF_PARCEL = /\/$|^\.pcl/; // before or behind its ID: no parcel is meant, only its file

export function state(words, text) {
  if (!text) return "";
  const tone = GOOD.has(text) ? "good" : BAD.has(text) ? "bad" : "calm";
  return element(`span.state.${tone}`, {}, words.word("state", text));
}

// The first says how it stands, the others what is to be known besides.
export const states = (words, ...texts) =>
  texts.filter(Boolean).map((text, i) => [i ? ", " : "", text instanceof Node ? text : state(words, text)]);

export const time = (words, iso) => (iso ? element("time", { datetime: iso }, words.dateTime(iso)) : "");
export const code = (text) => (text ? element("span.code-text", {}, text) : "");
export const link = (where, text) => element("a", { href: `#${where}` }, text);
export const parcelLink = (id, target = id) => element("a.code-text", { href: `#parcels/${target}` }, id);

// A text of the program: the ID of a parcel in it is not broken, and leads to the parcel's page.
export function withParcel(text) {
  const found = PARCEL_ID.exec(text ?? "");
  if (!found) return text ?? "";
  const before = text.slice(0, found.index);
  const behind = text.slice(found.index + found[0].length);
  const isFile = FILE_OF_PARCEL.test(before) || FILE_OF_PARCEL.test(behind);
  return [before, isFile ? element("span.whole", {}, found[0]) : parcelLink(found[0]), behind];
}

// columns: [[heading, cell(row), isNumber]]; a column that is empty in all rows is left out. A table that is all of its
// section has no heading of its own. Where the window is narrow each row is a card: roles keep it a table, and each cell
// carries its heading.
export function table(words, caption, columns, rows, { isAlone = false, empty = "table.empty" } = {}) {
  const cells = rows.map((row) => columns.map(([, cell]) => cell(row) ?? ""));
  const used = columns.map((_, i) => cells.some((row) => row[i] !== ""));
  const head = isAlone ? null : element("h3", {}, caption);
  if (rows.length === 0) return element("section", {}, head, element("p.empty", {}, words.say(empty)));
  const shown = columns
    .map(([heading, , isNumber], i) => ({ heading: words.say(`column.${heading}`), isNumber, i }))
    .filter(({ i }) => used[i]);
  return element(
    "section",
    {},
    head,
    element(
      "div.scroll",
      { tabindex: "0", role: "region", "aria-label": caption },
      element(
        "table",
        { role: "table" },
        element(
          "thead",
          { role: "rowgroup" },
          element(
            "tr",
            { role: "row" },
            shown.map(({ heading, isNumber }) =>
              element(isNumber ? "th.number" : "th", { scope: "col", role: "columnheader" }, heading),
            ),
          ),
        ),
        element(
          "tbody",
          { role: "rowgroup" },
          cells.map((row) =>
            element(
              "tr",
              { role: "row" },
              shown.map(({ heading, i, isNumber }) =>
                element(
                  row[i] === "" ? "td.none" : isNumber ? "td.number" : "td",
                  { role: "cell", "data-label": heading },
                  row[i] === "" ? "" : element("div", {}, row[i]),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
