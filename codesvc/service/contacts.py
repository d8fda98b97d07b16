"""The last resort of a verification: the phone number or e-mail address that a start may name.

It is sealed as the recipient of a message is (DESIGN rule 1). The code is ours and is not stored: the courier derives
it when it calls the site's gateway. Stored and done is the same whether the user is bound or not (DESIGN rule 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from codesvc.domain.errors import Invalid
from codesvc.domain.message import new_message_id
from codesvc.domain.recipient import user_ids
from codesvc.domain.sealed_content import SealedContent
from codesvc.service.messages import recipient_of, relay_of, require_country

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Relay
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.recipient import MessageKind, Recipient
    from codesvc.domain.sealed_content import Seals
    from codesvc.sites.directory import SiteEntry


class Contact(NamedTuple):
    """A last resort that a site can use.

    Attributes:
        whom: the recipient.
        relay: how the site uses its gateways.
    """

    whom: Recipient
    relay: Relay

    def packed(self, seals: Seals, keyring: Keyring, site: str, locale: str) -> tuple[bytes, bytes]:
        """What the start script reads of it, and the sealed recipient.

        `whom` is a keyed hash of the contact, for its limit. After a rotation of the master key a contact is counted
        anew.
        """
        identifier = new_message_id()
        said = {
            "id": identifier,
            "whom": user_ids(keyring, site, self.whom)[0],
            "kind": self.whom.kind.value,
            "locale": locale,
            "wait": round(self.relay.receipt_wait * 1000),
            "window": self.relay.repeat_window * 1000,
            "shadow": self.relay.shadow,
        }
        return msgspec.msgpack.encode(said), seals.close(identifier, SealedContent(self.whom))


def contact_of(site: SiteEntry, kind: MessageKind, given: str) -> Contact:
    """The last resort that a start names.

    Raises:
        Invalid: it is no recipient, or the site has no gateway for it.
    """
    try:
        whom, relay = recipient_of(site, kind, given), relay_of(site, kind)
        require_country(relay, whom)
    except Invalid as error:
        member = "/contact/phone" if kind.value == "sms" else "/contact/email"
        raise Invalid(str(error), member) from None
    return Contact(whom, relay)
