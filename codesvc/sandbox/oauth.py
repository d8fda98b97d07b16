"""Web authorisation: codes and the tokens they are exchanged for (WECHAT.md 11).

A code is good once and for five minutes; an sns access token lives two hours, a refresh token 30 days from the
exchange and is not renewed by use. None of this touches the account's own access tokens.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.identifiers import mint_access_token, mint_oauth_code

Scope = Literal["snsapi_base", "snsapi_userinfo"]
CODE_LIFE = 300
TOKEN_LIFE = 7200
REFRESH_LIFE = 30 * 86400


@dataclass(frozen=True)
class Identity:
    """Whom a page gets to know. In a snapshot all three ids are virtual (WECHAT.md 11.3)."""

    appid: str
    openid: str
    unionid: str | None
    nickname: str
    scope: Scope
    snapshot: bool = False


@dataclass
class _Code:
    identity: Identity
    expires_at: float
    used: bool = False


@dataclass(frozen=True)
class Session:
    """What an exchange gives; times in seconds since the epoch."""

    identity: Identity
    access_token: str
    expires_at: float
    refresh_token: str
    refresh_expires_at: float


@dataclass
class Grants:
    """Every code and session of every account."""

    _codes: dict[str, _Code] = field(default_factory=dict)
    _by_token: dict[str, Session] = field(default_factory=dict)
    _by_refresh: dict[str, Session] = field(default_factory=dict)

    def issue(self, identity: Identity, now: float) -> str:
        """A new code for a consent, silent or given."""
        code = mint_oauth_code()
        self._codes[code] = _Code(identity, now + CODE_LIFE)
        return code

    def exchange(self, appid: str, code: str, now: float) -> Session:
        """Trade a code in.

        Raises:
            Refusal: 41008 none given, 40029 unknown or another account's, 40163 used, 42003 too old.
        """
        if not code:
            raise Refusal(41008)
        found = self._codes.get(code)
        if found is None or found.identity.appid != appid:
            raise Refusal(40029)
        if found.used:
            raise Refusal(40163)
        if found.expires_at <= now:
            raise Refusal(42003)
        found.used = True
        return self._keep(
            Session(found.identity, mint_access_token(), now + TOKEN_LIFE, mint_access_token(), now + REFRESH_LIFE)
        )

    def refresh(self, appid: str, refresh_token: str, now: float) -> Session:
        """Continue a session; a new access token only once the old one is dead.

        Raises:
            Refusal: 41003 none given, 40030 unknown, 42002 too old.
        """
        if not refresh_token:
            raise Refusal(41003)
        session = self._by_refresh.get(refresh_token)
        if session is None or session.identity.appid != appid:
            raise Refusal(40030)
        if session.refresh_expires_at <= now:
            raise Refusal(42002)
        if session.expires_at > now:
            session = replace(session, expires_at=now + TOKEN_LIFE)
        else:
            session = replace(session, access_token=mint_access_token(), expires_at=now + TOKEN_LIFE)
        return self._keep(session)

    def session(self, access_token: str, openid: str, now: float) -> Session:
        """The session of an sns token.

        Raises:
            Refusal: 41001, 40001, 42001 for the token, 41009, 40003 for the openid.
        """
        if not access_token:
            raise Refusal(41001)
        session = self._by_token.get(access_token)
        if session is None:
            raise Refusal(40001)
        if session.expires_at <= now:
            raise Refusal(42001)
        if not openid:
            raise Refusal(41009)
        if session.identity.openid != openid:
            raise Refusal(40003)
        return session

    def _keep(self, session: Session) -> Session:
        self._by_token[session.access_token] = session
        self._by_refresh[session.refresh_token] = session
        return session
