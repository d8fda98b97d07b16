"""Calls for a site's webhook: its state, its deliveries, a resend. `client.webhooks` reads received events."""

from codesvc.client.asynchronous.sender import Sender
from codesvc.client.call import creating, part, posting, query, reading
from codesvc.client.schema import WebhookDeliveries, WebhookDelivery, WebhookEndpoint


def _delivery(delivery: str, more: str = "") -> str:
    return f"/v1/webhooks/deliveries/{part(delivery)}{more}"


class WebhookCalls(Sender):
    """Methods for the site's webhook; all need the scope `admin`."""

    async def webhook(self) -> WebhookEndpoint:
        """The state of the endpoint; `NotFound` if the site has none."""
        return await self._send(reading("/v1/webhooks", WebhookEndpoint))

    async def enable_webhook(self) -> WebhookEndpoint:
        """Resume sending to an endpoint that answered 410 Gone."""
        return await self._send(posting("/v1/webhooks/enable", WebhookEndpoint, {}))

    async def test_webhook(self, *, idempotency_key: str | None = None) -> WebhookDelivery:
        """Send a test event.

        Args:
            idempotency_key: identifies this act if your program repeats it after a restart.
        """
        return await self._send(creating("/v1/webhooks/test", WebhookDelivery, {}, idempotency_key))

    async def webhook_deliveries(
        self,
        *,
        status: str | None = None,
        event: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> WebhookDeliveries:
        """One page of deliveries, latest first.

        Args:
            status: only `pending`, `delivered` or `failed` ones.
            event: only events of this type.
            limit: size of the page, up to 100.
            cursor: `next` of the previous page.
        """
        given = {
            "status": status,
            "event": event,
            "limit": None if limit is None else str(limit),
            "cursor": cursor,
        }
        return await self._send(reading(f"/v1/webhooks/deliveries?{query(given)}", WebhookDeliveries))

    async def webhook_delivery(self, delivery: str) -> WebhookDelivery:
        """One delivery with its `payload`."""
        return await self._send(reading(_delivery(delivery), WebhookDelivery))

    async def resend_webhook(self, delivery: str) -> WebhookDelivery:
        """Send an event again, with the same id."""
        return await self._send(posting(_delivery(delivery, "/resend"), WebhookDelivery, {}))
