"""The variables of `templates/pages/intent.html`, the hosted page of a bind intent or login.

As for a verification, only the server renders the page. Its script requests the rendered panel after each change.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.client.schema import Disown, IntentPage
from codesvc.domain.intent import IntentStatus, Kind
from codesvc.web.api.views import return_address, scan_of, wire_time
from codesvc.web.brand import brand_of, logo_route
from codesvc.web.browser import login_browsers
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.pages.verification_view import (
    begun_elsewhere,
    device,
    explain_ended,
    seconds_until,
    security,
    wants_part,
)
from codesvc.web.uris import origin_of

if TYPE_CHECKING:
    from codesvc.domain.intent import Intent
    from codesvc.domain.signed_links import Links
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.problem import Problem
    from codesvc.web.texts import Speech, Texts

_PARAMETERS: Final = {Kind.BIND: "bind_intent", Kind.LOGIN: "login"}
_SAID_YES: Final = frozenset({IntentStatus.BOUND, IntentStatus.APPROVED, IntentStatus.UNKNOWN})


def return_to(site: SiteEntry, intent: Intent, links: Links) -> str | None:
    """Where the browser goes after the page: the site compares the id with its own session's.

    For a login for a relying party it is the service's own address, which answers the relying party.
    """
    if intent.oidc is not None:
        return links.oidc_return_url(intent.site, intent.id)
    url, parameter = intent.fixed.return_url, _PARAMETERS[intent.kind]
    return return_address(site, url, parameter, intent.id, intent.predecessor or None)


def _headline(t: Speech, intent: Intent, handset: str) -> str:
    """The text id of the headline; the id of its hint follows from it."""
    key = f"{intent.kind.value}.{intent.shown_status.value}"
    method = f"{key}.{intent.method}"
    return t.best(f"{method}.{handset}", method, f"{key}.{handset}", key, f"ask.{intent.status.value}")


def state_of(request: web.Request, site: SiteEntry, intent: Intent) -> IntentPage:
    """What a page token may read, for this browser."""
    here, own = services(request), is_own(intent, login_browsers(request))
    t = speech_of(here.texts, speech_for(request), intent)
    return shown(here.signed_links, t, device(request), site, intent, own=own)


def is_own(intent: Intent, browsers: frozenset[str]) -> bool:
    """Whether a page in the browser with these names may renew the intent.

    Of a login for an app only the browser that began it may: the answer goes to that browser alone.
    """
    return intent.oidc is None or intent.oidc.browser in browsers


def speech_of(texts: Texts, browser: Speech, intent: Intent) -> Speech:
    """The texts of the page: the browser's, unless a relying party has chosen the language (`ui_locales`)."""
    return texts.speech(intent.fixed.locale) if intent.oidc is not None else browser


def shown(links: Links, t: Speech, handset: str, site: SiteEntry, intent: Intent, *, own: bool) -> IntentPage:
    """What a page token may read: no user, no handle. Where to go on stands there once there is something to go to.

    `own`: whether this browser may renew the intent (`is_own`).
    """
    renewable = intent.renewable and own
    by_keyword = site.account.by_keyword
    # A phone cannot scan its own screen: there the keyword is the main way.
    keyword_leads = by_keyword or (intent.method == "scan" and handset == "phone")
    key, said_yes = _headline(t, intent, "phone" if by_keyword else handset), intent.status in _SAID_YES
    name = intent.oidc.spoken(t.name) if intent.oidc else site.config.name.spoken(t.name)
    words = {"site": name, "account": site.account.config.name}
    titles = [f"{key}.keyword"] if keyword_leads else []
    if intent.method == "oauth" and handset == "phone":
        titles = [f"{key}.link"]
    if intent.status is IntentStatus.SCANNED and intent.claimed_how != "scene":
        titles = [f"ask.scanned.{intent.claimed_how or 'oauth'}"]
    # A relying party gets a refusal too.
    goes_on = said_yes or (intent.oidc is not None and intent.over)
    hints = [f"{key}.hint.renew"] if renewable else [f"{key}.hint.keyword"] if by_keyword else []
    page_url = links.page_url(site.name, intent.id)
    return IntentPage(
        status=intent.status.value,
        over=intent.over,
        confirmed=said_yes,
        title=t(t.best(*titles, key), **words),
        hint=t(t.best(*hints, f"{key}.hint"), **words),
        reference=intent.reference,
        **words,
        now=wire_time(intent.now),
        expires_at=wire_time(intent.expires),
        scan=scan_of(site, page_url, intent.keyword) if intent.scannable else None,
        return_to=return_to(site, intent, links) if goes_on else None,
        link=_link(links, site, intent, handset, renewable=renewable),
        renew="scan" if renewable else None,
        by_keyword=by_keyword,
        disown=_disown(t, intent),
        brand=brand_of(site, links.address),
    )


