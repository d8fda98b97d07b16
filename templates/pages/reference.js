const field = document.querySelector("#find"), none = document.querySelector("#none"), rows = [...document.querySelectorAll("[data-words]")];
if (rows.length) {
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.dataset.words.includes(word));
    for (const group of document.querySelectorAll(".group")) group.hidden = words.length > 0 && !group.querySelector("li:not([hidden])");
    none.hidden = rows.some((row) => !row.hidden);
  };
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.addEventListener("input", show);
  show();
}
const menu = document.querySelector("nav details"), narrow = matchMedia("(max-width: 56rem)");
const fold = () => { menu.open = !narrow.matches; };
narrow.addEventListener("change", fold);
menu.addEventListener("click", (event) => { if (narrow.matches && event.target.closest("a")) menu.open = false; });
fold();
const key = document.querySelector("#key");
if (key) {
  document.querySelector("#trying").hidden = false;
  key.value = sessionStorage.getItem("codesvc-key") ?? "";
  key.addEventListener("input", () => sessionStorage.setItem("codesvc-key", key.value));
}
for (const form of document.querySelectorAll("form.try")) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector(".said"), query = new URLSearchParams(), { method, path, base } = form.dataset;
    let address = path;
    for (const given of form.querySelectorAll("[data-in]")) {
      if (given.dataset.in === "path") address = address.replace(`{${given.name}}`, encodeURIComponent(given.value));
      else if (given.value) query.set(given.name, given.value);
    }
    const headers = key.value ? { Authorization: `Bearer ${key.value}` } : {};
    if (form.elements.body) headers["Content-Type"] = "application/json";
    const asked = String(query);
    try {
      const answer = await fetch(base.replace(/\/$/, "") + address + (asked ? `?${asked}` : ""), { method: method.toUpperCase(), headers, body: form.elements.body?.value });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}
      said.textContent = `${answer.status}\n${shown}`;
    } catch (error) {
      said.textContent = String(error);
    }
    said.hidden = false;
  });
}
