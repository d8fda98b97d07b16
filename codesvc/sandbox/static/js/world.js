// What the page knows of the platform. Events only wake: state is read again on every wake and on every reconnect,
// so a lost event costs nothing.

import { control } from "./control.js";
import { listen } from "./feed.js";

const PAUSE = 60;
const JOURNAL_LENGTH = 400;

/** Runs a reading at most once at a time, and once more if it was asked for meanwhile. */
function coalesce(read) {
  let running = null;
  let again = false;
  return function wake() {
    again = true;
    running ??= (async () => {
      try {
        while (again) {
          again = false;
          await read();
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      } catch {
        // The line's own state tells of it; reconnecting reads everything anew.
      } finally {
        running = null;
      }
    })();
    return running;
  };
}

class World extends EventTarget {
  state = null;
  connected = false;
  journal = [];
  #chats = new Map();
  #readers = new Map();
  #readAt = 0;
  #last = { calls: 0, callbacks: 0 };
  #reading = 0;

  /** Reads the state again. */
  refresh = coalesce(async () => {
    this.state = await control.read("/state");
    this.#readAt = performance.now();
    this.#tell("state");
  });

  #refreshJournal = coalesce(async () => {
    const reading = this.#reading;
    const [calls, callbacks] = await Promise.all([this.#news("calls"), this.#news("callbacks")]);
    if (reading !== this.#reading || calls.length + callbacks.length === 0) return;
    this.#last = { calls: calls.at(-1)?.number ?? this.#last.calls, callbacks: callbacks.at(-1)?.number ?? this.#last.callbacks };
    this.journal = [...this.journal, ...calls, ...callbacks].sort((a, b) => a.number - b.number).slice(-JOURNAL_LENGTH);
    this.#tell("journal");
  });

  async start() {
    await this.refresh();
    listen({ onEvent: (kind, data) => this.#hear(kind, data), onConnection: (up) => this.#connect(up) });
  }

  /** The platform's time in seconds. */
  now() {
    return this.state.clock.now + (performance.now() - this.#readAt) / 1000;
  }

  account(appid) {
    return this.state.accounts.find((account) => account.appid === appid);
  }

  contact(person, appid) {
    return this.state.users.find((user) => user.person === person && user.account === appid);
  }

  people() {
    return [...new Set(this.state.users.map((user) => user.person))];
  }

  /** A chat as last read; undefined before its first reading. */
  chat(openid) {
    return this.#chats.get(openid);
  }

  /** Reads a chat, and from now on again whenever something is said in it. */
  watchChat(openid) {
    if (!this.#readers.has(openid)) {
      const read = async () => {
        const { chat } = await control.read(`/users/${encodeURIComponent(openid)}/chat`);
        this.#chats.set(openid, chat);
        this.#tell("chat", openid);
      };
      this.#readers.set(openid, coalesce(read));
    }
    return this.#readers.get(openid)();
  }

  on(kind, listener, signal) {
    this.addEventListener(kind, (event) => listener(event.detail), { signal });
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  async #news(kind) {
    return (await control.read(`/${kind}?after=${this.#last[kind]}`))[kind];
  }

  #hear(kind, data) {
    if (kind === "reset") this.#forget();
    if (kind === "message") this.#readers.get(data.openid)?.();
    if (kind === "call" || kind === "callback") this.#refreshJournal();
    this.refresh();
  }

  #connect(up) {
    this.connected = up;
    this.#tell("connection", up);
    if (!up) return;
    this.#rereadJournal(); // numbers begin anew when the sandbox was restarted
    this.refresh();
    for (const read of this.#readers.values()) read();
  }

  #forget() {
    this.#chats.clear();
    for (const openid of this.#readers.keys()) this.#tell("chat", openid);
    this.#rereadJournal();
  }

  #rereadJournal() {
    this.#reading += 1;
    this.journal = [];
    this.#last = { calls: 0, callbacks: 0 };
    this.#tell("journal");
    this.#refreshJournal();
  }
}

export const world = new World();
