// The journal: every call with its answer, in both directions, the newest on top.

import { element, fill } from "./element.js";
import { parameters, readable } from "./exchange.js";
import { exactTime, hasText, say } from "./language.js";
import { Panel } from "./panel.js";
import { world } from "./world.js";

const SHOWN = 200;
const VIEWS = ["all", "incoming", "outgoing", "failures"];

/** Whether an exchange went wrong: an errcode, an HTTP error, no answer, or a fault. */
function failed(entry) {
  return Boolean(entry.errcode) || entry.status === null || entry.status >= 400 || Boolean(entry.note);
}

export class Journal extends Panel {
  #view = "all";
  #filter = element("input", { type: "search", class: "journal__filter", placeholder: say("filter"), "aria-label": say("filter") });
  #views;
  #count = element("span", { class: "journal__count", role: "status" });
  #list = element("ol", { class: "journal", reversed: true });
  #rows = new Map();

  constructor() {
    super("journal");
    this.#views = element("div", { class: "segments", role: "group" }, VIEWS.map((view) => element("button", { type: "button", "aria-pressed": String(view === "all"), onclick: () => this.#choose(view) }, say(view))));
    this.#filter.addEventListener("input", () => this.settle());
    fill(this.node, element("div", { class: "journal__head" }, this.#filter, this.#views, this.#count), this.#list);
    world.on("journal", () => this.#wake());
  }

  #wake() {
    if (!this.node.hidden) this.settle();
  }

  #choose(view) {
    this.#view = view;
    [...this.#views.children].forEach((button, index) => button.setAttribute("aria-pressed", String(VIEWS[index] === view)));
    this.settle();
  }

  settle() {
    const found = world.journal.filter((entry) => this.#matches(entry)).slice(-SHOWN).reverse();
    this.#count.textContent = say("journalCount", { count: found.length });
    if (!found.length) {
      this.#rows.clear();
      fill(this.#list, element("li", { class: "nothing" }, say(world.journal.length ? "journalNoneMatch" : "journalNone")));
      return;
    }
    const kept = new Map();
    for (const entry of found) {
      const known = this.#rows.get(entry.number);
      // After a reset the numbers begin anew, so the same number can be another exchange.
      kept.set(entry.number, known?.entry === entry ? known : { entry, node: this.#row(entry) });
    }
    this.#rows = kept;
    const nodes = [...kept.values()].map((row) => row.node);
    const same = nodes.length === this.#list.childElementCount && nodes.every((node, index) => node === this.#list.children[index]);
    if (!same) this.#arrange(nodes);
  }

  /** Moves only what is out of place, so that an open row keeps its focus and its scroll position. */
  #arrange(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, index) => {
      if (this.#list.children[index] !== node) this.#list.insertBefore(node, this.#list.children[index] ?? null);
    });
  }

  #matches(entry) {
    if (this.#view === "incoming" && entry.direction !== "api") return false;
    if (this.#view === "outgoing" && entry.direction !== "callback") return false;
    if (this.#view === "failures" && !failed(entry)) return false;
    const words = this.#filter.value.trim().toLowerCase();
    if (!words) return true;
    return [entry.path, entry.rid, entry.query, entry.request, entry.response, entry.note, String(entry.errcode ?? "")].some((text) => text?.toLowerCase().includes(words));
  }

  #row(entry) {
    const isCall = entry.direction === "api";
    const verdict = entry.errcode !== null && entry.errcode !== 0 ? String(entry.errcode) : entry.status === null ? "—" : entry.errcode === 0 ? "ok" : String(entry.status);
    const head = element(
      "summary",
      { class: "journal__row" },
      element("span", { class: `journal__way journal__way--${isCall ? "in" : "out"}`, title: say(isCall ? "incoming" : "outgoing") }, isCall ? "API" : say("push")),
      element("span", { class: "journal__path" }, isCall && element("span", { class: "journal__method" }, `${entry.method} `), entry.path.replace(/^\/cgi-bin/, "…")),
      element("span", { class: `verdict ${failed(entry) ? "verdict--bad" : "verdict--good"}` }, verdict),
      element("time", { class: "journal__time" }, exactTime(entry.at)),
    );
    const node = element("details", { class: "journal__entry" }, head);
    // Bodies are drawn when they are looked at: two hundred of them are a lot of text.
    node.addEventListener("toggle", () => node.open && node.childElementCount === 1 && node.append(this.#inside(entry)));
    return element("li", {}, node);
  }

  #inside(entry) {
    const block = (key, text) => text && element("section", {}, element("h4", {}, say(key)), element("pre", { tabindex: "0" }, text));
    const facts = [
      element("span", {}, `#${entry.number}`),
      entry.status !== null && element("span", {}, `HTTP ${entry.status}`),
      element("span", {}, `${(entry.duration * 1000).toFixed(1)} ms`),
      entry.fault && element("span", { class: "verdict verdict--bad" }, say("hitByFault", { kind: hasText(`kind_${entry.fault}`) ? say(`kind_${entry.fault}`) : entry.fault })),
      entry.note && element("span", { class: "verdict verdict--bad" }, entry.note),
    ];
    const rid = entry.rid && element("button", { type: "button", class: "rid", title: say("copyRid"), onclick: () => this.#copy(entry.rid) }, "rid ", element("code", {}, entry.rid));
    return element(
      "div",
      { class: "journal__inside" },
      element("p", { class: "journal__facts" }, facts, rid),
      element("p", { class: "journal__full" }, `${entry.method} ${entry.path}`),
      block("query", parameters(entry.query)),
      block("request", readable(entry.request)),
      block("answer", entry.response ? readable(entry.response) : say("emptyBody")),
    );
  }

  async #copy(rid) {
    await navigator.clipboard?.writeText(rid);
    this.tell(say("copied"));
  }
}
