// What the theme's script makes gets names for those who listen to the page, and wide tables can be reached by keys.
const word = document.documentElement.lang.startsWith("zh") ? "代码" : "Code";
// A hit is a page and, below it, the section that answers best: the page's title leads there, too, not to the page's top.
const lead = () => {
  document.querySelectorAll(".md-search-result__item").forEach((hit) => {
    const [page, section] = hit.querySelectorAll(":scope > .md-search-result__link");
    if (section && page.href !== section.href) page.href = section.href;
    // Who asks for an errcode is led to its row.
    const code = document.querySelector(".md-search__input").value.match(/\b\d{5}\b/)?.[0];
    for (const each of code ? [page, section] : []) if (each?.hash === "#errcodes") each.hash = code;
  });
};
const name = () => {
  document.querySelectorAll("nav.md-code__nav").forEach((each, place) => each.setAttribute("aria-label", `${word} ${place + 1}`));
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((each) => { each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1; });
};
new MutationObserver(() => { name(); lead(); }).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", name);
if (/^#\d{5}$/.test(location.hash) && !document.getElementById(location.hash.slice(1))) location.replace("#errcodes");
name();
// The theme's search listens to keys only: a text that was pasted by a long press or spoken counts as one.
document.querySelector(".md-search__input")?.addEventListener("input", ({ target }) => target.dispatchEvent(new KeyboardEvent("keyup")));
