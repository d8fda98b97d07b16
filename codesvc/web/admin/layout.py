"""The common parts of the operator's pages: language, security headers, navigation and the signed-in operator."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from functools import cache, lru_cache, wraps
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from codesvc.domain.channels import Channel
from codesvc.domain.errors import PlatformUnavailable, StoreUnavailable
from codesvc.domain.language_tags import nearest
from codesvc.domain.masking import isolated, shown_user
from codesvc.domain.visible_text import escaped
from codesvc.web.admin.cookies import LANGUAGE_COOKIE, session_in, sessions_of
from codesvc.web.browser import go_to
from codesvc.web.context import services
from codesvc.web.forms import form_of
from codesvc.web.headers import cookie_in
from codesvc.web.languages import asked_by
from codesvc.web.origins import require_own_page
from codesvc.web.problem import Problem
from codesvc.web.texts.speech import Speech, english_and_chinese

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler

    from codesvc.domain.service_address import ServiceAddress
    from codesvc.web.admin.sessions import Session

_SESSION: Final = web.RequestKey("SESSION", object)
_HERE: Final = files(__package__)
_HOUR: Final = 3_600
LANGUAGES: Final = ("zh", "en")
_CHANNELS: Final = {channel.value: channel.traits for channel in Channel}
ASSETS: Final = {
    "admin.css": "text/css",
    "admin.js": "text/javascript",
    "chart.js": "text/javascript",
    "uplot/uPlot.iife.min.js": "text/javascript",
    "uplot/uPlot.min.css": "text/css",
}


def asset(name: str) -> bytes:
    """A shipped static file of the pages."""
    return (_HERE / "static" / name).read_bytes()


VERSION: Final = sha256(b"".join(asset(name) for name in ASSETS)).hexdigest()[:10]
"""Part of the assets' addresses, so that a browser caches them until they change."""

_ISOLATED: Final = re.compile("\u2068([^\u2066-\u2069]*)\u2069")


@cache
def speeches() -> dict[str, Speech]:
    """The texts by language. They are read when the pages are first opened, because it takes 10 % of a start."""
    return english_and_chinese(_HERE / "texts", "admin/texts")


def _seen(value: object) -> object:
    """What a page shows of outside text is seen: whatever would move or reorder the text beside it is an escape.

    `isolated` puts users into marks of direction itself; a pair around a text without others stays.
    """
    if not isinstance(value, str) or escaped(value) == value:
        return value
    parts = map(escaped, _ISOLATED.split(value))
    shown = "".join(f"\u2068{part}\u2069" if number % 2 else part for number, part in enumerate(parts))
    return type(value)(shown)


@lru_cache(maxsize=4)
def _environment(address: ServiceAddress) -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: (_HERE / "templates" / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    environment.globals["own_path"] = address.path
    return environment


class Words:
    """Texts, and the formats of numbers and dates, in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.t = speeches()[language]
        self._locale = "zh_CN" if language == "zh" else "en"

    def number(self, value: float | None) -> str:
        """A whole number with separators; a dash for None."""
        return "–" if value is None else format_decimal(round(value), locale=self._locale)

    def share(self, value: float | None) -> str:
        """A share as a percentage."""
        return "–" if value is None else format_percent(value, "#,##0.#%", locale=self._locale)

    def money(self, value: float, currency: str) -> str:
        """An amount of money."""
        return format_currency(value, currency, locale=self._locale)

    def seconds(self, value: float | None) -> str:
        """A short duration, such as 1.8 s or 4 min."""
        if value is None:
            return "–"
        if value >= _HOUR and not value % _HOUR:
            days = value % (24 * _HOUR) == 0
            return self.t("duration.d" if days else "duration.h", count=round(value / _HOUR / (24 if days else 1)))
        if value < 90:  # noqa: PLR2004  up to 90 s a duration is shown in seconds
            return self.t("duration.s", count=f"{value:.1f}" if value < 10 else f"{value:.0f}")  # noqa: PLR2004
        if value < 5_400:  # noqa: PLR2004
            return self.t("duration.min", count=round(value / 60))
        return self.t("duration.h", count=f"{value / 3600:.1f}")

    def moment(self, ms: int, *, year: bool = False) -> str:
        """A date and time in UTC; the page's script replaces it by the browser's time zone."""
        pattern = "yyyy-MM-dd HH:mm:ss" if year else "MM-dd HH:mm:ss"
        return format_datetime(datetime.fromtimestamp(ms / 1000, UTC), pattern, locale=self._locale)

    def named(self, kind: str, name: str) -> str:
        """The text of `{kind}.{name}`; the name itself if there is no text for it."""
        if kind == "channel" and name in _CHANNELS:
            return str(getattr(_CHANNELS[name], self.language))
        key = f"{kind}.{name}"
        return self.t(key) if ("", key) in self.t.places else name


def words_of(request: web.Request) -> Words:
    """The texts in the language that the operator chose, or that the browser prefers."""
    asked = f"{cookie_in(request.headers, LANGUAGE_COOKIE)},{asked_by(request)}"
    return Words(nearest(asked, LANGUAGES, LANGUAGES[0]))


def signed_in(request: web.Request) -> Session:
    """The session of the signed-in operator; usable only in handlers with `for_operators`."""
    return request[_SESSION]  # type: ignore[return-value]


async def _check_form(request: web.Request, session: Session) -> None:
    require_own_page(request)
    fields = await form_of(request)
    if not sessions_of(request).is_form(session, str(fields.get("token", ""))):
        raise Problem("forbidden", "This form was not sent from our page in this session.")


def for_operators(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Handler:
    """Allow a handler only to signed-in operators, and forms only with their token; errors become pages."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            session = await session_in(request)
            if session is None or not session.name:
                return go_to(request, "/admin/login")
            request[_SESSION] = session
            if request.method == "POST":
                await _check_form(request, session)
            return await handler(request)
        except Problem as problem:
            return _trouble(request, problem.type.name, problem.type.status)
        except (StoreUnavailable, PlatformUnavailable):
            return _trouble(request, "unavailable", 503)

    return answer


def _trouble(request: web.Request, name: str, status: int) -> web.Response:
    key = {"not-found": "missing", "unavailable": "away", "forbidden": "forbidden"}.get(name, "trouble")
    return draw(request, "trouble.html", {"kind": key}, page="", status=status)


def draw(
    request: web.Request, template: str, variables: Mapping[str, Any], *, page: str, status: int = 200
) -> web.Response:
    """Render a page.

    Args:
        request: the request to answer.
        template: the template's file.
        variables: the template's own variables.
        page: the current entry of the navigation.
        status: the HTTP status.
    """
    words, nonce = words_of(request), secrets.token_urlsafe(16)
    session: Any = request.get(_SESSION)
    here = services(request)
    html = (
        _environment(here.address)
        .get_template(template)
        .render(
            {
                "t": words.t,
                "w": words,
                "nonce": nonce,
                "page": page,
                "version": VERSION,
                "operator": session.name if session else "",
                "token": sessions_of(request).form_token(session) if session else "",
                "test_mode": here.settings.mode == "test",
                "path": here.address.path(request.rel_url.raw_path_qs),
                "masked": shown_user,
                "isolated": isolated,
                "several_sites": len(here.directory.sites) > 1,
                **variables,
            }
        )
    )
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)
