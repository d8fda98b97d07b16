"""The variables of `templates/pages/` for the hosted page of a verification.

Only the server renders the page. After each change its script requests the rendered panel and inserts it. So texts and
rules exist once, with JavaScript and without.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.domain.channels import IN_CHAT
from codesvc.domain.device import PHONE, family
from codesvc.domain.return_key import RETURN_KEY_SECONDS, is_right
from codesvc.web.brand import logo_route
from codesvc.web.browser import keep_cookie
from codesvc.web.context import services
from codesvc.web.headers import cookie_in
from codesvc.web.languages import speech_for

if TYPE_CHECKING:
    from codesvc.client.schema import Delivery, VerificationPage
    from codesvc.domain.record import Fixed, Record
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.problem import Problem
    from codesvc.web.texts import Speech

PART_HEADER: Final = "X-Codesvc-Part"
"""The header with which the page's script requests only the panel."""

_SCAN_PARTS: Final = {"open", "picture"}
_SHOWN: Final = {"keyword", "picture"}
_BUSY: Final = {"unavailable", "wechat-unavailable", "rate-limited"}
_OF_WHAT_IS_TYPED: Final = {"wrong-code", "malformed-code", "invalid", "guess-budget", "resend-too-soon"}


def device(request: web.Request) -> str:
    """`wechat` (its own browser), `phone` (cannot scan its own screen) or `desktop`."""
    agent = request.headers.get("User-Agent", "")[:512]
    if "MicroMessenger" in agent:
        return "wechat"
    return "phone" if PHONE.search(agent) else "desktop"


def stage(status: str, delivery: Delivery, *, test: bool) -> str:
    """Which headline and sentence fit a state: a key of `codesvc.web.texts`."""
    if status != "pending":
        return status
    if test:
        return "test"
    match delivery.status, delivery.channel, delivery.reason:
        case "pending", _, _:
            return "auto"
        case "awaiting_scan", _, None | "no-binding" | "no-channel":
            return "awaiting_scan"
        case "awaiting_scan", _, _:
            return "fallback"
        case "failed", _, "no-binding":
            return "failed.no-binding"
        case "sent" | "delivered", channel, _ if channel in IN_CHAT:
            return "replied"
        case _:
            return delivery.status


def scan_part(request: web.Request, state: VerificationPage, handset: str) -> str:
    """How much of scanning is shown: `none`, `offered`, `keyword`, or `picture` (the QR code and the keyword).

    A picture uses WeChat quota. So it is shown at once only if the person must scan. On a phone the keyword is shown.
    If the account has no QR codes for pages, its own one stands in the picture's place, above the keyword's steps.
    """
    if state.scan is None:
        return "none"
    wanted = request.query.get("scan", "")
    waiting = state.delivery.status == "awaiting_scan"
    if not waiting and wanted not in _SCAN_PARTS:
        return "offered"
    return "keyword" if handset == "phone" and wanted != "picture" else "picture"


def begun_elsewhere(request: web.Request, fixed: Fixed, t: Speech) -> str:
    """Where the site began, for a reader whose browser is of another device family; "" for the same, and if not known.

    A page's address can be sent on. Whoever then types a code there finishes what another person began.
    """
    if not fixed.agent or family(request.headers.get("User-Agent", "")) == fixed.agent:
        return ""
    where = {"agent": fixed.agent, "place": fixed.place}
    return t("begun.elsewhere", **where) if fixed.place else t("begun.elsewhere.agent", **where)


def _wait(problem: Problem) -> int:
    """Seconds until a repeat may succeed; 1 if the problem does not say."""
    return int(problem.members.get("retry_after", problem.headers.get("Retry-After", 1)))


def explain(problem: Problem, state: VerificationPage, t: Speech) -> str:
    """A problem in words for the person who types; "" where the panel already says it."""
    name = problem.type.name
    if name == "verification-ended":
        return ""
    wait = t.wait(_wait(problem))
    keys = [f"problem.{name}.{problem.members.get('limit')}", *([f"problem.{name}.scan"] if state.scan else [])]
    key = t.best(*keys, f"problem.{name}", "problem.internal")
    return t(key, left=state.attempts_left, reference=state.reference, wait=wait)


def _said(problem: Problem, state: VerificationPage, t: Speech) -> str:
    return explain(problem, state, t) if state.status == "pending" else explain_ended(problem, t)


def explain_ended(problem: Problem, t: Speech) -> str:
    """As `explain`, where there is nothing to type: why there is no successor.

    "" where the panel already says how it ended, by the last wrong code for example: what was typed matters no more.
    """
    if problem.type.name.endswith("-ended") or problem.type.name in _OF_WHAT_IS_TYPED:
        return ""
    return t(t.best(f"problem.{problem.type.name}", "problem.internal"), wait=t.wait(_wait(problem)))


def seconds_until(moment: int, now: int) -> int:
    """How long it is until a moment, never less than none; both in ms since 1970."""
    return max(0, round((moment - now) / 1000))


