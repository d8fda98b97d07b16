"""Scripts about visits: the identity that a browser has proved, for one subject and a few minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.addresses import NO_ADDRESS
from codesvc.domain.limits import Rate, encode
from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


BROWSER_TRIES: Final = (Rate(10, 600),)
"""How many codes of web authorisation one browser may bring for one subject: each costs a call to WeChat."""
SUBJECT_TRIES: Final = (Rate(40, 600),)
"""The same for all browsers: who has the link to a question can make browsers, but not questions."""
ADDRESS_TRIES: Final = (Rate(30, 600),)
"""How many codes that WeChat does not know one address may bring. Good ones do not count: many people share one."""
NETWORK_TRIES: Final = (Rate(120, 600),)
"""The same for a network (IPv4 /24, IPv6 /48)."""


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that comes back from web authorisation.

    Attributes:
        browser: its keyed name.
        subject: what it proves its identity for.
        address: its address as limits count it, `-` if it is not known; then no limit by address applies.
        network: its network, `-` if it is not known.
    """

    browser: str
    subject: str
    address: str
    network: str

    @property
    def address_rates(self) -> str:
        """The limit of the address, as the scripts read it."""
        return encode(ADDRESS_TRIES) if self.address != NO_ADDRESS else ""

    @property
    def network_rates(self) -> str:
        """The limit of the network, as the scripts read it."""
        return encode(NETWORK_TRIES) if self.address != NO_ADDRESS else ""


class VisitAdmitted(Reply, frozen=True):
    """DONE, SAME (the browser has proved its identity already), LIMITED.

    Attributes:
        wait_ms: ms until the limit allows another try.
    """

    wait_ms: int = 0


class VisitRead(Reply, frozen=True):
    """DONE or ABSENT.

    Attributes:
        openid: the identity that the browser has proved.
        unionid: the person's id for all accounts of one owner, "" if WeChat did not report it.
    """

    openid: str = ""
    unionid: str = ""


class Visits:
    """Visits in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._admit = Act(deployment, "admit_visit", VisitAdmitted)
        self._note = Act(deployment, "note_visit", Reply)
        self._read = Act(deployment, "read_visit", VisitRead)

    async def admit(self, keys: Keys, arriving: Arriving) -> VisitAdmitted:
        """Whether a code that the browser brings may be exchanged at WeChat."""
        return await self._admit(
            keys,
            {
                "visit": keys.visit(arriving.browser, arriving.subject),
                "by_browser": keys.openid_window("visit_browser", f"{arriving.browser}:{arriving.subject}"),
                "by_subject": keys.openid_window("visit_subject", arriving.subject),
                "by_address": keys.openid_window("visit_address", arriving.address),
                "by_network": keys.openid_window("visit_network", arriving.network),
            },
            {
                "browser_rates": encode(BROWSER_TRIES),
                "subject_rates": encode(SUBJECT_TRIES),
                "address_rates": arriving.address_rates,
                "network_rates": arriving.network_rates,
            },
        )

    async def note(
        self, keys: Keys, arriving: Arriving, *, openid: str, unionid: str, life_ms: int, admitted: int
    ) -> None:
        """Record the identity of a browser that WeChat has reported, "" for none.

        `admitted`: when the exchange was admitted, ms.
        """
        await self._note(
            keys,
            {
                "visit": keys.visit(arriving.browser, arriving.subject),
                "by_address": keys.openid_window("visit_address", arriving.address),
                "by_network": keys.openid_window("visit_network", arriving.network),
            },
            {
                "openid": openid,
                "unionid": unionid,
                "life": life_ms,
                "admitted": admitted,
                "address_rates": arriving.address_rates,
                "network_rates": arriving.network_rates,
            },
        )

    async def read(self, keys: Keys, browser: str, subject: str) -> VisitRead:
        """The identity that a browser has proved."""
        return await self._read(keys, {"visit": keys.visit(browser, subject)}, {})
