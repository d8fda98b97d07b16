// The chosen account as its developer sees it: ids and secrets to copy, the callback, the templates.

import { control } from "./control.js";
import { field } from "./dialog.js";
import { element, fill } from "./element.js";
import { say } from "./language.js";
import { Panel, part } from "./panel.js";
import { kindChoice, modeChoice } from "./people.js";
import { preferences } from "./preferences.js";
import { iconButton } from "./view.js";
import { world } from "./world.js";

const SHOWN = [["AppID", "appid"], ["AppSecret", "secret"], ["original id", "original_id"], ["Token", "token"], ["EncodingAESKey", "aes_key"]];

export class Developer extends Panel {
  #drawn = "";

  constructor() {
    super("developer");
  }

  settle() {
    const account = world.account(preferences.account);
    if (!account) return;
    const { tokens: _, quotas: __, followers: ___, menu: ____, ...settings } = account;
    const shown = JSON.stringify(settings);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    const rows = SHOWN.map(([label, key]) => this.#secret(label, account[key]));
    const templates = account.templates.map((template) =>
      element("li", { class: "template" }, element("strong", {}, template.title, element("span", { class: "tag" }, template.kind)), this.#copyable(template.template_id), element("pre", {}, template.content.trim())),
    );
    fill(this.node, part(account.name, element("dl", { class: "facts" }, rows)), part(say("callbacks"), this.#callback(account)), part(say("templates"), element("ul", { class: "templates" }, templates)));
  }

  #secret(label, value) {
    return element("div", {}, element("dt", {}, label), element("dd", {}, this.#copyable(value)));
  }

  #copyable(value) {
    return element("span", { class: "copyable" }, element("code", {}, value), iconButton("copy", `${say("copy")} ${value}`, () => this.#copy(value)));
  }

  #callback(account) {
    const url = element("input", { name: "callback_url", type: "url", value: account.callback_url ?? "", placeholder: say("noneSet"), spellcheck: "false" });
    const save = async (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(event.target));
      const body = { callback_url: given.callback_url.trim() || null, mode: given.mode, kind: given.kind };
      if (await this.attempt(() => control.patch(`/accounts/${account.appid}`, body))) this.tell(say("saved"));
    };
    return element(
      "form",
      { class: "fault-form", onsubmit: save },
      field(say("callbackUrl"), url),
      field(say("mode"), modeChoice(account.mode)),
      field(say("kind"), kindChoice(account.kind)),
      element("div", { class: "row" }, element("button", { type: "submit", class: "button button--primary" }, say("save")), element("button", { type: "button", class: "button", onclick: () => this.#verify(account) }, say("verify"))),
    );
  }

  async #verify(account) {
    const answer = await this.attempt(() => control.post(`/accounts/${account.appid}/verify-callback`));
    if (answer) this.tell(answer.ok ? say("verifyOk") : say("verifyFailed", { reason: answer.reason ?? answer.status }));
  }

  async #copy(value) {
    await navigator.clipboard?.writeText(value);
    this.tell(say("copied"));
  }
}
