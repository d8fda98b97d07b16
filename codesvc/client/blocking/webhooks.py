"""The webhook of a site: how it fares, what was sent, sending it again. What arrives is read by `client.webhooks`."""

from __future__ import annotations

from codesvc.client.blocking.sending import Sender
from codesvc.client.call import creating, part, posting, query, reading
from codesvc.client.schema import WebhookDeliveries, WebhookDelivery, WebhookEndpoint


def _delivery(delivery: str, more: str = "") -> str:
    return f"/v1/webhooks/deliveries/{part(delivery)}{more}"


class WebhookCalls(Sender):
    """The calls around the site's webhook; all need the scope `admin`."""

    def webhook(self) -> WebhookEndpoint:
        """How the endpoint fares; `NotFound` where the site has none."""
        return self._send(reading("/v1/webhooks", WebhookEndpoint))

    def enable_webhook(self) -> WebhookEndpoint:
        """Let events be sent again to an endpoint that answered 410 Gone."""
        return self._send(posting("/v1/webhooks/enable", WebhookEndpoint, {}))

    def test_webhook(self, *, idempotency_key: str | None = None) -> WebhookDelivery:
        """Have a test event sent.

        Args:
            idempotency_key: names this act over restarts of your program.
        """
        return self._send(creating("/v1/webhooks/test", WebhookDelivery, {}, idempotency_key))

    def webhook_deliveries(
        self,
        *,
        status: str | None = None,
        event: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> WebhookDeliveries:
        """A page of events and what came of sending them, latest first.

        Args:
            status: only `pending`, `delivered` or `failed` ones.
            event: only events of this type.
            limit: at most so many, up to 100.
            cursor: `next` of the page before.
        """
        given = {
            "status": status,
            "event": event,
            "limit": None if limit is None else str(limit),
            "cursor": cursor,
        }
        return self._send(reading(f"/v1/webhooks/deliveries?{query(given)}", WebhookDeliveries))

    def webhook_delivery(self, delivery: str) -> WebhookDelivery:
        """One event with its `payload`."""
        return self._send(reading(_delivery(delivery), WebhookDelivery))

    def resend_webhook(self, delivery: str) -> WebhookDelivery:
        """Have an event sent again, under the same id."""
        return self._send(posting(_delivery(delivery, "/resend"), WebhookDelivery, {}))