def _variables(
    request: web.Request, site: SiteEntry, record: Record, problem: Problem | None, *, resent: bool, return_key: str
) -> dict[str, Any]:
    here, t = services(request), speech_for(request)
    handset, base = device(request), here.views.page_path(record)
    return_key = return_key or kept_return_key(request, record)
    state = here.views.page(record, site, t.name, return_key=return_key)
    now = stage(state.status, state.delivery, test=state.test)
    reason = state.delivery.reason
    # The texts for a phone speak of the keyword, which is all that an account without QR codes for pages has.
    spoken = "phone" if state.by_keyword else handset
    part = scan_part(request, state, handset)
    blocked = _wait(problem) if problem and problem.type.name == "guess-budget" else 0
    if blocked and part == "offered":
        part = "keyword" if handset == "phone" else "picture"
    anew = [f"{now}.hint.renew"] if state.renew else []
    hint_keys = [*anew, f"{now}.hint.{handset}.{part}", f"{now}.hint.{reason}", f"{now}.hint.{spoken}"]
    hint_keys.append(f"{now}.hint")
    titles = [f"{now}.title.{spoken}", f"{now}.title"]
    if now == "auto" and part in _SHOWN:
        # Whether the user exists or not, only the linked WeChat gets the code (rule 7).
        hint_keys, titles = ["awaiting_scan.hint.no-channel"], ["fallback.title"]
    if now in {"queued", "sent", "unknown"}:
        # Where to look for the code, for channels that have a text of their own.
        hint_keys.insert(0, f"sent.hint.{state.delivery.channel}")
    if now == "approved" and state.return_to is None:
        hint_keys = ["approved.hint.stay"]
    words = {"account": state.account, "site": state.site}
    hint = t(t.best(*hint_keys), **words)
    if now == "auto" and record.gateway and part not in _SHOWN:
        hint = t("contact.hint", **words)
    return {
        "t": t,
        "brand": site.looks,
        "logo": logo_route(site),
        "state": state,
        "base": base,
        "stage": now,
        "device": handset,
        "spoken": spoken,
        "title": t(t.best(*titles), **words),
        "hint": hint,
        "scan_part": part,
        # The forms keep this parameter, so that without a script the QR code stays visible.
        "query": f"?scan={request.query['scan']}" if request.query.get("scan") in _SCAN_PARTS else "",
        "blocked": blocked,
        "digits": state.code_digits,
        "expires_in": seconds_until(record.expires, record.now),
        "resend_in": seconds_until(record.resend_at, record.now),
        "back": here.views.return_to(record, return_key),
        "problem": problem.type.name if problem else None,
        "explanation": _said(problem, state, t) if problem else "",
        "resent": resent,
        "begun": begun_elsewhere(request, record.fixed, t),
    }


def keep_return_key(request: web.Request, response: web.Response, record: Record, return_key: str) -> None:
    """Let the browser keep the key, so that a page that is loaded again still leads back with it."""
    keep_cookie(request, response, return_key, name=_return_name(record), seconds=RETURN_KEY_SECONDS)


def kept_return_key(request: web.Request, record: Record) -> str:
    """The return key of the browser that finished this verification; "" in any other."""
    if not record.return_hash:
        return ""
    kept = cookie_in(request.headers, services(request).address.cookie_name(_return_name(record)))
    return kept if is_right(kept, record.return_hash) else ""


def _return_name(record: Record) -> str:
    return f"codesvc_return_{record.return_hash[:12]}"


def security(site: SiteEntry | None, nonce: str, *, framed: bool = True, leads_to: str = "") -> dict[str, str]:
    """The headers of every page: a strict Content-Security-Policy, no caching, no referrer for other sites.

    Args:
        site: the site whose origins may frame the page and may be the target of its forms' redirects.
        nonce: the nonce of the page's own script and style.
        framed: whether they may frame it. False for a page with a confirm button, against clickjacking.
        leads_to: a further origin that a form of the page may redirect to, "" for none.
    """
    origins = " ".join(("'self'", *(site.config.origins if site else ())))
    frames = origins if framed else "'none'"
    forms = f"{origins} {leads_to}".rstrip()
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        f"connect-src 'self'; form-action {forms}; frame-ancestors {frames}; base-uri 'none'"
    )
    # With no-referrer a browser sends `Origin: null` with a form, so the page's own form would look like another
    # site's. same-origin sends just as little to other sites.
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Language, User-Agent",
    }


def wants_part(request: web.Request) -> bool:
    """Whether the page's own script asks for the panel only."""
    return PART_HEADER in request.headers


def draw(
    request: web.Request,
    site: SiteEntry,
    record: Record,
    *,
    problem: Problem | None = None,
    resent: bool = False,
    return_key: str = "",
) -> web.Response:
    """The page, or only the panel for the page's script; a problem sets the status.

    `return_key`: the one that this browser gets now; one that it has got before is in its cookie.
    """
    variables = _variables(request, site, record, problem, resent=resent, return_key=return_key)
    nonce = secrets.token_urlsafe(16)
    name = "panel" if wants_part(request) else "verification"
    html = services(request).templates.page(name, {**variables, "nonce": nonce})
    status = problem.type.status if problem else 200
    headers = {**(problem.headers if problem else {}), **security(site, nonce)}
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


def render_problem(request: web.Request, problem: Problem) -> web.Response:
    """The page that is shown if the hosted page does not exist or is unavailable now."""
    t, nonce = speech_for(request), secrets.token_urlsafe(16)
    name = problem.type.name
    kind = "missing" if name == "not-found" else "busy" if name in _BUSY else "trouble"
    html = services(request).templates.page("trouble", {"t": t, "kind": kind, "nonce": nonce})
    headers = {**problem.headers, **security(None, nonce)}
    return web.Response(text=html, status=problem.type.status, content_type="text/html", headers=headers)
