"""Scripts about visits: who a browser has proved to be, for one subject and a few minutes."""

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
        openid: who the browser has proved to be.
        unionid: the same person over the accounts of one owner, "" where WeChat did not say it.
    """

    openid: str = ""
    unionid: str = ""


class Visits:
    """Visits in the store. Every call raises StoreUnavailable where there is no answer."""

    def __init__(self, here: Deployment) -> None:
        self._note = Act(here, "note_visit", Reply)
        self._read = Act(here, "read_visit", VisitRead)

    async def note(self, keys: Keys, browser: str, subject: str, *, openid: str, unionid: str, life_ms: int) -> None:
        """WeChat has said who a browser is."""
        await self._note(
            keys,
            {"visit": keys.visit(browser, subject)},
            {"openid": openid, "unionid": unionid, "life": life_ms},
        )

    async def read(self, keys: Keys, browser: str, subject: str) -> VisitRead:
        """Who a browser has proved to be."""
        return await self._read(keys, {"visit": keys.visit(browser, subject)}, {})
