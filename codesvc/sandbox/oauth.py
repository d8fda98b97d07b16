"""Web authorisation: codes, and the tokens for which they are exchanged (WECHAT.md 11).

A code is valid once and for five minutes. An sns access token is valid for two hours. A refresh token is valid for 30
days from the exchange; using it does not prolong it. The account's own access tokens are independent of these.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_access_token, mint_oauth_code

Scope = Literal["snsapi_base", "snsapi_userinfo", "snsapi_login"]
CODE_LIFE = 300
TOKEN_LIFE = 7200
REFRESH_LIFE = 30 * 86400


@dataclass(frozen=True)
class Identity:
    """The person as a page sees them. On a snapshot page openid, unionid and nickname are virtual (WECHAT.md 11.3)."""

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
    """The tokens that a code was exchanged for; times in seconds since the epoch."""

    identity: Identity
    access_token: str
    expires_at: float
    refresh_token: str
    refresh_expires_at: float


@dataclass
class OAuthSessions:
    """The codes and sessions of all accounts."""

    _codes: dict[str, _Code] = field(default_factory=dict)
    _by_token: dict[str, Session] = field(default_factory=dict)
    _by_refresh: dict[str, Session] = field(default_factory=dict)

    def issue(self, identity: Identity, now: float, *, life: float = CODE_LIFE) -> str:
        """A new code, for a consent given by the person or without asking them."""
        code = mint_oauth_code()
        self._codes[code] = _Code(identity, now + life)
        return code

    def exchange(self, appid: str, code: str, now: float) -> Session:
        """Exchange a code for a session.

        Raises:
            ApiError: 41008 no code, 40029 unknown or of another account, 40163 already used, 42003 expired.
        """
        if not code:
            raise ApiError(41008)
        found = self._codes.get(code)
        if found is None or found.identity.appid != appid:
            raise ApiError(40029)
        if found.used:
            raise ApiError(40163)
        if found.expires_at <= now:
            raise ApiError(42003)
        found.used = True
        return self._keep(
            Session(found.identity, mint_access_token(), now + TOKEN_LIFE, mint_access_token(), now + REFRESH_LIFE)
        )

    def refresh(self, appid: str, refresh_token: str, now: float) -> Session:
        """Prolong a session; the access token is replaced only if it has expired.

        Raises:
            ApiError: 41003 no token, 40030 unknown, 42002 expired.
        """
        if not refresh_token:
            raise ApiError(41003)
        session = self._by_refresh.get(refresh_token)
        if session is None or session.identity.appid != appid:
            raise ApiError(40030)
        if session.refresh_expires_at <= now:
            raise ApiError(42002)
        if session.expires_at > now:
            session = replace(session, expires_at=now + TOKEN_LIFE)
        else:
            session = replace(session, access_token=mint_access_token(), expires_at=now + TOKEN_LIFE)
        return self._keep(session)

    def session(self, access_token: str, openid: str, now: float) -> Session:
        """The session of an sns token.

        Raises:
            ApiError: 41001, 40001 or 42001 for the token; 41009 or 40003 for the openid.
        """
        if not access_token:
            raise ApiError(41001)
        session = self._by_token.get(access_token)
        if session is None:
            raise ApiError(40001)
        if session.expires_at <= now:
            raise ApiError(42001)
        if not openid:
            raise ApiError(41009)
        if session.identity.openid != openid:
            raise ApiError(40003)
        return session

    def _keep(self, session: Session) -> Session:
        self._by_token[session.access_token] = session
        self._by_refresh[session.refresh_token] = session
        return session
