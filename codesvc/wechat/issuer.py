"""The three sources of access tokens (WECHAT.md 3), with one interface."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import aiohttp

from codesvc.domain.outbound_proxy import OutboundProxy
from codesvc.domain.secret import Secret
from codesvc.wechat.call_labels import CallObserver, ignore_call
from codesvc.wechat.errors import Garbled
from codesvc.wechat.http import HttpExchange

# 136 characters today; WeChat asks for room for at least 512.
_TOKEN = re.compile(r"[\x21-\x7e]{1,2048}")
_LONGEST_LIFE_SECONDS: Final = 7_200
"""Of any token (WECHAT.md 3). A token service that says more is not believed, and its number need not be one."""


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """A token, and its remaining lifetime in seconds."""

    token: str = field(repr=False)
    expires_in: int


class Issuer(Protocol):
    """Issues tokens. Each call makes a request."""

    async def issue(self) -> IssuedToken:
        """Request a token. Raises `WeChatFault` of any kind; repeating is always safe."""
        ...


@dataclass(frozen=True, kw_only=True)
class StableIssuer:
    """stable_token (WECHAT.md 3.2): all callers get the same token, and a request does not invalidate it."""

    wire: HttpExchange
    api_url: str
    appid: str
    secret: Secret

    async def issue(self) -> IssuedToken:
        """Request a token, without force_refresh: its limit of 20 a day would be used up quickly by a defect."""
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret.reveal(),
            "force_refresh": False,
        }
        return _issued(await self.wire.exchange("POST", f"{self.api_url}/cgi-bin/stable_token", body=body))


@dataclass(frozen=True, kw_only=True)
class OrdinaryIssuer:
    """The older endpoint (WECHAT.md 3.1): each call invalidates the token before the last; 2,000 a day."""

    wire: HttpExchange
    api_url: str
    appid: str
    secret: Secret

    async def issue(self) -> IssuedToken:
        """Request a new token."""
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret.reveal()}
        return _issued(await self.wire.exchange("GET", f"{self.api_url}/cgi-bin/token", params=params))


@dataclass(frozen=True, kw_only=True)
class CentralIssuer:
    """The operator's own token service: GET, with an answer like WeChat's."""

    wire: HttpExchange
    url: str = field(repr=False)

    async def issue(self) -> IssuedToken:
        """Request a token from the service."""
        return _issued(await self.wire.exchange("GET", self.url))


def issuer_for(
    source: str,
    *,
    appid: str,
    secret: Secret,
    http: aiohttp.ClientSession,
    api_url: str,
    observe: CallObserver = ignore_call,
    proxy: OutboundProxy | None = None,
) -> Issuer:
    """The issuer that the configuration's `token_source` names: `stable`, `ordinary`, or a token service's URL.

    WeChat is asked through `proxy`. A token service is the operator's own, and is asked directly.
    """
    wire = HttpExchange(http, observe=observe, proxy=proxy)
    origin = api_url.rstrip("/")
    if source == "stable":
        return StableIssuer(wire=wire, api_url=origin, appid=appid, secret=secret)
    if source == "ordinary":
        return OrdinaryIssuer(wire=wire, api_url=origin, appid=appid, secret=secret)
    return CentralIssuer(wire=HttpExchange(http, observe=observe), url=source)


def _issued(answer: Mapping[str, Any]) -> IssuedToken:
    token, expires_in = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Garbled("the answer contains no access token")
    if not isinstance(expires_in, int) or isinstance(expires_in, bool) or expires_in <= 0:
        raise Garbled("the answer does not say how long the token is valid")
    return IssuedToken(token=token, expires_in=min(expires_in, _LONGEST_LIFE_SECONDS))
