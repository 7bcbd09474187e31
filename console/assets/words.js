// The words of the page: one catalogue for all languages, with plural forms, dates, sizes and durations as the language
// has them.

// The language in which numbers and dates are written: English as most of the world writes them, 14:20 and 12 Nov.
const LOCALES = { en: "en-GB", "pt-BR": "pt-BR", sv: "sv-SE" };
export const LANGUAGES = Object.keys(LOCALES);
const STORED = "courier-language";

function chosen() {
  let stored = null;
  try {
    stored = localStorage.getItem(STORED);
  } catch {
    // A browser that keeps nothing: the language is chosen again after a restart.
  }
  if (LANGUAGES.includes(stored)) return stored;
  for (const wish of navigator.languages ?? []) {
    const found = LANGUAGES.find((one) => one.split("-")[0] === wish.split("-")[0]);
    if (found) return found;
  }
  return "en";
}

export class Words {
  constructor(catalogue, language = chosen()) {
    this.catalogue = catalogue;
    this.language = language;
  }

  get locale() {
    return LOCALES[this.language];
  }

  choose(language) {
    this.language = language;
    document.documentElement.lang = language;
    try {
      localStorage.setItem(STORED, language);
    } catch {
      // As above.
    }
  }

  // As the language calls itself.
  nameOf(language) {
    return this.catalogue["language"][language];
  }

  has(key) {
    return Object.hasOwn(this.catalogue, key);
  }

  // The text of a key with {names} filled in; `n` chooses the plural form and is written as the language writes numbers.
  say(key, values = {}) {
    let text = this.catalogue[key]?.[this.language];
    if (text === undefined) return key;
    if (typeof text === "object")
      text = text[new Intl.PluralRules(this.locale).select(values.n)] ?? text.other;
    return text.replace(/\{([a-z]+)\}/g, (_, name) => {
      const value = values[name];
      return typeof value === "number" ? this.number(value) : (value ?? "");
    });
  }

  // The translation of a word of the program, or the word itself.
  word(room, word) {
    const key = `${room}.${word}`;
    return this.has(key) ? this.say(key) : word;
  }

  number(value) {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  share(value) {
    // Never 100 % before it is done.
    const whole = value >= 1 ? 1 : Math.min(0.99, value);
    return new Intl.NumberFormat(this.locale, { style: "percent" }).format(Math.floor(whole * 100) / 100);
  }

  size(bytes) {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    let value = bytes;
    let unit = 0;
    while (value >= 999.5 && unit + 1 < units.length) {
      value /= 1000;
      unit += 1;
    }
    return new Intl.NumberFormat(this.locale, {
      style: "unit",
      unit: units[unit],
      unitDisplay: unit === 0 ? "long" : "short",
      maximumFractionDigits: unit === 0 || value >= 100 ? 0 : 1,
    }).format(value);
  }

  #unit(value, unit) {
    return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "long" }).format(value);
  }

  // A duration in whole minutes, from a minute on.
  duration(seconds) {
    const minutes = Math.max(1, Math.round(seconds / 60));
    if (minutes < 60) return this.#unit(minutes, "minute");
    const hours = Math.floor(minutes / 60);
    if (minutes % 60 === 0) return this.#unit(hours, "hour");
    return this.say("duration.hours-minutes", {
      hours: this.#unit(hours, "hour"),
      minutes: this.#unit(minutes % 60, "minute"),
    });
  }

  date(iso) {
    return this.#time(iso, { day: "numeric", month: "short", year: "numeric" });
  }

  dateTime(iso) {
    return this.#time(iso, {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
  }

  // The time of day; with the weekday when it is not today.
  clock(iso, now) {
    const isToday = new Date(iso).toDateString() === new Date(now).toDateString();
    return this.#time(iso, { hour: "2-digit", minute: "2-digit", ...(isToday ? {} : { weekday: "long" }) });
  }

  #time(iso, how) {
    const time = new Date(iso);
    return iso && !Number.isNaN(time.getTime()) ? new Intl.DateTimeFormat(this.locale, how).format(time) : "";
  }

  list(values) {
    return new Intl.ListFormat(this.locale, { type: "conjunction" }).format(values);
  }
}

export async function load() {
  const answer = await fetch("/assets/catalogue.json");
  const words = new Words(await answer.json());
  document.documentElement.lang = words.language;
  return words;
}
