"""Bodies of the admin API. Tables of settings are judged by the configuration's rules, which know more than types."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from codesvc.config.settings import Scope
from codesvc.web.api.inputs import Input


class KeyInput(Input):
    """Body of PUT /admin/v1/sites/{site}/keys/{key}."""

    scopes: Annotated[list[Scope], Meta(min_length=1, description="the key's scopes")]
    hash: (
        Annotated[
            str,
            Meta(
                pattern="^sha256:[0-9a-f]{64}(?!\n)$",
                description="the hash of a key that you have made yourself; without it, a key is created and shown "
                "once",
            ),
        ]
        | UnsetType
    ) = UNSET


class SiteTable(Input):
    """Body of PUT /admin/v1/sites/{site}: the options of `[sites.…]` in the configuration file, without `keys`."""


class OidcClientTable(Input):
    """Body of PUT /admin/v1/sites/{site}/oidc-clients/{client}: its options, without `id` and `secrets`."""


class AccountTable(Input):
    """Body of PUT /admin/v1/accounts/{account}: the options of `[accounts.…]`, with secrets given as values."""


class TablePatch(Input):
    """Options to change; null removes one (JSON merge patch, RFC 7396)."""
