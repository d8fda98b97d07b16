"""Scripts about the followers of an account: following, unfollowing, and deleting personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class Forgotten(Reply, frozen=True):
    """DONE, or STALE if the person follows again in the meantime.

    Attributes:
        unbound: users that were unbound, as `site user`.
    """

    unbound: tuple[str, ...] = ()


class Leavers(Reply, frozen=True):
    """DONE.

    Attributes:
        openids: people who left long enough ago.
        before: the moment before which they left, ms.
    """

    openids: tuple[str, ...] = ()
    before: str = ""


class Followers:
    """The followers of an account. Every call raises StoreUnavailable if the store does not answer.

    `sites` are the account's sites as the scripts read them: `name/events`, separated by blanks. `dedupe` identifies a
    signed callback, "" for anything else. Repeated, it changes nothing.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._follow = Act(deployment, "follow", Reply)
        self._leave = Act(deployment, "leave_account", Reply)
        self._forget = Act(deployment, "forget_person", Forgotten)
        self._note_unknown = Act(deployment, "note_unknown_openid", Reply)
        self._list_leavers = Act(deployment, "list_leavers", Leavers)

    async def follow(self, keys: Keys, openid: str, *, forgeable: bool) -> None:
        """Record that a person follows, perhaps again. They can be reached."""
        await self._follow(
            keys,
            {"gone": keys.gone(openid), "leavers": keys.leavers},
            {"openid": openid, "forgeable": int(forgeable)},
        )

    async def leave(self, keys: Keys, openid: str, *, sites: str, dedupe: str = "") -> None:
        """Record that a person stopped following. They cannot be reached, and only user and openid of them are kept."""
        await self._leave(
            keys,
            {
                "gone": keys.gone(openid),
                "leavers": keys.leavers,
                "spoke": keys.spoke(openid),
                "seen": keys.seen(f"{dedupe}/leave"),
            },
            {"openid": openid, "sites": sites, "once": int(bool(dedupe))},
        )

    async def note_unknown(self, keys: Keys, openid: str, *, sites: str) -> None:
        """Record that the account has no such openid, because WeChat answered a send with 40003."""
        await self._note_unknown(keys, {"unknown": keys.unknown(openid)}, {"openid": openid, "sites": sites})

    async def forget(
        self, keys: Keys, openid: str, *, sites: str, only_if_left_before: str, dedupe: str = ""
    ) -> Forgotten:
        """Delete bindings, histories and marks of an openid; `only_if_left_before` (ms): only if they left before."""
        return await self._forget(
            keys,
            {
                "gone": keys.gone(openid),
                "leavers": keys.leavers,
                "muted": keys.muted(openid),
                "recent": keys.recent(openid),
                "spoke": keys.spoke(openid),
                "seen": keys.seen(f"{dedupe}/forget"),
            },
            {
                "openid": openid,
                "sites": sites,
                "once": int(bool(dedupe)),
                "only_if_left_before": only_if_left_before,
            },
        )

    async def leavers(self, keys: Keys, *, keep_ms: int, most: int) -> Leavers:
        """People who left longer ago than `keep_ms`, at most `most` of them."""
        return await self._list_leavers(keys, {"leavers": keys.leavers}, {"keep": keep_ms, "most": most})
