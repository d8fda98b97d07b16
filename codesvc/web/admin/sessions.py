"""Sessions of operators: a signed cookie, form tokens against CSRF, and a rate limit for passwords.

A session is a signed text with the name, a random id and a fingerprint of the password. So it ends when the password
changes or the name is removed. A sign-out is kept in the store until the session would have expired.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadSignature, URLSafeTimedSerializer
from redis.exceptions import RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.limits import NO_ADDRESS, Rate, encode
from codesvc.domain.passwords import NOBODY, fingerprint, is_password
from codesvc.store.keys import DEPLOYMENT, signed_out
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config import Operator
    from codesvc.domain.keyring import Keyring
    from codesvc.store.store import Store

_TRIES: Final = encode((Rate(5, 900), Rate(30, 86_400)))
"""Limits per address, not per name: an attacker who knows a name must not lock its owner out (DESIGN rule 3)."""
_MOST_WAITING: Final = 8


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session; `name` is "" before signing in."""

    name: str
    id: str


class Sessions:
    """Creates and reads sessions.

    Args:
        store: keeps login attempts and sign-outs.
        keyring: the keys for signatures.
        operators: the operators by name.
        seconds: the lifetime of a session.
    """

    def __init__(self, store: Store, keyring: Keyring, operators: Mapping[str, Operator], seconds: int) -> None:
        self._store = store
        self._operators = operators
        self.seconds = seconds
        keys = keyring.token_keys("admin session")
        self._signer = URLSafeTimedSerializer(keys, salt="session", signer_kwargs={"digest_method": sha256})
        self._form_key = keyring.token_keys("admin form")[-1]
        self._busy = asyncio.Semaphore(1)
        self._waiting = 0

    def visitor(self) -> tuple[Session, str]:
        """A session before signing in, and its cookie."""
        return self._made("", "")

    def _made(self, name: str, mark: str) -> tuple[Session, str]:
        session = Session(name, secrets.token_urlsafe(18))
        return session, str(self._signer.dumps([name, session.id, mark]))

    async def read(self, cookie: str) -> Session | None:
        """The session of a cookie; None if it is not valid, has expired, or was signed out.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        session = self._parsed(cookie)
        if session is None or not session.name:
            return session
        try:
            gone = await self._store.at(DEPLOYMENT).exists(signed_out(self._store.prefix, session.id))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"a session cannot be read ({type(error).__name__})") from None
        return None if gone else session

    def _parsed(self, cookie: str) -> Session | None:
        try:
            told: Any = self._signer.loads(cookie[:1024], max_age=self.seconds)
        except BadSignature:
            return None
        name, identifier, mark = told
        operator = self._operators.get(name)
        if name and (operator is None or not hmac.compare_digest(mark, fingerprint(operator.password))):
            return None
        return Session(name, identifier)

    async def sign_in(self, name: str, password: str, address: str | None) -> tuple[Outcome, int, str]:
        """Try a password: DONE with a cookie, REFUSED, or LIMITED with the seconds to wait.

        Raises:
            StoreUnavailable: the store does not answer; then no sign-in is possible.
        """
        if self._waiting >= _MOST_WAITING:
            return Outcome.LIMITED, 5, ""
        wait = await self._admit(address, right=False)
        if wait:
            return Outcome.LIMITED, wait, ""
        operator = self._operators.get(name)
        line = operator.password if operator else NOBODY
        self._waiting += 1
        try:
            async with self._busy:
                # In a thread, one at a time, because each check takes 0.1 s and 32 MiB.
                right = await asyncio.to_thread(is_password, line, password[:1024])
        finally:
            self._waiting -= 1
        if operator is None or not right:
            return Outcome.REFUSED, 0, ""
        await self._admit(address, right=True)
        return Outcome.DONE, 0, self._made(name, fingerprint(line))[1]

    async def _admit(self, address: str | None, *, right: bool) -> int:
        """Seconds to wait, 0 if the try may be made."""
        admitted = await self._store.audit.admit_login(address or NO_ADDRESS, rates=_TRIES, right=right)
        return -(-admitted.wait_ms // 1000)

    async def sign_out(self, session: Session) -> None:
        """End a session before its time.

        Raises:
            StoreUnavailable: no answer.
        """
        try:
            await self._store.at(DEPLOYMENT).set(signed_out(self._store.prefix, session.id), "1", ex=self.seconds + 60)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"a session cannot be ended ({type(error).__name__})") from None

    def form_token(self, session: Session) -> str:
        """The token against CSRF for the forms of this session."""
        return hmac.new(self._form_key, session.id.encode(), sha256).hexdigest()[:32]

    def is_form(self, session: Session, token: str) -> bool:
        """Whether the token is that of this session, so that the form comes from the service's own page."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode(errors="replace"))
