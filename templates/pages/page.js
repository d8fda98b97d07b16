"use strict";
// Everything here is comfort: without it the forms post and the page is drawn anew. The server draws every state; this
// asks for the panel again when something has changed, puts in place what differs, and counts seconds.
(() => {
  const page = document.getElementById("page");
  const home = document.getElementById("panel");
  const announcer = document.getElementById("announcer");
  const offline = document.getElementById("offline");
  const words = JSON.parse(document.getElementById("words").textContent);
  let base = page.dataset.base; // of the successor, once the page has started one
  const pollMs = 3000, patienceMs = 5000;
  let query = page.dataset.query;
  let drawn = new Map(); // part -> its HTML as the server drew it, before this script changed anything in it
  let turn = 0; // of requests: an answer that a later request has overtaken is thrown away
  let sending = false, refreshing = false, stale = false;
  let latest = ""; // the state heard of last
  let source, poll, clock, leaving, goal;

  const $ = (selector) => home.querySelector(selector);
  const t = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const panel = () => home.firstElementChild;
  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const box = makeCodeBox($, () => {
    const { length, digits, reference, left } = $("#check").dataset;
    return { length: Number(length), digits: Boolean(digits), reference, left: Number(left) };
  }, t, () => submit($("#check")));

  // Drawing ------------------------------------------------------------------------------------------------------

  function settle() {
    // The server says how many seconds are left: what this clock shows does not matter.
    for (const element of home.querySelectorAll("[data-in]")) element.until ??= Date.now() + element.dataset.in * 1000;
    for (const button of home.querySelectorAll(".copy")) button.hidden = false;
    const done = $(".done");
    if (done && !done.offered) { done.offered = true; offerDone(done); }
    tick();
    const blocked = $("#check")?.dataset.blocked;
    if (blocked) {
      delete $("#check").dataset.blocked;
      if ($("[data-part=scan]")) query = "?scan=open";
      box.block(Number(blocked), $("#problem").textContent);
    }
    box.settle();
    const go = panel().dataset.go;
    if (go !== goal) {
      goal = go;
      clearTimeout(leaving);
      // Time to see whose WeChat was linked, where that can be taken back.
      if (go) leaving = setTimeout(() => location.replace(go), $(".disown") ? 8000 : 1400);
    }
    if (panel().dataset.status !== "pending") hush();
  }

  function put(html, answered) {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".panel");
    if (!fresh) throw new TypeError("not a panel");
    // An outdated refresh must not replace the answer to a form.
    if (!answered && fresh.dataset.key === panel().dataset.key && fresh.dataset.scan === panel().dataset.scan) return;
    const before = panel(), headline = $("#headline").textContent, note = $(".good");
    const old = parts(before), made = parts(fresh);
    const html_of = new Map([...made].map(([name, part]) => [name, part.outerHTML]));
    if ([...old.keys()].join() === [...made.keys()].join()) {
      for (const { name, value } of [...fresh.attributes]) before.setAttribute(name, value);
      if (!fresh.dataset.go) delete before.dataset.go;
      for (const [name, part] of made) {
        if (html_of.get(name) !== drawn.get(name)) keeping(old.get(name), () => old.get(name).replaceWith(part));
      }
    } else {
      fresh.classList.add("fresh");
      keeping(before, () => before.replaceWith(fresh));
    }
    drawn = html_of;
    // That it was sent again stays true while one sees how it goes.
    if (note && !answered && panel().dataset.status === "pending" && !$(".good")) $(".head").append(note);
    settle();
    if (panel().dataset.base !== base) goOn();
    const title = $("#headline").textContent;
    if (title !== headline) announcer.textContent = `${title} ${$(".head p").textContent}`;
    // A code is on its way: the box for it is open, and comes into view.
    if (title !== headline && !answered && !panel().dataset.key.includes("awaiting_scan")) {
      box.free();
      $("#code")?.closest(".entry").scrollIntoView({ block: "nearest" });
      // What brought it is needed no more; who does not see it can ask again.
      if (query && $(".replied, .scanned")) {
        query = "";
        history.replaceState(null, "", base);
        refresh();
      }
    }
    if (!$("#code") && document.activeElement === document.body) $("#headline").focus();
  }

  // This page now shows the successor that it has started.
  function goOn() {
    base = panel().dataset.base;
    query = latest = "";
    history.replaceState(null, "", base);
    $("#headline").focus();
    if (panel().dataset.status === "pending") { run(); listen(); }
  }

  // What has been typed, and where, survives a new drawing; a refused code does not.
  function keeping(element, change) {
    const input = element.querySelector("#code"), active = document.activeElement;
    const had = input && { text: input.value, focused: active === input, at: input.selectionStart };
    const focus = active && element.contains(active) && active.id;
    change();
    const next = $("#code");
    if (had && next) {
      const refused = next.getAttribute("aria-invalid") === "true";
      next.value = refused ? "" : had.text;
      if (had.focused || refused) next.focus({ preventScroll: true });
      if (had.focused && !refused) next.setSelectionRange(had.at, had.at);
    } else if (focus) document.getElementById(focus)?.focus();
  }

  // Who comes back an hour after the end finds nothing here any more: the server says so, and where to start again.
  function isGone({ status }) {
    if (status === 404) location.reload();
    return status === 404;
  }

  async function ask(address, options = {}) {
    const mine = ++turn;
    const response = await fetch(address, {
      ...options,
      headers: { Accept: "text/html", "X-Codesvc-Part": "panel" },
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(options.method ? 4 * patienceMs : patienceMs),
    });
    if (isGone(response)) return;
    const html = await response.text();
    if (mine !== turn) return;
    if (!html.includes('class="panel"')) throw new TypeError(String(response.status));
    reached();
    put(html, Boolean(options.method));
  }

  async function refresh() {
    stale = true;
    if (refreshing || sending) return;
    refreshing = true;
    try {
      while (stale && !sending) {
        stale = false;
        await ask(base + query);
      }
    } catch { away(); } finally { refreshing = false; }
  }

  // Acting -------------------------------------------------------------------------------------------------------

  async function submit(form) {
    const button = form.querySelector("button"), label = button.textContent;
    if (sending) return;
    sending = true;
    button.setAttribute("aria-disabled", "true");
    if (form.id === "check") button.textContent = t("code.submitting");
    if (form.className === "disown") clearTimeout(leaving);
    try {
      await ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    } catch {
      $("#problem").textContent = t(navigator.onLine ? "problem.unreachable" : "problem.offline");
      if (form.id === "check") box.lost();
      away();
    } finally {
      sending = false;
      if (button.isConnected) { button.removeAttribute("aria-disabled"); button.textContent = label; tick(); box.settle(); }
      if (stale || (latest && latest !== panel().dataset.key)) refresh();
    }
  }

  async function copy(button) {
    if (await useCopy(button, button.dataset.copy, button.dataset.open, home, t("keyword.copied"))) announcer.textContent = t("keyword.copied");
  }

  home.addEventListener("submit", (event) => {
    if ("leave" in event.target.dataset) return;
    event.preventDefault();
    if (event.target.id === "check") box.confirm();
    else submit(event.target);
  });
  home.addEventListener("input", (event) => { if (event.target.id === "code" && !event.isComposing) box.typed(event); });
  home.addEventListener("compositionend", (event) => { if (event.target.id === "code") box.typed(event); });
  home.addEventListener("click", (event) => {
    const button = event.target.closest(".copy"), link = event.target.closest("[data-scan-link]");
    if (button) copy(button);
    if (link) {
      event.preventDefault();
      query = link.getAttribute("href");
      history.replaceState(null, "", query);
      refresh();
    }
  });
  home.addEventListener("error", (event) => {
    if (event.target.tagName === "IMG") event.target.replaceWith(t($("#keyword") ? "scan.broken" : "scan.broken.alone"));
  }, true);

  // Time ---------------------------------------------------------------------------------------------------------

  function tick() {
    for (const element of home.querySelectorAll("[data-in]")) {
      const left = Math.max(0, Math.ceil((element.until - Date.now()) / 1000));
      const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (element.tagName === "TIME") {
        element.textContent = text;
        if (!left && !element.over) { element.over = true; setTimeout(refresh, 700); }
      } else {
        element.disabled = left > 0;
        element.textContent = left ? t("resend.in", { time: text }) : t("resend");
      }
    }
  }
  const run = () => { clearInterval(clock); clock = setInterval(tick, 500); };

  // Hearing ------------------------------------------------------------------------------------------------------

  // As the server writes it into data-key; a bind intent or login has no delivery.
  function keyOf({ status, delivery, expires_at: expires, resend_at: again, attempts_left: left, over }) {
    const seen = delivery ? [status, delivery.channel, delivery.status, delivery.reason ?? "", expires, again, left] : [status, expires, Number(over)];
    return seen.join("|");
  }

  function heard(state) {
    reached();
    const key = keyOf(state);
    latest = key;
    // While a form is under way its answer is newer than this, and says more.
    if (key !== panel().dataset.key && !sending) refresh();
  }

  async function look() {
    try {
      const response = await fetch(`${base}/state`, { cache: "no-store", signal: AbortSignal.timeout(patienceMs) });
      if (isGone(response)) return;
      if (response.ok) heard(await response.json());
      else if (response.status >= 500) away();
    } catch { away(); }
  }

  // The service is asked until it answers.
  function away() {
    if (panel().dataset.status !== "pending") return;
    tellReach(offline, t, false);
    askAround();
  }

  function reached() {
    if (!tellReach(offline, t, true)) return;
    box.found();
    if (source?.readyState === 2) listen();
  }

  const askAround = () => { poll ??= setInterval(look, pollMs); };
  const rest = () => { clearInterval(poll); poll = undefined; };

  function hush() { source?.close(); rest(); clearInterval(clock); }

  function listen() {
    source?.close();
    if (!window.EventSource) return askAround();
    source = new EventSource(`${base}/events`);
    // The first event comes at once. Where a proxy holds events back, it does not, and looking has to do.
    const patience = setTimeout(askAround, 4000);
    source.addEventListener("change", (event) => { clearTimeout(patience); rest(); heard(JSON.parse(event.data)); });
    source.addEventListener("error", () => { askAround(); look(); });
  }

  // Coming back from WeChat: the phone may have cut the line meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || panel().dataset.status !== "pending") return;
    look();
    if (source?.readyState === 2) listen();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("online", look);
  addEventListener("offline", away);

  drawn = new Map([...parts(home)].map(([name, part]) => [name, part.outerHTML]));
  run();
  settle();
  if (panel().dataset.status === "pending") listen();
})();
