// What the views of a phone have in common: a bar with a title, and an end that lets go of every listener.

import { element } from "./element.js";
import { icon } from "./icons.js";

export class View {
  #ending = new AbortController();

  /** Ends together with the view; for listeners. */
  get signal() {
    return this.#ending.signal;
  }

  /** Lets go of everything. */
  end() {
    this.#ending.abort();
  }
}

/** A round button that shows only an icon. */
export function iconButton(name, label, onclick, attributes = {}) {
  const { class: more = "", ...rest } = attributes;
  const classes = `icon-button ${more}`.trim();
  return element("button", { type: "button", class: classes, "aria-label": label, title: label, ...rest, onclick }, icon(name));
}

/** The bar on top: something on the left, the title, something on the right. */
export function navigationBar({ left = null, title, right = null }) {
  const heading = element("h2", { class: "bar__title", tabindex: "-1" }, title);
  return element("header", { class: "bar" }, element("div", { class: "bar__side" }, left), heading, element("div", { class: "bar__side bar__side--end" }, right));
}
