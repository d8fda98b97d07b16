"""The OpenID Provider of each site, `{public_url}/oidc/{site}` (OpenID Connect Core 1.0, Discovery 1.0)."""

from codesvc.web.api import oidc_clients
from codesvc.web.oidc import authorize, discovery, logout, token_endpoint

TABLES = (oidc_clients.routes, discovery.routes, authorize.routes, token_endpoint.routes, logout.routes)
