// What the theme's script makes is named for those who listen to the page, and wide tables can be reached by keys.
const name = () => {
  document.querySelectorAll("nav.md-code__nav").forEach((each) => each.setAttribute("role", "group"));
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((each) => { each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1; });
};
new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", name);
name();
