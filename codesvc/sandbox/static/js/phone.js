// One person's phone: a status bar, and a stack of views of which the top one shows.

import { avatar } from "./avatar.js";
import { Browser } from "./browser.js";
import { ChatList } from "./chat-list.js";
import { Chat } from "./chat.js";
import { control } from "./control.js";
import { decode } from "./decoder.js";
import { element, fill } from "./element.js";
import { clockTime, say } from "./language.js";
import { prefer, preferences } from "./preferences.js";
import { Profile } from "./profile.js";
import { Scanner } from "./scanner.js";
import { iconButton } from "./view.js";
import { world } from "./world.js";

const TOAST_TIME = 3200;
const READING_TIME = 60; // for each byte of a longer text: about 16 letters or 5 characters a second

export class Phone {
  #stack = [];
  #root = null;
  #appid = null;
  #readsHistory = false;
  #ending = new AbortController();
  #screen = element("div", { class: "phone__screen" });
  #clock = element("span", { class: "phone__clock" });
  #toast = element("div", { class: "toast", role: "status" });
  #caption = element("div", { class: "phone__caption" });
  #toastTimer = null;
  /** Accounts whose code this phone has scanned without following yet. */
  scanned = new Set();

  constructor(person, putAway) {
    this.person = person;
    this.putAway = putAway;
    const lamp = element("span", { class: "phone__signs", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
    const frame = element("div", { class: "phone__frame" }, element("div", { class: "phone__status" }, this.#clock, lamp), this.#screen, this.#toast);
    this.node = element("section", { class: "phone", "aria-label": say("phoneOf", { person }), "data-person": person }, this.#caption, frame);
    const wanted = preferences.chats[person];
    if (wanted === "list") this.openChats();
    else this.openChat(wanted && world.account(wanted) ? wanted : preferences.account);
    world.on("state", () => this.#settle(), this.#ending.signal);
    this.#settle();
  }

  /** The account whose chat is open; null in the list. */
  get appid() {
    return this.#appid;
  }

  /** The person's openid in the open account, or in any that knows him. */
  get openid() {
    const contact = world.contact(this.person, this.#appid) ?? world.state.users.find((user) => user.person === this.person);
    return contact?.openid;
  }

  end() {
    this.#ending.abort();
    for (const view of [...this.#stack, this.#root]) view?.end();
    this.node.remove();
  }

  tick() {
    const time = clockTime(world.now());
    if (this.#clock.textContent !== time) this.#clock.textContent = time;
  }

  toast(text) {
    clearTimeout(this.#toastTimer);
    this.#toast.textContent = text;
    this.#toast.classList.add("toast--shown");
    this.#toastTimer = setTimeout(() => this.#toast.classList.remove("toast--shown"), Math.max(TOAST_TIME, new TextEncoder().encode(text).length * READING_TIME));
  }

  openChats() {
    this.#remember("list");
    this.#appid = null;
    this.#replaceRoot(new ChatList(this));
  }

  /** Opens an account's chat, or its follow page for one who does not follow. */
  async openChat(appid, { history = false } = {}) {
    this.#remember(appid);
    this.#appid = appid;
    this.#readsHistory = history;
    if (!world.contact(this.person, appid)) {
      try {
        await control.post("/users", { person: this.person, account: appid });
        await world.refresh();
      } catch (error) {
        this.toast(error.message);
      }
    }
    this.#settle({ anew: true });
  }

  openProfile(appid) {
    this.push(new Profile(this, appid));
  }

  openScanner() {
    this.push(new Scanner(this));
  }

  openPage(url, { fromChat = false } = {}) {
    if (!/^https?:\/\//i.test(url)) this.toast(say("browserScheme", { url }));
    else this.push(new Browser(this, this.openid, url, { fromChat }));
  }

  /** Points the camera at a text: a code of the platform, or else any web address. */
  async scan(text) {
    const { openid } = this;
    try {
      const answer = await this.act("scan", { url: text }, openid);
      this.popAll();
      if (answer.outcome === "awaiting_follow") this.scanned.add(answer.account);
      await world.refresh();
      if (this.#appid !== answer.account || answer.outcome === "awaiting_follow") await this.openChat(answer.account);
    } catch (error) {
      if (error.status === 404 && /^https?:\/\/weixin\.qq\.com\/q\//i.test(text)) this.toast(say("scanForgotten"));
      else if (error.status === 404 && /^(https?:\/\/|data:image\/)\S+$/i.test(text)) await this.#look(text);
      else if (error.status === 410) this.toast(say("scanExpired"));
      else this.toast(error.status === 404 ? say("scanUnknown", { text }) : error.message);
    }
  }

  /** Points the camera at a picture's address or at a page: a code in its pictures is scanned, any other page opens. */
  async #look(text) {
    const { pictures } = await control.act(this.openid, "look", { url: text }).catch(() => ({ pictures: [] }));
    for (const { type, data } of pictures) {
      const found = await decode(new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], { type }));
      if (found && found !== text) return this.scan(found);
    }
    if (text.startsWith("data:")) return this.toast(say("scanNothing"));
    this.pop();
    this.openPage(text);
  }

  /** One of the person's acts; a callback that went wrong is told in a toast. */
  async act(verb, body = {}, openid = this.openid) {
    const answer = await control.act(openid, verb, body);
    const { status, reason } = answer.callback ?? {};
    if (status === "failed") this.toast(say("callbackFailed", { reason }));
    else if (status === "none") this.toast(say("noCallback"));
    else if (status === "lost") this.toast(say("callbackLost"));
    world.refresh(); // some acts change a contact without an event of their own
    return answer;
  }

  /** Like `act`, for buttons: a refusal becomes a toast. */
  async attempt(verb, body, openid) {
    try {
      return await this.act(verb, body, openid);
    } catch (error) {
      this.toast(error.status ? error.message : say("unreachable"));
      return null;
    }
  }

  push(view) {
    const below = this.#stack.at(-1) ?? this.#root;
    view.opener = this.node.contains(document.activeElement) ? document.activeElement : null;
    below.node.inert = true;
    this.#stack.push(view);
    view.node.classList.add("view--pushed");
    this.#screen.append(view.node);
    view.node.querySelector("[autofocus], .bar__title")?.focus({ preventScroll: true });
  }

  pop() {
    const view = this.#stack.pop();
    if (!view) return;
    view.end();
    view.node.remove();
    const below = this.#stack.at(-1) ?? this.#root;
    below.node.inert = false;
    view.opener?.focus({ preventScroll: true });
  }

  popAll() {
    while (this.#stack.length) this.pop();
  }

  #remember(place) {
    prefer({ chats: { ...preferences.chats, [this.person]: place } });
  }

  /** Sees that the root shows what the platform says: the chat to a follower, the follow page to others. */
  #settle({ anew = false } = {}) {
    this.#label();
    if (this.#appid === null) return;
    if (!world.account(this.#appid)) {
      this.openChats();
      return;
    }
    const contact = world.contact(this.person, this.#appid);
    if (!contact) return;
    if (contact.follows) {
      this.scanned.delete(this.#appid);
      this.#readsHistory = false;
    }
    const Wanted = contact.follows || this.#readsHistory ? Chat : Profile;
    if (!anew && this.#root instanceof Wanted && this.#root.appid === this.#appid) return;
    if (anew) this.popAll();
    this.#replaceRoot(new Wanted(this, this.#appid, { isRoot: true }));
  }

  #replaceRoot(view) {
    const hadFocus = this.#root?.node.contains(document.activeElement);
    this.#root?.end();
    this.#root?.node.remove();
    this.#root = view;
    view.node.inert = this.#stack.length > 0;
    this.#screen.prepend(view.node);
    if (hadFocus) view.node.querySelector("textarea, .bar__title")?.focus({ preventScroll: true });
  }

  #label() {
    const openid = this.openid ?? "";
    if (this.#caption.dataset.openid === openid && this.#caption.childElementCount) return;
    this.#caption.dataset.openid = openid;
    const copy = async () => {
      await navigator.clipboard?.writeText(openid);
      this.toast(say("copied"));
    };
    fill(
      this.#caption,
      avatar(this.person),
      element("span", { class: "phone__owner" }, element("strong", {}, this.person), element("code", { title: openid }, openid)),
      iconButton("copy", `${say("copy")} openid`, copy),
      iconButton("close", say("putAway", { person: this.person }), () => this.putAway(this.person)),
    );
  }
}
