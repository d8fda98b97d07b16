"""Browser sessions: a signed cookie names a session on the server, and every form carries the session's token."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web
from itsdangerous import BadData, URLSafeTimedSerializer

from codesvc.demo.activity import PATH

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

_COOKIE: Final = "moonhill"
_LIFE_SECONDS: Final = 7 * 86_400
_MOST: Final = 10_000


def _new_token() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-up or a reset that waits for its verification.

    Attributes:
        verification: the verification's id. Only the browser with this session may finish.
        name: the user name of a sign-up.
        password: the hashed password of a sign-up.
        user: for a reset, the customer's id at the service.
    """

    verification: str
    name: str = ""
    password: bytes = b""
    user: str = ""


@dataclass(slots=True)
class Session:
    """One browser's session.

    Attributes:
        user: the id of the customer who is logged in, None for a visitor.
        intent: id of the bind intent or login that this browser started, "" if none.
        handle: the handle of a new person who logged in by a scan, with which they are bound; "" if none.
        ticket: the ticket of a link from the chat that waits for the login, "" if none.
        state: the state with which a ticket from the chat was sent to the service, "" if none.
        notice: key of a message to show once.
        left: the session was replaced by a new one.
        lock: for acts that two tabs must not do at the same time.
    """

    id: str = field(default_factory=_new_token)
    csrf: str = field(default_factory=_new_token)
    user: str | None = None
    sign_up: Pending | None = None
    reset: Pending | None = None
    intent: str = ""
    handle: str = field(default="", repr=False)
    ticket: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    notice: str = ""
    left: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


SESSION: Final = web.RequestKey("session", Session)

GATEWAY_PATH: Final = "/relay/gateway"
"""Where the gateway of the identity system is called (`codesvc.demo.relay`)."""


@web.middleware
async def check_forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse forms that come from another site (CSRF).

    Raises:
        HTTPForbidden: the form has not this session's token.
    """
    # The service's webhook and its calls of the gateway are signed and have no session.
    if request.method == "POST" and request.path not in {PATH, GATEWAY_PATH}:
        token = str((await request.post()).get("csrf", ""))
        if not hmac.compare_digest(token.encode(), request[SESSION].csrf.encode()):
            raise web.HTTPForbidden
    return await handler(request)


class Sessions:
    """Keeps sessions in memory; if there are too many, the oldest are dropped.

    Args:
        secure: whether browsers may send the cookie over HTTPS only.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        # Browsers take a cookie with this prefix over HTTPS, from this host alone.
        self._cookie = f"__Host-{_COOKIE}" if secure else _COOKIE
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._signer = URLSafeTimedSerializer(secrets.token_bytes(32), salt="moonhill session")

    def _of(self, request: web.Request) -> Session:
        try:
            name = self._signer.loads(request.cookies.get(self._cookie, ""), max_age=_LIFE_SECONDS)
        except BadData:
            name = None
        return self._known.get(name) or self._keep(Session())

    def _keep(self, session: Session) -> Session:
        self._known[session.id] = session
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return session

    def replace(self, request: web.Request, new: Session) -> None:
        """Give the browser a new session: at each login and logout, and before a session gets a right.

        Another host of the domain may have set the cookie that the browser brought, and would share that session
        (session fixation).
        """
        old = request[SESSION]
        # The old session stays, without rights: a request of a second tab may still use it, and must not replace the
        # new session's cookie.
        old.left, old.user, old.sign_up, old.reset = True, None, None, None
        old.intent = old.handle = old.ticket = old.state = ""
        request[SESSION] = self._keep(new)

    def end_all(self, user: str) -> None:
        """End all sessions of a customer."""
        for session in self._known.values():
            if session.user == user:
                session.user = None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Attach the session to the request, and the cookie to the response."""
        request[SESSION] = self._of(request)
        response = await handler(request)
        if not response.prepared and not request[SESSION].left:
            self._set_cookie(response, request[SESSION])
        return response

    def _set_cookie(self, response: web.StreamResponse, session: Session) -> None:
        response.set_cookie(
            self._cookie,
            self._signer.dumps(session.id),
            max_age=_LIFE_SECONDS,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )
