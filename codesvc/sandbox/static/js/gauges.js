// Gauges of the chosen account: the tokens alive, and the day's quotas.

import { control } from "./control.js";
import { ask, field } from "./dialog.js";
import { element, fill } from "./element.js";
import { number, say, span } from "./language.js";
import { Panel, part } from "./panel.js";
import { preferences } from "./preferences.js";
import { world } from "./world.js";

const LIFE = 7200;
const NEARLY_USED_UP = 0.9;

/** A bar; `warns` says from which share on it turns red, Infinity for never. */
function bar(share, label, warns) {
  const filled = element("i");
  filled.style.width = `${Math.min(100, Math.max(share > 0 ? 1 : 0, share * 100))}%`;
  const level = share >= warns ? " meter--high" : "";
  return element("span", { class: `meter${level}`, role: "meter", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.round(Math.min(1, share) * 100)), "aria-label": label }, filled);
}

export class Gauges extends Panel {
  #tokens = element("div", { class: "gauges" });
  #quotas = element("div", { class: "gauges" });
  #followers = element("p", { class: "panel__note" });
  #drawn = "";

  constructor() {
    super("gauges");
    const revoke = element("button", { type: "button", class: "button button--small", onclick: () => this.#revoke() }, say("revokeTokens"));
    fill(this.node, this.#followers, part(say("tokens"), this.#tokens, revoke), part(say("dailyQuota"), this.#quotas));
  }

  settle() {
    const account = world.account(preferences.account);
    if (!account) return;
    this.#followers.textContent = `${account.name} · ${say("followers", { count: number(account.followers) })}`;
    const tokens = account.tokens.map((token) => this.#token(token));
    fill(this.#tokens, tokens.length ? tokens : element("p", { class: "nothing" }, say("noTokens")));
    const shown = JSON.stringify(account.quotas);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    const quotas = account.quotas.map((quota) => this.#quota(quota));
    fill(this.#quotas, quotas.length ? quotas : element("p", { class: "nothing" }, say("noQuotas")));
  }

  #token(token) {
    const kind = say(token.kind === "stable" ? "tokenStable" : "tokenOrdinary");
    return element("div", { class: "gauge" }, element("div", { class: "gauge__head" }, element("code", {}, token.token), element("span", { class: "tag" }, kind), element("span", { class: "gauge__value" }, say("remaining", { span: span(token.left) }))), bar(token.left / LIFE, kind, Infinity));
  }

  #quota(quota) {
    const limit = quota.daily === null ? say("unlimited") : number(quota.daily);
    const minute = quota.minute !== null && element("small", {}, say("perMinute", { used: number(quota.in_minute), limit: number(quota.minute) }));
    return element(
      "button",
      { type: "button", class: "gauge gauge--open", title: say("editQuota"), onclick: () => this.#edit(quota) },
      element("span", { class: "gauge__head" }, element("code", {}, quota.path), element("span", { class: "gauge__value" }, `${number(quota.used)} / ${limit}`)),
      bar(quota.daily ? quota.used / quota.daily : 0, quota.path, NEARLY_USED_UP),
      minute,
    );
  }

  #edit(quota) {
    const input = (name, value) => element("input", { name, type: "number", min: "0", value: value ?? "", placeholder: say("unlimited") });
    const read = (text) => (text === "" ? null : Number(text));
    const act = async (given) => {
      await control.put(`/accounts/${preferences.account}/quotas`, { path: quota.path, daily: read(given.daily), minute: read(given.minute) });
      world.refresh();
    };
    const fields = [field(say("perDayLimit"), input("daily", quota.daily), say("noLimitHint")), field(say("perMinuteLimit"), input("minute", quota.minute), say("noLimitHint"))];
    ask({ title: say("editQuota"), text: quota.path, fields, go: say("save"), act });
  }

  async #revoke() {
    const answer = await this.attempt(() => control.post(`/accounts/${preferences.account}/revoke-tokens`));
    if (answer) this.tell(say("revoked", { count: answer.revoked }));
    world.refresh();
  }
}
