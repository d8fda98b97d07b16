// A customer's own script by the published types of the widget. What they forbid must not compile: where a line below an
// expectation were no error, tsc would complain about the expectation.
/// <reference path="./widget.d.ts" />
import type { CodesvcConfirmed, CodesvcError, CodesvcOptions, CodesvcResult } from "./widget.js";

async function signUp(box: HTMLElement, token: string): Promise<CodesvcConfirmed | "start again"> {
  const stop = new AbortController();
  box.addEventListener("codesvc:change", ({ detail }) => console.log(detail.status, detail.delivery?.reason ?? ""));
  box.addEventListener("codesvc:approved", (event) => event.preventDefault());
  box.addEventListener("codesvc:error", ({ detail }) => detail.fatal && console.warn(detail.problem, detail.message));
  const options: CodesvcOptions = { token, locale: "en", signal: stop.signal, base: "https://code.example.com", follow: false };
  try {
    const { status }: CodesvcResult = await window.codesvc.verify(box, options);
    switch (status) {
      case "approved": case "unknown": case "bound": return status;
      case "expired": case "canceled": case "exhausted": case "superseded": case "declined": case "conflict": return "start again";
      default: return status satisfies never;
    }
  } catch (error) {
    if (error instanceof codesvc.CodesvcError) console.error((error satisfies CodesvcError).problem);
    throw error;
  }
}
void signUp;

// @ts-expect-error  the token is missing
void codesvc.verify(document.body, {});
// @ts-expect-error  an element is wanted, not a selector
void codesvc.verify("#verify", { token: "t" });
// @ts-expect-error  no proof ever reaches the browser
void codesvc.verify(document.body, { token: "t" }).then(({ proof }) => proof);
// @ts-expect-error  a promise that is fulfilled has ended
const ended: CodesvcResult = { status: "pending" };
void ended;
// @ts-expect-error  there is no such event
document.addEventListener("codesvc:finished", (event: CustomEvent) => event.detail);
