// What the program refused, in its own words, in three parts.
import { element } from "./dom.js";

// "…: courier parcel list", or that alone: what comes before, and the command.
const COMMAND = /^(.*: )?(courier (?:--home \S+ )?[a-z]+\b.*)$/s;

export const commandIn = (advice) => COMMAND.exec(advice ?? "")?.[2] ?? null;

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function advice(text) {
  const [, before, command] = COMMAND.exec(text) ?? [];
  return command ? [before ? sentence(before) : "", element("code", {}, command)] : sentence(text);
}

// error: {message, loss, hint}; attributes: of the whole.
export function problemParts(words, error, attributes = {}) {
  const part = (name, text, otherwise) =>
    element(
      "div",
      {},
      element("dt", {}, words.say(`problem.${name}`)),
      text ? element("dd", { lang: "en" }, text) : element("dd", {}, words.say(otherwise)),
    );
  return element(
    "div.problem",
    attributes,
    element(
      "dl",
      {},
      part("happened", error.message && sentence(error.message), "problem.general.title"),
      part("loss", error.loss && sentence(error.loss), "problem.general.loss"),
      part("now", error.hint && advice(error.hint), "problem.general.now"),
    ),
  );
}
