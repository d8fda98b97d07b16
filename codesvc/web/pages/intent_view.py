"""The variables of `templates/pages/intent.html`, the hosted page of a bind intent or login.

As for a verification, only the server renders the page. Its script requests the rendered panel after each change.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.client.schema import IntentPage, Scan
from codesvc.domain.intent import IntentStatus, Kind
from codesvc.web.api.views import wire_time
from codesvc.web.brand import brand_of, logo_route
from codesvc.web.browser import own_path
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.pages.verification_view import device, seconds_until, security, wants_part
from codesvc.web.uris import with_parameters

if TYPE_CHECKING:
    from codesvc.domain.intent import Intent
    from codesvc.domain.signed_links import Links
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.texts import Speech

_PARAMETERS: Final = {Kind.BIND: "bind_intent", Kind.LOGIN: "login"}
_SAID_YES: Final = frozenset({IntentStatus.BOUND, IntentStatus.APPROVED, IntentStatus.UNKNOWN})


def return_to(intent: Intent) -> str | None:
    """Where the browser goes after the page: the site compares the id with its own session's."""
    url = intent.fixed.return_url
    return None if url is None else with_parameters(url, **{_PARAMETERS[intent.kind]: intent.id})


def _headline(t: Speech, intent: Intent, handset: str) -> str:
    """The text id of the headline; the id of its hint follows from it."""
    key = f"{intent.kind.value}.{intent.status.value}"
    method = f"{key}.{intent.method}"
    return t.best(f"{method}.{handset}", method, f"{key}.{handset}", key, f"ask.{intent.status.value}")


def state_of(request: web.Request, site: SiteEntry, intent: Intent) -> IntentPage:
    """What a page token may read, for this browser."""
    return shown(services(request).links, speech_for(request), device(request), site, intent)


def shown(links: Links, t: Speech, handset: str, site: SiteEntry, intent: Intent) -> IntentPage:
    """What a page token may read: no user, no handle. Where to go on stands there once there is something to go to."""
    image = f"{links.page_url(site.name, intent.id)}/qr.svg"
    key, said_yes = _headline(t, intent, handset), intent.status in _SAID_YES
    words = {"site": site.config.name.spoken(t.name), "account": site.account.config.name}
    return IntentPage(
        status=intent.status.value,
        over=intent.over,
        confirmed=said_yes,
        title=t(key, **words),
        hint=t(f"{key}.hint", **words),
        reference=intent.reference,
        **words,
        now=wire_time(intent.now),
        expires_at=wire_time(intent.expires),
        scan=Scan(image_url=image, keyword=intent.keyword) if intent.scannable else None,
        return_to=return_to(intent) if said_yes else None,
        brand=brand_of(site, links.address),
    )


def _scan_part(request: web.Request, intent: Intent, handset: str) -> str:
    """As on a verification's page: `none`, `keyword` (a phone cannot scan its own screen) or `picture`."""
    if intent.status is not IntentStatus.PENDING or (intent.method == "oauth" and handset == "wechat"):
        return "none"
    keyword = intent.scannable and handset == "phone" and request.query.get("scan") != "picture"
    return "keyword" if keyword else "picture"


def render_intent(request: web.Request, site: SiteEntry, intent: Intent) -> web.Response:
    """The page, or only the panel if the page's script asks."""
    here, t, nonce = services(request), speech_for(request), secrets.token_urlsafe(16)
    state, handset, base = state_of(request, site, intent), device(request), own_path(request)
    direct = intent.method == "oauth" and handset == "wechat" and intent.status is IntentStatus.PENDING
    address = here.links.ask_url(site.account.name, site.name, intent.id) if intent.method == "oauth" else ""
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
        "link": address if direct else "",
        "address": address,
        "back": return_to(intent),
    }
    html = here.templates.page("intent_panel" if wants_part(request) else "intent", variables)
    return web.Response(text=html, content_type="text/html", headers=security(site, nonce))
