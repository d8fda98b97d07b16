// What happens: asking the service, hearing from it, typing; and the two ways in, an attribute and a call.

// An element of the page with this name would stand in the property's place, so it is read past those.
const own = Reflect.get(Document.prototype, "currentScript", document)?.src;
const hosts = new WeakMap(); // element -> {root, leave}
const PATIENCE_MS = 4000;

// Of `settle(error, result)` the first call counts.
function open(element, { token, locale, signal, base, follow, renew = true }, settle) {
  const t = speaker(languageOf(element, locale));
  const service = base ? new URL(`${base.replace(/\/$/, "")}/`) : new URL(".", own);
  const pageOf = (token) => new URL(`p/${encodeURIComponent(token)}`, service).href;
  const over = new AbortController(); // ends what is under way, and every listener outside the shadow tree
  let page = pageOf(token), shown = ""; // the page, and the one whose state is shown: a successor takes the place of what has ended
  let state, source, poll, patience, beat, leaving, told = "", wanted = "", sending = false, resent = false, attached = false;
  let expiresAt = 0, resendAt = 0, overdue = "";

  const panel = makePanel(t, follow, { check: () => box.confirm(), typed: (event) => box.typed(event), resend, turn, copy, picture: () => `${page}/qr.svg`, show(kind) { wanted = kind; draw(); } });
  const announcer = h("p.sr", { role: "status" });
  const offline = h("p.offline", { role: "status", hidden: "" });
  const card = h("div.card", { role: "group", lang: t.tag }, offline, panel.root, announcer);
  const root = hosts.get(element)?.root ?? element.attachShadow({ mode: "open" });
  // What the page offers in the widget's place is seen until the widget draws, and where it may not.
  const offer = h("slot"), room = h("div.room", {}, element.textContent.trim() ? offer : card);
  root.replaceChildren(room);
  dress(root);
  hosts.set(element, { root, leave: () => { clearTimeout(leaving); end(new DOMException("", "AbortError")); } });
  const $ = (selector) => root.querySelector(selector);
  const box = makeCodeBox($, () => ({ length: state.code_length, digits: state.code_digits, reference: state.reference, left: state.attempts_left }), t, check);

  const tell = (kind, detail) => element.dispatchEvent(
    new CustomEvent(`codesvc:${kind}`, { detail, bubbles: true, composed: true, cancelable: kind === "approved" }));

  function end(error, result) {
    if (over.signal.aborted) return;
    over.abort();
    source?.close();
    for (const timer of [poll, patience, beat]) clearTimeout(timer);
    settle(error, result);
  }

  // The service is asked until it answers.
  function away() {
    if (over.signal.aborted) return;
    tellReach(offline, t, false);
    if (!state) room.append(card);
    askAround();
  }

  function reached() {
    if (!tellReach(offline, t, true)) return;
    box.found();
    relisten();
  }

  function giveUp(problem, message) {
    announcer.textContent = panel.trouble(problem).join(" ");
    room.replaceChildren(card, offer);
    offline.hidden = true;
    tell("error", { problem, message, fatal: true });
    end(new CodesvcError(problem, message));
  }

  // Asking ---------------------------------------------------------------------------------------------------------

  // An answer that does not come is none; browsers before 2023 wait for as long as the network does.
  const within = (ms) => AbortSignal.any?.([over.signal, AbortSignal.timeout(ms)]) ?? over.signal;

  async function ask(act, body) {
    const asked = fetch(`${page}/${act}`, {
      headers: { "Accept-Language": t.tag, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
      cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal: within(body ? 4 * PATIENCE_MS : PATIENCE_MS),
    });
    const [answer] = await Promise.all([asked, learn()]);
    const members = await answer.json(); // the page of a proxy in front of a service that is down is no JSON
    if (!answer.ok) throw new CodesvcError(String(members.type).split("/").pop(), members.detail, members);
    reached();
    if (!members.page_token) return apply(members);
    page = pageOf(members.page_token);
    wanted = "";
    await ask("state");
  }

  async function look() {
    try {
      await ask("state");
    } catch (error) {
      if (over.signal.aborted) return;
      if (error.problem === "not-found") return giveUp("missing", error.message);
      if (!state && !(error instanceof CodesvcError) && await answers()) {
        return giveUp("refused", `${location.origin} is no origin of the site, or ${service.origin} made no such token.`);
      }
      if (!(error instanceof CodesvcError) || error.problem === "unavailable") away();
      else if (!source) askAround();
    }
  }

  async function learn() {
    await t.learn(service);
    if (card.dir) return;
    card.setAttribute("aria-label", t("service"));
    card.dir = t("dir");
    const busy = $(".busy");
    if (busy) busy.textContent = t("loading");
  }

  // To a script a refused origin and a cut line look alike; what anybody may read tells them apart.
  async function answers() {
    try {
      await learn();
      return (await fetch(new URL("widget.d.ts", service), { cache: "no-store", credentials: "omit", signal: over.signal })).ok;
    } catch { return false; }
  }

  function askAround() { if (!over.signal.aborted && !(shown === page && ended(state))) poll ??= setInterval(look, 3000); }

  function listen() {
    source?.close();
    source = new EventSource(`${page}/events`);
    // The first event comes at once. Where a proxy holds events back, it does not, and looking has to do.
    clearTimeout(patience);
    patience = setTimeout(askAround, PATIENCE_MS);
    source.addEventListener("change", (event) => {
      clearTimeout(patience);
      clearInterval(poll);
      poll = undefined;
      reached();
      // An event knows neither the time nor the reader's language: it says that there is news, the state says which.
      if (!sending && mark(JSON.parse(event.data)) !== mark(state)) look();
    });
    source.addEventListener("error", () => { askAround(); look(); });
  }

  // A stream that was refused for good, by a proxy or where too many are open, is asked for again only after an outage,
  // and when the person comes back: looking does until then.
  function relisten() { if (source?.readyState === 2 && !ended(state)) listen(); }

  function mark({ status, over, delivery, expires_at: expires, resend_at: again, attempts_left: left, scan }) {
    return JSON.stringify([status, over, delivery, expires, again, left, scan?.keyword]);
  }

  const ended = ({ status, over }) => over ?? status !== "pending";

  // Showing --------------------------------------------------------------------------------------------------------

  function apply(fresh) {
    if (over.signal.aborted || (state && Date.parse(fresh.now) < Date.parse(state.now))) return;
    const before = shown === page && state, shift = Date.now() - Date.parse(fresh.now);
    if (!renew) fresh.renew = null;
    // Nobody is led to an address that a browser runs in the customer's page.
    for (const way of ["return_to", "link"]) /^https?:/i.test(fresh[way]) || (fresh[way] = null);
    if (before?.delivery?.channel !== fresh.delivery?.channel) wanted = ""; // it has come; who does not see it can ask again
    if (!state) wear(fresh);
    state = fresh;
    shown = page;
    // By the service's clock: what this one shows does not matter.
    [expiresAt, resendAt] = [fresh.expires_at, fresh.resend_at].map((moment) => Date.parse(moment) + shift);
    draw();
    if (before && mark(before) === mark(fresh)) return;
    tell("change", { status: fresh.status, ...(fresh.delivery && { delivery: { ...fresh.delivery } }) });
    if (over.signal.aborted) return; // a listener of the event removed the element
    if (ended(fresh)) return finish();
    if (!before) {
      beat ??= setInterval(tick, 500);
      listen();
    }
  }

  // The site's own looks; what the page around says in --codesvc-… comes before them (widget.css).
  function wear({ brand, site }) {
    for (const [name, value] of Object.entries(brand ?? {})) card.style.setProperty(`--b-${name}`, value);
    card.dataset.frame = brand?.qr_frame;
    room.replaceChildren(card);
    if (brand?.logo) offline.after(h("p.brand", {}, h("img", { src: brand.logo, alt: site })));
  }

  function finish() {
    const { status, confirmed = status === "approved", return_to: back } = state;
    const go = tell(confirmed ? "approved" : "ended", { status });
    if (follow && go && back) leaving = setTimeout(() => location.assign(back), state.disown ? 8000 : 1400);
    if (!state.renew && !state.disown) return end(null, { status });
    // It has ended; what the person may get in its place, or take back, is told by events.
    source?.close();
    clearInterval(poll);
    poll = undefined;
    settle(null, { status });
  }

  function draw() {
    const focused = root.activeElement, [title, hint] = panel.draw(state, { wanted, resent });
    if (told && told !== title) {
      announcer.textContent = `${title} ${hint}`;
      if (state.delivery?.status !== "awaiting_scan") { // a code is on its way
        box.free();
        $(".entry form")?.scrollIntoView({ block: "nearest" });
      }
    }
    told = title;
    if (focused && !focused.isConnected) $(".headline").focus({ preventScroll: true });
    box.settle();
    tick();
  }

  function tick() {
    if (attached && !element.isConnected) return hosts.get(element).leave();
    attached = element.isConnected;
    const left = (moment) => Math.max(0, Math.ceil((moment - Date.now()) / 1000));
    const time = $("time"), button = state.delivery && $(".quiet"), wait = left(resendAt);
    if (time) {
      time.textContent = clock(left(expiresAt));
      if (!left(expiresAt) && overdue !== state.expires_at) { overdue = state.expires_at; setTimeout(look, 700); }
    }
    if (button) {
      button.textContent = wait ? t("resend.in", { time: clock(wait) }) : t("resend");
      button.setAttribute("aria-disabled", wait > 0); // not `disabled`, which would take the focus away
    }
  }

  // Acting ---------------------------------------------------------------------------------------------------------

  // "" when it was done, else the name of what went wrong.
  async function act(kind, body) {
    sending = true;
    try {
      await ask(kind, body);
      return "";
    } catch (error) {
      if (over.signal.aborted) return "aborted";
      const { problem, members } = error.problem === "unavailable" ? {} : error; // a service that is busy has done nothing
      if (!problem) away();
      explain(problem ?? (navigator.onLine ? "unreachable" : "offline"), members);
      return problem ?? "offline";
    } finally { sending = false; }
  }

  function explain(name, { attempts_left: left = state.attempts_left, retry_after: wait = 1, limit } = {}) {
    if (name.endsWith("-ended")) return; // the state that is asked for next says it better
    state.attempts_left = left; // known before the state is asked for again: the last attempt may be typed by then
    const values = { left, reference: state.reference, wait: t.wait(wait) };
    const message = t(t.best(`problem.${name}.${limit}`, state.scan && `problem.${name}.scan`, `problem.${name}`, "problem.internal"), values);
    $("#problem").textContent = message;
    if (name === "guess-budget") {
      if (state.scan) wanted = "open";
      draw();
      box.block(wait, message);
    }
    tell("error", { problem: name, message, fatal: false });
  }

  async function check(code) {
    const input = $("#code"), button = $("#check .primary");
    if (sending) return;
    button.setAttribute("aria-disabled", "true");
    button.textContent = t("code.submitting");
    const wrong = await act("check", { code });
    button.removeAttribute("aria-disabled");
    button.textContent = t("code.submit");
    if (wrong === "offline") box.lost();
    if (wrong === "wrong-code" || wrong === "malformed-code") {
      box.put("");
      $(".code").classList.add("bad");
      input.setAttribute("aria-invalid", "true");
      input.focus({ preventScroll: true });
    }
    box.settle();
    if (wrong) look(); // how many attempts are left, and what was heard meanwhile
  }

  async function resend() {
    if (sending || resendAt > Date.now()) return;
    const wrong = await act("resend", {});
    resent = !wrong;
    if (over.signal.aborted) return;
    if (wrong) look();
    draw();
  }

  async function turn(kind) {
    clearTimeout(leaving);
    if (!sending && await act(kind, {})) look();
  }

  async function copy(button, text, opens) {
    if (await useCopy(button, text, opens, root, t("keyword.copied"))) announcer.textContent = t("keyword.copied");
  }

  // Coming back from WeChat: the phone may have cut the line meanwhile.
  const here = { signal: over.signal };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { relisten(); look(); } }, here);
  addEventListener("online", look, here);
  addEventListener("offline", away, here);
  signal?.addEventListener("abort", () => { root.replaceChildren(); end(signal.reason); }, here);
  look();
}

// Into the page --------------------------------------------------------------------------------------------------------

function verify(element, options) {
  return new Promise((resolve, reject) => {
    if (!(element instanceof Element) || !options?.token) throw new TypeError("verify(element, {token})");
    if (!options.base && !own) throw new TypeError("a module needs `base`");
    options.signal?.throwIfAborted();
    hosts.get(element)?.leave();
    open(element, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

function begin() {
  for (const element of document.querySelectorAll("[data-codesvc-token]")) {
    const { codesvcToken: token, codesvcLocale: locale } = element.dataset;
    // Whoever writes an attribute hears of it by events; nobody awaits this promise.
    if (token) verify(element, { token, locale, follow: true }).catch(() => {});
  }
}

window.codesvc = Object.freeze({ verify, CodesvcError });
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
