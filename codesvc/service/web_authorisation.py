"""Web authorisation (WECHAT.md 11): learns the openid of a visitor, silently or, for the profile, with consent.

A browser sometimes delivers WeChat's code twice, and a second exchange of the code would fail. So the result of the
exchange, a refusal too, is kept encrypted for the code's life, and the second delivery uses it: the same code for the
same state, which is of one browser and one page. Anywhere else WeChat judges the code anew, and refuses a used one. A
snapshot user (快照页) has no real identity and is refused.

Anybody can bring a code that WeChat never made, and each exchange is a call to WeChat. So none is made for a state that
is not of this service and this browser, nor for a browser that has proved its identity already, and the rest have
limits (`codesvc.store.visits`); what anybody can begin has its own.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec
import structlog

from codesvc.domain.addresses import bucket, network
from codesvc.domain.limits import whole_seconds
from codesvc.domain.service_address import ServiceAddress
from codesvc.domain.visit_cookie import beginning, proven
from codesvc.store.outcomes import Outcome
from codesvc.store.visits import Arriving
from codesvc.wechat.answers import OAuthIdentity
from codesvc.wechat.errors import WeChatError, WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.oauth_state import OAuthStates, ReturnPage
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.secret_cache import SecretCache
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)
_LIFE_MS: Final = 600_000
_CODE_LIFE_SECONDS: Final = 330.0
"""Longer than the five minutes for which WeChat's code can be exchanged."""
_LOCK_SECONDS: Final = 10.0
"""Longer than a call to WeChat. A process that dies in an exchange holds up later deliveries no longer than this."""
_LOOKS: Final = 60
"""How often a second delivery looks for the result of the first, 3 s in all."""
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, repr=False)
class Visitor:
    """The identity that a browser has proved."""

    openid: str
    unionid: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """The result of a return from WeChat.

    Attributes:
        errand: where to continue; None if the state was not made for this browser.
        problem: "", or `refused` (no consent), `snapshot`, `stale` (the code is no longer valid), `often` (too many
            codes were brought, and this one was not taken to WeChat).
        retry_after: for `often`, seconds until another code is taken.
        cookie: the cookie that the browser gets in place of the one it left with, "" if it keeps that.
    """

    errand: ReturnPage | None
    problem: str = ""
    retry_after: int = 0
    cookie: str = ""


def new_browser() -> str:
    """A new cookie that identifies a browser."""
    return secrets.token_urlsafe(24)


def browser_of(cookie: str) -> str:
    """The name in the store of the browser with this cookie."""
    return sha256(cookie.encode()).hexdigest()[:32]


class Visits:
    """Sends browsers to WeChat's authorisation page and handles their return.

    Args:
        shared: keep the result of an exchange, by account name.
    """

    def __init__(
        self,
        store: Store,
        oauth_states: OAuthStates,
        clients: Mapping[str, WeChatClient],
        shared: Mapping[str, SecretCache],
        public_url: str,
    ) -> None:
        self._store = store.visits
        self._oauth_states = oauth_states
        self._clients = clients
        self._shared = shared
        self._address = ServiceAddress(public_url)

    def authorize_url(self, account: AccountEntry, errand: ReturnPage, cookie: str, *, profile: bool) -> str:
        """WeChat's authorisation address. The order of its parameters and the fragment matter (WECHAT.md 11.1)."""
        query = urlencode(
            {
                "appid": account.config.appid,
                "redirect_uri": self._address.url(f"/wechat/{account.name}/oauth"),
                "response_type": "code",
                "scope": "snsapi_userinfo" if profile else "snsapi_base",
                "state": self._oauth_states.state(errand, browser_of(beginning(cookie)), account.name),
            }
        )
        return f"{account.config.open_url}/connect/oauth2/authorize?{query}#wechat_redirect"

    async def arrive(
        self,
        account: AccountEntry,
        *,
        code: str,
        state: str,
        cookie: str,
        address: IPv4Address | IPv6Address | None = None,
    ) -> Arrival:
        """Handle the return of a browser from WeChat, from this address (None: not known).

        The identity is noted under a new cookie: another person may know the one that the browser left with
        (`codesvc.domain.visit_cookie`).
        """
        browser = browser_of(beginning(cookie))
        errand = self._oauth_states.errand(state, browser, account.name)
        if errand is None:
            return Arrival(None, "stale")
        if not code:
            return Arrival(errand, "refused")
        arriving = Arriving(
            browser=browser,
            came_as=browser_of(cookie),
            subject=errand.id,
            intent=errand.id if errand.page == "ask" else "",
            address=bucket(address),
            network=network(address),
        )
        admitted = await self._store.admit(account.store_keys, arriving)
        if admitted.outcome is Outcome.SAME:
            return Arrival(errand)
        if admitted.outcome is Outcome.LIMITED:
            return Arrival(errand, "often", whole_seconds(admitted.wait_ms))
        identity, goes_as = await self._exchange(account, code, f"{browser}/{state}", cookie)
        if identity is None:
            return Arrival(errand, "stale")
        await self._store.note(
            account.store_keys,
            arriving,
            goes_as=browser_of(goes_as),
            openid="" if identity.snapshot else identity.openid,
            unionid=identity.unionid or "",
            life_ms=_LIFE_MS,
            admitted=admitted,
        )
        return Arrival(errand, "snapshot") if identity.snapshot else Arrival(errand, cookie=goes_as)

    async def who(self, account: AccountEntry, cookie: str, subject: str) -> Visitor | None:
        """The identity that a browser has proved for this subject, None if it has proved none."""
        if not cookie:
            return None
        found = await self._store.read(account.store_keys, browser_of(cookie), subject)
        return Visitor(found.openid, found.unionid) if found.outcome is Outcome.DONE else None

    async def _exchange(
        self, account: AccountEntry, code: str, asker: str, cookie: str
    ) -> tuple[OAuthIdentity | None, str]:
        """The identity, and the new cookie of the browser that proves it: the same for each delivery of one code."""
        shared, name = self._shared[account.name], f"oauth-{sha256(f'{asker}/{code}'.encode()).hexdigest()[:32]}"
        for _ in range(_LOOKS):
            known = await shared.get(name)
            if known is not None:
                return _kept(known[0])
            if await shared.lock(name, _LOCK_SECONDS):
                break
            # Another delivery is exchanging the same code at WeChat now.
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            return None, ""
        identity: OAuthIdentity | None = None
        try:
            identity = await self._clients[account.name].oauth_openid(code)
        except WeChatFault as error:
            _log.info("oauth_code_refused", account=account.name, error=type(error).__name__)
            if not isinstance(error, WeChatError):
                # WeChat has not judged the code: the next delivery may ask again.
                await shared.unlock(name)
                return None, ""
        goes_as = proven(cookie)
        members = [identity.openid, identity.unionid, identity.snapshot, goes_as] if identity else None
        await shared.put(name, msgspec.json.encode(members).decode(), _CODE_LIFE_SECONDS)
        return identity, goes_as


def _kept(text: str) -> tuple[OAuthIdentity | None, str]:
    known = msgspec.json.decode(text, type=tuple[str, str | None, bool, str] | None)
    return (OAuthIdentity(openid=known[0], unionid=known[1], snapshot=known[2]), known[3]) if known else (None, "")
