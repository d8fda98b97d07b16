# Generated from codesvc/client/asynchronous by `make client`. Do not edit.
"""The blocking client, on urllib3."""

from codesvc.client.blocking.bindings import BindingCalls
from codesvc.client.blocking.intents import IntentCalls
from codesvc.client.blocking.messages import MessageCalls
from codesvc.client.blocking.verifications import VerificationCalls
from codesvc.client.blocking.webhooks import WebhookCalls

__all__ = ["SyncClient"]


class SyncClient(VerificationCalls, BindingCalls, IntentCalls, MessageCalls, WebhookCalls):
    """Calls the service with a site's key.

    Open one as a context manager and keep it as long as the program runs: it keeps connections open. Every method may
    raise the errors of `codesvc.client.errors`.

    Args:
        base_url: address of the service: https, or http inside a network of your own, because each call has the key.
        api_key: the site's key; no repr and no error shows it.
        timeout: seconds for one attempt.
        retries: when a call is repeated; see `codesvc.client.retries`.
        sleep: waits between two attempts, seconds.
    """
