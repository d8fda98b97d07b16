"""What the hosted page shows of a verification: the variables of `templates/pages/`.

The page is drawn here and nowhere else. Its script asks for the same panel again when something has changed and puts it
in place, so that there is one set of words and one set of rules, with JavaScript and without.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.domain.device import PHONE
from codesvc.web.context import services
from codesvc.web.languages import speech_for

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.problem import Problem
    from codesvc.web.texts import Speech

PART_HEADER: Final = "X-Codesvc-Part"
"""What the page's script sends to be answered with the panel alone."""

_PERSON_READ: Final = {"reply", "customer_service"}
_SCAN_PARTS: Final = {"open", "picture"}
_BUSY: Final = {"unavailable", "wechat-unavailable", "rate-limited"}


def device(request: web.Request) -> str:
    """`wechat` (its own browser), `phone` (cannot scan its own screen) or `desktop`."""
    agent = request.headers.get("User-Agent", "")[:512]
    if "MicroMessenger" in agent:
        return "wechat"
    return "phone" if PHONE.search(agent) else "desktop"


def stage(state: dict[str, Any]) -> str:
    """Which headline and sentence fit the state: a key of `codesvc.web.texts`."""
    if state["status"] != "pending":
        return str(state["status"])
    if state["test"]:
        return "test"
    delivery = state["delivery"]
    match delivery["status"], delivery["channel"], delivery["reason"]:
        case "pending", _, _:
            return "auto"
        case "awaiting_scan", _, None | "no-binding" | "no-channel":
            return "awaiting_scan"
        case "awaiting_scan", _, _:
            return "fallback"
        case "failed", _, "no-binding":
            return "failed.no-binding"
        case "sent" | "delivered", channel, _ if channel in _PERSON_READ:
            return "replied"
        case status, _, _:
            return str(status)


def scan_part(request: web.Request, state: dict[str, Any], handset: str) -> str:
    """How much of scanning is shown: `none`, `offered`, `keyword`, or `picture` (the QR code and the keyword).

    A picture costs WeChat quota, so it is drawn unasked only where it is the way on; on a phone the word is.
    """
    if state["scan"] is None:
        return "none"
    wanted = request.query.get("scan", "")
    waiting = state["delivery"]["status"] == "awaiting_scan"
    if not waiting and wanted not in _SCAN_PARTS:
        return "offered"
    return "keyword" if handset == "phone" and wanted != "picture" else "picture"


def explain(problem: Problem, state: dict[str, Any], t: Speech) -> str:
    """A problem in words for the person who types; "" where the panel already says it."""
    name = problem.type.name
    if name == "verification-ended":
        return ""
    wait = t.wait(int(problem.members.get("retry_after", problem.headers.get("Retry-After", 1))))
    key = t.best(*([f"problem.{name}.scan"] if state["scan"] else []), f"problem.{name}", "problem.internal")
    return t(key, left=state["attempts_left"], reference=state["reference"], wait=wait)


def seconds_until(moment: str, now: str) -> int:
    """How long it is until a moment, never less than none; both RFC 3339."""
    return max(0, round((datetime.fromisoformat(moment) - datetime.fromisoformat(now)).total_seconds()))


def _variables(
    request: web.Request, site: SiteEntry, record: Record, problem: Problem | None, *, resent: bool
) -> dict[str, Any]:
    here, t = services(request), speech_for(request)
    state, handset, base = here.views.page(record, site, t.name), device(request), f"/p/{here.views.page_token(record)}"
    now = stage(state)
    reason = state["delivery"]["reason"]
    part = scan_part(request, state, handset)
    hint_keys = [f"{now}.hint.{handset}.{part}", f"{now}.hint.{handset}", f"{now}.hint.{reason}", f"{now}.hint"]
    if now == "auto" and state["scan"] is None:
        hint_keys = ["auto.hint.closed"]
    if now == "approved" and state["return_to"] is None:
        hint_keys = ["approved.hint.stay"]
    words = {"account": state["account"], "site": state["site"]}
    return {
        "t": t,
        "state": state,
        "base": base,
        "stage": now,
        "device": handset,
        "title": t(t.best(f"{now}.title.{handset}", f"{now}.title"), **words),
        "hint": t(t.best(*hint_keys), **words),
        "scan_part": part,
        # Kept by the forms, so that without a script the QR code stays where it is.
        "query": f"?scan={request.query['scan']}" if request.query.get("scan") in _SCAN_PARTS else "",
        "digits": state["code_digits"],
        "expires_in": seconds_until(state["expires_at"], state["now"]),
        "resend_in": seconds_until(state["resend_at"], state["now"]),
        "back": here.views.return_to(record),
        "problem": problem.type.name if problem else None,
        "explanation": explain(problem, state, t) if problem else "",
        "resent": resent,
    }


def security(site: SiteEntry | None, nonce: str, *, framed: bool = True) -> dict[str, str]:
    """The headers of every page: a strict policy, nothing kept, no address told to others.

    Args:
        site: whose origins may frame the page and be led to by its forms.
        nonce: of the page's own script and style.
        framed: whether they may frame it. Never where a button says yes: what lies under a finger must be seen.
    """
    origins = " ".join(("'self'", *(site.config.origins if site else ())))
    frames = origins if framed else "'none'"
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        f"connect-src 'self'; form-action {origins}; frame-ancestors {frames}; base-uri 'none'"
    )
    # With no-referrer a browser sends `Origin: null` along with a form, and a form of our own would look foreign.
    # same-origin tells other sites just as little.
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Language, User-Agent",
    }


def wants_part(request: web.Request) -> bool:
    """Whether the page's own script asks."""
    return PART_HEADER in request.headers


def draw(
    request: web.Request,
    site: SiteEntry,
    record: Record,
    *,
    problem: Problem | None = None,
    resent: bool = False,
) -> web.Response:
    """The page, or for its script the panel; with the problem's status where there is one."""
    variables, nonce = _variables(request, site, record, problem, resent=resent), secrets.token_urlsafe(16)
    name = "panel" if wants_part(request) else "verification"
    html = services(request).templates.page(name, {**variables, "nonce": nonce})
    status = problem.type.status if problem else 200
    headers = {**(problem.headers if problem else {}), **security(site, nonce)}
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


def draw_trouble(request: web.Request, problem: Problem) -> web.Response:
    """The page that stands in for the hosted page where there is none, or none just now."""
    t, nonce = speech_for(request), secrets.token_urlsafe(16)
    name = problem.type.name
    kind = "missing" if name == "not-found" else "busy" if name in _BUSY else "trouble"
    html = services(request).templates.page("trouble", {"t": t, "kind": kind, "nonce": nonce})
    headers = {**problem.headers, **security(None, nonce)}
    return web.Response(text=html, status=problem.type.status, content_type="text/html", headers=headers)
