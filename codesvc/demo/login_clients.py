"""The apps that may log people in at the demo's issuer: the wiki, and one that a reader writes (docs/en/openid.md)."""

from collections.abc import Mapping
from typing import Any, Final

from codesvc.config.api_keys import hash_line
from codesvc.demo.wiki import CLIENT as WIKI

APP: Final = "app"
"""The client of a reader's own app: the id that the pages in docs/en/openid have."""
_CALLBACKS: Final = (
    "3000/callback",
    "3000/api/auth/callback/wechat",
    "5000/callback",
    "8000/callback",
    "8000/accounts/oidc/wechat/login/callback/",
)
"""Ports and paths where frameworks await people during development: those of the pages in docs/en/openid."""


def clients(wiki: str, secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """The table of clients.

    Args:
        wiki: the wiki's address.
        secrets: each client's secret; a client without one is left out.
    """
    own = [f"http://{host}:{rest}" for host in ("localhost", "127.0.0.1") for rest in _CALLBACKS]
    known: dict[str, dict[str, Any]] = {
        WIKI: {"name": {"zh": "山月百科", "en": "Moonhill Wiki"}, "redirect_uris": [f"{wiki}/callback"]},
        APP: {"name": {"zh": "你的应用", "en": "Your app"}, "redirect_uris": own, "bind_visitors": True},
    }
    return [
        {"id": name, "secrets": [hash_line(secrets[name])], **client}
        for name, client in known.items()
        if name in secrets
    ]
