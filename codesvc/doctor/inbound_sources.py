"""What to enter in an identity system, how it proves itself, and which rule finds a code in a text. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain.service_address import ServiceAddress
from codesvc.web.inbound.authentication import unreadable_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import Settings
    from codesvc.config.relay_settings import Inbound

_BY_ITSELF: Final = "the secret in a header"
_PROOFS: Final = {
    "supabase": "a Standard Webhooks signature",
    "zitadel": "ZITADEL-Signature (before 4.2: the secret in the address)",
    "authgear": "x-authgear-body-signature",
    "twilio": "the auth token by Basic authentication",
}
"""How calls by these adapters prove their origin; all others carry the secret itself in a header."""


def findings(settings: Settings) -> Iterator[Finding]:
    """A finding for each source."""
    for name, site in settings.sites.items():
        for key, source in site.inbound.items():
            yield _source(settings, name, key, source)


def _source(settings: Settings, name: str, key: str, source: Inbound) -> Finding:
    what = f"sites.{name}.inbound.{key}"
    url = ServiceAddress(settings.service.public_url).url(f"/inbound/{source.adapter}/{name}")
    unreadable = unreadable_keys(source) if source.adapter == "supabase" else 0
    if unreadable:
        remedy = "Copy the secrets again: v1,whsec_ followed by base64; separate several with |."
        return fail(what, f"{unreadable} of its secrets are malformed, so calls signed with them are refused", remedy)
    proof = f"{_PROOFS.get(source.adapter, _BY_ITSELF)}, {len(source.secrets)} secret(s)"
    rule = f"the code in a text is the only match of {source.code_pattern}; texts with none or several are passed on"
    said = f"enter {url} in {source.adapter}; {rule}; it authenticates by {proof}"
    relay = settings.sites[name].relay
    reached = relay.kinds if relay else []
    if not reached:
        return warn(
            what, f"{said}; the site's relay has no gateway, so every message is refused", "Name a gateway there."
        )
    return ok(what, f"{said}; accepts {' and '.join(reached)}")
