"""The state of an account as the operator pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.domain.callback_health import Heard
    from codesvc.service.operators.account_state import TokenContest, TokenTrouble
    from codesvc.service.operators.forecast import Outlook
    from codesvc.service.statistics.series import Figures
    from codesvc.service.statistics.summary import Fault


@dataclass(frozen=True, slots=True)
class Health:
    """The state of an account: its remaining quotas, WeChat's errors, its callbacks and its access token.

    Attributes:
        account: the account's name in the configuration.
        title: its name for people.
        outlooks: its quotas and pools, with the time at which each runs out.
        faults: WeChat's errors in the last 24 hours.
        calls: the counts of calls to WeChat in the last 24 hours.
        token: why it has no access token; None if it has one.
        contest: since when its access tokens are refused; None if they are not.
    """

    account: str
    title: str
    outlooks: Sequence[Outlook]
    faults: Sequence[Fault]
    calls: Figures
    heard: Heard
    token: TokenTrouble | None
    contest: TokenContest | None = None

    @property
    def unseen(self) -> bool:
        """Whether no good callback or no successful call is known, so that nothing says that these work."""
        return self.heard.good_at is None or not any(
            count for name, count in self.calls.total.items() if name.startswith("call.") and name.endswith(".0")
        )
