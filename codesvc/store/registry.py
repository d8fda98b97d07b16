"""Scripts about the registry of sites, accounts and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from codesvc.store.act import Act
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.replies import Reply, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.store.act import Deployment


class RegistryRead(Reply, frozen=True):
    """DONE or SAME.

    Attributes:
        version: the version of the registry.
        complete: whether the changes are the whole registry.
        changes: name to sealed text, "" for an entry that was removed.
    """

    version: str = ""
    complete: bool = False
    changes: Annotated[dict[str, str], fields_of] = msgspec.field(default_factory=dict)


class RegistryChanged(Reply, frozen=True):
    """DONE, STALE if another change came first, or LIMITED if the actor made, removed or changed too many entries.

    Attributes:
        wait_ms: ms until the actor may go on.
    """

    wait_ms: int = 0


def _times(raw: Sequence[bytes]) -> tuple[int | None, ...]:
    return tuple(int(at) if at else None for at in raw)


class UsesRead(Reply, frozen=True):
    """DONE.

    Attributes:
        times: when each key was last used, ms, in the order of the names; None for never.
    """

    times: Annotated[tuple[int | None, ...], _times] = ()


class Registry:
    """The registry in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._place = DeploymentKeys(deployment.prefix)
        self._read = Act(deployment, "read_registry", RegistryRead)
        self._change = Act(deployment, "change_registry", RegistryChanged)
        self._note_uses = Act(deployment, "note_uses", Reply)
        self._read_uses = Act(deployment, "read_uses", UsesRead)

    async def read(self, since: str) -> RegistryRead:
        """The changes since a version, "" for the whole registry."""
        return await self._read(
            self._place, {"registry": self._place.registry, "registry_log": self._place.registry_log}, {"since": since}
        )

    async def change(
        self, changes: Mapping[str, str], *, actor: str, expected: str, version: str, writes: str
    ) -> RegistryChanged:
        """Change entries, all or none of them.

        Args:
            changes: name to sealed text, "" to remove an entry.
            actor: who changes them, for the audit log; "" writes no line.
            expected: the version that the change was made for.
            version: the new version, a random id.
            writes: how many entries the actor may make and remove, and how many it may change, encoded by
                `codesvc.domain.limits.encode`; "" for no limit.
        """
        return await self._change(
            self._place,
            {"registry": self._place.registry, "registry_log": self._place.registry_log},
            {
                "actor": actor,
                "expected": expected,
                "version": version,
                "changes": msgspec.json.encode(changes),
                "writes": writes,
            },
        )

    async def note_uses(self, ages_ms: Mapping[str, int], *, spacing_ms: int) -> None:
        """Note how long ago keys were used; for each key at most once in `spacing_ms`."""
        await self._note_uses(
            self._place, {"uses": self._place.uses}, {"ages": msgspec.json.encode(ages_ms), "spacing": spacing_ms}
        )

    async def uses(self, names: Sequence[str]) -> UsesRead:
        """When keys were last used."""
        return await self._read_uses(self._place, {"uses": self._place.uses}, {"names": " ".join(names)})
