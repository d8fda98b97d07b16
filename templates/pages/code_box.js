// What the hosted page and the drop-in widget share: whether the service is reached, and the box for the code.

// Say on a line that the service cannot be reached, by the fault of this device's network or not, or that it is `found`
// again. Answers whether it has just been found.
function tellReach(line, t, found) {
  if (found && (line.hidden || line.classList.contains("back"))) return false;
  clearTimeout(line.calming);
  line.classList.toggle("back", found);
  line.textContent = t(found ? "reconnected" : navigator.onLine ? "down" : "offline");
  line.hidden = !line.textContent;
  if (found) line.calming = setTimeout(() => { line.hidden = true; }, 4000);
  return found;
}

// Digits of any script, by their place in its run of ten.
const digit = (c, n = c.codePointAt(0), v = 0) => { while (v < 9 && /\p{Nd}/u.test(String.fromCodePoint(n - v - 1))) v++; return v; };
// As `visible` and `normalise` in codesvc/domain/typed_text.py.
const visible = (text) => text.normalize("NFKC").replace(/\p{Nd}/gu, (c) => digit(c)).replace(/[\s\p{Z}]+/gu, " ").replace(/[\p{C}\p{M}]/gu, "").trim();
const bare = (text) => text.replace(/[\p{Z}\p{P}\u2212]/gu, "").toUpperCase();

// What a text says as a code of this length: `code` (maybe incomplete) or `choices`, and `fault`, the reason not to send it.
// A whole message is read too: the code is its one run of that length, and two letters in brackets are its reference.
function readCode(text, { length, digits, reference }) {
  const seen = visible(text), whole = bare(seen), own = digits ? /^\d*$/ : /^[0-9A-Z]*$/;
  if (whole.length <= length && (own.test(whole) || /^[0-9A-Z]*$/.test(whole))) {
    return { code: whole, fault: !own.test(whole) ? "letters" : whole.length < length ? "short" : "" };
  }
  // In a message codes of letters are written in capitals. Halves may stand apart: 439 334.
  const one = digits ? "\\d" : "[2-9A-HJ-NP-Z]", half = length / 2;
  const halves = length % 2 ? "" : `|${one}{${half}}[ \\-\u2010-\u2015]${one}{${half}}`;
  const runs = seen.match(new RegExp(`(?<![0-9A-Za-z])(?:${one}{${length}}${halves})(?![0-9A-Za-z])`, "g")) ?? [];
  const choices = [...new Set(runs.map(bare))];
  const marks = [...seen.matchAll(/[(\[\u3010]\s*([A-Z]{2})\s*[)\]\u3011]/g)].map((mark) => mark[1]);
  const other = marks.length && !marks.includes(reference) ? marks[0] : "";
  if (choices.length === 1) return { code: choices[0], fault: other && "other", other, pasted: seen };
  if (choices.length) return { code: "", choices, fault: "several", pasted: seen };
  if (/^[0-9A-Z]*$/.test(whole) && whole.length <= 2 * length) return { code: whole, fault: "long" };
  return { code: "", fault: "none", pasted: seen };
}

// `find`: selector -> element; `format`: -> {length, digits, reference, left}; `t`: key, values -> text; `send`: code.
function makeCodeBox(find, format, t, send) {
  let before = "", tried = "", blockedUntil = 0, why = "", unsent = false;
  const blocked = () => blockedUntil > Date.now();

  function say(text, choices = []) {
    find("#problem").textContent = text;
    find(".code").classList.toggle("bad", !!text);
    if (!text) find("#code").removeAttribute("aria-invalid");
    find("#choices").replaceChildren(...choices.map((choice) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "choice", textContent: choice });
      button.addEventListener("click", () => { put(choice); say(""); go(choice, true); });
      return button;
    }));
  }

  function explain({ fault, other, choices, pasted = "" }) {
    const { length, reference } = format();
    say(t(`code.${fault}`, { length, reference, other, pasted: pasted.length > 60 ? `${pasted.slice(0, 60)}…` : pasted }), choices);
  }

  function put(code) {
    find("#code").value = code;
    settle();
  }

  // Never sends the same code twice or uses the last attempt by itself: the person has to press the button, and is asked to.
  function go(code, asked) {
    if (blocked()) return;
    if (!asked && (code === tried || format().left <= 1)) return say(t("code.check"));
    tried = code;
    unsent = false;
    send(code);
  }

  function typed(event) {
    const { length } = format(), input = find("#code"), read = readCode(input.value, format()), fresh = read.code !== before;
    if (read.fault === "long" && event?.inputType === "insertText" && before.length === length) return put(before); // the box is full
    if (read.code !== input.value) input.value = read.code;
    settle();
    if (blocked()) return;
    // While it is being typed nothing is missing yet.
    if (read.fault && read.fault !== "short") return explain(read);
    if (read.code) say("");
    if (!read.fault && fresh) go(read.code, false);
  }

  function confirm() {
    const read = readCode(find("#code").value, format());
    if (blocked()) return;
    if (!read.fault) return go(read.code, true);
    explain(read);
    find("#code").focus({ preventScroll: true });
  }

  // Draw what depends on what is in the box; after each change of the page too.
  function settle() {
    const input = find("#code"), button = find("#check .primary");
    if (!input) return;
    before = input.value;
    find(".slots").querySelectorAll("i").forEach((slot, index) => slot.classList.toggle("next", index === input.value.length));
    button.classList.toggle("unready", blocked() || readCode(input.value, format()).fault !== "");
    button.setAttribute("aria-disabled", blocked());
    find(".times")?.classList.toggle("blocked", blocked());
    if (blocked() && find("#problem").textContent !== why) find("#problem").textContent = why;
  }

  // A code that has come since, by a scan or the keyword, may be tried whatever was spent before.
  function free() {
    if (!blockedUntil || !find("#code")) return;
    blockedUntil = 0;
    say("");
    put("");
  }

  return {
    typed, confirm, settle, put, free,
    // The service was not reached: nothing was sent, and when it is `found` again the button sends it.
    lost() {
      tried = "";
      unsent = true;
    },
    found() {
      if (unsent && find("#code")) say(t("code.check"));
      unsent = false;
    },
    // A budget is spent: until then nothing is sent.
    block(seconds, text) {
      [blockedUntil, why] = [Date.now() + seconds * 1000, text];
      settle();
      setTimeout(() => blocked() || free(), seconds * 1000 + 50);
    },
  };
}
