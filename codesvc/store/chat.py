"""Scripts of the chat: claiming a verification by scan or keyword, disowning, noting a person's activity."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from codesvc.domain.limits import Rate, encode
from codesvc.store.act import Act
from codesvc.store.replies import Reply, VerificationReply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


PER_STAMP: Final = encode((Rate(5, 600),))
"""How many callbacks with one signed timestamp and nonce are acted on although no signature covers their event, or are
handed on to another back end. WeChat sends a push three or four times, each with another nonce (WECHAT.md 9.4)."""


class Claimed(VerificationReply, frozen=True):
    """CLAIMED, REFUSED, ENDED, ABSENT, LIMITED, or OTHER if the pointer leads to no verification.

    Attributes:
        limit: the limit that refused.
        wait_ms: ms until the limit allows another keyword.
        target: what the pointer leads to, for OTHER.
    """

    limit: str = ""
    wait_ms: int = 0
    target: str = ""


class Disowned(Reply, frozen=True):
    """DONE.

    Attributes:
        stopped: how many pending verifications were canceled.
        entered: how many codes had been entered, and resets by a link made. An unused proof of them is void now.
    """

    stopped: int = 0
    entered: int = 0


class Chat:
    """Acts of people in the chat. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._claim = Act(deployment, "claim", Claimed)
        self._disown = Act(deployment, "disown", Disowned)
        self._note_activity = Act(deployment, "note_activity", Reply)
        self._admit = Act(deployment, "admit_callback", Reply)

    async def claim(
        self,
        keys: Keys,
        openid: str,
        *,
        by: Literal["scene", "keyword"],
        pointer: str,
        dedupe: str,
        reply: bool,
        rates: str,
        window_ms: int,
        followed: bool = False,
        forgeable: bool = False,
        pushes: str = "",
    ) -> Claimed:
        """Give a code to the person who scanned or sent the keyword, if they may have it.

        Args:
            keys: the keys of the account.
            openid: the openid of the person.
            by: what leads to the verification.
            pointer: the scene or the keyword.
            dedupe: identifies the callback; a repeated callback counts once.
            reply: whether the answer to the callback may hold the code.
            rates: the limit on keywords of one openid.
            window_ms: for how long customer-service messages may go to the person.
            followed: whether the person has just followed the account.
            forgeable: whether anybody may have made the event (rule 9).
            pushes: the limit on messages to one openid, for forgeable events.
        """
        return await self._claim(
            keys,
            {
                "pointer": keys.scene(pointer) if by == "scene" else keys.keyword(pointer),
                "keyword_window": keys.openid_window("openid_words", openid),
                "seen": keys.seen(dedupe),
                "spoke": keys.spoke(openid),
                "gone": keys.gone(openid),
                "leavers": keys.leavers,
            },
            {
                "openid": openid,
                "by": by,
                "reply": int(reply),
                "keyword_rates": rates,
                "window": window_ms,
                "followed": int(followed),
                "forgeable": int(forgeable),
                "pushes": pushes,
            },
        )

    async def disown(
        self,
        keys: Keys,
        openid: str,
        *,
        dedupe: str,
        mute_ms: int,
        declined: bool = False,
        verification: str = "",
    ) -> Disowned:
        """Cancel a person's verifications, void what else they have open, and mute pushes for `mute_ms`.

        `dedupe` identifies the message. `declined`: the same message declined a question. If there was no code, nothing
        is muted. `verification`: the one on whose page the person said so.
        """
        return await self._disown(
            keys,
            {"recent": keys.recent(openid), "muted": keys.muted(openid), "seen": keys.seen(f"{dedupe}/disown")},
            {"openid": openid, "mute": mute_ms, "declined": int(declined), "verification": verification},
        )

    async def note_activity(self, keys: Keys, openid: str, *, window_ms: int, forgeable: bool = False) -> None:
        """Allow customer-service messages to this person for `window_ms` (WECHAT.md 8).

        A `forgeable` event does not show that WeChat knows the openid.
        """
        await self._note_activity(
            keys,
            {"spoke": keys.spoke(openid)},
            {"openid": openid, "window": window_ms, "forgeable": int(forgeable)},
        )

    async def admit(self, keys: Keys, stamp: str, *, act: Literal["unsigned", "forwards"]) -> Reply:
        """Count a callback under its signed timestamp and nonce (`Inbound.stamp`), for one act: DONE or LIMITED."""
        push = sha256(stamp.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return await self._admit(keys, {"push": keys.openid_window(act, push)}, {"rates": PER_STAMP})
