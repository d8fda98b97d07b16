"""The synchronous client, on urllib3.

Of the packages `asynchronous` and `blocking` the second is the first with `await` taken out, word for word. Change the
first, then write the second by `python -m tests.contract.twins`; a test compares them.
"""

from __future__ import annotations

from codesvc.client.blocking.asking import AskingCalls
from codesvc.client.blocking.bindings import BindingCalls
from codesvc.client.blocking.verifications import VerificationCalls
from codesvc.client.blocking.webhooks import WebhookCalls

__all__ = ["SyncClient"]


class SyncClient(VerificationCalls, BindingCalls, AskingCalls, WebhookCalls):
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
