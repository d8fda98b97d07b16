"""Tickets as browsers and sites see them: showing digits, going on, redeeming (`codesvc.domain.ticket`)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

import msgspec

from codesvc.domain import webhook
from codesvc.domain.codes import ALPHABET_NAMES, CodeFormat, VerificationId
from codesvc.domain.openid_handle import HANDLE_LIFE_MS, Claim
from codesvc.domain.record import Fixed, Record
from codesvc.domain.signed_links import Subject, Use
from codesvc.domain.ticket import Wish, is_ticket
from codesvc.service.models import NOT_IDEMPOTENT
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import TicketAnswer

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.openid_handle import Handles
    from codesvc.domain.proof import Proofs
    from codesvc.domain.signed_links import Links
    from codesvc.domain.ticket import Ticket, TicketSecrets
    from codesvc.service.models import Idempotency
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True, repr=False)
class Redeemed:
    """What a site gets for a ticket: a handle to bind with, or a user and the proof of a reset."""

    outcome: Outcome
    wish: Wish | None = None
    handle: str | None = None
    record: Record | None = None
    proof: str | None = None


def _fingerprint(state: str) -> str:
    return sha256(state.encode()).hexdigest()[:32]


class Tickets:
    """The use cases around one ticket.

    Args:
        store: where tickets lie.
        keyring: names the key under which a reset's verification id is minted.
        secrets: derives digits.
        links: signs redeem codes.
        handles: seals handles.
        proofs: mints proofs.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        *,
        secrets: TicketSecrets,
        links: Links,
        handles: Handles,
        proofs: Proofs,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._secrets = secrets
        self._links = links
        self._handles = handles
        self._proofs = proofs
        self._channel = channel(store.prefix)

    async def get(self, account: AccountEntry, identifier: str) -> Ticket | None:
        """Read a ticket, None if there is none."""
        keys = account.keys
        raw = await self._store.call(
            "read_ticket",
            keys.partition,
            {"awaiting": keys.awaiting("")},
            {"root": keys.root, "channel": self._channel, "id": identifier},
        )
        return TicketAnswer.parse(raw).ticket

    async def show_digits(self, account: AccountEntry, identifier: str, browser: str) -> bool:
        """From now on it is this browser that the digits will prove; False if the ticket is over."""
        keys = account.keys
        raw = await self._store.call(
            "show_digits",
            keys.partition,
            {"ticket": keys.ticket(identifier)},
            {
                "root": keys.root,
                "account": keys.account,
                "channel": self._channel,
                "id": identifier,
                "browser": browser,
            },
        )
        return TicketAnswer.parse(raw).outcome is Outcome.DONE

    def digits(self, ticket: Ticket, browser: str) -> str:
        """What this browser shows."""
        return self._secrets.digits(ticket.id, browser)

    def redeem_code(self, account: AccountEntry, ticket: Ticket, state: str) -> str:
        """What a browser that was proven takes to the site: good only together with the state of its session."""
        return self._links.sign(Use.REDEEM, Subject(account.name, ticket.id, _fingerprint(state)))

    async def redeem(
        self, site: SiteEntry, code: str, state: str, idempotency: Idempotency = NOT_IDEMPOTENT
    ) -> Redeemed:
        """Spend a ticket: DONE, SPENT, ENDED, MISMATCH; ABSENT if the code is no code of this site and session."""
        subject = self._links.read(Use.REDEEM, code)
        if subject is None or subject.place != site.account.name or not is_ticket(subject.id):
            return Redeemed(Outcome.ABSENT)
        if not compare_digest(subject.detail.encode(), _fingerprint(state).encode()):
            return Redeemed(Outcome.ABSENT)
        policy = site.config.purposes["reset"]
        form = CodeFormat(ALPHABET_NAMES[policy.code_alphabet], policy.code_length)
        (verification,) = VerificationId.mint(self._keyring.current.key_id, form)
        keys = site.keys
        raw = await self._store.call(
            "redeem_ticket",
            keys.partition,
            {
                "ticket": keys.ticket(subject.id),
                "record": keys.record(verification.text),
                "outbox": keys.outbox,
                "idem": keys.idempotency(site.name, "redeem/" + idempotency.key),
            },
            {
                "root": keys.root,
                "channel": self._channel,
                "appid": site.account.config.appid,
                "idem": idempotency.key,
                "fingerprint": idempotency.fingerprint,
                "site": site.name,
                "id": verification.text,
                "fixed": msgspec.json.encode(Fixed()),
                "attempts": policy.attempts,
                "event": webhook.seed(),
                "hooks": site.wanted,
            },
        )
        answer = TicketAnswer.parse(raw)
        if answer.outcome is not Outcome.DONE:
            return Redeemed(answer.outcome)
        ticket = answer.shown
        if ticket.wish is Wish.BIND:
            claim = Claim(ticket.id, ticket.openid, int(answer.rest[0]) + HANDLE_LIFE_MS)
            return Redeemed(Outcome.DONE, Wish.BIND, handle=self._handles.seal(site.name, claim))
        record = Record.parse(answer.now, answer.rest[0][1], answer.rest[0][2].decode())
        return Redeemed(Outcome.DONE, Wish.RESET, record=record, proof=self._proofs.mint(record))
