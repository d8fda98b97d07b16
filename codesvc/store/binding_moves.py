"""Scripts that move bindings from one appid of an account to another; `codesvc.store.account_move` has the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class TakenIn(Reply, frozen=True):
    """DONE.

    Attributes:
        verdicts: for each row moved, void, same, user or wechat (`take_in_bindings.lua`).
    """

    verdicts: tuple[str, ...] = ()


class BindingMoves:
    """The scripts of a move. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._take_in = Act(deployment, "take_in_bindings", TakenIn)
        self._let_go = Act(deployment, "let_go_bindings", Reply)

    async def take_in(self, keys: Keys, rows: bytes, *, inside: bool) -> TakenIn:
        """Take over bindings under these keys; `rows` is JSON, as the script reads it.

        `inside`: whether both appids lie in one partition.
        """
        return await self._take_in(keys, {}, {"rows": rows, "inside": int(inside)})

    async def let_go(self, keys: Keys, rows: bytes) -> None:
        """Remove bindings that have been taken over; `rows` is JSON: lists of site, user, openid."""
        await self._let_go(keys, {}, {"rows": rows})
