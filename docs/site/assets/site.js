// What the theme's script makes gets names for those who listen to the page, and wide tables can be reached by keys.
const word = document.documentElement.lang.startsWith("zh") ? "代码" : "Code";
const name = () => {
  document.querySelectorAll("nav.md-code__nav").forEach((each, place) => each.setAttribute("aria-label", `${word} ${place + 1}`));
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((each) => { each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1; });
};
new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", name);
name();
// The theme's search listens to keys only: a text that was pasted by a long press or spoken counts as one.
document.querySelector(".md-search__input")?.addEventListener("input", ({ target }) => target.dispatchEvent(new KeyboardEvent("keyup")));
