// WeChat's browser inside the phone. The sandbox fetches the page, with WeChat's user agent and this person's cookies
// and authorisation; the page lays it into a frame where no script runs, and takes links and forms back to the sandbox.

import { consent } from "./consent.js";
import { control } from "./control.js";
import { element, fill } from "./element.js";
import { icon } from "./icons.js";
import { language, say } from "./language.js";
import { iconButton, navigationBar, View } from "./view.js";

const OWN_PAGES = /^https?:\/\/(?:open|mp)\.weixin\.qq\.com(?=\/)/i;
const SHOWN = new Set(["text/html", "text/plain", "application/xhtml+xml", "application/json"]);

export class Browser extends View {
  #phone;
  #openid;
  #visited = [];
  #fromChat;
  #turn = 0;
  #address = element("p", { class: "browser__address" });
  #sheet = element("div", { class: "browser__sheet" });
  #paper;
  #ready;

  constructor(phone, openid, url, { fromChat }) {
    super();
    this.#phone = phone;
    this.#openid = openid;
    this.#fromChat = fromChat;
    this.#paper = element("iframe", { class: "browser__paper", title: say("browserNote", { person: phone.person }), sandbox: "allow-same-origin allow-forms" });
    this.#ready = new Promise((resolve) => this.#paper.addEventListener("load", resolve, { once: true }));
    this.#paper.src = "/static/frame.html";
    const left = iconButton("close", say("browserClose"), () => phone.pop());
    const right = iconButton("outside", say("browserOutside"), () => this.#goOutside());
    const foot = element("footer", { class: "browser__foot" }, iconButton("back", say("browserBack"), () => this.#back()), this.#address, iconButton("reload", say("browserReload"), () => this.#reload()));
    this.node = element("div", { class: "view view--browser" }, navigationBar({ left, title: "", right }), element("div", { class: "browser__page" }, this.#paper, this.#sheet), foot);
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && phone.pop());
    this.#go(url);
  }

  async #go(url, { form, answer = null, keep = true } = {}) {
    this.#turn += 1;
    const turn = this.#turn;
    this.#sheet.replaceChildren();
    this.node.classList.add("view--loading");
    this.#address.textContent = url;
    let view;
    try {
      view = await control.act(this.#openid, "open", { url, consent: answer, from_chat: this.#fromChat, language, ...(form && { form }) });
      await this.#ready;
    } catch (error) {
      view = { outcome: "unreachable", url, body: "", reason: error.message };
    }
    if (turn !== this.#turn || this.signal.aborted) return;
    this.node.classList.remove("view--loading");
    this.#address.textContent = view.url;
    if (keep && this.#visited.at(-1) !== view.url) this.#visited.push(view.url);
    if (view.outcome === "asked") this.#ask(view.url);
    else if (view.outcome === "unreachable") this.#fail(say("browserFailed"), view.reason ?? say("browserFailedText", { url: view.url }));
    else if (view.outcome === "too_many_redirects") this.#fail(say("browserRedirects"), view.url);
    else if (view.outcome === "no_fragment") this.#fail(say("browserFragment"), view.url);
    else if (!SHOWN.has(view.content_type)) this.#fail(say("browserFailed"), say("browserType", { type: view.content_type ?? "?" }));
    else this.#lay(view);
  }

  /** Lays a page onto the paper: parsed without running, and with every way out led through the sandbox. */
  #lay(view) {
    const paper = this.#paper.contentDocument;
    const isHtml = view.content_type.includes("html");
    // The frame's own parser, since a parsed document takes the policy of its parser's window.
    const page = new this.#paper.contentWindow.DOMParser().parseFromString(isHtml ? view.body : "<!doctype html><title></title><pre></pre>", "text/html");
    if (!isHtml) page.querySelector("pre").textContent = view.body;
    for (const node of page.querySelectorAll("script, meta[http-equiv], base, iframe, object, embed")) node.remove();
    const base = page.createElement("base");
    base.href = view.url;
    page.head.prepend(base);
    this.#title(page.title || new URL(view.url).host);
    paper.replaceChild(paper.adoptNode(page.documentElement), paper.documentElement);
    paper.documentElement.addEventListener("click", (event) => this.#tap(event, view.url));
    paper.documentElement.addEventListener("submit", (event) => this.#submit(event, view.url));
  }

  #tap(event, base) {
    const link = event.target.closest?.("a[href], area[href]");
    if (!link) return;
    event.preventDefault();
    const href = link.getAttribute("href");
    if (href.startsWith("#")) link.ownerDocument.getElementById(href.slice(1))?.scrollIntoView();
    else this.#leave(new URL(href, base).href);
  }

  #submit(event, base) {
    event.preventDefault();
    const { target, submitter } = event;
    const fields = new FormData(target, submitter);
    const form = Object.fromEntries([...fields].filter(([, value]) => typeof value === "string"));
    const action = new URL(submitter?.getAttribute("formaction") ?? target.getAttribute("action") ?? "", base);
    const method = (submitter?.getAttribute("formmethod") ?? target.getAttribute("method") ?? "get").toLowerCase();
    if (method === "post") this.#leave(action.href, form);
    else {
      action.search = new URLSearchParams(form).toString();
      this.#leave(action.href);
    }
  }

  #leave(url, form) {
    this.#fromChat = false;
    if (/^https?:/i.test(url)) this.#go(url, { form });
    else this.#phone.toast(say("browserScheme", { url }));
  }

  #ask(url) {
    this.#title("");
    fill(this.#sheet, consent(url, this.#phone.person, (answer) => this.#go(url, { answer, keep: false })));
    this.#sheet.querySelector("button")?.focus({ preventScroll: true });
  }

  #fail(title, text) {
    this.#title(title);
    fill(this.#sheet, element("div", { class: "browser__trouble", role: "alert" }, icon("warning"), element("h3", {}, title), element("p", {}, text)));
  }

  #title(text) {
    this.node.querySelector(".bar__title").textContent = text;
  }

  #back() {
    this.#visited.pop();
    const url = this.#visited.at(-1);
    if (url) this.#go(url, { keep: false });
    else this.#phone.pop();
  }

  #reload() {
    const url = this.#visited.at(-1);
    if (url) this.#go(url, { keep: false });
  }

  /** A real tab for pages that need scripts; the cookie tells the platform's own pages who it is. */
  #goOutside() {
    const url = this.#visited.at(-1);
    if (!url) return;
    document.cookie = `sandbox_person=${encodeURIComponent(this.#phone.person)}; path=/; SameSite=Lax`;
    document.cookie = `sandbox_from_chat=${this.#fromChat ? 1 : 0}; path=/; SameSite=Lax`;
    window.open(url.replace(OWN_PAGES, location.origin), "_blank", "noopener");
  }
}
