// The page's few questions, as native dialogs: they keep the focus and close on Escape by themselves.

import { element } from "./element.js";
import { say } from "./language.js";

/** A labelled field; `hint` is read out with it. */
export function field(label, input, hint) {
  return element("label", { class: "field" }, element("span", { class: "field__label" }, label), input, hint && element("small", { class: "field__hint" }, hint));
}

/** Asks with a form. `act` gets the form's values and may throw, which is shown; `modal` ones can be refused. */
export function ask({ title, text, fields, go, act, refusable = true }) {
  const trouble = element("p", { class: "dialog__trouble", role: "alert" });
  const submit = element("button", { type: "submit", class: "button button--primary" }, go);
  const refuse = refusable && element("button", { type: "button", class: "button", onclick: () => dialog.close() }, say("cancel"));
  const send = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    trouble.textContent = "";
    try {
      await act(Object.fromEntries(new FormData(form)));
      dialog.close();
    } catch (error) {
      trouble.textContent = error.message;
    } finally {
      submit.disabled = false;
    }
  };
  const form = element("form", { onsubmit: send }, element("h2", {}, title), text && element("p", { class: "dialog__text" }, text), fields, trouble, element("div", { class: "dialog__acts" }, refuse, submit));
  const dialog = element("dialog", { class: "dialog", "aria-label": title }, form);
  dialog.addEventListener("close", () => dialog.remove());
  if (!refusable) dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
