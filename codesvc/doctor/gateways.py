"""Whether the sites' own SMS and e-mail gateways can be used, as far as that can be seen without sending a message.

A name is resolved, and a connection is opened and closed again, by the rule for addresses that the service applies
(`codesvc.runtime.public_sockets`). Nothing is sent: an SMS costs money, and what a gateway answers is known
only from one. So a finding says what was looked at, and that credentials were not tried.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain.message import SIGN_UP
from codesvc.domain.service_address import DEFAULT_PORTS
from codesvc.runtime.public_sockets import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import Settings, Site
    from codesvc.config.relay_settings import Gateway, Relay
    from codesvc.runtime.public_sockets import AddressRule

_SECONDS: Final = 5.0
_NOT_PUBLIC: Final = (
    "If this gateway is yours, set allow_private = true in its table, in the configuration file. "
    "Without it this machine's own addresses are called only by https at port 443."
)
_NOT_TRIED: Final = "nothing was sent, so credentials, templates and sender were not tested"


class _Place(NamedTuple):
    """Where a gateway is called.

    Attributes:
        host: a name or an address.
        encrypted: whether TLS is spoken from the first byte.
        allow_private: whether it may be in a private network.
    """

    host: str
    port: int
    encrypted: bool
    allow_private: bool


def settled(settings: Settings) -> Iterator[Finding]:
    """Findings that need only the settings: what the ledger lacks, and gateways that nothing uses."""
    for name, site in settings.sites.items():
        relay = site.relay
        unused = sorted(set(site.gateways) - ({relay.sms, relay.email} if relay else set()))
        if unused:
            remedy = f"Name it as sms or email in sites.{name}.relay, or remove it."
            yield warn(f"sites.{name}.gateways", f"not used: {', '.join(unused)}", remedy)
        if relay is not None:
            yield _ledger(name, site, relay)


def _ledger(name: str, site: Site, relay: Relay) -> Finding:
    what = f"sites.{name}.relay"
    said = f"messages as {' and '.join(relay.kinds)}"
    if relay.shadow:
        said += "; shadow mode: all go to the gateway, and the ledger shows what WeChat would have delivered"
    if relay.sms and not relay.price:
        return warn(
            what,
            f"{said}; no price, so the ledger shows no amounts",
            f"Set sites.{name}.relay.price to the price of one SMS.",
        )
    if relay.purpose == SIGN_UP:
        remedy = f"Set sites.{name}.relay.purpose to a purpose for sign-ins."
        return warn(
            what, f"{said}; a message without a purpose counts as a sign-up, which is never sent through WeChat", remedy
        )
    if site.keys and not site.inbound and not any("messages" in key.scopes for key in site.keys):
        remedy = "Add an inbound source, or a key with the scope messages. A verification's contact needs neither."
        return warn(what, f"{said}; nothing can submit messages: no inbound source, no key with that scope", remedy)
    return ok(what, said)


async def findings(settings: Settings, rule: AddressRule = PUBLIC) -> list[Finding]:
    """Findings about the address of each gateway that a site has."""
    proxied = settings.service.proxy_to_receivers is not None
    tried = [
        _reached(f"sites.{name}.gateways.{key}", gateway, rule, proxied=proxied)
        for name, site in settings.sites.items()
        for key, gateway in site.gateways.items()
    ]
    return list(await asyncio.gather(*tried))


async def _reached(what: str, gateway: Gateway, rule: AddressRule, *, proxied: bool) -> Finding:
    place = _place(gateway)
    if place is None:
        return fail(what, "it has no table", f"Give it exactly one table; see [{what}] in the configuration reference.")
    (kind,) = gateway.given
    shown = f"{kind}: {place.host}:{place.port}"
    if proxied and kind != "smtp":
        return ok(what, f"{shown} is called through service.webhook_proxy, so its address was not tested; {_NOT_TRIED}")
    try:
        async with asyncio.timeout(_SECONDS):
            addresses, https = await _resolved(place), place.encrypted and kind != "smtp"
            if not place.allow_private and not any(rule.allows(each, place.port, https=https) for each in addresses):
                own = any(rule.public(address) for address in addresses)
                said = "is an address of this machine" if own else "is not a public address"
                return fail(what, f"{shown} {said}, so the service refuses to call it", _NOT_PUBLIC)
            await _connected(place)
    except ssl.SSLError as error:
        remedy = "Check that the certificate is for this name, has not expired, and is from a trusted authority."
        return fail(what, f"{shown} has no valid certificate ({error.reason or type(error).__name__})", remedy)
    except (OSError, TimeoutError) as error:
        remedy = "Check its address, and that this machine can reach it (DNS, firewall)."
        return fail(what, f"{shown} cannot be reached ({type(error).__name__})", remedy)
    return ok(what, f"{shown} can be reached; {_NOT_TRIED}")


def _place(gateway: Gateway) -> _Place | None:
    """Where a gateway is called; None if it has no table."""
    if not gateway.given:
        return None
    table = getattr(gateway, gateway.given[0])
    if gateway.smtp is not None:
        return _Place(table.host, table.port, gateway.smtp.security == "tls", table.allow_private)
    parts = urlsplit(table.endpoint if hasattr(table, "endpoint") else table.url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return _Place(parts.hostname or "", port, parts.scheme == "https", table.allow_private)


async def _resolved(place: _Place) -> list[str]:
    """The addresses of a place.

    Raises:
        OSError: its name has none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def _connected(place: _Place) -> None:
    """Open a connection and close it.

    Raises:
        OSError, ssl.SSLError: it cannot be opened.
    """
    context = ssl.create_default_context() if place.encrypted else None
    _, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    writer.close()
    with suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
