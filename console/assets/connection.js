// The server: its events, kept up by itself through restarts of the server, and requests to it.

const QUIET_MS = 40_000; // the server pings every 15 s
const RETRY_MS = 1_000;

// handlers: {kiosk(state), works(list), connected(), lost()}. A server that was restarted knows no session of before:
// fetching the page gives a new one.
export class Connection {
  #source = null;
  #quiet = null;
  #retry = null;

  constructor(page, handlers) {
    this.page = page;
    this.handlers = handlers;
    this.#open();
  }

  // After logging in or out the same session may see other events.
  reopen() {
    this.#close();
    this.#open();
  }

  #open() {
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.addEventListener("open", () => this.#heard());
    source.addEventListener("error", () => this.#lost());
    source.addEventListener("ping", () => this.#heard());
    for (const name of ["kiosk", "works"]) {
      source.addEventListener(name, (event) => {
        this.#heard();
        this.handlers[name]?.(JSON.parse(event.data));
      });
    }
    this.#watch();
  }

  #heard() {
    this.#watch();
    this.handlers.connected?.();
  }

  #watch() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#lost(), QUIET_MS);
  }

  #close() {
    clearTimeout(this.#quiet);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #lost() {
    this.#close();
    this.handlers.lost?.();
    this.#retry = setTimeout(() => this.#again(), RETRY_MS);
  }

  async #again() {
    try {
      const answer = await fetch(this.page, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#open();
    } catch {
      this.#retry = setTimeout(() => this.#again(), RETRY_MS);
    }
  }
}

// What the server refused: `status`, and its `error` in three parts where it gave one.
export class Refusal extends Error {
  constructor(status, error) {
    super(error?.message ?? `status ${status}`);
    this.status = status;
    this.error = error ?? null;
  }
}

async function answered(answer) {
  const text = await answer.text();
  let document = null;
  try {
    document = text ? JSON.parse(text) : null;
  } catch {
    document = null;
  }
  if (!answer.ok) throw new Refusal(answer.status, document?.error);
  return document;
}

export async function get(path) {
  return answered(await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" } }));
}

export async function post(path, document = {}, method = "POST") {
  return answered(
    await fetch(`/api/v1/${path}`, {
      method,
      headers: { "Content-Type": "application/json", "X-Courier": "1" },
      body: JSON.stringify(document),
    }),
  );
}
