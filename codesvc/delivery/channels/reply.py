"""The channel of replies: the HTTP answer to WeChat's callback of a scan or keyword holds the code.

The courier never uses it. The service asks for the answer while the callback waits, and only if WeChat's signature
covers the openid (DESIGN rule 9).
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
        """Write the text. The caller puts it into the callback's answer."""
        return Attempt(Ending.SENT, self.id, answer=self._composer.chat("code", parcel.record))

    async def answer(self, account: AccountEntry, openid: str, record: Record) -> str:
        """The text with the code."""
        return (await self.send(Parcel(account, record, openid))).answer
