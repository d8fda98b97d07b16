"""Tickets on the side of browsers and sites: showing digits, continuing, redeeming (`codesvc.domain.ticket`)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.codes import ALPHABET_NAMES, CodeFormat, VerificationId
from codesvc.domain.openid_handle import HANDLE_LIFE_MS, Claim
from codesvc.domain.record import Fixed
from codesvc.domain.signed_links import Subject, Use
from codesvc.domain.ticket import TicketPurpose, is_ticket
from codesvc.service.models import NOT_IDEMPOTENT
from codesvc.store.outcomes import Outcome
from codesvc.store.tickets import Redemption

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.openid_handle import Handles
    from codesvc.domain.proof import Proofs
    from codesvc.domain.record import Record
    from codesvc.domain.signed_links import Links
    from codesvc.domain.ticket import Ticket, TicketSecrets
    from codesvc.service.models import Idempotency
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True, repr=False)
class Redeemed:
    """The result of redeeming a ticket: a handle to bind with, or the verification and proof of a password reset."""

    outcome: Outcome
    wish: TicketPurpose | None = None
    handle: str | None = None
    record: Record | None = None
    proof: str | None = None


def _fingerprint(state: str) -> str:
    return sha256(state.encode()).hexdigest()[:32]


class Tickets:
    """The use cases of a ticket.

    Args:
        keyring: provides the key under which a reset's verification id is created.
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
        self._store = store.tickets
        self._keyring = keyring
        self._secrets = secrets
        self._links = links
        self._handles = handles
        self._proofs = proofs

    async def get(self, account: AccountEntry, identifier: str) -> Ticket | None:
        """Read a ticket, None if there is none."""
        return (await self._store.read(account.store_keys, identifier)).ticket

    async def show_digits(self, account: AccountEntry, identifier: str, browser: str) -> bool:
        """Make this browser the one that the digits prove. False if the ticket has ended."""
        return (await self._store.show_digits(account.store_keys, identifier, browser)).outcome is Outcome.DONE

    def digits(self, ticket: Ticket, browser: str) -> str:
        """The digits that this browser shows."""
        return self._secrets.digits(ticket.id, browser)

    def redeem_code(self, account: AccountEntry, ticket: Ticket, state: str) -> str:
        """The code that a proven browser brings to the site.

        It is valid only together with the state of the browser's session.
        """
        return self._links.sign(Use.REDEEM, Subject(account.name, ticket.id, _fingerprint(state)))

    async def redeem(
        self, site: SiteEntry, code: str, state: str, idempotency: Idempotency = NOT_IDEMPOTENT
    ) -> Redeemed:
        """Redeem a ticket: DONE, SPENT, ENDED, MISMATCH, or ABSENT if the code is not for this site and session."""
        subject = self._links.read(Use.REDEEM, code)
        if subject is None or subject.place != site.account.name or not is_ticket(subject.id):
            return Redeemed(Outcome.ABSENT)
        if not compare_digest(subject.detail.encode(), _fingerprint(state).encode()):
            return Redeemed(Outcome.ABSENT)
        policy = site.config.purposes["reset"]
        form = CodeFormat(ALPHABET_NAMES[policy.code_alphabet], policy.code_length)
        (verification,) = VerificationId.mint(self._keyring.current.key_id, form)
        wanted = Redemption(
            ticket=subject.id,
            site=site.name,
            verification=verification.text,
            fixed_json=msgspec.json.encode(Fixed()),
            attempts=policy.attempts,
            idempotency_key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            hooks=site.wanted,
        )
        reply = await self._store.redeem(site.store_keys, wanted)
        if reply.outcome is not Outcome.DONE:
            return Redeemed(reply.outcome)
        ticket = reply.shown
        if ticket.wish is TicketPurpose.BIND:
            claim = Claim(ticket.id, ticket.openid, reply.at + HANDLE_LIFE_MS)
            handle = self._handles.seal(site.name, site.account.config.appid, claim)
            return Redeemed(Outcome.DONE, TicketPurpose.BIND, handle=handle)
        record = reply.verification
        return Redeemed(Outcome.DONE, TicketPurpose.RESET, record=record, proof=self._proofs.mint(record))
