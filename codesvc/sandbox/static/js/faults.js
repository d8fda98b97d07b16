// Fault switches: what goes wrong, where, how often.

import { control } from "./control.js";
import { field } from "./dialog.js";
import { element, fill } from "./element.js";
import { hasText, say } from "./language.js";
import { Panel, part } from "./panel.js";
import { world } from "./world.js";

const SEND = "/cgi-bin/message/template/send";
const KINDS = ["errcode", "http", "slow", "reset", "truncated", "revoke_token", "lost", "twice", "out_of_order", "slow_callback", "template_status"];
const ON_CALLBACKS = new Set(["lost", "twice", "out_of_order", "slow_callback"]);
const PATHS = ["*", SEND, "/cgi-bin/token", "/cgi-bin/stable_token", "/cgi-bin/qrcode/create", "/cgi-bin/message/custom/send", "/cgi-bin/user/info", "/sns/oauth2/access_token"];
const PRESETS = [
  ["-1", { kind: "errcode", path: SEND, errcode: -1 }],
  ["43004", { kind: "errcode", path: SEND, errcode: 43004 }],
  ["43101", { kind: "errcode", path: SEND, errcode: 43101 }],
  ["43117", { kind: "errcode", path: SEND, errcode: 43117 }],
  ["40252", { kind: "errcode", path: SEND, errcode: 40252 }],
  ["45009", { kind: "errcode", path: SEND, errcode: 45009 }],
  ["45011", { kind: "errcode", path: SEND, errcode: 45011 }],
  ["40001", { kind: "revoke_token", path: "*" }],
  ["HTTP 503", { kind: "http", path: "*", status: "503" }],
];
/** Which of the form's fields a kind of fault uses. */
const USES = { errcode: ["path", "errcode"], http: ["path", "status"], slow: ["path", "delay"], reset: ["path"], truncated: ["path"], revoke_token: ["path"], slow_callback: ["delay"], template_status: ["receipt"] };

function name(kind) {
  return hasText(`kind_${kind}`) ? say(`kind_${kind}`) : kind;
}

export class FaultPanel extends Panel {
  #form;
  #list = element("ul", { class: "faults" });
  #clear = element("button", { type: "button", class: "button button--small", onclick: () => this.#remove() }, say("faultClear"));
  #drawn = "";

  constructor() {
    super("faults");
    const kind = element("select", { name: "kind" }, KINDS.map((one) => element("option", { value: one }, name(one))));
    const path = element("input", { name: "path", type: "text", list: "fault-paths", value: SEND, spellcheck: "false", autocomplete: "off" });
    const paths = element("datalist", { id: "fault-paths" }, PATHS.map((one) => element("option", { value: one }, one === "*" ? say("faultAll") : one)));
    const count = (field, value, more = {}) => element("input", { name: field, type: "number", value, ...more });
    const statuses = ["failed: system failed", "failed:user block", "failed:freq limit"];
    const receipt = element("select", { name: "receipt" }, statuses.map((status) => element("option", {}, status)));
    this.#form = element(
      "form",
      { class: "fault-form", onsubmit: (event) => this.#add(event) },
      field(say("faultKind"), kind),
      this.#row("path", field(say("faultPath"), path)),
      paths,
      this.#row("errcode", field("errcode", count("errcode", "-1"))),
      this.#row("status", field(say("faultStatus"), count("status", "503", { min: "200", max: "599" }))),
      this.#row("delay", field(say("faultDelay"), count("delay", "6", { min: "0", max: "3600", step: "0.1" }))),
      this.#row("receipt", field(say("faultReceipt"), receipt)),
      field(say("faultTimes"), count("times", "1", { min: "1", placeholder: "∞", title: say("faultTimesHint") })),
      field(say("faultShare"), count("share", "100", { min: "1", max: "100" })),
      element("button", { type: "submit", class: "button button--primary" }, say("faultAdd")),
    );
    kind.addEventListener("change", () => this.#fit());
    const presets = PRESETS.map(([label, values]) => element("button", { type: "button", class: "chip", onclick: () => this.#preset(values) }, label));
    const shortcuts = element("div", { class: "chips", role: "group", "aria-label": say("presets") }, presets);
    fill(this.node, part(say("faults"), this.#list, this.#clear), part(say("faultAdd"), shortcuts, this.#form));
    this.#fit();
  }

  count() {
    return world.state?.faults.length ?? 0;
  }

  settle() {
    const { faults } = world.state;
    const shown = JSON.stringify(faults);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    this.#clear.hidden = !faults.length;
    fill(this.#list, faults.length ? faults.map((fault) => this.#item(fault)) : element("li", { class: "nothing" }, say("faultNone")));
  }

  #item(fault) {
    const detail = { errcode: fault.errcode, http: fault.status, slow: `${fault.delay} s`, template_status: fault.status }[fault.kind];
    const often = [fault.share < 1 && `${Math.round(fault.share * 100)} %`, fault.times && say("faultLeft", { times: fault.times }), say("faultHits", { hits: fault.hits, seen: fault.seen })];
    return element(
      "li",
      { class: "fault" },
      element("div", { class: "fault__text" }, element("strong", {}, name(fault.kind), detail !== undefined && element("span", { class: "tag tag--bad" }, String(detail))), element("code", {}, fault.path), element("small", {}, often.filter(Boolean).join(" · "))),
      element("button", { type: "button", class: "button button--small", "aria-label": say("faultRemove", { kind: name(fault.kind) }), onclick: () => this.#remove(fault.id) }, "✕"),
    );
  }

  #row(use, node) {
    node.dataset.use = use;
    return node;
  }

  #fit() {
    const kind = this.#form.elements.namedItem("kind").value;
    const used = USES[kind] ?? [];
    for (const node of this.#form.querySelectorAll("[data-use]")) node.hidden = !used.includes(node.dataset.use);
  }

  #preset(values) {
    for (const [key, value] of Object.entries(values)) this.#form.elements.namedItem(key).value = String(value);
    this.#fit();
    this.#form.querySelector("[type=submit]").focus();
  }

  async #add(event) {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(this.#form));
    const used = USES[given.kind] ?? [];
    const body = { kind: given.kind === "slow_callback" ? "slow" : given.kind };
    if (used.includes("path")) body.path = given.path.trim() || "*";
    if (ON_CALLBACKS.has(given.kind)) body.path = "callback";
    if (used.includes("errcode")) body.errcode = Number(given.errcode);
    if (used.includes("status")) body.status = Number(given.status);
    if (used.includes("receipt")) body.status = given.receipt;
    if (used.includes("delay")) body.delay = Number(given.delay);
    if (given.times) body.times = Number(given.times);
    if (given.share && Number(given.share) !== 100) body.share = Number(given.share) / 100;
    await this.attempt(() => control.post("/faults", body));
    world.refresh();
  }

  async #remove(id) {
    await this.attempt(() => control.remove(id === undefined ? "/faults" : `/faults/${id}`));
    world.refresh();
  }
}
