"""The objects that every handler of the shop needs, and rendering of pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.demo.languages import locale_of, page_environment, translated
from codesvc.demo.notices import NOTICES
from codesvc.demo.sessions import SESSION

if TYPE_CHECKING:
    from codesvc.demo.accounts import Accounts
    from codesvc.demo.activity import Activity
    from codesvc.demo.service_calls import ServiceCalls, ServiceError
    from codesvc.demo.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Shop:
    """The parts of the website.

    Attributes:
        public_url: the website's own address, without a slash at the end.
        activity: the events that the service reported, if a webhook is set up.
        phone_url: where visitors of the demonstration find a phone with WeChat; "" for none.
        by_keyword: whether people send a keyword to get a code, because the account can push nothing.
    """

    accounts: Accounts
    sessions: Sessions
    service: ServiceCalls
    public_url: str
    activity: Activity | None = None
    phone_url: str = ""
    by_keyword: bool = False


SHOP: Final = web.AppKey("shop", Shop)
_GOOD: Final = frozenset(
    {"welcome", "password-changed", "unbound", "bound", "code-sent", "signed-in", "mode-shadow", "mode-live"}
)
"""Messages that say that something has succeeded."""


def page(request: web.Request, template: str, /, *, status: int = 200, notice: str = "", **values: Any) -> web.Response:
    """Render a page.

    Args:
        request: the request to answer.
        template: the template's name.
        status: the HTTP status.
        notice: key of a message to show; by default the session's message, which is shown once.
        **values: further variables of the template.
    """
    session, locale = request[SESSION], locale_of(request)
    session.notice, notice = "", notice or session.notice
    html = (
        page_environment(locale)
        .get_template(f"{template}.html")
        .render(
            locale=locale,
            csrf=session.csrf,
            customer=request.app[SHOP].accounts.get(session.user),
            notice=translated(NOTICES[notice], locale) if notice else "",
            phone=request.app[SHOP].phone_url,
            by_keyword=request.app[SHOP].by_keyword,
            tone="good" if notice in _GOOD else "bad",
            **values,
        )
    )
    return web.Response(text=html, status=status, content_type="text/html")


def go(url: str) -> web.Response:
    """Redirect the browser with GET (303)."""
    return web.Response(status=303, headers={"Location": url})


def notice_of(error: ServiceError) -> str:
    """The key of the message for an error of the service."""
    return error.problem if error.problem in NOTICES else "unavailable"
