// Adding people and accounts, and the sandbox's own token.

import { control } from "./control.js";
import { ask, field } from "./dialog.js";
import { element } from "./element.js";
import { say } from "./language.js";
import { world } from "./world.js";

const text = (name, more = {}) => element("input", { name, type: "text", autocomplete: "off", spellcheck: "false", required: true, ...more });

/** The next of a row of easy names that nobody has. */
function suggestion() {
  const names = ["小明", "小红", "阿强", "alice", "bob", "carol"];
  const taken = world.people();
  return names.find((name) => !taken.includes(name)) ?? "";
}

/** Asks for a person's name, makes him, and hands the name over. */
export function addPerson(account, added) {
  const act = async ({ name }) => {
    const person = name.trim();
    if (world.people().includes(person)) throw new Error(say("nameTaken"));
    await control.post("/users", { person, account });
    await world.refresh();
    added(person);
  };
  const input = text("name", { maxlength: "64", value: suggestion(), autofocus: true });
  const dialog = ask({ title: say("addPerson"), fields: field(say("name"), input, say("nameHint")), go: say("add"), act });
  dialog.querySelector("input").select();
}

/** Asks for an account's settings; what is left out the sandbox invents. */
export function addAccount(added) {
  const act = async (given) => {
    const body = { name: given.name.trim(), kind: given.kind, mode: given.mode };
    if (given.callback_url.trim()) body.callback_url = given.callback_url.trim();
    const account = await control.post("/accounts", body);
    await world.refresh();
    added(account.appid);
  };
  const fields = [
    field(say("accountName"), text("name", { maxlength: "30", autofocus: true })),
    field(say("kind"), kindChoice("verified_service")),
    field(say("callbackUrl"), text("callback_url", { required: false, type: "url", inputmode: "url", placeholder: "http://127.0.0.1:8080/wechat" })),
    field(say("mode"), modeChoice("safe")),
  ];
  ask({ title: say("addAccount"), fields, go: say("create"), act });
}

/** A choice of values, each shown by the text `prefix_value`. */
function choice(name, values, prefix, current) {
  return element("select", { name }, values.map((value) => element("option", { value, selected: value === current }, say(`${prefix}_${value}`))));
}

/** The choice of what the account may do. */
export function kindChoice(current) {
  const kinds = ["verified_service", "unverified_service", "verified_subscription", "unverified_subscription", "test"];
  return choice("kind", kinds, "account", current);
}

/** The choice of how callbacks travel. */
export function modeChoice(current) {
  const modes = ["safe", "compatible", "plaintext"];
  return choice("mode", modes, "mode", current);
}

/** Asks for the sandbox's token until there is a session. */
export function askToken() {
  return new Promise((resolve) => {
    const act = async ({ token }) => {
      try {
        await control.post("/session", { token });
      } catch (error) {
        throw error.status === 401 ? new Error(say("tokenWrong")) : error;
      }
      resolve();
    };
    const input = element("input", { name: "token", type: "password", autocomplete: "current-password", required: true, autofocus: true });
    ask({ title: say("tokenAsked"), text: say("tokenText"), fields: field(say("tokenLabel"), input), go: say("enter"), act, refusable: false });
  });
}
