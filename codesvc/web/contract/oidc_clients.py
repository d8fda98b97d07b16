"""The calls that register apps that people sign in to by OpenID Connect."""

from typing import Any, Final

from codesvc.client import schema
from codesvc.config.oidc_settings import OidcClient
from codesvc.web.api.table_inputs import OidcClientTable
from codesvc.web.contract.administration import SITE, call
from codesvc.web.contract.operation import Answer, Body, in_path, in_query
from codesvc.web.contract.tables import table_schema

_CLIENT: Final = in_path(
    "client", "The app's client_id.", "wiki", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
)
_NEW_SECRET: Final = in_query(
    "new_secret",
    "Create another secret for the app; the previous one stays valid.",
    example=True,
    schema={"type": "boolean", "default": False},
)
_SETTINGS: Final[dict[str, Any]] = {
    "name": {"zh": "山月百科", "en": "Moonhill Wiki"},
    "redirect_uris": ["https://wiki.example.com/callback"],
}
_VIEW: Final[dict[str, Any]] = {"id": "wiki", "kept": "store", "public": False, "settings": _SETTINGS}
_MADE: Final = "Q5mpOssSydxHpqWAP3lj5ONC3hlhJHYQ5bOiUI6Ofak"


def _table() -> dict[str, Any]:
    table = table_schema(OidcClient, without=frozenset({"id", "secrets"}))
    public = {"type": "boolean", "default": False, "description": "an app without a secret, which must use PKCE"}
    return {**table, "properties": {**table["properties"], "public": public}}


def _registered(status: int, description: str, secret: str | None) -> Answer:
    return Answer(
        status=status,
        description=description,
        shape=schema.OidcClientRegistered,
        example={"client": _VIEW, "client_secret": secret},
    )


CALLS: Final = (
    call(
        "GET",
        "/sites/{site}/oidc-clients",
        "listOidcClients",
        "List the apps that people sign in to",
        "read",
        parameters=(SITE,),
        answers=(
            Answer(
                description="The apps, those in the configuration file first.",
                shape=schema.OidcClientViews,
                example={"issuer": "https://code.example.com/oidc/tea", "clients": [_VIEW]},
            ),
        ),
        problems=("not-found", "registry-conflict"),
    ),
    call(
        "PUT",
        "/sites/{site}/oidc-clients/{client}",
        "putOidcClient",
        "Register an app, or replace its settings",
        "sites",
        description="The options of `[[sites.*.oidc.clients]]` without `id` and `secrets`, and `public` for an app "
        "without a secret. A new app gets a secret, shown only once.",
        parameters=(SITE, _CLIENT, _NEW_SECRET),
        body=Body(shape=OidcClientTable, examples={"wiki": _SETTINGS}, narrowed=_table()),
        answers=(_registered(201, "Created.", _MADE), _registered(200, "Replaced.", None)),
        problems=("not-found", "registry-conflict", "rate-limited"),
    ),
    call(
        "DELETE",
        "/sites/{site}/oidc-clients/{client}",
        "deleteOidcClient",
        "Remove an app",
        "sites",
        parameters=(SITE, _CLIENT),
        answers=(Answer(status=204, description="Removed, in every process within a second.", media=""),),
        problems=("not-found", "registry-conflict", "rate-limited"),
    ),
)
