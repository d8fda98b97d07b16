"""The ids of the master keys under which the processes on a store make codes now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from codesvc.store.act import Act
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.act import Deployment

NOTED_EVERY_SECONDS: Final = 20.0
_IN_USE_MS: Final = 45_000
"""How long after it was noted a key counts as used; so a process may miss one time."""


def _ids(raw: Sequence[bytes]) -> frozenset[str]:
    return frozenset(each.decode() for each in raw)


class KeysInUse(Reply, frozen=True):
    """DONE.

    Attributes:
        ids: the ids of the master keys in use.
    """

    ids: Annotated[frozenset[str], _ids] = frozenset()


class MasterKeys:
    """Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._place = DeploymentKeys(deployment.prefix)
        self._note = Act(deployment, "note_master_key", KeysInUse)

    async def note(self, key_id: str) -> frozenset[str]:
        """Note that a process makes codes under this key; the ids of all keys in use."""
        return (
            await self._note(self._place, {"master_keys": self._place.master_keys}, {"id": key_id, "alive": _IN_USE_MS})
        ).ids

    async def read(self) -> frozenset[str]:
        """The ids of the keys in use."""
        return await self.note("")
