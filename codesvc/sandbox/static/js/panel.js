// What the console's panels have in common: a node, and words that go to the console's notice line.

import { element } from "./element.js";
import { say } from "./language.js";

export class Panel {
  constructor(name, ...children) {
    this.node = element("section", { class: `panel panel--${name}` }, children);
  }

  tell(text) {
    this.node.dispatchEvent(new CustomEvent("told", { detail: text }));
  }

  /** Does something; a refusal is told. Returns null then. */
  async attempt(act) {
    try {
      return await act();
    } catch (error) {
      this.tell(error.status === 0 ? say("unreachable") : error.message);
      return null;
    }
  }

  settle() {}
}

/** A titled part of a panel. */
export function part(title, ...children) {
  return element("section", { class: "part" }, element("h3", { class: "part__title" }, title), children);
}
