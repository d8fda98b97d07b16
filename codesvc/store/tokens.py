"""The script of the locks under which access tokens are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class Tokens:
    """Locks in the store."""

    def __init__(self, here: Deployment) -> None:
        self._release_lock = Act(here, "release_lock", Reply)

    async def release_lock(self, keys: Keys, name: str, owner: str) -> Reply:
        """Release the lock of a token: DONE, or STALE if another holds it by now.

        Raises:
            StoreUnavailable: no answer.
        """
        return await self._release_lock(keys, {"lock": keys.token(f"{name}:lock")}, {"owner": owner})
