"""The last resort of a verification: the phone number or e-mail address that a start may name.

It is sealed as the recipient of a message is (DESIGN rule 1). The code is ours and is not stored: the courier derives
it when it calls the site's gateway. What is stored and done does not depend on whether the user is bound (DESIGN rule
7).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from codesvc.domain.addresses import network, region
from codesvc.domain.errors import Invalid
from codesvc.domain.message import new_message_id
from codesvc.domain.recipient import user_ids
from codesvc.domain.sealed_content import SealedContent
from codesvc.service.messages import recipient_of, relay_of, require_country

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.config.relay_settings import Relay
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.recipient import MessageKind, Recipient
    from codesvc.domain.sealed_content import Seals
    from codesvc.service.models import StartRequest
    from codesvc.sites.directory import SiteEntry


class Contact(NamedTuple):
    """A last resort that a site can use."""

    recipient: Recipient
    relay: Relay

    def packed(self, seals: Seals, keyring: Keyring, site: SiteEntry, request: StartRequest) -> tuple[bytes, bytes]:
        """What the start script reads of it, and the sealed recipient.

        Limits count the contact under `whom`, a keyed hash of its number or mailbox, and under `place`, a hash of that
        and the network of the request. After a rotation of the master key a contact is counted anew.
        """
        identifier, contact_hash = new_message_id(), user_ids(keyring, site.name, self.recipient.mailbox)[0]
        arguments = {
            "id": identifier,
            "whom": contact_hash,
            "place": _place(keyring, contact_hash, request.client_ip),
            "region": region(request.client_ip) if request.client_ip else "",
            "kind": self.recipient.kind.value,
            "locale": request.locale,
            "wait": round(self.relay.receipt_wait * 1000),
            "window": self.relay.repeat_window * 1000,
            "shadow": self.relay.shadow,
            "cap": site.rates["gateway_messages"],
        }
        return msgspec.msgpack.encode(arguments), seals.close(identifier, SealedContent(self.recipient))


def contact_of(site: SiteEntry, kind: MessageKind, given: str) -> Contact:
    """The last resort that a start names.

    Raises:
        Invalid: it is not a recipient, or the site has no gateway for it.
    """
    try:
        recipient, relay = recipient_of(site, kind, given), relay_of(site, kind)
        require_country(relay, recipient)
    except Invalid as error:
        member = "/contact/phone" if kind.value == "sms" else "/contact/email"
        raise Invalid(str(error), member) from None
    return Contact(recipient, relay)


def _place(keyring: Keyring, contact_hash: str, address: IPv4Address | IPv6Address | None) -> str:
    """What stands for the network of an address, for this contact alone; "" if it is not known."""
    if address is None:
        return ""
    known = f"{contact_hash}\0{network(address)}".encode()
    return hmac.digest(keyring.current.derive("contact place"), known, sha256).hex()[:20]
