// The list of chats: every account of the platform, with the last line of its chat.

import { avatar } from "./avatar.js";
import { element, fill } from "./element.js";
import { chatTime, say } from "./language.js";
import { summary } from "./message.js";
import { unread } from "./reading.js";
import { iconButton, navigationBar, View } from "./view.js";
import { world } from "./world.js";

export class ChatList extends View {
  #phone;
  #list = element("ul", { class: "chats" });

  constructor(phone) {
    super();
    this.#phone = phone;
    const right = iconButton("scan", say("scan"), () => phone.openScanner());
    this.node = element("div", { class: "view view--chats" }, navigationBar({ title: say("chats"), right }), this.#list);
    world.on("state", () => this.#draw(), this.signal);
    world.on("chat", () => this.#draw(), this.signal);
    for (const account of world.state.accounts) {
      const contact = world.contact(phone.person, account.appid);
      if (contact) world.watchChat(contact.openid);
    }
    this.#draw();
  }

  #draw() {
    const focused = document.activeElement?.closest?.(".chats__row")?.dataset.appid;
    fill(this.#list, world.state.accounts.map((account) => element("li", {}, this.#row(account))));
    if (focused) this.#list.querySelector(`[data-appid="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(account) {
    const contact = world.contact(this.#phone.person, account.appid);
    const last = contact && world.chat(contact.openid)?.at(-1);
    const line = last ? summary(last) : say(contact?.follows ? "noMessages" : "notFollowing");
    const count = contact ? unread(contact) : 0;
    return element(
      "button",
      { type: "button", class: "chats__row", "data-appid": account.appid, onclick: () => this.#phone.openChat(account.appid) },
      element("span", { class: "chats__picture" }, avatar(account.name, "account"), count > 0 && element("span", { class: "badge" }, String(count))),
      element("span", { class: "chats__text" }, element("span", { class: "chats__name" }, account.name), element("span", { class: "chats__last" }, line)),
      last && element("time", { class: "chats__time" }, chatTime(last.at, world.now())),
    );
  }
}
