"""The answer to a scan or to a keyword in the chat: the code stands in the HTTP answer to WeChat's callback.

The courier never sends by it: the service asks for the answer while the callback waits, and only where WeChat's
signature covers who asked (DESIGN rule 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.protocol import Attempt, Ending, Parcel
from codesvc.domain.channels import Channel

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.domain.record import Record
    from codesvc.sites.directory import AccountEntry


class Reply:
    """Writes the answer."""

    id: Final = Channel.REPLY

    def __init__(self, means: Means) -> None:
        self._composer = means.composer

    @staticmethod
    def missing(_: Account) -> None:
        """Nothing: the text comes from the service's own templates."""

    async def send(self, parcel: Parcel) -> Attempt:
        """Write the text; whoever waits for the answer hands it over."""
        return Attempt(Ending.SENT, self.id, answer=self._composer.chat("code", parcel.record))

    async def answer(self, account: AccountEntry, openid: str, record: Record) -> str:
        """The text with the code."""
        return (await self.send(Parcel(account, record, openid))).answer
