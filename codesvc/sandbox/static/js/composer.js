// The foot of a chat: the account's menu, or the keyboard.

import { element, fill } from "./element.js";
import { icon } from "./icons.js";
import { say } from "./language.js";
import { iconButton } from "./view.js";

const TALLEST = 112;
const PUSHES = new Set(["click"]);
const SCANS = new Set(["scancode_push", "scancode_waitmsg"]);

export class Composer {
  #phone;
  #account;
  #menu = "";
  #typing = true;
  #field = element("textarea", { class: "composer__field", rows: "1", "aria-label": say("write"), placeholder: say("write"), enterkeyhint: "send", maxlength: "2048" });
  #send = element("button", { type: "submit", class: "composer__send" }, say("send"));
  #scan;

  constructor(phone, account) {
    this.#phone = phone;
    this.#scan = iconButton("scan", say("scan"), () => phone.openScanner());
    this.node = element("div", { class: "composer" });
    this.#field.addEventListener("input", () => this.#fit());
    this.#field.addEventListener("keydown", (event) => {
      // The Enter that ends a Chinese input method's composition must not send.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#say();
    });
    this.settle(account);
  }

  /** Takes a changed account; what is being typed stays. */
  settle(account) {
    this.#account = account;
    const menu = JSON.stringify(account.menu);
    if (this.#menu === menu) return;
    this.#menu = menu;
    this.#typing = !account.menu || this.#field.value !== "";
    this.#draw();
  }

  #draw() {
    const { menu } = this.#account;
    if (menu && !this.#typing) {
      const keyboard = iconButton("keyboard", say("showKeyboard"), () => this.#turn(true));
      const bar = element("nav", { class: "menu", "aria-label": say("menuOf", { account: this.#account.name }) }, menu.button.map((item) => this.#button(item)));
      fill(this.node, keyboard, bar);
      return;
    }
    const toMenu = menu && iconButton("menu", say("showMenu"), () => this.#turn(false));
    const submit = (event) => {
      event.preventDefault();
      this.#say();
    };
    fill(this.node, element("form", { class: "composer__form", onsubmit: submit }, toMenu, this.#field, this.#scan, this.#send));
    this.#fit();
  }

  #turn(typing) {
    this.#typing = typing;
    this.#draw();
    if (typing) this.#field.focus();
    else this.node.querySelector("button")?.focus();
  }

  #fit() {
    this.#field.style.height = "auto";
    // A field that is not on the page yet measures nothing; then the style sheet's height holds.
    const needed = this.#field.scrollHeight;
    this.#field.style.height = needed ? `${Math.min(needed, TALLEST)}px` : "";
    const empty = this.#field.value.trim() === "";
    this.#send.hidden = empty;
    this.#scan.hidden = !empty;
  }

  #say() {
    const text = this.#field.value.trim();
    if (!text) return;
    this.#field.value = "";
    this.#fit();
    this.#field.focus();
    this.#phone.attempt("send", { text });
  }

  #button(item) {
    const children = item.sub_button ?? [];
    const name = String(item.name);
    if (!children.length) return element("button", { type: "button", class: "menu__button", onclick: () => this.#press(item) }, name);
    const list = element("div", { class: "menu__list" }, children.map((child) => element("button", { type: "button", onclick: () => this.#choose(child, holder) }, String(child.name))));
    const holder = element("details", { class: "menu__holder" }, element("summary", { class: "menu__button" }, icon("menu"), name), list);
    holder.addEventListener("focusout", (event) => {
      if (!holder.contains(event.relatedTarget)) holder.open = false;
    });
    holder.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      holder.open = false;
      holder.querySelector("summary").focus();
    });
    return holder;
  }

  #choose(child, holder) {
    holder.open = false;
    this.#press(child);
  }

  async #press(item) {
    if (PUSHES.has(item.type)) await this.#phone.attempt("click", { key: item.key });
    else if (item.type === "view") {
      this.#phone.attempt("click", { url: item.url });
      this.#phone.openPage(item.url, { fromChat: true });
    } else if (SCANS.has(item.type)) this.#phone.openScanner();
    else this.#phone.toast(say("unsupportedButton", { kind: item.type }));
  }
}
