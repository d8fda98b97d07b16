// The drop-in widget, first of the files that the service puts into one function (codesvc/web/pages/widget_files.py), together with
// `given`: the styles, the languages there are, and what tells a phone. So page and widget say and show the same.
// No markup is ever parsed and no style attribute written: it works under a strict policy, trusted types too.

class CodesvcError extends Error {
  constructor(problem, message, members = {}) {
    super(message);
    Object.assign(this, { name: "CodesvcError", problem, members });
  }
}

const agent = navigator.userAgent;
const device = agent.includes("MicroMessenger") ? "wechat" : new RegExp(given.phone, "s").test(agent) ? "phone" : "desktop";

const ICONS = { // as in templates/pages/icons.html
  chat: ["M20.5 11.5c0 4.1-3.8 7.5-8.5 7.5-1 0-2-.2-2.9-.5L4.5 20l1.3-3.6a6.9 6.9 0 0 1-2.3-4.9C3.5 7.4 7.3 4 12 4s8.5 3.4 8.5 7.5Z", "M8.5 11.5h.01M12 11.5h.01M15.5 11.5h.01"],
  scan: ["M4 8.5V6a2 2 0 0 1 2-2h2.5M15.5 4H18a2 2 0 0 1 2 2v2.5M20 15.5V18a2 2 0 0 1-2 2h-2.5M8.5 20H6a2 2 0 0 1-2-2v-2.5M7 12h10"],
  check: ["m5.5 12.5 4.2 4.2 8.8-9.4"],
  clock: ["M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 7.3V12l3 2"],
  stop: ["M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 7.8v5M12 16h.01"],
  shield: ["M12 3.5 5 6v5.5c0 4.2 2.9 7.4 7 9 4.1-1.6 7-4.8 7-9V6l-7-2.5Zm-3 8.3 2.2 2.2 3.9-4.2"],
};
const OF_STAGE = { pending: "scan", bound: "check", auto: "chat", test: "chat", queued: "chat", sent: "chat", delivered: "chat", replied: "chat", unknown: "clock", expired: "clock",
  awaiting_scan: "scan", fallback: "scan", scanned: "check", approved: "check" };

// h("p.good", {id: …, text: …, onclick: …}, child, …)
function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElementNS(/svg|th/.test(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
  element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

const icon = (name) => h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true" },
  ...ICONS[name].map((d) => h("path", { d })));

// What stays is left where it is: moving an input would take the focus from it.
function arrange(parent, children) {
  const wanted = children.filter(Boolean);
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

// A rem is the customer's own, of any size: ours is --codesvc-rem, see widget.css.
const style = given.style.replace(/(-?[\d.]+)rem\b/g, "calc(var(--rem)*$1)")
  .replace(CSS.supports("color:light-dark(red,red)") ? /^$/ : /light-dark\((#\w+|var\(.*?\)),(#\w+|var\(.*?\))\)/g, "$1");
const sheet = (() => {
  try {
    const made = new CSSStyleSheet();
    made.replaceSync(style);
    return made;
  } catch { return null; } // before Safari 16.4: a style element, which the page's policy must then allow
})();

function dress(root) {
  if (sheet) root.adoptedStyleSheets = [sheet];
  else root.append(h("style", { text: style }));
}

// Which headline and sentence fit the state; `stage` of codesvc/web/pages/verification_view.py.
function stageOf({ status, delivery, test }) {
  if (status !== "pending") return status;
  if (test) return "test";
  const { status: sent, channel, reason } = delivery;
  if (sent === "pending") return "auto";
  if (sent === "awaiting_scan") return [null, "no-binding", "no-channel"].includes(reason) ? sent : "fallback";
  if (sent === "failed" && reason === "no-binding") return "failed.no-binding";
  return ["sent", "delivered"].includes(sent) && given.chat.includes(channel) ? "replied" : sent;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// What is asked for, else the page's own language, else the browser's; `zh-HK` is content with `zh`.
function languageOf(element, asked) {
  const known = (tag) => {
    for (let part = tag?.toLowerCase().replaceAll("_", "-"); part; part = part.replace(/-?[^-]*$/, "")) if (part in given.tags) return part;
  };
  return [asked, element.closest("[lang]")?.lang, ...(navigator.languages ?? [])].map(known).find(Boolean) ?? "zh";
}

const libraries = {}; // language -> a promise of its texts: one request for all widgets of a page

function speaker(language) {
  let texts = {};
  const t = (key, values = {}) => {
    const text = texts[key] ?? "", form = text.by ? text[t.kind(values[text.by])] ?? text.other : text;
    return form.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
  t.tag = given.tags[language];
  t.kind = (number) => new Intl.PluralRules(t.tag).select(number);
  t.best = (...keys) => keys.find((key) => key in texts);
  t.wait = (seconds) => {
    const [unit, size] = seconds > 7200 ? ["hours", 3600] : seconds > 120 ? ["minutes", 60] : ["seconds", 1];
    return t(`wait.${unit}`, { count: Math.max(1, Math.ceil(seconds / size)) });
  };
  t.learn = async (service) => {
    const address = new URL(`widget/${language}.json`, service).href;
    libraries[address] ??= fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" }).then((answer) => answer.json());
    try {
      texts = await libraries[address];
    } catch (error) {
      delete libraries[address];
      throw error;
    }
  };
  return t;
}
