"""Sessions of operators: a signed cookie, form tokens against CSRF, and the browsers that are known.

A session is a signed text with the name, a random id and a fingerprint of the password. So it ends when the password
changes or the name is removed. A sign-out is kept in the store until the session would have expired.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from codesvc.domain.clock import is_over, unix_ms
from codesvc.domain.passwords import NOBODY, fingerprint
from codesvc.store.availability import OrUnavailable
from codesvc.store.outcomes import Outcome
from codesvc.store.partitions import DEPLOYMENT
from codesvc.web.admin.sign_in_lanes import SignInLanes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.config import Operator
    from codesvc.domain.keyring import Keyring
    from codesvc.store.store import Store
    from codesvc.web.admin.sign_in_lanes import Visitor

KNOWN_SECONDS: Final = 90 * 86_400
"""How long a browser is known after its last sign-in."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session; `name` is "" before signing in."""

    name: str
    id: str


class Sessions:
    """Creates and reads sessions.

    Args:
        seconds: the lifetime of a session.
        now: this process's clock, ms.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        operators: Mapping[str, Operator],
        seconds: int,
        *,
        now: Callable[[], int] = unix_ms,
    ) -> None:
        self._store = store
        self._now = now
        self._operators = operators
        self.seconds = seconds
        keys = keyring.token_keys("admin session")
        self._signers = {
            near: URLSafeTimedSerializer(keys, salt=salt, signer_kwargs={"digest_method": sha256})
            for near, salt in ((False, "session"), (True, "session at the operators' listener"))
        }
        self._form_key = keyring.token_keys("admin form")[-1]
        self._known = URLSafeTimedSerializer(keys, salt="known browser", signer_kwargs={"digest_method": sha256})
        self._lanes = SignInLanes(store)

    def visitor(self, *, near: bool) -> tuple[Session, str]:
        """A session before signing in, and its cookie; `near`: for the operators' listener."""
        return self._made("", "", near=near)

    def _made(self, name: str, mark: str, *, near: bool) -> tuple[Session, str]:
        session = Session(name, secrets.token_urlsafe(18))
        return session, str(self._signers[near].dumps([name, session.id, mark]))

    async def read(self, cookie: str, *, near: bool) -> Session | None:
        """The session of a cookie; None if it is not valid, has expired, or was signed out.

        A session of the operators' listener (`near`) is none elsewhere: browsers send its cookie to every port there.
        """
        session = self._read_with(self._signers[near], cookie, self.seconds)
        if session is None or not session.name:
            return session
        with OrUnavailable("a session cannot be read"):
            gone = await self._store.at(DEPLOYMENT).exists(self._store.keys.signed_out(session.id))
        return None if gone else session

    def _read_with(self, signer: URLSafeTimedSerializer, cookie: str, seconds: int) -> Session | None:
        try:
            content: Any
            content, signed = signer.loads(cookie[:1024], return_timestamp=True)
        except BadSignature:
            return None
        # A process whose clock is a little ahead may have signed it. The library counts that as expired.
        since = round(signed.timestamp() * 1000)
        if is_over(self._now(), since=since, ends=since + seconds * 1000):
            return None
        name, identifier, mark = content
        operator = self._operators.get(name)
        if name and (operator is None or not hmac.compare_digest(mark, fingerprint(operator.password))):
            return None
        return Session(name, identifier)

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> tuple[Outcome, int, str]:
        """Try a password: DONE with a cookie, REFUSED, or LIMITED with the seconds to wait.

        Raises:
            StoreUnavailable: the store does not answer; then no sign-in is possible.
        """
        operator = self._operators.get(name)
        line = operator.password if operator else NOBODY
        outcome, wait = await self._lanes.try_password(visitor, line, password)
        if outcome is not Outcome.DONE:
            return outcome, wait, ""
        if operator is None:
            return Outcome.REFUSED, 0, ""
        return Outcome.DONE, 0, self._made(name, fingerprint(line), near=visitor.near)[1]

    def known(self, cookie: str) -> Session | None:
        """Who signed in last in a browser that has signed in before, and its id; None for any other.

        A browser is known until `KNOWN_SECONDS` after its last sign-in, and until the password that it used changes.
        """
        found = self._read_with(self._known, cookie, KNOWN_SECONDS)
        return found if found is not None and found.name else None

    def make_known(self, name: str, before: str) -> str:
        """The cookie of a browser in which this operator has signed in; a known browser keeps its id."""
        mark = fingerprint(self._operators[name].password)
        return str(self._known.dumps([name, before or secrets.token_urlsafe(18), mark]))

    async def sign_out(self, session: Session) -> None:
        """End a session before its time."""
        with OrUnavailable("a session cannot be ended"):
            await self._store.at(DEPLOYMENT).set(self._store.keys.signed_out(session.id), "1", ex=self.seconds + 60)

    def form_token(self, session: Session) -> str:
        """The token against CSRF for the forms of this session."""
        return hmac.new(self._form_key, session.id.encode(), sha256).hexdigest()[:32]

    def is_form(self, session: Session, token: str) -> bool:
        """Whether the token is that of this session, so that the form comes from the service's own page."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode(errors="replace"))
