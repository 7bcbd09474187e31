// What stands around both pages: whose site this is, the languages, and word of a lost connection.
import { element } from "./dom.js";
import { LANGUAGES } from "./words.js";

// site: {code, name}; null while it is not known.
export function siteTitle(site) {
  if (!site) return element("h1", {}, "Courier");
  return element("h1", {}, element("span.code", {}, site.code), " ", element("span.name", {}, site.name));
}

export function languageSwitch(words) {
  const names = LANGUAGES.map((language) =>
    element(
      "button.language",
      {
        type: "button",
        "data-language": language,
        lang: language,
        "aria-pressed": String(language === words.language),
      },
      words.nameOf(language),
    ),
  );
  return element("div.languages", { role: "group", "aria-label": words.say("language.choose") }, names);
}

export function connectionNotice(words, isLost) {
  if (!isLost) return element("div");
  return element(
    "div",
    {},
    element(
      "p.lost",
      {},
      element("strong", {}, words.say("connection.lost")),
      " ",
      words.say("connection.text"),
    ),
  );
}
