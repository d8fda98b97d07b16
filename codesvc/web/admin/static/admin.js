// What the pages do by themselves: charts, times in the reader's zone, filters that need no button, and news.
"use strict";
(() => {
  const root = document.documentElement;
  const RENEW_MS = 15000;
  root.classList.add("js");

  const two = (n) => String(n).padStart(2, "0");
  function localTimes() {
    for (const time of document.querySelectorAll("time[data-ms]")) {
      const at = new Date(Number(time.dataset.ms));
      const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
      time.textContent = `${"year" in time.dataset ? `${at.getFullYear()}-` : ""}${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
      time.title = at.toISOString();
    }
    for (const zone of document.querySelectorAll("[data-zone]")) zone.textContent = new Intl.DateTimeFormat(root.lang, { timeZoneName: "short" }).formatToParts().find((part) => part.type === "timeZoneName").value;
  }

  // On a phone each row is a card, and each cell says itself what it is.
  function labels() {
    for (const table of document.querySelectorAll("table")) {
      const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
      for (const row of table.querySelectorAll("tbody tr")) [...row.children].forEach((cell, n) => { cell.dataset.label = names[n] || ""; });
    }
  }

  // How old the page is. A page that could not be renewed says so, in place of an old "all is well".
  const STALE_SECONDS = 45;
  let renewed = performance.now();
  function age() {
    const seconds = Math.round((performance.now() - renewed) / 1000);
    for (const part of document.querySelectorAll("[data-age]")) {
      let said = part.querySelector(".ago");
      if (!said) { said = document.createElement("span"); said.className = "ago"; part.append(" ", said); }
      const old = seconds > STALE_SECONDS;
      part.classList.toggle("old", old);
      said.textContent = (old ? part.dataset.old : part.dataset.fresh).replace("{seconds}", String(seconds));
    }
  }

  function show() {
    localTimes();
    labels();
    age();
    window.codesvcCharts?.all();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches(".filters select")) event.target.form.requestSubmit();
  });

  // Somebody who reads a table, writes, or moves through the part is not disturbed.
  const busy = (part) => part.contains(document.activeElement) || part.querySelector("details[open], input:focus, .tip:not([hidden])");

  async function renew() {
    const parts = [...document.querySelectorAll("[data-live]")].filter((part) => !busy(part));
    if (document.hidden || !parts.length) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts) {
        const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
        if (fresh && !busy(part)) part.replaceWith(fresh);
      }
      renewed = performance.now();
      window.codesvcCharts?.forget();
      show();
    } catch { /* The page stays as it is, and the next try comes. */ }
  }

  let resizing = 0;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(() => window.codesvcCharts?.all(), 120); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => window.codesvcCharts?.all());
  // A page that answered a form has nothing at its address to ask for again.
  if (document.querySelector("[data-live]")) setInterval(renew, RENEW_MS);
  setInterval(age, 1000);
  show();
})();
