// An account's page: to a stranger the follow page, to a follower the settings of this contact.

import { avatar } from "./avatar.js";
import { control } from "./control.js";
import { element, fill } from "./element.js";
import { say } from "./language.js";
import { iconButton, navigationBar, View } from "./view.js";
import { world } from "./world.js";

export class Profile extends View {
  #phone;
  #isRoot;
  #body = element("div", { class: "profile" });

  constructor(phone, appid, { isRoot = false } = {}) {
    super();
    this.#phone = phone;
    this.#isRoot = isRoot;
    this.appid = appid;
    const leave = isRoot ? () => phone.openChats() : () => phone.pop();
    const left = iconButton("back", isRoot ? say("backToChats") : say("back"), leave);
    const right = isRoot ? iconButton("scan", say("scan"), () => phone.openScanner()) : null;
    this.node = element("div", { class: "view view--profile" }, navigationBar({ left, title: "", right }), this.#body);
    world.on("state", () => this.#draw(), this.signal);
    this.#draw();
  }

  #drawn = "";

  #draw() {
    const account = world.account(this.appid);
    const contact = world.contact(this.#phone.person, this.appid);
    if (!account || !contact) return;
    // Redrawing on every wake would throw the focus out of the switches.
    const shown = JSON.stringify([account.name, account.kind, account.original_id, contact, this.#phone.scanned.has(this.appid)]);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    const focused = this.#body.contains(document.activeElement) ? document.activeElement.id : "";
    fill(
      this.#body,
      element(
        "div",
        { class: "profile__head" },
        avatar(account.name, "account"),
        element("div", {}, element("p", { class: "profile__name" }, account.name), element("p", { class: "profile__id" }, `${say(`account_${account.kind}`)} · ${account.original_id}`)),
      ),
      contact.follows ? this.#followerPart(account, contact) : this.#strangerPart(contact),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  #strangerPart(contact) {
    const scanned = this.#phone.scanned.has(this.appid);
    return [
      element("p", { class: "profile__hint" }, say(scanned ? "pendingScan" : "followHint")),
      element("button", { type: "button", class: "button button--primary profile__follow", onclick: () => this.#phone.attempt("follow", {}, contact.openid) }, say("follow")),
      contact.messages > 0 && element("button", { type: "button", class: "button button--plain", onclick: () => this.#phone.openChat(this.appid, { history: true }) }, say("history")),
    ];
  }

  #followerPart(account, contact) {
    const change = (changes) => control.patch(`/users/${encodeURIComponent(contact.openid)}`, changes).catch((error) => this.#phone.toast(error.message));
    const notices = account.templates.filter((template) => template.kind === "notice");
    return [
      element(
        "div",
        { class: "cells" },
        this.#toggle("receive", !contact.blocks, (on) => change({ blocks: !on })),
        this.#toggle("refuseTemplates", contact.refuses.includes("*"), (on) => change({ refuses: on ? [...contact.refuses, "*"] : contact.refuses.filter((id) => id !== "*") })),
        this.#toggle("snapshot", contact.snapshot, (on) => change({ snapshot: on })),
        this.#toggle("blacklisted", contact.blacklisted, (on) => change({ blacklisted: on })),
      ),
      notices.length > 0 && element("h3", { class: "cells__title" }, say("notices")),
      notices.length > 0 && element("div", { class: "cells" }, notices.map((template) => this.#notice(template, contact))),
      element(
        "div",
        { class: "profile__acts" },
        !this.#isRoot && element("button", { type: "button", class: "button button--primary", onclick: () => this.#phone.pop() }, say("enterChat")),
        element("button", { type: "button", class: "button button--warn", onclick: () => this.#unfollow(contact) }, say("unfollow")),
      ),
    ];
  }

  #toggle(key, on, change) {
    const id = `${key}-${this.#phone.person}-${this.appid}`;
    return element(
      "label",
      { class: "cell", for: id },
      element("span", { class: "cell__text" }, say(key), element("small", {}, say(`${key}Hint`))),
      element("input", { id, type: "checkbox", role: "switch", class: "switch", checked: on, onchange: (event) => change(event.target.checked) }),
    );
  }

  #notice(template, contact) {
    const answer = (accept) => this.#phone.attempt(accept ? "notice" : "notice-change", { template_id: template.template_id, accept }, contact.openid);
    const count = contact.grants[template.template_id] ?? 0;
    return element(
      "div",
      { class: "cell" },
      element("span", { class: "cell__text" }, template.title, element("small", {}, contact.refuses.includes(template.template_id) ? say("reject") : say("noticeLeft", { count }))),
      element("button", { type: "button", class: "button button--small", onclick: () => answer(true) }, say("accept")),
      element("button", { type: "button", class: "button button--small", onclick: () => answer(false) }, say("reject")),
    );
  }

  async #unfollow(contact) {
    await this.#phone.attempt("unfollow", {}, contact.openid);
    if (!this.#isRoot) this.#phone.pop();
  }
}
