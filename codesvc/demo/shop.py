"""What every handler of the shop needs, and how its pages are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.demo.languages import locale_of, pages_in, said_in
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
        activity: what the service has told by itself, if it tells anything.
    """

    accounts: Accounts
    sessions: Sessions
    service: ServiceCalls
    public_url: str
    activity: Activity | None = None


SHOP: Final = web.AppKey("shop", Shop)


def page(request: web.Request, template: str, /, *, status: int = 200, notice: str = "", **values: Any) -> web.Response:
    """Draw a page.

    Args:
        request: whose.
        template: its name.
        status: of the answer.
        notice: key of a message to show; else the session's, once.
        **values: further variables of the template.
    """
    session, locale = request[SESSION], locale_of(request)
    session.notice, notice = "", notice or session.notice
    html = (
        pages_in(locale)
        .get_template(f"{template}.html")
        .render(
            locale=locale,
            csrf=session.csrf,
            customer=request.app[SHOP].accounts.get(session.user),
            notice=said_in(locale, NOTICES[notice]) if notice else "",
            tone="good" if notice in {"welcome", "password-changed", "unbound", "bound"} else "bad",
            **values,
        )
    )
    return web.Response(text=html, status=status, content_type="text/html")


def go(url: str) -> web.Response:
    """Send the browser on by GET."""
    return web.Response(status=303, headers={"Location": url})


def notice_of(error: ServiceError) -> str:
    """The message for what the service refused."""
    return error.problem if error.problem in NOTICES else "unavailable"
