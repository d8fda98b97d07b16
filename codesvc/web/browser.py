"""Cookies that recognise a browser when it is sent back, by WeChat's web authorisation or by a page of the service."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

from aiohttp import web

from codesvc.domain.device import is_wechat
from codesvc.service.web_authorisation import browser_of
from codesvc.web.api import inputs
from codesvc.web.api.inputs import VisitForm
from codesvc.web.context import services
from codesvc.web.headers import cookie_in, cookie_names, cookies_in, is_ambiguous
from codesvc.web.problem import Problem
from codesvc.web.uris import as_uri

if TYPE_CHECKING:
    from codesvc.domain.oauth_state import ReturnPage
    from codesvc.service.web_authorisation import Visitor
    from codesvc.sites.directory import AccountEntry

LOGIN_COOKIE: Final = "codesvc_oidc_"
"""Begins the name of the cookie of each login that this browser began for an app."""
MOST_LOGINS: Final = 20
"""Logins at apps that one browser may have begun and not finished: no more are begun for it."""
_FINISHED: Final = "."
"""Begins the value of a login's cookie once the app has its answer."""
PERSON_COOKIE: Final = "codesvc_person_"
"""Begins the name of the cookie of a person who has logged in to an app of a site (`codesvc.domain.known_browsers`)."""
_VISIT_COOKIE: Final = "codesvc_visit_"
"""Begins the name of the cookie of each visit (`codesvc.domain.visit_cookie`)."""
_VISIT_NAME: Final = re.compile(rf"{_VISIT_COOKIE}[0-9a-f]{{12}}$", re.ASCII)
_MOST_VISITS: Final = 20
_LIFE_SECONDS: Final = 3_600
_Form = TypeVar("_Form", bound=VisitForm)


def account_in(request: web.Request, name: str) -> AccountEntry:
    """The account with this name.

    Raises:
        Problem: there is none.
    """
    account = services(request).directory.account(name)
    if account is None:
        raise Problem("not-found", "There is no such account.")
    return account


def visit_name(subject: str) -> str:
    """The name of the cookie of a visit about this subject. Visits in several tabs do not disturb each other."""
    return f"{_VISIT_COOKIE}{sha256(subject.encode()).hexdigest()[:12]}"


def visit_cookie(request: web.Request, subject: str) -> str:
    """The browser's cookie for its visit about this subject, "" if it has none that was issued for it."""
    here = services(request)
    cookie = cookie_in(request.headers, here.address.cookie_name(visit_name(subject)))
    return cookie if here.visit_cookies.is_issued(cookie, subject) else ""


async def visitor_of(request: web.Request, account: AccountEntry, subject: str) -> Visitor | None:
    """The identity that this browser has proved for this subject, None if it has proved none."""
    return await services(request).visits.who(account, visit_cookie(request, subject), subject)


def has_planted_cookie(request: web.Request, subject: str) -> bool:
    """Whether the cookie of this visit comes twice. Then neither value counts, and a page says why."""
    return is_ambiguous(request.headers, services(request).address.cookie_name(visit_name(subject)))


def person_cookie(request: web.Request, site: str) -> str:
    """The browser's cookie of an earlier login at a site's app, "" if it has none."""
    return cookie_in(request.headers, services(request).address.cookie_name(PERSON_COOKIE + site))[:128]


def login_browsers(request: web.Request) -> frozenset[str]:
    """The keyed names of this browser: one for each app's login that it began, which the login's successor shares."""
    # The newest come last (RFC 6265 section 5.4).
    newest = _login_cookies(request)[-MOST_LOGINS:]
    return frozenset(browser_of(cookie.removeprefix(_FINISHED)[:64]) for cookie in newest)


def has_most_logins(request: web.Request) -> bool:
    """Whether this browser has begun so many logins that no more are begun for it."""
    return sum(not cookie.startswith(_FINISHED) for cookie in _login_cookies(request)) >= MOST_LOGINS


def _login_cookies(request: web.Request) -> list[str]:
    return cookies_in(request.headers, services(request).address.cookie_name(LOGIN_COOKIE))


def keep_cookie(
    request: web.Request, response: web.Response, cookie: str, *, name: str, seconds: int = _LIFE_SECONDS
) -> None:
    """Set a cookie. SameSite=Lax: it is sent when another site redirects back, but not with another site's form.

    Of visits a browser keeps the latest: links that lead it to ever more of them would make its requests too long.
    """
    address = services(request).address
    if name.startswith(_VISIT_COOKIE):
        names = cookie_names(request.headers, address.cookie_name(_VISIT_COOKIE))
        kept = [each for each in names if _VISIT_NAME.search(each)]
        for old in kept[: max(0, len(kept) - _MOST_VISITS + 1)]:
            response.del_cookie(old, path=address.cookie_path, secure=address.secure, httponly=True, samesite="Lax")
    response.set_cookie(
        address.cookie_name(name),
        cookie,
        max_age=seconds,
        httponly=True,
        secure=address.secure,
        samesite="Lax",
        path=address.cookie_path,
    )


def finish_login(request: web.Request, response: web.Response, *, name: str, seconds: int) -> None:
    """Mark the cookie of a login as that of a finished one, for the same time: its answer may be fetched again."""
    cookie = cookie_in(request.headers, services(request).address.cookie_name(name))
    if cookie:
        keep_cookie(request, response, _FINISHED + cookie.removeprefix(_FINISHED), name=name, seconds=seconds)


def goes_to_wechat(request: web.Request) -> bool:
    """Whether the User-Agent is WeChat's browser. A forged one gains nothing: WeChat does not authorise it."""
    return is_wechat(request.headers.get("User-Agent", ""))


def own_path(request: web.Request) -> str:
    """The path of this request as the browser asked for it, without its query."""
    return services(request).address.path(request.rel_url.raw_path)


def go_to(request: web.Request, route: str) -> web.Response:
    """Redirect to another page of the service with GET (303)."""
    return see_other(services(request).address.path(route))


def see_other(url: str) -> web.Response:
    """Redirect with GET (303) to another host, or to a path that `ServiceAddress` has written."""
    return web.Response(status=303, headers={"Location": as_uri(url), "Cache-Control": "no-store"})


def send_off(request: web.Request, account: AccountEntry, errand: ReturnPage, *, profile: bool) -> web.Response:
    """Redirect to WeChat's web authorisation, which redirects back with a code."""
    here, known = services(request), visit_cookie(request, errand.id)
    cookie = known or here.visit_cookies.begun(errand.id)
    response = see_other(here.visits.authorize_url(account, errand, cookie, profile=profile))
    if not known:
        keep_cookie(request, response, cookie, name=visit_name(errand.id))
    return response


async def read_form(request: web.Request, subject: str, cookie: str, shape: type[_Form]) -> _Form:
    """A form that the service's page about `subject` posted from the browser with this cookie.

    Raises:
        Problem: the form is not of this shape, or comes from another page or browser.
    """
    form = await inputs.read_form(request, shape)
    if not cookie or not services(request).oauth_states.is_form(form.token, browser_of(cookie), subject):
        raise Problem("forbidden", "This form was not sent from our page in this browser.")
    return form
