"""Scripts for operators: lines of the audit log, and limits on password attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.store.act import Act
from codesvc.store.keys import DEPLOYMENT, login_window
from codesvc.store.partitions import PartitionKeys
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment


class LoginAdmitted(Reply, frozen=True):
    """DONE or LIMITED.

    Attributes:
        wait_ms: ms until another attempt is allowed.
    """

    wait_ms: int = 0


class LoginBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Who tries a password, and how often they may.

    Attributes:
        visitor: what stands for the visitor: an address, or a browser.
        rates: of this visitor, encoded.
        network: the visitor's network, "" if it does not count.
        network_rates: of this network; "" for no limit.
        everybody_rates: of all strangers together; "" for no limit.
    """

    visitor: str
    rates: str
    network: str = ""
    network_rates: str = ""
    everybody_rates: str = ""


class Audit:
    """The audit log and operators' logins. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, here: Deployment) -> None:
        self._prefix = here.prefix
        self._note = Act(here, "note_audit", Reply)
        self._admit_login = Act(here, "admit_login", LoginAdmitted)

    async def note(
        self, partition: int, *, actor: str, act: str, site: str, user: str, reason: str, detail: str
    ) -> None:
        """Write a line to a partition's log; `user` is masked first, "" for none."""
        await self._note(
            PartitionKeys(self._prefix, partition),
            {},
            {
                "actor": actor,
                "act": act,
                "site": site,
                "user": user,
                "wechat": "",
                "reason": reason,
                "detail": detail,
            },
        )

    async def admit_login(self, budget: LoginBudget, *, right: bool) -> LoginAdmitted:
        """Whether a password may be tried; a `right` one is not counted for the visitor."""
        prefix = self._prefix
        return await self._admit_login(
            PartitionKeys(prefix, DEPLOYMENT),
            {
                "window": login_window(prefix, budget.visitor),
                "network": login_window(prefix, f"net-{budget.network}"),
                "everybody": login_window(prefix, "everybody"),
            },
            {
                "rates": budget.rates,
                "network_rates": budget.network_rates,
                "everybody_rates": budget.everybody_rates,
                "right": int(right),
            },
        )
