"""What the demo's identity system is made with, and the commands with which a reader calls it from outside."""

import json
from dataclasses import dataclass, field
from typing import Final

SITE: Final = "signin"
NUMBER: Final = "13800138000"
"""The phone number that its page proposes."""
_NEW: Final = "'$(date +%s)'"
"""Ends the shell's quotation: each call has another id, for a repeated one would be answered and send nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the identity system is made with.

    Attributes:
        public_url: the website's address.
        account: the account of its site.
        admin_key: sets up its site at run time.
        site_key: its own key, with the scopes messages and bindings.
        secret: signs the calls of its gateway.
        inbound: what a system that calls by the rules of docs/en/relay/generic.md sends as `Authorization`.
    """

    service_url: str
    public_url: str
    account: str
    admin_key: str = field(repr=False)
    site_key: str = field(repr=False)
    secret: str = field(repr=False)
    inbound: str = field(repr=False)

    def calls(self) -> str:
        """Two commands that send a code to the number of its page: by the API's call, and as a foreign system."""
        own = {"recipient": {"phone": NUMBER}, "code": "721082", "expires_in": 300, "client_ip": "192.0.2.1"}
        foreign = {"event": "login", "data": {"mobile": NUMBER, "otp": "482913", "id": _NEW}}
        return f"""curl {self.service_url}/v1/messages -H 'Content-Type: application/json' \\
      -H 'Authorization: Bearer {self.site_key}' -d '{json.dumps(own)}'
    curl {self.service_url}/inbound/generic/{SITE} -H 'Content-Type: application/json' \\
      -H 'Authorization: {self.inbound}' -d '{json.dumps(foreign)}'"""
