"""Requests and results of the use cases of a verification."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain.limits import LimitReached
from codesvc.store.replies import promised

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.recipient import MessageKind
    from codesvc.domain.record import Fixed, Record
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.outcomes import Outcome


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The validated input of a start.

    Attributes:
        client_ip: the client's address, None if the site sends no addresses.
        user_agent: the browser's header, "" if unknown.
        locale: `zh` or `en`.
        vouched: the site has authenticated the person by other means.
        return_url: the address to which the hosted page returns, on one of the site's origins.
        metadata: an object that the site attached.
        predecessor: the verification whose page starts it, "" if the site does.
        inherited: the predecessor's values, which a successor keeps; None without a predecessor.
        contact: the last resort, as given: a kind and a phone number or e-mail address; None for none.
    """

    purpose: str
    user: str
    client_ip: IPv4Address | IPv6Address | None = None
    user_agent: str = ""
    locale: str = "zh"
    vouched: bool = False
    return_url: str | None = None
    metadata: dict[str, Any] = {}
    predecessor: str = ""
    inherited: Fixed | None = None
    contact: tuple[MessageKind, str] | None = None

    def __repr__(self) -> str:
        return f"StartRequest({self.purpose!r})"


class Idempotency(msgspec.Struct, frozen=True):
    """An Idempotency-Key and the fingerprint of the request it came with; "" means none."""

    key: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, key: str, request: bytes) -> Idempotency:
        """Make it of the header and the identifying parts of the request, of which only a hash is kept.

        The hash covers the key too, which is not kept: otherwise a reader of the store could try all codes on the hash.
        """
        return cls(key, sha256(key.encode() + b"\n" + request).hexdigest()[:32])


NOT_IDEMPOTENT: Final = Idempotency()


class Result(msgspec.Struct, frozen=True):
    """The result of a use case.

    Attributes:
        malformed: whether what was typed cannot be a code by its form; only with WRONG, and it was not counted.
        left: what the limits of the call leave, as scripts tell it (`fragments/windows.lua`); "" where there are none.
    """

    outcome: Outcome
    record: Record | None = None
    denial: LimitReached | None = None
    left: str = ""
    malformed: bool = False

    @property
    def shown(self) -> Record:
        """The record, for outcomes that always have one.

        Raises:
            LookupError: this outcome has none.
        """
        return promised(self.record, self.outcome)


def denial_of(site: SiteEntry, limit: str, wait_ms: int) -> LimitReached:
    """The limit by which a script refused a call, under its name in the configuration.

    The share of a network is one of the site's limit (`fragments/network_share.lua`).
    """
    name = "site_starts" if limit == "network_share" else limit
    return LimitReached(name, wait_ms, getattr(site.config.limits, name))
