// Draws one line of a chat.

import { avatar } from "./avatar.js";
import { element } from "./element.js";
import { icon } from "./icons.js";
import { hasText, say } from "./language.js";
import { linked, unlinked } from "./links.js";

const CARDS = new Set(["template", "notice", "once"]);

/** A line in short, for the list of chats. */
export function summary(entry) {
  if (CARDS.has(entry.type)) return `[${entry.title || say(entry.type).slice(1, -1)}]`;
  if (entry.type === "text" || entry.type === "system") return unlinked(entry.content ?? "");
  if (entry.type === "news") return `${say("news")} ${entry.articles?.[0]?.title ?? ""}`;
  if (entry.type === "msgmenu") return entry.head_content ?? "";
  return label(entry.type);
}

/**
 * A line as a node.
 *
 * `scene` knows the `person`, the `account`, `open(url)` for taps and `reply(text)` for menu links.
 */
export function draw(entry, scene) {
  if (entry.from === "platform") return element("p", { class: "said said--system" }, entry.content);
  if (CARDS.has(entry.type)) return card(entry, scene);
  if (entry.type === "news") return news(entry, scene);
  const mine = entry.from === "person";
  const who = mine ? scene.person : scene.account.name;
  return element(
    "div",
    { class: `said ${mine ? "said--mine" : "said--theirs"}` },
    avatar(who, mine ? "person" : "account"),
    element("div", { class: "bubble" }, element("span", { class: "unseen" }, say("saidBy", { who: mine ? say("me") : who })), ...body(entry, scene)),
  );
}

function body(entry, scene) {
  const { type } = entry;
  if (type === "text") return linked(entry.content ?? "", scene);
  if (type === "msgmenu") return menu(entry, scene);
  const fields = Object.entries(entry.fields && Object.keys(entry.fields).length ? entry.fields : rest(entry));
  const rows = fields.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, String(value))));
  return [element("span", { class: "bubble__kind" }, label(type)), element("dl", { class: "bubble__fields" }, rows)];
}

function rest(entry) {
  const skipped = new Set(["type", "from", "at", "msgid", "by", "kf_account", "content", "fields"]);
  return Object.fromEntries(Object.entries(entry).filter(([name, value]) => !skipped.has(name) && value && typeof value !== "object"));
}

function menu(entry, scene) {
  const choices = (entry.list ?? []).map((item) => {
    const say = (event) => {
      event.preventDefault();
      scene.reply(String(item.content));
    };
    return element("a", { href: "#", class: "link bubble__choice", onclick: say }, String(item.content));
  });
  return [entry.head_content, ...choices, entry.tail_content].filter(Boolean);
}

/** A template message: title, then the lines of its content, then where a tap leads. */
function card(entry, scene) {
  const lines = (entry.content ?? "").split("\n").filter((line) => line.trim());
  const program = entry.miniprogram?.appid;
  const target = program ? say("miniprogram") : say("details");
  const foot = element("span", { class: "card__foot" }, target, icon("next"));
  const inside = [element("h3", { class: "card__title" }, entry.title || label(entry.type)), fields(lines)];
  if (!entry.url && !program) return element("article", { class: "said card" }, inside);
  const open = () => (entry.url ? scene.open(entry.url) : scene.tell(`${say("miniprogram")} ${program} ${entry.miniprogram.pagepath ?? ""}`));
  const address = entry.url || `${program} ${entry.miniprogram.pagepath ?? ""}`;
  return element("article", { class: "said card" }, inside, element("button", { type: "button", class: "card__link", title: address, onclick: open }, foot));
}

function fields(lines) {
  const rows = [];
  for (const line of lines) {
    const cut = line.search(/[：:]/);
    if (cut < 1) rows.push(element("div", { class: "card__line" }, element("dd", {}, line)));
    else rows.push(element("div", {}, element("dt", {}, line.slice(0, cut)), element("dd", {}, line.slice(cut + 1).trim())));
  }
  return element("dl", { class: "card__fields" }, rows);
}

function news(entry, scene) {
  const articles = (entry.articles ?? []).map((article) => {
    // The picture lies elsewhere and the page asks no third party, so a drawing stands for it.
    const picture = article.picurl && element("span", { class: "news__picture", title: String(article.picurl) }, icon("picture"));
    const open = () => article.url && scene.open(String(article.url));
    const words = element("span", { class: "news__text" }, element("strong", {}, String(article.title ?? "")), element("span", {}, String(article.description ?? "")));
    return element("button", { type: "button", class: "news__article", onclick: open }, words, picture);
  });
  return element("article", { class: "said card news" }, articles);
}

function label(kind) {
  return hasText(kind) ? say(kind) : say("otherKind", { kind });
}
