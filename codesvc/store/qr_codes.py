"""The pool of QR codes that are created in advance, of each account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys
    from codesvc.store.outcomes import Outcome


class PoolCounted(Reply, frozen=True):
    """DONE.

    Attributes:
        left: how many QR codes are in the pool.
    """

    left: int = 0


class QrCodes:
    """Counts and fills the pool. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._count = Act(deployment, "count_pool", PoolCounted)
        self._refill = Act(deployment, "refill_pool", Reply)

    async def count(self, keys: Keys) -> int:
        """How many QR codes the pool has for pages; none after a fail-over or a start of the store's server."""
        return (await self._count(keys, {"pool": keys.pool, "pool_server": keys.pool_server}, {})).left

    async def refill(self, keys: Keys, *, day: str, scene: str, minted: str, size: int, sites: int) -> Outcome:
        """Put a QR code into the pool and charge the call that creates the next: BEGUN; DONE if it is full, or LIMITED.

        `minted` is the QR code that the call charged before has created, as an entry of the pool, "" for none.
        """
        reply = await self._refill(
            keys,
            {"pool": keys.pool, "pool_server": keys.pool_server, "day": day},
            {"scene": scene, "minted": minted, "size": size, "sites": sites},
        )
        return reply.outcome
