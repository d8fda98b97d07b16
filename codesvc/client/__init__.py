"""The SDK: call the service from a website's back end, with `Client` (asynchronous) or `SyncClient` (blocking).

    async with Client("https://code.example.com", api_key) as codes:
        started = await codes.start(purpose="register", user=attempt, client_ip=browser)

The SDK imports nothing of the server. Slow imports (aiohttp, urllib3, cryptography) happen on first use.
`Client` stands on aiohttp, `SyncClient` on urllib3. The service depends on both libraries anyway.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codesvc.client import errors
from codesvc.client.errors import (
    Ended,
    Limited,
    NotFound,
    Refused,
    ServiceError,
    Unreachable,
    WrongCode,
)
from codesvc.client.retries import Retries
from codesvc.client.schema import (
    Binding,
    BindingConflictEvent,
    BindingCreatedEvent,
    BindingRemovedEvent,
    BindingUnreachableEvent,
    BindIntent,
    Claims,
    History,
    Login,
    LoginApprovedEvent,
    QuotaLowEvent,
    Redemption,
    ScanCode,
    TestEvent,
    Verification,
    VerificationEvent,
    WebhookDelivery,
    WebhookEvent,
)

if TYPE_CHECKING:
    from codesvc.client.asynchronous import Client
    from codesvc.client.blocking import SyncClient
    from codesvc.client.proofs import read_proof
    from codesvc.client.webhooks import BadWebhook, ReceivedEvent, WebhookReader

__all__ = [
    "BadWebhook",
    "BindIntent",
    "Binding",
    "BindingConflictEvent",
    "BindingCreatedEvent",
    "BindingRemovedEvent",
    "BindingUnreachableEvent",
    "Claims",
    "Client",
    "Ended",
    "History",
    "Limited",
    "Login",
    "LoginApprovedEvent",
    "NotFound",
    "QuotaLowEvent",
    "ReceivedEvent",
    "Redemption",
    "Refused",
    "Retries",
    "ScanCode",
    "ServiceError",
    "SyncClient",
    "TestEvent",
    "Unreachable",
    "Verification",
    "VerificationEvent",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookReader",
    "WrongCode",
    "errors",
    "read_proof",
]

_LATE = {
    "BadWebhook": "webhooks",
    "Client": "asynchronous",
    "ReceivedEvent": "webhooks",
    "SyncClient": "blocking",
    "WebhookReader": "webhooks",
    "read_proof": "proofs",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
