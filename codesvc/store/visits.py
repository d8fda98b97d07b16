"""Scripts about visits: the identity that a browser has proved, for one subject and a few minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class VisitRead(Reply, frozen=True):
    """DONE or ABSENT.

    Attributes:
        openid: the identity that the browser has proved.
        unionid: the person's id for all accounts of one owner, "" if WeChat did not report it.
    """

    openid: str = ""
    unionid: str = ""


class Visits:
    """Visits in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, here: Deployment) -> None:
        self._note = Act(here, "note_visit", Reply)
        self._read = Act(here, "read_visit", VisitRead)

    async def note(self, keys: Keys, browser: str, subject: str, *, openid: str, unionid: str, life_ms: int) -> None:
        """Record the identity of a browser that WeChat has reported."""
        await self._note(
            keys,
            {"visit": keys.visit(browser, subject)},
            {"openid": openid, "unionid": unionid, "life": life_ms},
        )

    async def read(self, keys: Keys, browser: str, subject: str) -> VisitRead:
        """The identity that a browser has proved."""
        return await self._read(keys, {"visit": keys.visit(browser, subject)}, {})
