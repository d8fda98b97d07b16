"""Locks: of access tokens, and of the audit file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.deployment_keys import PartitionKeys
    from codesvc.store.keys import Keys


class Locks:
    """Releases locks. Their owners take them with SET NX."""

    def __init__(self, deployment: Deployment) -> None:
        self._release = Act(deployment, "release_lock", Reply)

    async def release(self, place: Keys | PartitionKeys, lock: str, owner: str) -> Reply:
        """Release the lock of this key: DONE, or STALE if another holds it by now."""
        return await self._release(place, {"lock": lock}, {"owner": owner})
