// The page around the phones: which account, which people, how it looks, and where the console stands.

import { Console } from "./console.js";
import { element, fill } from "./element.js";
import { icon } from "./icons.js";
import { language, say, span } from "./language.js";
import { addAccount, addPerson } from "./people.js";
import { Phone } from "./phone.js";
import { applyTheme, prefer, preferences } from "./preferences.js";
import { Strip } from "./strip.js";
import { iconButton } from "./view.js";
import { world } from "./world.js";

const OUT_BY_ITSELF = 3;
const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

export class Shell {
  #phones = new Map();
  #known = new Set();
  #desk = element("main", { class: "desk", "aria-label": say("phones") });
  #empty = element("div", { class: "empty" });
  #accounts = element("select", { class: "select", "aria-label": say("account") });
  #line = element("span", { class: "line", role: "status" });
  #ahead = element("button", { type: "button", class: "ahead", onclick: () => this.#showWeather() });
  #theme = element("button", { type: "button", class: "icon-button" });
  #panel = element("button", { type: "button", class: "icon-button top__panel" });
  #strip;
  #console = new Console();

  constructor() {
    this.#strip = new Strip({ pick: (person) => this.#pick(person), add: () => this.#addPerson(), showConsole: () => this.#turn("console") });
    this.#accounts.addEventListener("change", () => this.#choose(this.#accounts.value));
    const brand = element("div", { class: "top__brand" }, element("img", { src: "/static/icon.svg", alt: "", width: "28", height: "28" }), element("h1", {}, say("title"), element("small", {}, say("subtitle"))));
    const speak = element("button", { type: "button", class: "top__language", "aria-label": say("languageLabel"), title: say("languageLabel"), onclick: () => this.#speak() }, icon("globe"), element("span", {}, say("language")));
    this.#theme.addEventListener("click", () => this.#turnTheme());
    this.#panel.addEventListener("click", () => this.#toggleConsole());
    const account = element("div", { class: "top__account" }, this.#accounts, iconButton("plus", say("addAccount"), () => addAccount((appid) => this.#choose(appid))));
    const top = element("header", { class: "top" }, brand, account, this.#line, this.#ahead, element("div", { class: "top__tools" }, speak, this.#theme, this.#panel));
    this.node = element("div", { class: "shell" }, top, this.#strip.node, this.#desk, this.#console.node);
    world.on("state", () => this.#settle());
    world.on("connection", () => this.#tellLine());
    if (!world.account(preferences.account)) prefer({ account: world.state.default_account });
    this.#known = new Set(preferences.phones === null ? [] : world.people());
    this.#settle();
    this.#tellLine();
    this.#showTheme();
    this.#showPage();
    setInterval(() => this.#tick(), 1000);
  }

  #settle() {
    const people = world.people();
    if (!world.account(preferences.account)) prefer({ account: world.state.default_account });
    const out = (preferences.phones ?? []).filter((person) => people.includes(person));
    // Someone new takes the phone out by himself while there is room; a test that makes hundreds fills only the strip.
    for (const person of people) {
      if (!this.#known.has(person) && !out.includes(person) && out.length < OUT_BY_ITSELF) out.push(person);
    }
    this.#known = new Set(people);
    this.#takeOut(out);
    this.#drawAccounts();
    this.#console.settle();
    const { advanced } = world.state.clock;
    this.#ahead.hidden = advanced < 1;
    if (advanced >= 1) this.#ahead.textContent = say("clockAhead", { span: span(advanced) });
  }

  #takeOut(out) {
    prefer({ phones: out, person: out.includes(preferences.person) ? preferences.person : (out[0] ?? null) });
    for (const [person, phone] of this.#phones) {
      if (out.includes(person)) continue;
      phone.end();
      this.#phones.delete(person);
    }
    for (const person of out) {
      if (this.#phones.has(person)) continue;
      const phone = new Phone(person, () => this.#putAway(person));
      this.#phones.set(person, phone);
      phone.tick();
      this.#desk.append(phone.node);
    }
    for (const [person, phone] of this.#phones) phone.node.classList.toggle("phone--active", person === preferences.person);
    this.#drawEmpty();
    this.#strip.settle(out);
  }

  #drawEmpty() {
    this.#empty.remove();
    if (this.#phones.size) return;
    const some = world.people().length > 0;
    const add = element("button", { type: "button", class: "button button--primary", onclick: () => this.#addPerson() }, say("addPerson"));
    fill(this.#empty, element("div", { class: "empty__picture" }, icon("person")), element("h2", {}, say(some ? "phones" : "emptyTitle")), element("p", {}, say(some ? "emptyAway" : "emptyText")), add);
    this.#desk.append(this.#empty);
  }

  #drawAccounts() {
    const options = world.state.accounts.map((account) => element("option", { value: account.appid, selected: account.appid === preferences.account }, account.name));
    const shown = [...this.#accounts.options].map((option) => option.value + option.text).join();
    if (shown !== options.map((option) => option.value + option.text).join()) fill(this.#accounts, options);
    this.#accounts.value = preferences.account;
  }

  #choose(appid) {
    prefer({ account: appid, chats: {} });
    for (const phone of this.#phones.values()) phone.openChat(appid);
    this.#drawAccounts();
    this.#console.settle();
  }

  #pick(person) {
    const out = preferences.phones;
    const isNarrow = matchMedia("(max-width: 759px)").matches;
    this.#turn("phones");
    if (!isNarrow && out.includes(person)) {
      this.#putAway(person);
      return;
    }
    prefer({ person });
    this.#takeOut(out.includes(person) ? out : [...out, person]);
    this.#phones.get(person).node.scrollIntoView({ inline: "nearest", block: "nearest" });
  }

  #putAway(person) {
    this.#takeOut(preferences.phones.filter((one) => one !== person));
  }

  #addPerson() {
    addPerson(preferences.account, (person) => {
      prefer({ person });
      this.#turn("phones");
      this.#takeOut(preferences.phones.includes(person) ? preferences.phones : [...preferences.phones, person]);
      this.#phones.get(person).node.scrollIntoView({ inline: "nearest", block: "nearest" });
    });
  }

  #speak() {
    prefer({ language: language === "zh" ? "en" : "zh" });
    location.reload(); // every word is drawn once, so the page is drawn anew
  }

  #turnTheme() {
    prefer({ theme: THEMES[(THEMES.indexOf(preferences.theme) + 1) % THEMES.length] });
    applyTheme();
    this.#showTheme();
  }

  #showTheme() {
    const label = say(`theme${preferences.theme[0].toUpperCase()}${preferences.theme.slice(1)}`);
    this.#theme.setAttribute("aria-label", label);
    this.#theme.title = label;
    fill(this.#theme, icon(THEME_ICONS[preferences.theme] ?? "auto"));
  }

  #toggleConsole() {
    prefer({ console: !preferences.console });
    this.#showPage();
  }

  #showWeather() {
    this.#console.open("weather");
    prefer({ console: true });
    this.#turn("console");
  }

  /** At phone width either a phone or the console fills the screen; elsewhere both stand side by side. */
  #turn(page) {
    prefer({ page });
    this.#showPage();
    this.#strip.settle(preferences.phones);
  }

  #showPage() {
    this.node.dataset.page = preferences.page;
    this.node.dataset.console = preferences.console ? "open" : "closed";
    const label = say(preferences.console ? "hideConsole" : "showConsole");
    this.#panel.setAttribute("aria-label", label);
    this.#panel.setAttribute("aria-expanded", String(preferences.console));
    this.#panel.title = label;
    fill(this.#panel, icon("panel"));
  }

  #tellLine() {
    const text = say(world.connected ? "connected" : "disconnected");
    this.#line.classList.toggle("line--up", world.connected);
    this.#line.title = text;
    fill(this.#line, element("i", { "aria-hidden": "true" }), element("span", { class: world.connected ? "unseen" : "" }, text));
  }

  #tick() {
    for (const phone of this.#phones.values()) phone.tick();
    this.#console.tick();
  }
}
