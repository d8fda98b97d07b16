// Text as WeChat shows it: addresses and <a href> become links, everything else stays text.

import { element } from "./element.js";

const PIECES = /<a\s[^>]*?href\s*=\s*(["'])(.*?)\1[^>]*>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"'，。；！？、）】」》]+)/gi;
const MENU = "weixin://bizmsgmenu";

function link(url, label, { open, reply }) {
  const follow = (event) => {
    event.preventDefault();
    if (url.startsWith(MENU)) reply(new URLSearchParams(url.slice(url.indexOf("?"))).get("msgmenucontent") || label);
    else open(url);
  };
  // A real address would let a middle click leave WeChat, and could be a javascript: one.
  return element("a", { href: "#", role: "link", class: "link", title: url, onclick: follow, onauxclick: follow }, label);
}

/** The nodes of a text. `open` is called with an address, `reply` with the words of a menu link. */
export function linked(text, actions) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(PIECES)) {
    nodes.push(text.slice(end, found.index));
    const [whole, , href, label, bare] = found;
    nodes.push(link(bare ?? href.trim(), bare ?? label, actions));
    end = found.index + whole.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** The same as plain text, for a preview. */
export function unlinked(text) {
  return text.replace(PIECES, (_, __, ___, label, bare) => bare ?? label);
}
