"""The asynchronous client, on aiohttp.

Of the packages `asynchronous` and `blocking` the second is the first with `await` taken out, word for word. Change the
first, then write the second by `python -m tests.contract.twins`; a test compares them.
"""

from __future__ import annotations

from codesvc.client.asynchronous.asking import AskingCalls
from codesvc.client.asynchronous.bindings import BindingCalls
from codesvc.client.asynchronous.verifications import VerificationCalls
from codesvc.client.asynchronous.webhooks import WebhookCalls

__all__ = ["Client"]


class Client(VerificationCalls, BindingCalls, AskingCalls, WebhookCalls):
    """Calls the service with a site's key.

    Use it as a context manager, one for the life of the program: it keeps connections open. Every method may raise the
    errors of `codesvc.client.errors`.

    Args:
        base_url: where the service is.
        api_key: the site's key; it stays out of every repr and error.
        timeout: seconds for one attempt.
        retries: when to try again; see `codesvc.client.retries`.
        sleep: waits between two attempts.
    """
