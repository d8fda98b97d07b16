"""The variables of `templates/pages/person.html`: the pages inside WeChat and the pages of tickets."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.web.brand import logo_route
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.pages.verification_view import device, security

if TYPE_CHECKING:
    from codesvc.domain.record import Fixed
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.texts import Speech


_WANTED_ELSEWHERE: Final = {"open", "other"}
"""Problems of pages that have to be opened in WeChat, or in another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyButton:
    """The button that copies the digits, or the page's own link for another place.

    Attributes:
        text: what is copied.
        opens: whether it leads to WeChat then.
        main: whether it is the page's main button.
    """

    text: str
    label: str
    opens: bool = False
    main: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """The content of the page; the template explains each member."""

    title: str
    hint: str
    subtitle: str = ""
    icon: str = "scan"
    stage: str = "pending"
    lines: tuple[str, ...] = ()
    reference: str = ""
    digits: str = ""
    copy: CopyButton | None = None
    account: str = ""
    action: str = ""
    token: str = ""
    buttons: tuple[tuple[str, str, bool], ...] = ()
    back: tuple[str, str] | None = None


def asked_from(t: Speech, fixed: Fixed) -> str:
    """The device and address of the request, as far as the site has sent them."""
    agent = fixed.agent or t("ask.agent")
    return t("ask.from", agent=agent, place=fixed.place) if fixed.place else t("ask.from.agent", agent=agent)


def render_person_page(
    request: web.Request, site: SiteEntry | None, page: PersonPage, *, status: int = 200, framed: bool = False
) -> web.Response:
    """Render the page; `framed` is as in `security`."""
    t, nonce = speech_for(request), secrets.token_urlsafe(16)
    name = site.config.name.spoken(t.name) if site else t("service")
    variables = {**asdict(page), "t": t, "nonce": nonce, "site": name}
    variables |= {"brand": site.looks if site else None, "logo": logo_route(site) if site else None}
    html = services(request).templates.page("person", variables)
    return web.Response(
        text=html, status=status, content_type="text/html", headers=security(site, nonce, framed=framed)
    )


def _link_of(request: web.Request, t: Speech) -> CopyButton:
    """A way to take this page's link along; on a phone over to WeChat."""
    link, phone = services(request).address.url(request.rel_url.raw_path), device(request) == "phone"
    return CopyButton(text=link, label=t("ask.link.copy") if phone else t("ask.link"), opens=phone, main=phone)


def render_person_problem(
    request: web.Request, site: SiteEntry | None, name: str, *, status: int = 403, framed: bool = False
) -> web.Response:
    """A page that shows only why the act is impossible: the text `ask.{name}` or `tk.{name}`, and its hint."""
    t = speech_for(request)
    key = t.best(f"ask.{name}", f"tk.{name}")
    words = {"site": site.config.name.spoken(t.name) if site else t("service")}
    copy = _link_of(request, t) if name in _WANTED_ELSEWHERE else None
    hint = t(t.best(f"{key}.hint.phone" if copy and copy.opens else "", f"{key}.hint"), **words)
    page = PersonPage(title=t(key, **words), hint=hint, icon="stop", stage="expired", copy=copy)
    return render_person_page(request, site, page, status=status, framed=framed)
