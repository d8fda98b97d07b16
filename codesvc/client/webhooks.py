"""The receiving side of a webhook: an event is accepted only if one of the secrets signed it within five minutes.

The signature covers the bytes of the body. Pass these bytes on, never JSON that was decoded and encoded again. An event
may arrive twice or out of order: store the ids of the events you have handled, and compare `timestamp` to find the
newer state.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from codesvc.client.call import UNREADABLE
from codesvc.client.schema import EVENT_SHAPES, WebhookEvent

_PREFIX = "whsec_"
_FEWEST_BYTES = 24


class BadWebhook(Exception):
    """The request is not signed by one of the secrets, is too old, or is not an event: answer 400 and do nothing."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event with a valid signature.

    Attributes:
        id: identifies the event, and is the same in every attempt to send it; store it to recognise repetitions.
        event: the event; a type unknown to this version becomes a plain `WebhookEvent`.
    """

    id: str
    event: WebhookEvent


class WebhookReader:
    """Checks and decodes the requests of a webhook.

    Args:
        secrets: `whsec_` and at least 24 bytes in base64; both the old and the new one during a rotation.

    Raises:
        ValueError: no secret, or a malformed one.
    """

    def __init__(self, *secrets: str) -> None:
        if not secrets:
            raise ValueError("a webhook's secret is needed")
        self._signers = [_signer(secret) for secret in secrets]

    def __repr__(self) -> str:
        return f"WebhookReader({len(self._signers)} secrets)"

    def read(self, body: bytes, headers: Mapping[str, str]) -> ReceivedEvent:
        """Verify the signature of a request and decode its event.

        Args:
            body: the unchanged bytes.
            headers: the headers of the request; names are case-insensitive.

        Raises:
            BadWebhook: the signature or the body is not valid.
        """
        given = {name.lower(): value for name, value in headers.items()}
        for signer in self._signers:
            try:
                signer.verify(body, given, json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return ReceivedEvent(given["webhook-id"], _event(body))
        raise BadWebhook("it is not signed by any of the secrets, or is too old")


def _signer(secret: str) -> Webhook:
    """What checks signatures by a secret. One that was cut would be a key that anybody can guess."""
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _FEWEST_BYTES:
        raise ValueError("a webhook's secret is whsec_ and at least 24 bytes in base64; this one may have been cut")
    return Webhook(secret)


def _event(body: bytes) -> WebhookEvent:
    try:
        plain = msgspec.json.decode(body, type=WebhookEvent)
        shape = EVENT_SHAPES.get(plain.type)
        return msgspec.json.decode(body, type=shape) if shape else plain
    except UNREADABLE:
        raise BadWebhook("it is signed, but no event") from None
