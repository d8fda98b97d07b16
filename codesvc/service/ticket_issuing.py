"""Issues tickets on request in the chat, and checks the digits that prove a browser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from codesvc.domain.chat_text import plain_word
from codesvc.domain.ticket import LIFE_MS, TRIES, TicketPurpose
from codesvc.sites.lazy import PerEntry
from codesvc.store.outcomes import Outcome
from codesvc.store.tickets import TicketRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.domain.ticket import TicketSecrets
    from codesvc.messages.chat import ChatComposer
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.events import Event

_log = structlog.get_logger(__name__)


def _wishes(directory: Directory, account: AccountEntry) -> dict[str, tuple[TicketPurpose, list[SiteEntry]]]:
    """Maps a keyword or menu key to the wish and the sites that offer it."""
    found: dict[str, tuple[TicketPurpose, list[SiteEntry]]] = {}
    for site in directory.sites_of(account.name, having="chat"):
        chat = site.config.chat
        for wish, url, words in (
            (TicketPurpose.BIND, chat.bind_url, chat.bind_keywords),
            (TicketPurpose.RESET, chat.reset_url, chat.reset_keywords),
        ):
            for word in words if url else ():
                found.setdefault(plain_word(word), (wish, []))[1].append(site)
    return found


class TicketCounter:
    """Issues tickets and checks digits.

    Args:
        limits: rates of keywords per openid, by account name. A request for tickets counts as one keyword.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        chat_composer: ChatComposer,
        secrets: TicketSecrets,
        limits: Mapping[str, str],
    ) -> None:
        self._store = store.tickets
        self._chat_composer = chat_composer
        self._secrets = secrets
        self._limits = limits
        self._wishes = PerEntry(directory.accounts, partial(_wishes, directory))

    async def request(self, account: AccountEntry, event: Event, word: str) -> str | None:
        """The answer to a keyword or menu key: links, or the reason why there are none; None for any other text."""
        wanted = self._wishes[account.name].get(plain_word(word))
        if wanted is None:
            return None
        wish, sites = wanted
        request = TicketRequest(
            openid=event.openid,
            dedupe=event.dedupe,
            seed=self._secrets.seed(account.config.appid, event.dedupe, wish),
            wish=wish.value,
            sites={site.name: site.config.users_per_wechat == "many" for site in sites},
            life_ms=LIFE_MS,
            tries=TRIES,
            rates=self._limits[account.name],
        )
        reply = await self._store.issue(account.store_keys, request)
        _log.info("tickets", account=account.name, wish=wish.value, outcome=reply.outcome.value)
        match reply.outcome:
            case Outcome.DONE:
                rows = [(ticket.id, ticket.site, ticket.user, ticket.display) for ticket in reply.tickets]
                return self._chat_composer.tickets(f"{wish}_link", account.name, rows, LIFE_MS // 60_000)
            case Outcome.LIMITED:
                return self._chat_composer.limited(account, reply.wait_ms)
            case Outcome.SAME:
                return self._chat_composer.phrase("already_bound", account)
            case _:
                return self._chat_composer.phrase("no_accounts", account)

    async def digits(self, account: AccountEntry, event: Event, typed: str) -> str | None:
        """Check six digits from the chat against the browser that shows them. None if no browser shows digits."""
        ticket = (await self._store.awaited(account.store_keys, event.openid)).ticket
        if ticket is None or not ticket.browser:
            return None
        answer = await self._store.prove_browser(
            account.store_keys,
            ticket.id,
            event.openid,
            browser=ticket.browser,
            right=self._secrets.is_digits(typed, ticket.id, ticket.browser),
            dedupe=event.dedupe,
        )
        _log.info("ticket_digits", account=account.name, outcome=answer.outcome.value)
        match answer.outcome:
            case Outcome.APPROVED:
                return self._chat_composer.phrase("digits_right", account)
            case Outcome.WRONG:
                return self._chat_composer.phrase("digits_wrong", account, left=answer.shown.tries_left)
            case _:
                return self._chat_composer.phrase("digits_over", account)
