"""Password attempts of operators, in three lanes that do not wait for each other.

A check of a password costs 0.1 s and 32 MiB, so each lane makes one at a time and lets few wait. Strangers, who can
fill their lane from any number of addresses, share one. Browsers that have signed in before have another, and others at
the operators' own listener (`admin.listen`) have the third: where it is a port, any user of the machine. So a stranger
can keep out strangers only (DESIGN rule 3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.domain.addresses import bucket, network
from codesvc.domain.limits import Rate, encode, whole_seconds
from codesvc.domain.passwords import is_password
from codesvc.store.audit import LoginBudget
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.store.store import Store

_TRIES: Final = encode((Rate(5, 900), Rate(30, 86_400)))
"""Limits per address and per known browser, not per name: an attacker who knows a name must not lock its owner out."""
_NETWORK_TRIES: Final = encode((Rate(20, 900), Rate(100, 86_400)))
_STRANGERS_TRIES: Final = encode((Rate(60, 900), Rate(600, 86_400)))
_NEAR_TRIES: Final = encode((Rate(30, 900),))
_MOST_WAITING: Final = 8
"""In a lane: the last of them waits about a second."""
_BUSY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor who tries a password.

    Attributes:
        address: the browser's address, None if it is unknown.
        browser: the id of a browser that has signed in before, "" for any other.
        owner: the operator who signed in there last, "" without `browser`.
        near: whether they came by the operators' own listener.
        user: which user of the machine has connected to it, "" if the system does not tell, as for a port.
    """

    address: IPv4Address | IPv6Address | None
    browser: str = ""
    owner: str = ""
    near: bool = False
    user: str = ""

    @property
    def budget(self) -> LoginBudget:
        """How often they may try."""
        if self.near:
            # All browsers of an operator together: signing in costs no try there, so each can have any number of them.
            visitor = f"near-operator-{self.owner}" if self.browser else f"near-{self.user}"
            return LoginBudget(visitor=visitor, rates=_NEAR_TRIES)
        if self.browser:
            return LoginBudget(visitor=f"browser-{self.browser}", rates=_TRIES)
        return LoginBudget(
            visitor=bucket(self.address),
            rates=_TRIES,
            network=network(self.address),
            network_rates=_NETWORK_TRIES,
            everybody_rates=_STRANGERS_TRIES,
        )


class _Lane:
    """Checks one password at a time; few may wait."""

    def __init__(self) -> None:
        self._busy = asyncio.Semaphore(1)
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Whether nobody else may wait."""
        return self._waiting >= _MOST_WAITING

    async def check(self, line: str, password: str) -> bool:
        self._waiting += 1
        try:
            async with self._busy:
                return await asyncio.to_thread(is_password, line, password[:1024])
        finally:
            self._waiting -= 1


class SignInLanes:
    """The lanes of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._strangers, self._known, self._near = _Lane(), _Lane(), _Lane()

    async def try_password(self, visitor: Visitor, line: str, password: str) -> tuple[Outcome, int]:
        """Check a password in the visitor's lane: DONE, REFUSED, or LIMITED with the seconds to wait."""
        lane = self._known if visitor.browser else self._near if visitor.near else self._strangers
        if lane.full:
            return Outcome.LIMITED, _BUSY_SECONDS
        admitted = await self._store.audit.admit_login(visitor.budget)
        if admitted.outcome is Outcome.LIMITED:
            return Outcome.LIMITED, whole_seconds(admitted.wait_ms)
        if not await lane.check(line, password):
            return Outcome.REFUSED, 0
        await self._store.audit.take_back_login(visitor.budget, admitted)
        return Outcome.DONE, 0
