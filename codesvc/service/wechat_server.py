"""wechat-server's protocol: a keyword in the chat brings a code, and a panel asks whose it is (KINDS.md section 11)."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from codesvc.domain.chat_text import plain_word
from codesvc.domain.limits import encode
from codesvc.domain.wechat_server import LONG_LENGTH, MOST_LIVE, WechatServerSecrets, is_code
from codesvc.sites.lazy import PerEntry
from codesvc.store.outcomes import Outcome
from codesvc.store.wechat_server import LoginCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config.settings import WechatServer
    from codesvc.domain.keyring import Keyring
    from codesvc.messages.chat import ChatComposer
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.events import Event

_log = structlog.get_logger(__name__)


def _sites_by_word(directory: Directory, account: AccountEntry) -> dict[str, tuple[SiteEntry, WechatServer]]:
    """Maps a keyword or menu key to the site whose code it requests, and that site's policy."""
    found: dict[str, tuple[SiteEntry, WechatServer]] = {}
    for site in directory.sites_of(account.name, having="wechat_server"):
        if (policy := site.config.wechat_server) is not None:
            for word in policy.keywords:
                found.setdefault(plain_word(word), (site, policy))
    return found


class WechatServerCodes:
    """Issues codes in the chat, and exchanges them for openids.

    Args:
        limits: rates of keywords per openid, by account name. A request for a code counts as one keyword.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        chat_composer: ChatComposer,
        keyring: Keyring,
        limits: Mapping[str, str],
    ) -> None:
        self._store = store.login_codes
        self._chat_composer = chat_composer
        self._secrets = WechatServerSecrets(keyring)
        self._limits = limits
        self._sites = PerEntry(directory.accounts, partial(_sites_by_word, directory))

    async def request(self, account: AccountEntry, event: Event, word: str) -> str | None:
        """The answer to a keyword or menu key: a code, or why there is none; None for any other text."""
        wanted = self._sites[account.name].get(plain_word(word))
        if wanted is None:
            return None
        site, policy = wanted
        lengths = (policy.code_length, LONG_LENGTH)
        short, long = (self._secrets.code(site.name, event.dedupe, length) for length in lengths)
        code = LoginCode(
            site=site.name,
            openid=event.openid,
            names=(self._secrets.name(site.name, short), self._secrets.name(site.name, long)),
            mark=sha256(event.dedupe.encode()).hexdigest()[:16],
            life_ms=policy.code_life * 1000,
            most=MOST_LIVE,
            guesses=encode(policy.guesses),
            keyword_rates=self._limits[account.name],
        )
        reply = await self._store.issue(account.store_keys, code)
        _log.info("login_code", account=account.name, site=site.name, outcome=reply.outcome.value)
        match reply.outcome:
            case Outcome.DONE:
                return self._chat_composer.login_code(site, long if reply.long else short, policy.code_life // 60)
            case Outcome.LIMITED:
                return self._chat_composer.limited(account, reply.wait_ms)
            case _:
                return self._chat_composer.phrase("login_code_used", account)

    async def owner(self, site: SiteEntry, code: str) -> str:
        """Use a code up. Returns the openid whose it was; "" for a code that is not good."""
        policy = site.config.wechat_server
        if policy is None or not is_code(code) or len(code) not in {policy.code_length, LONG_LENGTH}:
            return ""
        reply = await self._store.take(
            site.store_keys,
            site.name,
            self._secrets.name(site.name, code),
            guesses="" if len(code) == LONG_LENGTH else encode(policy.guesses),
        )
        _log.info("login_code_asked", site=site.name, outcome=reply.outcome.value)
        return reply.openid
