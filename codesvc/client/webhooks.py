"""Reading what a webhook receives: believed only if one of the secrets signed it, within five minutes.

Signed is the body as it came, so hand over its bytes, never JSON that was read and written again. An event may come
twice, and after a later one: remember the ids that were done, and let `timestamp` decide which state is newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from codesvc.client.schema import EVENT_SHAPES, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Mapping


class BadWebhook(Exception):
    """What came is not signed by one of the secrets, is too old, or is no event: answer 400 and do nothing."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event that can be believed.

    Attributes:
        id: the same for every attempt at the same event; what to remember.
        event: what happened; a type that this version does not know comes as a plain `WebhookEvent`.
    """

    id: str
    event: WebhookEvent


class WebhookReader:
    """Reads what a webhook receives.

    Args:
        secrets: `whsec_…`; while you change from one to another, both.

    Raises:
        ValueError: no secret, or one that is none.
    """

    def __init__(self, *secrets: str) -> None:
        if not secrets:
            raise ValueError("a webhook's secret is needed")
        self._signers = [Webhook(secret) for secret in secrets]

    def __repr__(self) -> str:
        return f"WebhookReader({len(self._signers)} secrets)"

    def read(self, body: bytes, headers: Mapping[str, str]) -> ReceivedEvent:
        """Believe an event, or do not.

        Args:
            body: as it came.
            headers: of the request, names in any case.

        Raises:
            BadWebhook: it is not to be believed.
        """
        given = {name.lower(): value for name, value in headers.items()}
        for signer in self._signers:
            try:
                signer.verify(body, given, json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return ReceivedEvent(given["webhook-id"], _event(body))
        raise BadWebhook("it is not signed by any of the secrets, or is too old")


def _event(body: bytes) -> WebhookEvent:
    try:
        plain = msgspec.json.decode(body, type=WebhookEvent)
        shape = EVENT_SHAPES.get(plain.type)
        return msgspec.json.decode(body, type=shape) if shape else plain
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadWebhook("it is signed, but no event") from None
