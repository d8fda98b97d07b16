// The people, as a strip of tabs: at desktop width a tab takes a phone out or puts it away, at phone width it shows it.

import { avatar } from "./avatar.js";
import { element, fill } from "./element.js";
import { icon } from "./icons.js";
import { say } from "./language.js";
import { preferences } from "./preferences.js";
import { unread } from "./reading.js";
import { iconButton } from "./view.js";
import { world } from "./world.js";

export class Strip {
  #people = element("div", { class: "strip__people" });
  #console;
  #pick;
  #drawn = "";

  constructor({ pick, add, showConsole }) {
    this.#pick = pick;
    this.#console = element("button", { type: "button", class: "strip__console", onclick: showConsole }, icon("bolt"), say("console"));
    const plus = iconButton("plus", say("addPerson"), add, { class: "strip__add" });
    this.node = element("nav", { class: "strip", "aria-label": say("people") }, this.#people, plus, this.#console);
    world.on("chat", () => this.settle(preferences.phones ?? []));
  }

  settle(out) {
    this.#console.setAttribute("aria-pressed", String(preferences.page === "console"));
    const people = world.people().map((person) => ({ person, out: out.includes(person), active: person === preferences.person, count: this.#count(person, out) }));
    const shown = JSON.stringify([people, preferences.page]);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    const focused = this.#people.contains(document.activeElement) ? document.activeElement.dataset.person : null;
    fill(this.#people, people.map((one) => this.#tab(one)));
    if (focused !== null) [...this.#people.children].find((tab) => tab.dataset.person === focused)?.focus();
    this.#people.querySelector(".strip__person--active")?.scrollIntoView({ inline: "nearest", block: "nearest" });
  }

  #tab({ person, out, active, count }) {
    const classes = `strip__person${out ? " strip__person--out" : ""}${active && preferences.page === "phones" ? " strip__person--active" : ""}`;
    const badge = count > 0 && element("span", { class: "badge" }, String(count));
    return element("button", { type: "button", class: classes, "aria-pressed": String(out), "data-person": person, onclick: () => this.#pick(person) }, avatar(person), element("span", {}, person), badge);
  }

  #count(person, out) {
    const contacts = world.state.users.filter((user) => user.person === person);
    const shows = out.includes(person) ? preferences.chats[person] : null;
    return contacts.filter((contact) => contact.account !== shows).reduce((sum, contact) => sum + unread(contact), 0);
  }
}
