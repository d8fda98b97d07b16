"""Messages: codes that identity systems make, delivered by WeChat where the recipient is bound, else by their gateway.

A message is taken in one script. Nothing is sent before the answer, and the answer is the same whether the recipient
is bound or not (DESIGN rule 7). `codesvc.delivery.messages` delivers.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.addresses import bucket
from codesvc.domain.channels import Channel
from codesvc.domain.errors import Invalid
from codesvc.domain.limits import widest
from codesvc.domain.message import MESSAGE_ID, SIGN_UP, new_message_id
from codesvc.domain.recipient import recipient, user_ids
from codesvc.domain.sealed_content import SealedContent, Seals
from codesvc.messages.message_fields import CODE
from codesvc.service.message_models import LEAST_LIFE, LONGEST_SUBJECT, LONGEST_TEXT, MOST_LIFE, MessageResult
from codesvc.service.models import NOT_IDEMPOTENT, denial_of
from codesvc.store.messages import MessageStart
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.config import Purpose
    from codesvc.config.relay_settings import Relay
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.recipient import MessageKind, Recipient
    from codesvc.service.message_models import MessageRequest
    from codesvc.service.models import Idempotency
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.messages import MessageStarted
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_CODE: Final = re.compile(r"[!-~]{1,64}")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9]{0,8}")


class Messages:
    """The use cases of a message."""

    def __init__(self, store: Store, keyring: Keyring, recorder: Recorder) -> None:
        self._store = store.messages
        self._keyring = keyring
        self._seals = Seals(keyring)
        self._recorder = recorder

    async def accept(
        self, site: SiteEntry, wanted: MessageRequest, idempotency: Idempotency = NOT_IDEMPOTENT
    ) -> MessageResult:
        """Take a message: STARTED, REPEATED, MISMATCH, LIMITED, or ABSENT if a repeated one is no longer kept.

        Raises:
            Invalid: a value is not allowed, or the site takes no messages of this kind.
        """
        relay = relay_of(site, wanted.kind)
        name, purpose = _policy(site, relay, wanted)
        _check(wanted)
        recipient = recipient_of(site, wanted.kind, wanted.recipient, wanted.region) if wanted.recipient else None
        if recipient is not None:
            require_country(relay, recipient)
        identifier = new_message_id()
        owners = user_ids(self._keyring, site.name, recipient) if recipient else []
        users = [wanted.user] if wanted.user else owners
        content = SealedContent(recipient, wanted.code, wanted.text, wanted.subject)
        start = MessageStart(
            id=identifier,
            site=site.name,
            users=users,
            owners=[] if wanted.known_recipient or users[0] in owners else owners,
            claims=wanted.claims_recipient or name == SIGN_UP,
            recipient_proof_ms=relay.recipient_proof * 1000,
            purpose=name,
            kind=wanted.kind.value,
            locale=wanted.locale,
            reference=wanted.reference,
            address=bucket(wanted.client_ip),
            disclose=purpose.disclose_binding,
            shadow=relay.shadow,
            coded=bool(wanted.code),
            pushable=Channel.TEMPLATE in purpose.channels and CODE in site.account.config.messages,
            box=self._seals.close(identifier, content),
            life_ms=wanted.expires_in * 1000,
            repeat_window_ms=min(relay.repeat_window, wanted.expires_in) * 1000,
            idempotency_key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            same_call=_names_of_call(self._keyring, site.name, wanted.dedupe) if wanted.dedupe else [],
            same_call_ms=wanted.dedupe_ms,
            rates=site.rates,
            shared_pushes=widest((*site.account.rates("openid_pushes"), site.config.limits.openid_pushes)),
            hooks=site.wanted,
        )
        return self._result(site, wanted, await self._store.accept(site.store_keys, start))

    def _result(self, site: SiteEntry, wanted: MessageRequest, reply: MessageStarted) -> MessageResult:
        if reply.outcome is Outcome.LIMITED:
            self._recorder.refused(site.name, "", reply.limit)
            return MessageResult(reply.outcome, denial=denial_of(site, reply.limit, reply.wait_ms))
        if reply.outcome is Outcome.STARTED:
            self._recorder.message_accepted(reply.shown)
        if reply.message is not None:
            _log.info(
                "message_accepted",
                message=reply.message.id,
                site=site.name,
                purpose=reply.message.purpose,
                kind=wanted.kind.value,
                source=wanted.source or None,
                outcome=reply.outcome.value,
            )
        return MessageResult(reply.outcome, reply.message, left=reply.left)

    async def get(self, site: SiteEntry, identifier: str) -> MessageResult:
        """Read a message: DONE or ABSENT."""
        if MESSAGE_ID.fullmatch(identifier) is None:
            return MessageResult(Outcome.ABSENT)
        reply = await self._store.read(site.store_keys, site.name, identifier)
        return MessageResult(reply.outcome, reply.message)

    async def user_of(self, site: SiteEntry, kind: MessageKind, given: str) -> str:
        """The lasting user id of a recipient: what its messages look for a binding under.

        Raises:
            Invalid: it is not a recipient of this kind.
        """
        recipient = recipient_of(site, kind, given)
        return (await self._store.find(site.store_keys, site.name, user_ids(self._keyring, site.name, recipient))).user


def recipient_of(site: SiteEntry, kind: MessageKind, given: str, region: str = "") -> Recipient:
    """The recipient that a caller names. A number without a country code is of `region`, or of the region of the relay.

    Raises:
        Invalid: it is not a recipient of this kind.
    """
    relay = site.config.relay
    return recipient(kind, given, region or (relay.region if relay else ""))


def relay_of(site: SiteEntry, kind: MessageKind) -> Relay:
    """How a site's messages are delivered.

    Raises:
        Invalid: it takes none of this kind.
    """
    relay = site.config.relay
    if relay is None or not getattr(relay, kind.value):
        raise Invalid(f"this site accepts no {kind.value} messages: its relay has no gateway for them")
    return relay


def require_country(relay: Relay, recipient: Recipient) -> None:
    """Refuse a phone number of a country that the site sends nothing to.

    Raises:
        Invalid: it is one.
    """
    if relay.countries and not recipient.is_of(relay.countries):
        raise Invalid("is a phone number of a country that is not in relay.countries", "/recipient/phone")


def _policy(site: SiteEntry, relay: Relay, wanted: MessageRequest) -> tuple[str, Purpose]:
    """The purpose's name and its policy.

    Raises:
        Invalid: the site has no such purpose.
    """
    name = wanted.purpose or relay.purpose
    policy = site.purpose(name)
    if policy is None:
        raise Invalid("is not a purpose of this site", "/purpose")
    return name, policy


def _check(wanted: MessageRequest) -> None:
    """Check the values of a request.

    Raises:
        Invalid: one of them is not allowed.
    """
    if not (wanted.code or wanted.text):
        raise Invalid("a message needs a code or a text", "/code")
    if wanted.code and _CODE.fullmatch(wanted.code) is None:
        raise Invalid("must be 1 to 64 visible ASCII characters", "/code")
    if len(wanted.text) > LONGEST_TEXT or "\0" in wanted.text:
        raise Invalid(f"must be at most {LONGEST_TEXT} characters", "/text")
    if len(wanted.subject) > LONGEST_SUBJECT or not wanted.subject.isprintable():
        raise Invalid(f"must be at most {LONGEST_SUBJECT} printable characters", "/subject")
    if not (wanted.recipient or wanted.user):
        raise Invalid("a message needs a recipient or a user", "/recipient")
    if not LEAST_LIFE <= wanted.expires_in <= MOST_LIFE:
        raise Invalid(f"must be {LEAST_LIFE} to {MOST_LIFE} seconds", "/expires_in")
    if _REFERENCE.fullmatch(wanted.reference) is None:
        raise Invalid("must be at most 8 letters or digits", "/reference")


def _names_of_call(keyring: Keyring, site: str, dedupe: str) -> list[str]:
    """Keyed hashes: codes cannot be tried on them without the master key.

    A call that was named under a previous master key is known as long as that key is.
    """
    said = f"{site}\0{dedupe}".encode(errors="surrogatepass")
    return [hmac.digest(key.derive("same call"), said, sha256).hex()[:32] for key in keyring.newest_first]
