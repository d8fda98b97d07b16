"""Scripts about callbacks of accounts: the latest good one, those that were refused, and QR codes without an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from codesvc.store.act import Act
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.act import Deployment


class CallbackCount(msgspec.Struct, frozen=True):
    """How many callbacks of an account were refused or good, or how many QR codes were shown.

    Attributes:
        count: how many since `since`.
        since: the first of them, ms.
        at: the latest of them, ms.
        why: its text, without secrets.
        reason: its reason, "" where an older process has written it.
        reasons: how many by reason.
    """

    count: int
    since: int
    at: int
    why: str = ""
    reason: str = ""
    reasons: dict[str, int] = {}


def _entries(raw: Sequence[bytes]) -> dict[str, CallbackCount]:
    return {
        name.decode(): msgspec.json.decode(text, type=CallbackCount, strict=False)
        for name, text in zip(raw[::2], raw[1::2], strict=True)
    }


class CallbacksCounted(Reply, frozen=True):
    """Answers DONE only.

    Attributes:
        entries: the stored counts by their names (`codesvc.service.callback_record`).
    """

    entries: Annotated[dict[str, CallbackCount], _entries] = msgspec.field(default_factory=dict)


class Callbacks:
    """Callbacks of the whole deployment. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._place = DeploymentKeys(deployment.prefix)
        self._note = Act(deployment, "note_refused_callback", Reply)
        self._mark = Act(deployment, "note_callback", Reply)
        self._read = Act(deployment, "read_refused_callbacks", CallbacksCounted)

    async def note(self, name: str, *, good: str, count: int, why: str, reason: str) -> None:
        """Record `count` refusals under a name, and the latest reason; `good` is the name of the good callbacks."""
        await self._note(
            self._place,
            {"refused": self._place.refused_callbacks},
            {"name": name, "good": good, "count": count, "why": why, "reason": reason},
        )

    async def mark(self, name: str, *, good: str, count: int) -> None:
        """Record good callbacks, or QR codes that were shown, under a name.

        `good` is the name of the good callbacks: QR codes are counted from the latest of them. It is "" where `name` is
        that name itself.
        """
        await self._mark(
            self._place, {"refused": self._place.refused_callbacks}, {"name": name, "good": good, "count": count}
        )

    async def read(self) -> CallbacksCounted:
        """All that is kept, also what is older than a day."""
        return await self._read(self._place, {"refused": self._place.refused_callbacks}, {})
