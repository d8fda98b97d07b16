"""Scripts about visits: the identity that a browser has proved, for one subject and a few minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.addresses import NO_ADDRESS
from codesvc.domain.limits import Rate, encode
from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class VisitLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many codes of web authorisation are taken to WeChat: each costs a call.

    Attributes:
        browser: the limit of one browser for one subject.
        subject: the limit of all browsers for one subject. Strangers can make browsers, but no subjects.
        address: the limit of codes from one address that WeChat does not know. Good ones do not count: many people
            share one address. Logins, which anybody can begin, have a window apart (`visit_windows.lua`).
        network: the limit of such codes from a network (IPv4 /24, IPv6 /48).
    """

    browser: tuple[Rate, ...] = (Rate(10, 600),)
    subject: tuple[Rate, ...] = (Rate(40, 600),)
    address: tuple[Rate, ...] = (Rate(30, 600),)
    network: tuple[Rate, ...] = (Rate(120, 600),)


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that comes back from web authorisation.

    Attributes:
        browser: the keyed name that it left with.
        came_as: the keyed name that it comes back with, which differs where it has proved its identity before.
        subject: what it proves its identity for.
        intent: the bind intent or login that it proves its identity for, "" for anything else.
        address: its address as limits count it, `-` if it is not known; then no limit by address applies.
        network: its network, `-` if it is not known.
    """

    browser: str
    came_as: str
    subject: str
    intent: str
    address: str
    network: str


class VisitAdmitted(Reply, frozen=True):
    """DONE, SAME (the browser has proved its identity already), LIMITED.

    Attributes:
        wait_ms: ms until the limit allows another try.
        lane: which windows of the address and the network the try counted in.
    """

    wait_ms: int = 0
    lane: str = ""


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

    def __init__(self, deployment: Deployment, limits: VisitLimits = VisitLimits()) -> None:  # noqa: B008  it is frozen
        self.limits = limits
        self._admit = Act(deployment, "admit_visit", VisitAdmitted)
        self._note = Act(deployment, "note_visit", Reply)
        self._read = Act(deployment, "read_visit", VisitRead)

    async def admit(self, keys: Keys, arriving: Arriving) -> VisitAdmitted:
        """Whether a code that the browser brings may be exchanged at WeChat."""
        return await self._admit(
            keys,
            {
                "visit": keys.visit(arriving.came_as, arriving.subject),
                "by_browser": keys.openid_window("visit_browser", f"{arriving.browser}:{arriving.subject}"),
                "by_subject": keys.openid_window("visit_subject", arriving.subject),
            },
            {
                **self._place_of(arriving),
                "intent": arriving.intent,
                "browser_rates": encode(self.limits.browser),
                "subject_rates": encode(self.limits.subject),
            },
        )

    async def note(
        self,
        keys: Keys,
        arriving: Arriving,
        *,
        goes_as: str,
        openid: str,
        unionid: str,
        life_ms: int,
        admitted: VisitAdmitted,
    ) -> None:
        """Record the identity of a browser that WeChat has reported, "" for none.

        `goes_as`: the keyed name that the browser has from now on.
        """
        await self._note(
            keys,
            {"visit": keys.visit(goes_as, arriving.subject)},
            {
                **self._place_of(arriving),
                "openid": openid,
                "unionid": unionid,
                "life": life_ms,
                "admitted": admitted.now,
                "lane": admitted.lane,
            },
        )

    def _place_of(self, arriving: Arriving) -> dict[str, str]:
        """The address and the network with their limits, as the scripts read them; "" where they are not known."""
        known = arriving.address != NO_ADDRESS
        return {
            "address": arriving.address,
            "network": arriving.network,
            "address_rates": encode(self.limits.address) if known else "",
            "network_rates": encode(self.limits.network) if known else "",
        }

    async def read(self, keys: Keys, browser: str, subject: str) -> VisitRead:
        """The identity that a browser has proved."""
        return await self._read(keys, {"visit": keys.visit(browser, subject)}, {})
