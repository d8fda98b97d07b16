"""The headers of Standard Webhooks: they sign the events of webhooks and the calls of signed gateways."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from standardwebhooks import Webhook as Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.domain.secret import Secret


def signature(identifier: str, body: bytes, secrets: Iterable[Secret], now: float) -> dict[str, str]:
    """The three headers; every secret signs, so that one can be replaced while the receiver still knows the other."""
    moment, text = datetime.fromtimestamp(int(now), UTC), body.decode()
    signed = [Signer(secret.reveal()).sign(msg_id=identifier, timestamp=moment, data=text) for secret in secrets]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signed),
    }
