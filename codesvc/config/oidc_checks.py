"""Rules between the options of the OpenID Provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.config.addresses import loopback
from codesvc.config.example_values import is_example
from codesvc.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.oidc_settings import Oidc, OidcClient
    from codesvc.config.settings import Settings


def oidc_faults(settings: Settings, oidc: Oidc) -> Iterator[Fault]:
    """The faults of a site's issuer."""
    if settings.oidc.subject_key is None:
        make = "make one with `openssl rand -base64 48`, once, and never change it"
        yield Fault((), f"needs oidc.subject_key, by which apps recognise people; {make}")
    seen: set[str] = set()
    for number, client in enumerate(oidc.clients):
        if client.id in seen:
            yield Fault(("clients", number, "id"), "is the id of another client of this site")
        seen.add(client.id)
        for fault in client_faults(settings, client):
            yield fault.below("clients", number)


def client_faults(settings: Settings, client: OidcClient) -> Iterator[Fault]:
    """The faults of one client."""
    if settings.mode != "live":
        return
    for option in ("redirect_uris", "post_logout_redirect_uris"):
        for number, address in enumerate(getattr(client, option)):
            if address.startswith("http://") and not loopback(address):
                yield Fault(
                    (option, number), 'must be https in mode "live": otherwise the code in it can be read in transit'
                )
    for number, line in enumerate(client.secrets):
        if is_example(line):
            yield Fault(("secrets", number), "is a published example value; make your own with `codesvc oidc secret`")
