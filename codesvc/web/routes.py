"""All routes of the service, in the order in which they are tried.

Before them, `plain_addresses` refuses odd addresses: it wraps the router's `resolve`.
"""

from typing import Final

from codesvc.web import callback, oidc, wechat_server
from codesvc.web.api import administration, bindings, forwarded_pushes, intents, operations, verifications, webhooks
from codesvc.web.api import messages as api_messages
from codesvc.web.inbound import routes as inbound
from codesvc.web.pages import confirm, front, hosted, logos, message_details, reference, tickets, widget
from codesvc.web.pages import intents as pages_intents

TABLES: Final = (
    administration.routes,
    verifications.routes,
    bindings.routes,
    intents.routes,
    api_messages.routes,
    tickets.routes,
    webhooks.routes,
    confirm.routes,
    callback.routes,
    wechat_server.routes,
    inbound.routes,
    forwarded_pushes.routes,
    operations.routes,
    front.routes,
    pages_intents.routes,
    message_details.routes,
    hosted.routes,
    reference.routes,
    widget.routes,
    logos.routes,
    *oidc.TABLES,
)
"""All routes. The first one that matches is used."""
