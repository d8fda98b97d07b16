// The console beside the phones: what is called, what is left, what goes wrong, what time it is.

import { Developer } from "./developer.js";
import { element } from "./element.js";
import { FaultPanel } from "./faults.js";
import { Gauges } from "./gauges.js";
import { Journal } from "./journal.js";
import { say } from "./language.js";
import { prefer, preferences } from "./preferences.js";
import { Weather } from "./weather.js";

export class Console {
  #panels = { journal: new Journal(), quotas: new Gauges(), faults: new FaultPanel(), weather: new Weather(), developer: new Developer() };
  #tabs = {};
  #notice = element("p", { class: "console__notice", role: "status" });
  #noticeTimer = null;

  constructor() {
    const names = Object.keys(this.#panels);
    for (const name of names) {
      const count = element("span", { class: "console__count" });
      this.#tabs[name] = element("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, onclick: () => this.open(name) }, say(name), count);
      const { node } = this.#panels[name];
      node.id = `panel-${name}`;
      node.setAttribute("role", "tabpanel");
      node.setAttribute("aria-labelledby", `tab-${name}`);
      node.addEventListener("told", (event) => this.#tell(event.detail));
    }
    const bar = element("div", { class: "console__tabs", role: "tablist", "aria-label": say("console"), onkeydown: (event) => this.#step(event, names) }, Object.values(this.#tabs));
    this.node = element("aside", { class: "console", "aria-label": say("console") }, bar, Object.values(this.#panels).map((panel) => panel.node), this.#notice);
    this.open(names.includes(preferences.tab) ? preferences.tab : "journal");
  }

  open(name) {
    prefer({ tab: name });
    for (const [one, tab] of Object.entries(this.#tabs)) {
      tab.setAttribute("aria-selected", String(one === name));
      tab.tabIndex = one === name ? 0 : -1;
      this.#panels[one].node.hidden = one !== name;
    }
    this.settle();
  }

  /** Takes the world's state; a hidden panel waits until it is opened. */
  settle() {
    this.#panels[preferences.tab]?.settle();
    const count = this.#panels.faults.count();
    this.#tabs.faults.querySelector(".console__count").textContent = count > 0 ? String(count) : "";
  }

  tick() {
    this.#panels[preferences.tab]?.tick?.();
  }

  #tell(text) {
    clearTimeout(this.#noticeTimer);
    this.#notice.textContent = text;
    this.#noticeTimer = setTimeout(() => (this.#notice.textContent = ""), 4000);
  }

  #step(event, names) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = names[(names.indexOf(preferences.tab) + by + names.length) % names.length];
    this.open(next);
    this.#tabs[next].focus();
  }
}
