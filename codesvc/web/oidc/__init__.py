"""The OpenID Provider of each site, `{public_url}/oidc/{site}` (OpenID Connect Core 1.0, Discovery 1.0)."""

from __future__ import annotations

from codesvc.web.oidc import authorize, discovery, logout, tokens

TABLES = (discovery.routes, authorize.routes, tokens.routes, logout.routes)
