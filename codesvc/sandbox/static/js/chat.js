// A chat: what was said, and the place to answer.

import { Composer } from "./composer.js";
import { element, fill } from "./element.js";
import { chatTime, say } from "./language.js";
import { draw } from "./message.js";
import { markRead } from "./reading.js";
import { iconButton, navigationBar, View } from "./view.js";
import { world } from "./world.js";

const NEW_TIME_AFTER = 300;
const NEAR = 80;

export class Chat extends View {
  #phone;
  #contact;
  #drawn = [];
  #log;
  #bottom = element("div", { class: "chat__foot" });
  #composer = null;

  constructor(phone, appid) {
    super();
    this.#phone = phone;
    this.appid = appid;
    this.#contact = world.contact(phone.person, appid);
    const { name } = world.account(appid);
    this.#log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": say("chatWith", { person: phone.person, account: name }), tabindex: "0" });
    const bar = navigationBar({
      left: iconButton("back", say("backToChats"), () => phone.openChats()),
      title: name,
      right: iconButton("more", say("more"), () => phone.openProfile(appid)),
    });
    this.node = element("div", { class: "view view--chat" }, bar, this.#log, this.#bottom);
    world.on("chat", (openid) => openid === this.#contact.openid && this.#draw(), this.signal);
    world.on("state", () => this.#settle(), this.signal);
    const watcher = new ResizeObserver(() => this.#near && this.#toEnd());
    watcher.observe(this.#log);
    this.signal.addEventListener("abort", () => watcher.disconnect());
    this.#log.addEventListener("scroll", () => (this.#near = this.#isNear()), { passive: true });
    this.#settle();
    this.#draw();
    world.watchChat(this.#contact.openid);
  }

  #near = true;

  #isNear() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #settle() {
    const contact = world.contact(this.#phone.person, this.appid);
    const account = world.account(this.appid);
    if (!contact || !account) return;
    this.#contact = contact;
    markRead(contact);
    this.node.querySelector(".bar__title").textContent = account.name;
    if (!contact.follows) {
      this.#composer = null;
      fill(this.#bottom, element("button", { type: "button", class: "chat__closed", onclick: () => this.#phone.openChat(this.appid) }, say("followFirst")));
    } else if (this.#composer) this.#composer.settle(account);
    else {
      this.#composer = new Composer(this.#phone, account);
      fill(this.#bottom, this.#composer.node);
    }
  }

  /** Appends what is new; begins anew only if the past has changed. */
  #draw() {
    const chat = world.chat(this.#contact.openid) ?? [];
    const lines = chat.map((entry) => JSON.stringify(entry));
    const same = this.#drawn.every((line, index) => line === lines[index]);
    if (!same) {
      this.#log.replaceChildren();
      this.#drawn = [];
    }
    if (!chat.length && !this.#drawn.length) {
      fill(this.#log, element("p", { class: "said said--system log__empty" }, say("noMessages")));
      return;
    }
    this.#log.querySelector(".log__empty")?.remove();
    const fresh = chat.slice(this.#drawn.length);
    let before = chat[this.#drawn.length - 1]?.at ?? 0;
    for (const entry of fresh) {
      if (entry.at - before > NEW_TIME_AFTER) this.#log.append(element("time", { class: "said said--time" }, chatTime(entry.at, world.now())));
      before = entry.at;
      this.#log.append(draw(entry, this.#scene()));
    }
    this.#drawn = lines;
    if (fresh.length && (this.#near || fresh.at(-1).from === "person")) this.#toEnd();
  }

  #scene() {
    const phone = this.#phone;
    return {
      person: phone.person,
      account: world.account(this.appid),
      open: (url) => phone.openPage(url, { fromChat: true }),
      reply: (text) => phone.attempt("send", { text }, this.#contact.openid),
      tell: (text) => phone.toast(text),
    };
  }
}
