// What this browser remembers: language, colours, which phones are out. Everything else lives on the platform.

const KEY = "codesvc.sandbox";

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

const DEFAULTS = { language: null, theme: "auto", account: null, phones: null, chats: {}, seen: {}, console: true, page: "phones", tab: "journal", person: null };

export const preferences = { ...DEFAULTS, ...load() };

/** Changes some and remembers them. */
export function prefer(changes) {
  Object.assign(preferences, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // A browser that refuses storage still shows the page; it forgets on reload.
  }
}

/** Applies the choice of colours; `auto` leaves it to the system. */
export function applyTheme() {
  const { theme } = preferences;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
