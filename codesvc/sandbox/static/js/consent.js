// The question that WeChat asks before a page learns who somebody is, or may write once.

import { avatar } from "./avatar.js";
import { element } from "./element.js";
import { say } from "./language.js";
import { world } from "./world.js";

/** The sheet; `answer` is called with `allow` or `deny`. */
export function consent(url, person, answer) {
  const asked = new URL(url);
  const name = world.account(asked.searchParams.get("appid"))?.name ?? "";
  const what = asked.pathname.endsWith("/subscribemsg") ? say("consentSubscribe") : say("consentUserinfo");
  return element(
    "div",
    { class: "consent", role: "dialog", "aria-label": say("consentTitle", { account: name }) },
    element("div", { class: "consent__who" }, avatar(name, "account"), element("span", {}, say("consentTitle", { account: name }))),
    element("h3", { class: "consent__what" }, what),
    element("div", { class: "consent__person" }, avatar(person), element("span", {}, element("strong", {}, person), element("small", {}, say("consentAs", { person })))),
    element(
      "div",
      { class: "consent__acts" },
      element("button", { type: "button", class: "button", onclick: () => answer("deny") }, say("deny")),
      element("button", { type: "button", class: "button button--primary", onclick: () => answer("allow") }, say("allow")),
    ),
  );
}