def _disown(t: Speech, intent: Intent) -> Disown | None:
    if not intent.disownable:
        return None
    if intent.over:
        return Disown(question=t("bi.disown.bound"), act=t("bi.disown.undo"))
    return Disown(question=t("bi.disown.scanned"), act=t("bi.disown.cancel"))


def _link(links: Links, site: SiteEntry, intent: Intent, handset: str, *, renewable: bool) -> str | None:
    """The address where a handset's WeChat asks, of web authorisation only: a phone cannot scan its own screen.

    It stays while the page may start a successor, which is then called a new link.
    """
    if intent.method != "oauth" or handset == "desktop":
        return None
    usable = intent.status is IntentStatus.PENDING or renewable
    return links.ask_url(site.account.name, site.name, intent.id) if usable else None


def _scan_part(request: web.Request, intent: Intent, handset: str) -> str:
    """As on a verification's page: `none`, `keyword` (a phone cannot scan its own screen) or `picture`."""
    if intent.status is not IntentStatus.PENDING or (intent.method == "oauth" and handset == "wechat"):
        return "none"
    keyword = intent.scannable and handset == "phone" and request.query.get("scan") != "picture"
    return "keyword" if keyword else "picture"


def page_path(request: web.Request, intent: Intent) -> str:
    """The path of the hosted page."""
    here = services(request)
    return here.address.path(f"/p/{here.signed_links.page_token(intent.site, intent.id)}")


def render_intent(
    request: web.Request, site: SiteEntry, intent: Intent, *, problem: Problem | None = None
) -> web.Response:
    """The page, or only the panel if the page's script asks; a problem sets the status and is said."""
    here, nonce = services(request), secrets.token_urlsafe(16)
    t = speech_of(here.texts, speech_for(request), intent)
    state, handset, base = state_of(request, site, intent), device(request), page_path(request, intent)
    variables = {
        "t": t,
        "nonce": nonce,
        "brand": site.looks,
        "logo": logo_route(site),
        "state": state,
        "kind": intent.kind.value,
        "base": base,
        "query": "?scan=picture" if request.query.get("scan") == "picture" else "",
        "device": handset,
        "method": intent.method,
        "keyword": intent.keyword,
        "scan_part": _scan_part(request, intent, handset),
        "expires_in": seconds_until(intent.expires, intent.now),
        "back": return_to(site, intent, here.signed_links),
        "provider": site.config.name.spoken(t.name) if intent.oidc else "",
        "leave": here.address.path(here.signed_links.oidc_return_route(intent.site, intent.id)) if intent.oidc else "",
        "begun": begun_elsewhere(request, intent.fixed, t),
        "explanation": _why_refused(problem, intent, t, state.site) if problem else "",
    }
    html = here.templates.page("intent_panel" if wants_part(request) else "intent", variables)
    headers = {**(problem.headers if problem else {}), **_security(site, nonce, intent)}
    status = problem.type.status if problem else 200
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


def _why_refused(problem: Problem, intent: Intent, t: Speech, site: str) -> str:
    """Why an act of the page was refused. A binding that the page can take back no more is said to be one."""
    too_late = problem.type.name == "intent-ended" and intent.status is IntentStatus.BOUND
    return t("bi.disown.late", site=site) if too_late else explain_ended(problem, t)


def _security(site: SiteEntry, nonce: str, intent: Intent) -> dict[str, str]:
    """As of every hosted page; one for a relying party may not be framed, and its form may lead back there."""
    if intent.oidc is None:
        return security(site, nonce)
    return security(site, nonce, framed=False, leads_to=_source(intent.oidc.redirect_uri))


def _source(address: str) -> str:
    """The source of a policy for an address. It names no IPv6 address, and an app's own scheme has no host (CSP 3)."""
    scheme = address.partition(":")[0].lower()
    return origin_of(address) if scheme in {"http", "https"} and "[" not in address else f"{scheme}:"
