// Time and circumstances: the clock, receipts, reviews, callbacks, and the way back to the beginning.

import { control } from "./control.js";
import { field } from "./dialog.js";
import { element, fill } from "./element.js";
import { fullTime, say, span } from "./language.js";
import { Panel, part } from "./panel.js";
import { world } from "./world.js";

const STEPS = [60, 300, 3600, 7200, 86400];
const STATUSES = { success: "receipt_success", "failed:user block": "receipt_block", "failed: system failed": "receipt_system", "failed:freq limit": "receipt_freq", none: "receipt_none" };
const SURE_FOR = 4000;

export class Weather extends Panel {
  #now = element("p", { class: "clock__now" });
  #ahead = element("p", { class: "panel__note" });
  #seconds = element("input", { type: "number", min: "0", value: "600", "aria-label": say("advanceSeconds") });
  #status = element("select", {}, Object.entries(STATUSES).map(([status, key]) => element("option", { value: status }, say(key))));
  #hold = element("input", { type: "checkbox", role: "switch", class: "switch", id: "receipt-hold" });
  #held = element("div", { class: "row" });
  #reviews = element("div", { class: "row" });
  #timeout = element("input", { type: "number", min: "0.1", max: "60", step: "0.1" });
  #attempts = element("input", { type: "number", min: "1", max: "10" });
  #reset = element("button", { type: "button", class: "button button--warn", onclick: () => this.#begin() }, say("reset"));
  #sure = null;
  #drawn = "";

  constructor() {
    super("weather");
    const steps = STEPS.map((step) => element("button", { type: "button", class: "chip", "aria-label": say("advanceBy", { span: span(step) }), onclick: () => this.#advance(step) }, `+${span(step)}`));
    const go = (event) => {
      event.preventDefault();
      this.#advance(Number(this.#seconds.value));
    };
    const free = element("form", { class: "row", onsubmit: go }, this.#seconds, element("button", { type: "submit", class: "button button--small" }, say("advance")));
    this.#status.addEventListener("change", () => this.#change({ receipt_status: this.#status.value }));
    this.#hold.addEventListener("change", () => this.#change({ receipt_hold: this.#hold.checked }));
    this.#timeout.addEventListener("change", () => this.#change({ callback_timeout: Number(this.#timeout.value) }));
    this.#attempts.addEventListener("change", () => this.#change({ callback_attempts: Number(this.#attempts.value) }));
    fill(
      this.node,
      part(say("clock"), this.#now, this.#ahead, element("div", { class: "chips" }, steps), free),
      part(say("receipts"), field(say("receiptStatus"), this.#status), element("label", { class: "cell cell--flat", for: "receipt-hold" }, element("span", { class: "cell__text" }, say("receiptHold")), this.#hold), this.#held),
      part(say("callbacks"), element("div", { class: "row" }, field(say("callbackTimeout"), this.#timeout), field(say("callbackAttempts"), this.#attempts))),
      part(say("reviews"), this.#reviews),
      part(say("resetTitle"), element("p", { class: "panel__note" }, say("resetText")), this.#reset),
    );
  }

  settle() {
    const { settings, held_receipts: held, held_reviews: reviews, clock } = world.state;
    this.tick();
    this.#ahead.textContent = clock.advanced < 1 ? say("clockReal") : say("clockAhead", { span: span(clock.advanced) });
    const shown = JSON.stringify([settings, held, reviews]);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    if (![...this.#status.options].some((option) => option.value === settings.receipt_status)) this.#status.append(element("option", { value: settings.receipt_status }, settings.receipt_status));
    this.#status.value = settings.receipt_status;
    this.#hold.checked = settings.receipt_hold;
    for (const [input, value] of [[this.#timeout, settings.callback_timeout], [this.#attempts, settings.callback_attempts]]) if (document.activeElement !== input) input.value = value;
    const release = element("button", { type: "button", class: "button button--small", disabled: held === 0, onclick: () => this.#post("/receipts/release") }, say("release"));
    fill(this.#held, element("span", { class: "panel__note" }, say("receiptHeld", { count: held })), release);
    const end = (key, approve) => element("button", { type: "button", class: "button button--small", disabled: reviews === 0, onclick: () => this.#post("/reviews/release", { approve }) }, say(key));
    fill(this.#reviews, element("span", { class: "panel__note" }, say("reviewsHeld", { count: reviews })), end("approve", true), end("refuse", false));
  }

  tick() {
    this.#now.textContent = fullTime(world.now());
  }

  #advance(seconds) {
    this.#post("/clock", { advance: seconds });
  }

  async #change(settings) {
    const done = await this.attempt(() => control.patch("/settings", settings));
    if (done) this.tell(say("saved"));
    this.#drawn = "";
    world.refresh();
  }

  async #post(path, body) {
    await this.attempt(() => control.post(path, body));
    world.refresh();
  }

  /** A second press within a few seconds resets; a dialog for it would be one more thing to close. */
  #begin() {
    if (this.#sure === null) {
      this.#reset.textContent = say("resetSure");
      this.#sure = setTimeout(() => this.#relax(), SURE_FOR);
      return;
    }
    this.#relax();
    this.#post("/reset");
  }

  #relax() {
    clearTimeout(this.#sure);
    this.#sure = null;
    this.#reset.textContent = say("reset");
  }
}
