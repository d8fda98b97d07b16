// What is seen: templates/pages/panel.html, from the state as JSON. Each part is made again only when what it shows has
// changed, so that what has been typed, and where, survives.

// `does`: {check, typed(event), resend, turn(act), copy, show, picture()}; `back`: whether to lead to the return address by itself.
function makePanel(t, back, does) {
  const root = h("section.panel", {}, h("p.busy", { "aria-busy": "true" }));
  const drawn = {}; // part -> [what it was made from, element]
  const side = h("div.side"), below = h("div.times"), columns = h("div.columns", {}, side);
  let state, spoken; // the device whose texts fit: also a phone where there is but the keyword

  function part(name, from, make) {
    const key = JSON.stringify(from);
    if (drawn[name]?.[0] !== key) drawn[name] = [key, make()];
    return drawn[name][1];
  }

  const head = (stage, title, hint, good, main) => h("div.head", {},
    h(`span.badge.${stage.replace(".", "-")}`, {}, icon(OF_STAGE[stage] ?? "stop")),
    h("h2.headline", { tabindex: "-1", text: title }),
    h("p", { text: hint }),
    ...[main].flat(),
    good && h("p.good", { role: "status", text: good }));

  const copy = (kind, label, text, opens) => h(`button.${kind}`, { type: "button", text: t(label), onclick: (event) => does.copy(event.currentTarget, text, opens) });
  const keyword = (tag) => h(`${tag}.keyword`, {}, h("code", { id: "keyword", text: state.scan.keyword }), copy("copy", "keyword.copy", state.scan.keyword));
  const name = () => copy("copy.name", "account.copy", state.account);
  // The main thing on a phone: over to WeChat, with what is needed there.
  const onPhone = (scan) => device === "phone" && scan !== "picture" && (scan === "keyword"
    ? copy("primary", "keyword.copy.open", state.scan.keyword, true)
    : [h("a.primary.open", { href: "weixin://", text: t("keyword.wechat") }), name()]);

  function figure(address, alt, waiting, caption = alt) {
    // A phone can neither keep an SVG among its photos nor read one by a long press.
    const source = device === "desktop" ? address : address.replace(/svg$/, "png");
    const image = h("img", { src: source, alt: t(alt, state), referrerpolicy: "no-referrer" });
    image.addEventListener("error", () => image.replaceWith(t("scan.broken")));
    return h("figure", {},
      h("span.qr", {}, image),
      h("figcaption", { text: t(caption, state) }, waiting && h("span.waiting", { text: t("scan.waiting") })));
  }

  // A way that on a phone stands behind the main button, and opens for who wants it.
  const fold = (kind, label, ...parts) => h(`${label ? "details" : "div"}.${kind}`, {}, label && h("summary", { text: t(label) }), ...parts);

  const picture = (address, alt, waiting) => fold("scan", state.link && "scan.picture",
    figure(address, alt, waiting, t.best(`scan.caption.${device}`, "scan.caption")),
    state.scan && h("p.or", { text: t("keyword.or") }),
    state.scan && keyword("p"));

  // Also where the account has no QR codes for pages: its own picture, if there is one, is for following.
  const steps = (last) => fold("scan.steps", device === "phone" && "keyword.how",
    state.scan.picture === "follow" && figure(state.scan.image_url, "follow.caption"),
    h("ol", {},
      h("li", { text: t("keyword.step.copy") }, keyword("span")),
      h("li", { text: t("keyword.step.open", state) }, name()),
      h("li", { text: t(last) })),
    device === "phone" && !state.by_keyword && h("button.copy", { type: "button", text: t("scan.picture"), onclick: () => does.show("picture") }));

  const problem = () => h("p.problem", { id: "problem", role: "alert" });
  const anew = (kind, label) => h(`button.${kind}`, { type: "button", text: t(label), onclick: () => does.turn("renew") });
  // Called by what the person then uses first; `used`, where another WeChat has scanned.
  const renewal = (kind, used) => anew(kind, `renew.${state.renew !== "scan" ? state.renew : state.link ? "link" : spoken === "phone" ? "keyword" : used}`);
  const used = () => state.renew && part("used", 0, () => renewal("second", state.disown ? "scan" : "used"));
  const again = () => part("anew", state.renew, () => h("div.end", {}, renewal("primary", "scan"), problem()));

  const tiles = (letters) => h("div.reference", {},
    h("p", {}, h("span", { text: t("reference.label") }), h("small", { text: t("reference.hint") })),
    h("p.tiles", { role: "img", "aria-label": letters.join(" ") }, ...letters.map((letter) => h("b", { text: letter }))));

  function entry() {
    const { reference, code_length: length, code_digits: digits } = state, letters = [...reference];
    const input = h("input", {
      id: "code", name: "code", type: "text", inputmode: digits ? "numeric" : "text", autocomplete: "one-time-code", autocapitalize: "characters",
      autocorrect: "off", spellcheck: "false", enterkeyhint: "done", required: "", "aria-describedby": "problem note",
      oninput: (event) => { if (!event.isComposing) does.typed(event); }, oncompositionend: does.typed,
    });
    const cells = h("div.code", {}, h("span.slots", { "aria-hidden": "true" }, ...Array.from({ length }, () => h("i"))), input);
    cells.style.setProperty("--n", length);
    return h("div.entry", {},
      tiles(letters),
      h("form", { id: "check", novalidate: "", onsubmit: (event) => { event.preventDefault(); does.check(); } },
        h("label", { for: "code", text: t(digits ? "code.label.digits" : "code.label", { length }) }),
        cells,
        h("span.sr", { id: "note", text: `${t("reference.label")} ${letters.join(" ")}` }),
        problem(),
        h("p.choices", { id: "choices" }),
        h("button.primary", { text: t("code.submit") })));
  }

  const repeat = h("button.quiet", { type: "button", onclick: does.resend });
  const rest = () => part("rest", 0, () => h("p", {}, icon("clock"), `${t("expires")} `, h("time")));

  function times(stage, scan) {
    const seen = ["scanned", "replied"].includes(stage) ? "scan.again" : "scan.offer", label = t(t.best(`${seen}.${spoken}`, seen));
    arrange(below, [rest(), !["awaiting_scan", "failed.no-binding"].includes(stage) && repeat, scan === "offered" && part("offer", label, () => h("button.second", { type: "button", onclick: () => does.show("open") }, icon("scan"), label)), used()]);
    return below;
  }

  // By this a person says that the WeChat account that scanned is not theirs, as templates/pages/parts.html does.
  const disown = () => state.disown && part("disown", state.disown, () => h("div.times", {},
    h("p.or.doubt", { text: state.disown.question }), h(`button.${state.renew ? "quiet" : "second"}`, { type: "button", text: state.disown.act, onclick: () => does.turn("disown") }), !state.renew && problem()));

  const foot = (said) => h("footer", {}, h("p", {}, icon("shield"), t(said)));
  const onward = () => h("div.end", {}, h("a.primary", { href: state.return_to, text: t("back.now") }));

  // `wanted`: how the person asked to get the code ("", open, picture). Answers with the headline and the sentence below it.
  function draw(fresh, { wanted, resent }) {
    state = fresh;
    spoken = state.by_keyword ? "phone" : device;
    root.className = state.delivery ? "panel" : "panel intent";
    if (!state.delivery) return drawIntent(wanted);
    const stage = stageOf(state), { status, channel, reason } = state.delivery, waiting = status === "awaiting_scan", leads = back && state.return_to;
    const scan = !state.scan ? "none" : !waiting && !wanted ? "offered" : device === "phone" && wanted !== "picture" ? "keyword" : "picture";
    const other = stage === "auto" && state.scan && scan !== "offered", pending = state.status === "pending";
    const closed = other ? "awaiting_scan.hint.no-channel" : stage === "approved" && !leads ? "approved.hint.stay" : "queued sent unknown".includes(stage) && `sent.hint.${channel}`;
    const title = t(t.best(other && "fallback.title", `${stage}.title.${spoken}`, `${stage}.title`), state);
    const hint = t(t.best(state.renew && `${stage}.hint.renew`, closed, `${stage}.hint.${device}.${scan}`, `${stage}.hint.${reason}`, `${stage}.hint.${spoken}`, `${stage}.hint`), state);
    const shown = [part("head", [stage, title, hint, resent, scan], () => head(stage, title, hint, pending && resent && !waiting && t("resend.sent"), pending && ((channel !== "gateway" && !stage.startsWith("failed")) || scan === "keyword") && onPhone(scan)))];
    if (pending) {
      const way = () => state.by_keyword || scan === "keyword" ? steps("keyword.step.send") : picture(state.scan.image_url, "scan.alt", waiting);
      arrange(side, [part("entry", [state.reference, state.code_length], entry), times(stage, scan)]);
      arrange(columns, [state.scan && scan !== "offered" && part("scan", [scan, state.scan, waiting], way), side]);
      shown.push(columns, part("foot", 0, () => foot("safety")));
    } else if (leads) shown.push(part("end", state.return_to, onward));
    else if (state.renew) shown.push(again());
    root.dataset.scan = scan; // none after the end: nothing can be scanned then
    arrange(root, shown);
    return [title, hint];
  }

  // A bind intent or login: the service says how it stands, and there is nothing to type.
  function drawIntent(wanted) {
    const { status, over, confirmed, title, hint, reference } = state, leads = back && over && state.return_to;
    const onWechat = device === "wechat" && state.link;
    const scan = status !== "pending" || onWechat ? "none" : state.scan && device === "phone" && wanted !== "picture" ? "keyword" : "picture";
    const main = () => !state.link ? onPhone(scan) : onWechat ? h("a.primary", { href: state.link, text: title }) : copy("primary", "ask.link.copy", state.link, true);
    const way = () => state.by_keyword || scan === "keyword" ? steps("ask.step.send") : picture(state.scan?.image_url ?? does.picture(), "ask.scan.alt", true);
    const shown = [part("head", [status, title, hint, scan], () => head(confirmed ? "approved" : status, title, hint, false, !over && main()))];
    if (!over) {
      const how = scan === "picture" && device === "desktop" && state.scan && !state.by_keyword && part("how", 0, () => h("ol.how", {},
        ...["scan", "follow", "yes"].map((step) => h("li", { text: t(`ask.step.${step}`, state) }))));
      const waits = status === "scanned" && part("waits", 0, () => h("p.or", {}, h("span.waiting", { text: t("ask.waiting") })));
      arrange(below, [rest(), used(), used() && part("why", 0, problem)]);
      arrange(side, [how, part("entry", reference, () => tiles([...reference])), waits, below, disown()]);
      arrange(columns, [scan !== "none" && part("scan", [scan, state.scan], way), side]);
      shown.push(columns, part("foot", 0, () => foot("ask.safety")));
    } else if (leads) shown.push(part("end", leads, onward));
    else if (state.renew) shown.push(again());
    if (over) shown.push(disown());
    root.dataset.scan = scan;
    arrange(root, shown);
    return [title, hint];
  }

  // Replaces the panel where the token is missing or refused.
  function trouble(kind) {
    const said = [t(`${kind}.title`), t(`${kind}.hint`)];
    root.replaceChildren(head("failed", ...said));
    return said;
  }

  return { root, draw, trouble };
}
