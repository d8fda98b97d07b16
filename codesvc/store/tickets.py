"""Scripts about tickets: links from the chat to a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from codesvc.domain.record import Record  # noqa: TC001  msgspec reads the annotation
from codesvc.store.act import Act
from codesvc.store.replies import Reply, TicketReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class IssuedTicket(msgspec.Struct, frozen=True):
    """A ticket as the chat lists it; `user` is "" for a ticket that binds, `display` for a user without that name."""

    id: str
    site: str
    user: str
    display: str


def _issued(raw: Sequence[bytes]) -> tuple[IssuedTicket, ...]:
    texts = [part.decode() for part in raw]
    return tuple(IssuedTicket(*texts[i : i + 4]) for i in range(0, len(texts), 4))


class TicketsIssued(Reply, frozen=True):
    """DONE, LIMITED, ABSENT (nothing to reset), SAME (already bound on all sites where it could bind).

    Attributes:
        tickets: the tickets, for DONE.
        limit: the limit that refused.
        wait_ms: ms until the limit allows another request.
    """

    tickets: Annotated[tuple[IssuedTicket, ...], _issued] = ()
    limit: str = ""
    wait_ms: int = 0


class TicketRedeemed(TicketReply, frozen=True):
    """DONE, SPENT, ENDED, ABSENT, MISMATCH.

    Attributes:
        at: when a ticket that binds was redeemed, ms.
        record: the approved verification, for a reset.
    """

    at: int = 0
    record: Record | None = None

    @property
    def verification(self) -> Record:
        """The verification of a reset.

        Raises:
            LookupError: the ticket is not for a reset.
        """
        if self.record is None:
            raise LookupError("a ticket that binds leads to no verification")
        return self.record


class TicketRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A person's request for tickets in the chat.

    Attributes:
        openid: the openid of the person.
        dedupe: identifies the message. A repeated message finds the tickets of the first time.
        seed: the beginning of the tickets' ids.
        wish: `bind` or `reset`.
        sites: names of the sites, each with whether a WeChat account may have several users of it.
        life_ms: how long a ticket is valid.
        tries: how many wrong digits end it.
        rates: the limit on keywords of one openid.
    """

    openid: str
    dedupe: str
    seed: str
    wish: str
    sites: dict[str, bool]
    life_ms: int
    tries: int
    rates: str


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that a site redeems. What is not listed is as in `Start` and `StartRules` of verifications.

    Attributes:
        ticket: its id.
        verification: id for the verification of a reset.
        fixed_json: the constant part of that verification's record, JSON.
        attempts: the number of attempts in that verification.
    """

    ticket: str
    site: str
    verification: str
    fixed_json: bytes
    attempts: int
    idempotency_key: str
    fingerprint: str
    hooks: str


class Tickets:
    """Tickets in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._issue = Act(deployment, "issue_tickets", TicketsIssued)
        self._read = Act(deployment, "read_ticket", TicketReply)
        self._show_digits = Act(deployment, "show_digits", TicketReply)
        self._prove_browser = Act(deployment, "prove_browser", TicketReply)
        self._redeem = Act(deployment, "redeem_ticket", TicketRedeemed)

    async def issue(self, keys: Keys, request: TicketRequest) -> TicketsIssued:
        """Issue the tickets that a keyword or menu key requests."""
        return await self._issue(
            keys,
            {
                "keyword_window": keys.openid_window("openid_words", request.openid),
                "seen": keys.seen(f"{request.dedupe}/ticket"),
            },
            {
                "openid": request.openid,
                "seed": request.seed,
                "wish": request.wish,
                "sites": " ".join(f"{name}/{int(many)}" for name, many in request.sites.items()),
                "life": request.life_ms,
                "tries": request.tries,
                "keyword_rates": request.rates,
            },
        )

    async def read(self, keys: Keys, identifier: str) -> TicketReply:
        """Read a ticket: DONE or ABSENT."""
        return await self._read(keys, {"awaiting": keys.awaiting("")}, {"id": identifier})

    async def awaited(self, keys: Keys, openid: str) -> TicketReply:
        """Read the ticket whose digits this WeChat account should send: DONE or ABSENT."""
        return await self._read(keys, {"awaiting": keys.awaiting(openid)}, {"id": ""})

    async def show_digits(self, keys: Keys, identifier: str, browser: str) -> TicketReply:
        """Make this browser the one that the digits prove: DONE, ENDED or ABSENT."""
        return await self._show_digits(
            keys, {"ticket": keys.ticket(identifier)}, {"id": identifier, "browser": browser}
        )

    async def prove_browser(
        self, keys: Keys, identifier: str, openid: str, *, browser: str, right: bool, dedupe: str
    ) -> TicketReply:
        """Apply six digits that the ticket's WeChat account sent: APPROVED, WRONG, ENDED or ABSENT.

        Args:
            keys: the keys of the account.
            identifier: the id of the ticket.
            openid: the openid of the sender.
            browser: the browser that they prove.
            right: whether they are this browser's digits.
            dedupe: identifies the message. A repeated message counts once.
        """
        return await self._prove_browser(
            keys,
            {
                "ticket": keys.ticket(identifier),
                "awaiting": keys.awaiting(openid),
                "seen": keys.seen(f"{dedupe}/digits"),
            },
            {"openid": openid, "browser": browser, "verdict": int(right)},
        )

    async def redeem(self, keys: Keys, wanted: Redemption) -> TicketRedeemed:
        """Redeem a ticket."""
        return await self._redeem(
            keys,
            {
                "ticket": keys.ticket(wanted.ticket),
                "record": keys.record(wanted.verification),
                "idem": keys.idempotency(wanted.site, wanted.idempotency_key),
            },
            {
                "idem": wanted.idempotency_key,
                "fingerprint": wanted.fingerprint,
                "site": wanted.site,
                "id": wanted.verification,
                "fixed": wanted.fixed_json,
                "attempts": wanted.attempts,
                "hooks": wanted.hooks,
            },
        )
