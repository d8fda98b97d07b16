// Words and times in the reader's language: Chinese first, English for browsers that ask for it, and a switch.

import { preferences } from "./preferences.js";
import { en } from "./texts-en.js";
import { zh } from "./texts-zh.js";

const TEXTS = { zh, en };
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** `zh` unless the browser prefers English to Chinese. */
function wanted() {
  const known = (navigator.languages ?? []).map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in TEXTS);
  return known ?? "zh";
}

export const language = preferences.language in TEXTS ? preferences.language : wanted();
const locale = language === "zh" ? "zh-CN" : "en-GB";

/** A text of the page; `{name}` is replaced by the value of that name. */
export function say(key, values = {}) {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Whether there is such a text, for words made from the platform's own. */
export function hasText(key) {
  return key in TEXTS[language];
}

/** A span of seconds in its largest unit. */
export function span(seconds) {
  const value = Math.max(0, Math.round(seconds));
  if (value < MINUTE) return say("second", { n: value });
  if (value < HOUR) return say("minute", { n: Math.round(value / MINUTE) });
  if (value < 2 * DAY) return say("hour", { n: Math.round((value / HOUR) * 10) / 10 });
  return say("day", { n: Math.round(value / DAY) });
}

export function number(value) {
  return new Intl.NumberFormat(locale).format(value);
}

/** Hours and minutes. */
export function clockTime(seconds) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false }).format(seconds * 1000);
}

/** Hours, minutes and seconds. */
export function exactTime(seconds) {
  const style = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  return new Intl.DateTimeFormat(locale, style).format(seconds * 1000);
}

export function fullTime(seconds) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", hour12: false }).format(seconds * 1000);
}

/** As WeChat dates a chat: the time today, yesterday with its word, a date before that. */
export function chatTime(seconds, now) {
  const then = new Date(seconds * 1000);
  const midnight = new Date(now * 1000).setHours(0, 0, 0, 0);
  const time = clockTime(seconds);
  if (then >= midnight) return time;
  if (then >= midnight - DAY * 1000) return `${say("yesterday")} ${time}`;
  return `${new Intl.DateTimeFormat(locale, { month: "long", day: "numeric" }).format(then)} ${time}`;
}
