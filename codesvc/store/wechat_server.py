"""Scripts about the codes of wechat-server's protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class LoginCodeIssued(Reply, frozen=True):
    """DONE, ENDED (the message's code has been used), LIMITED or COLLISION.

    Attributes:
        long: whether the long code was kept.
        wait_ms: how long until another keyword of the openid is accepted.
    """

    long: bool = False
    wait_ms: int = 0


class LoginCodeTaken(Reply, frozen=True):
    """DONE, ABSENT (unknown, used or expired) or LIMITED (short codes are refused). The repr hides the openid.

    Attributes:
        openid: for whom the code was made.
    """

    openid: str = ""

    def __repr__(self) -> str:
        return f"LoginCodeTaken({self.outcome!r})"


class LoginCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code to keep. Its repr hides the openid and the names.

    Attributes:
        site: whose code it is.
        openid: for whom.
        names: the names of the short and of the long code (`WechatServerSecrets.name`).
        mark: identifies the person's message in the chat, so that a repeated callback gets the same code.
        life_ms: how long the code lives.
        most: how many short codes of the site may be made within one life.
        guesses: the rates of wrong short codes, encoded.
        keyword_rates: the rates of keywords of one openid (`fragments/keyword_rates.lua`).
    """

    site: str
    openid: str
    names: tuple[str, str]
    mark: str
    life_ms: int
    most: int
    guesses: str
    keyword_rates: str

    def __repr__(self) -> str:
        return f"LoginCode({self.site!r})"


class LoginCodes:
    """Codes in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._issue = Act(deployment, "issue_login_code", LoginCodeIssued)
        self._take = Act(deployment, "take_login_code", LoginCodeTaken)

    async def issue(self, keys: Keys, wanted: LoginCode) -> LoginCodeIssued:
        """Keep a code: the short one unless the site's budget of wrong codes is spent, or `most` are made already."""
        short, long = wanted.names
        return await self._issue(
            keys,
            {
                "code": keys.login_code(wanted.site, short),
                "long_code": keys.login_code(wanted.site, long),
                "keyword_window": keys.openid_window("openid_words", wanted.openid),
                "live": keys.window("login_codes", wanted.site, "live"),
                "misses": keys.window("login_codes", wanted.site, "short"),
            },
            {
                "openid": wanted.openid,
                "site": wanted.site,
                "mark": wanted.mark,
                "life": wanted.life_ms,
                "most": wanted.most,
                "guesses": wanted.guesses,
                "keyword_rates": wanted.keyword_rates,
            },
        )

    async def take(self, keys: Keys, site: str, name: str, *, guesses: str) -> LoginCodeTaken:
        """Use a code up. A wrong one counts in the site's budget.

        For a long code pass "" as `guesses`: no budget applies to it.
        """
        return await self._take(
            keys,
            {
                "code": keys.login_code(site, name),
                "misses": keys.window("login_codes", site, "short"),
            },
            {"site": site, "guesses": guesses},
        )
