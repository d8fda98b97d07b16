"""All inbound adapters by name. Each one reads the requests of one identity system, such as Logto or Keycloak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound import (
    authentik,
    authgear,
    casdoor,
    fusionauth,
    generic,
    keycloak,
    kratos,
    logto,
    novu,
    supabase,
    twilio,
    wp_sms,
    zitadel,
)

if TYPE_CHECKING:
    from codesvc.web.inbound.adapter import Adapter

ADAPTERS: Final[dict[str, Adapter]] = {
    adapter.name: adapter
    for adapter in (
        logto.ADAPTER,
        supabase.ADAPTER,
        kratos.ADAPTER,
        zitadel.ADAPTER,
        casdoor.ADAPTER,
        authgear.ADAPTER,
        authentik.ADAPTER,
        fusionauth.ADAPTER,
        keycloak.ADAPTER,
        novu.ADAPTER,
        wp_sms.ADAPTER,
        generic.ADAPTER,
        twilio.ADAPTER,
    )
}
"""The names must be those of `codesvc.domain.inbound.ADAPTERS`, which lists the options of each adapter."""
