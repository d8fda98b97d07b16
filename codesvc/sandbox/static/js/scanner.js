// The camera: a code from a picture, the clipboard, an address, or the list of those just minted.

import { decode } from "./decoder.js";
import { element, fill } from "./element.js";
import { icon } from "./icons.js";
import { language, say, span } from "./language.js";
import { iconButton, navigationBar, View } from "./view.js";
import { world } from "./world.js";

const REDRAW = 5000;

export class Scanner extends View {
  #phone;
  #list = element("ul", { class: "codes" });
  #stock = element("p", { class: "codes__stock" });
  #field = element("input", { class: "scanner__field", type: "text", autocomplete: "off", spellcheck: "false", "aria-label": say("scanUrl"), placeholder: say("scanUrl") });
  #file = element("input", { type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true" });

  constructor(phone) {
    super();
    this.#phone = phone;
    const left = iconButton("close", say("close"), () => phone.pop());
    const submit = (event) => {
      event.preventDefault();
      if (this.#field.value.trim()) phone.scan(this.#field.value.trim());
    };
    const choice = (name, key, act) => element("button", { type: "button", class: "scanner__way", onclick: act }, icon(name), say(key));
    this.#file.addEventListener("change", () => this.#see(this.#file.files[0]));
    this.node = element(
      "div",
      { class: "view view--scanner" },
      navigationBar({ left, title: say("scan") }),
      element("div", { class: "scanner__finder", "aria-hidden": "true" }, element("i")),
      element("p", { class: "scanner__hint" }, say("scanHint")),
      element("div", { class: "scanner__ways" }, choice("picture", "scanPicture", () => this.#file.click()), choice("paste", "scanPaste", () => this.#paste()), this.#file),
      element("form", { class: "scanner__form", onsubmit: submit }, this.#field, element("button", { type: "submit", class: "scanner__go" }, say("scanGo"))),
      element("section", { class: "scanner__fresh", "aria-label": say("scanFresh") }, element("h3", {}, say("scanFresh")), this.#list, this.#stock),
    );
    this.node.addEventListener("paste", (event) => this.#take(event));
    this.node.addEventListener("dragover", (event) => event.preventDefault());
    this.node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#see(event.dataTransfer.files[0]);
    });
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && phone.pop());
    const timer = setInterval(() => this.#draw(), REDRAW);
    this.signal.addEventListener("abort", () => clearInterval(timer));
    world.on("state", () => this.#draw(), this.signal);
    this.#draw();
  }

  async #see(blob) {
    if (!blob) return;
    const text = await decode(blob);
    if (text) await this.#phone.scan(text);
    else this.#phone.toast(say("scanNothing"));
  }

  /** A pasted picture; pasted text goes into the field by itself when that has the focus. */
  #take(event) {
    const picture = [...event.clipboardData.items].find((item) => item.type.startsWith("image/"));
    const text = event.clipboardData.getData("text/plain").trim();
    if (picture) {
      event.preventDefault();
      this.#see(picture.getAsFile());
    } else if (text && event.target !== this.#field) this.#phone.scan(text);
  }

  async #paste() {
    let items;
    try {
      items = await navigator.clipboard.read();
    } catch {
      this.#phone.toast(say("scanBlocked"));
      return;
    }
    for (const item of items) {
      const picture = item.types.find((type) => type.startsWith("image/"));
      if (picture) {
        await this.#see(await item.getType(picture));
        return;
      }
      if (item.types.includes("text/plain")) {
        const text = (await (await item.getType("text/plain")).text()).trim();
        if (text) {
          await this.#phone.scan(text);
          return;
        }
      }
    }
    this.#phone.toast(say("scanEmptyClipboard"));
  }

  #rows = new Map();

  #draw() {
    const listed = world.state.qrcodes;
    const codes = listed.filter((code) => !code.stock && (code.scanned_at === null || code.expires_at === null));
    const hidden = listed.filter((code) => code.stock).length;
    this.#stock.textContent = hidden ? say("scanStock", { count: hidden }) : "";
    if (!codes.length) {
      this.#rows.clear();
      fill(this.#list, element("li", { class: "codes__none" }, say("scanNone")));
      return;
    }
    const kept = new Map();
    const known = (code) => `${code.ticket} ${code.shown} ${code.shown_at}`;
    for (const code of codes) kept.set(known(code), this.#rows.get(known(code)) ?? this.#row(code));
    this.#rows = kept;
    const nodes = [...kept.values()].map((row) => row.node);
    if (nodes.length !== this.#list.childElementCount || nodes.some((node, index) => node !== this.#list.children[index])) fill(this.#list, nodes);
    for (const row of kept.values()) row.age();
  }

  #row(code) {
    const account = world.account(code.account)?.name ?? code.account;
    const picture = element("img", { class: "codes__picture", src: `/cgi-bin/showqrcode?ticket=${encodeURIComponent(code.ticket)}`, alt: "", loading: "lazy" });
    const age = element("span", { class: "codes__age" });
    const words = element(
      "span",
      { class: "codes__text" },
      code.shown && element("span", { class: "codes__shown" }, (language === "en" && code.shown_en) || code.shown),
      element("span", { class: "codes__scene" }, element("span", { class: "unseen" }, `${say("scene")} `), code.scene),
      element("span", { class: "codes__what" }, `${account} · ${code.action}`),
      element("span", { class: "codes__url" }, code.url),
      age,
    );
    const pick = element("button", { type: "button", class: "codes__row", "data-scene": code.scene, onclick: () => this.#phone.scan(code.url) }, picture, words);
    const node = element("li", {}, pick);
    return { node, age: () => this.#date(code, age, pick) };
  }

  #date(code, age, pick) {
    const now = world.now();
    const old = now - (code.shown_at ?? code.created_at);
    const made = old < 10 ? say("justNow") : say("ago", { span: span(old) });
    const left = code.expires_at === null ? null : code.expires_at - now;
    const end = left === null ? say("permanent") : left <= 0 ? say("expired") : say("expiresIn", { span: span(left) });
    age.textContent = `${made} · ${end}`;
    pick.classList.toggle("codes__row--expired", left !== null && left <= 0);
  }
}
