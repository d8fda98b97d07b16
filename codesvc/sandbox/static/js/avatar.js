// A picture for who has none: the first character on a colour that stays the same for the same name.

import { element } from "./element.js";

const COLOURS = 8;
const ACCOUNT_COLOURS = ["teal", "indigo", "green", "coffee"];

function colourOf(name) {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return sum % COLOURS;
}

/** The avatar of a person or an account; decoration, the name stands beside it. */
export function avatar(name, kind = "person") {
  const first = [...name][0] ?? "?";
  return element("span", { class: `avatar avatar--${kind}`, "data-colour": kind === "account" ? ACCOUNT_COLOURS[colourOf(name) % ACCOUNT_COLOURS.length] : colourOf(name), "aria-hidden": "true" }, first.toUpperCase());
}
