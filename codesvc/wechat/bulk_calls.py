"""Calls about many openids at once, for commands: up to 100 in a call, one call after the other.

A command may wait where a request may not. So a call that WeChat was too busy for, or that got no answer, is made again
a few times, and a quota of the minute is waited for. All these calls may be repeated: they only read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from codesvc.wechat import answers
from codesvc.wechat.errcodes import UNKNOWN_OPENID
from codesvc.wechat.errors import Garbled, NotSent, OutcomeUnknown, TokenUnavailable, WeChatError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from codesvc.wechat.client import WeChatClient

MOST: Final = 100
"""Openids in a call: more get 40032 (WECHAT.md 12, KINDS.md 9)."""
_USERS: Final = "/cgi-bin/user/info/batchget"
_BUSY: Final = -1
_MINUTE_QUOTA: Final = 45011
_APPID_WRONG: Final = 63178
_PAUSES: Final = (1.0, 4.0, 15.0)
_MINUTE: Final = 60.0


class BulkCalls:
    """Calls of one account about many openids.

    Args:
        sleep: how to pause between attempts, seconds.
    """

    def __init__(self, client: WeChatClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._client = client
        self._sleep = sleep

    async def unknown(self, openids: Iterable[str]) -> set[str]:
        """Those of the openids that the account does not have.

        WeChat refuses a whole call for one unknown openid and does not say which. So the call is halved until it is
        found.

        Raises:
            WeChatFault: WeChat refuses, or does not answer.
        """
        distinct, found = list(dict.fromkeys(openids)), set[str]()
        for start in range(0, len(distinct), MOST):
            found |= await self._search(distinct[start : start + MOST])
        return found

    async def calls_left(self) -> int | None:
        """How many calls about people WeChat allows today; None if it does not say."""
        try:
            return (await self._client.get_quota(_USERS)).remain
        except (WeChatError, Garbled):
            return None

    async def successors(self, openids: Sequence[str], *, old: Sequence[str]) -> dict[str, str]:
        """The openid that each person has in this account since WeChat has moved an account into it, "" for none.

        Args:
            openids: at most 100 openids of the old account.
            old: what the old account may be called: its appid, and if known its `gh_…`. WeChat's page asks for the
                latter, working programs send the former (KINDS.md 9).

        Raises:
            WeChatFault: WeChat refuses, or does not answer.
        """
        for number, name in enumerate(old, 1):
            try:
                answer = await self._patient(
                    "/cgi-bin/changeopenid", {"from_appid": name, "openid_list": list(openids)}
                )
            except WeChatError as error:
                if error.errcode != _APPID_WRONG or number == len(old):
                    raise
                continue
            listed = answer.get("result_list")
            if not isinstance(listed, list):
                raise Garbled("WeChat's answer has no result_list")
            found = (answers.shaped(item, answers.Successor) for item in listed)
            successors = {each.ori_openid: each.new_openid for each in found}
            if successors.keys() != set(openids):
                raise Garbled("WeChat's answer is about other openids")
            return successors
        raise ValueError("the old account has no name")

    async def _search(self, openids: list[str]) -> set[str]:
        try:
            await self._patient(_USERS, {"user_list": [{"openid": each, "lang": "zh_CN"} for each in openids]})
        except WeChatError as error:
            if error.errcode != UNKNOWN_OPENID:
                raise
        else:
            return set()
        if len(openids) == 1:
            return set(openids)
        middle = len(openids) // 2
        return await self._search(openids[:middle]) | await self._search(openids[middle:])

    async def _patient(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for pause in (*_PAUSES, None):
            try:
                return await self._client.call("POST", path, body=body)
            except WeChatError as error:
                if pause is None or error.errcode not in {_BUSY, _MINUTE_QUOTA}:
                    raise
                await self._sleep(pause if error.errcode == _BUSY else _MINUTE)
            except (NotSent, OutcomeUnknown) as fault:
                if pause is None or isinstance(fault, TokenUnavailable):
                    raise
                await self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")
