"""Store calls for operators: writing lines of the audit log, and limiting password attempts on the operator pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from codesvc.store.act import Act
from codesvc.store.deployment_keys import DeploymentKeys, PartitionKeys
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.act import Deployment


class LoginAdmitted(Reply, frozen=True):
    """DONE or LIMITED.

    Attributes:
        wait_ms: ms until another attempt is allowed.
    """

    wait_ms: int = 0


class LoginBudget(msgspec.Struct, frozen=True, kw_only=True):
    """The limits on password attempts that apply to one visitor. Rates are encoded by `codesvc.domain.limits.encode`.

    Attributes:
        visitor: the name of the visitor's counter: an IP address, a known browser, or the operators' listener.
        rates: the limit of this visitor.
        network: the name of the network's counter, "" if the network is not limited.
        network_rates: the limit of this network, "" for none.
        everybody_rates: the common limit of all unknown visitors, "" for none.
    """

    visitor: str
    rates: str
    network: str = ""
    network_rates: str = ""
    everybody_rates: str = ""


class Audit:
    """The audit log and operators' logins. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._prefix = deployment.prefix
        self._note = Act(deployment, "note_audit", Reply)
        self._note_access = Act(deployment, "note_access", Reply)
        self._admit_login = Act(deployment, "admit_login", LoginAdmitted)

    async def note(
        self, partition: int, *, actor: str, act: str, site: str, user: str, reason: str, detail: str
    ) -> None:
        """Write a line to the site's audit log, or to the partition's if `site` is "". The script masks `user`."""
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

    async def note_access(self, entries: Mapping[str, str]) -> None:
        """Note whom the configuration file lets in, name to digest. What differs from the last time gets a line."""
        keys = DeploymentKeys(self._prefix)
        await self._note_access(keys, {"file_access": keys.file_access}, {"entries": msgspec.json.encode(entries)})

    async def admit_login(self, budget: LoginBudget) -> LoginAdmitted:
        """Count a password attempt: DONE, or LIMITED if the visitor, network or common limit is reached."""
        return await self._login(budget, "")

    async def take_back_login(self, budget: LoginBudget, admitted: LoginAdmitted) -> None:
        """After the right password: its attempt counts no longer for the visitor. All others do."""
        await self._login(budget, admitted.now)

    async def _login(self, budget: LoginBudget, admitted: int | Literal[""]) -> LoginAdmitted:
        keys = DeploymentKeys(self._prefix)
        return await self._admit_login(
            keys,
            {
                "window": keys.login_window(budget.visitor),
                "network": keys.login_window(f"net-{budget.network}"),
                "everybody": keys.login_window("everybody"),
            },
            {
                "rates": budget.rates,
                "network_rates": budget.network_rates,
                "everybody_rates": budget.everybody_rates,
                "admitted": admitted,
            },
        )
