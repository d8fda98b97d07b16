"""The migration of one official account into another (账号迁移): which openid of the old one became which.

After the review the followers of the old account follow the new one, under other openids. For 15 days the new account
may ask for them, and never again. Unionids survive as far as both accounts have one owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ASKABLE_SECONDS = 15 * 86_400


@dataclass
class Migration:
    """A migration into an account.

    Attributes:
        from_appid: the old account.
        from_original_id: its `gh_…`.
        ended_at: when the review ended, seconds since the epoch.
        successors: the new openid of each person who followed the old account when the review ended.
        confirmed: whether both administrators have confirmed it; until then calls get 63178.
        named_by: which id of the old account the call takes as `from_appid`. WeChat's page and working programs
            contradict each other.
    """

    from_appid: str
    from_original_id: str
    ended_at: float
    successors: Mapping[str, str] = field(repr=False)
    confirmed: bool = True
    named_by: Literal["appid", "original_id"] = "appid"

    @property
    def name(self) -> str:
        """What the call has to name as `from_appid`."""
        return self.from_appid if self.named_by == "appid" else self.from_original_id
