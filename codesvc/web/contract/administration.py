"""The calls that set up sites, accounts and keys while the service runs."""

from functools import partial
from typing import Any, Final

from codesvc.client import schema
from codesvc.config import Account, Site
from codesvc.config.constraints import NAME
from codesvc.web.api.table_inputs import AccountTable, KeyInput, SiteTable, TablePatch
from codesvc.web.contract.operation import JSON, Access, Answer, Body, Operation, in_path, in_query
from codesvc.web.contract.tables import table_schema

TAG: Final = "Administration"
_NAME: Final = {"type": "string", "pattern": f"^{NAME.pattern}$"}
_PATCH: Final = (JSON, "application/merge-patch+json")

SITE: Final = in_path("site", "The site's name.", "tea", _NAME)
_ACCOUNT: Final = in_path("account", "The account's name.", "second", _NAME)
_KEY: Final = in_path("key", "The key's name.", "back-end", _NAME)
_PAGE: Final = (
    in_query("after", "Names after this one.", "cafe"),
    in_query(
        "limit",
        "The maximum number of entries.",
        100,
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
)
_AGAIN: Final = in_query(
    "again",
    "Reuse the name of a site that is gone, with its bindings. Its keys, apps and webhook events are removed.",
    example=True,
    schema={"type": "boolean", "default": False},
)
_SITE_SETTINGS: Final = {
    "name": {"zh": "山月茶铺", "en": "Moonhill Tea"},
    "account": "main",
    "origins": ["https://tea.example.com"],
    "limits": {"site_starts": ["100/minute"]},
}
_ACCOUNT_SETTINGS: Final = {
    "appid": "wx0123456789abcdef",
    "name": "山月茶铺",
    "secret": "0123456789abcdef0123456789abcdef",
    "token": "Token1234",
    "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}
_SITE_VIEW: Final[dict[str, Any]] = {"name": "tea", "kept": "store", "settings": _SITE_SETTINGS, "secrets": []}
_ACCOUNT_VIEW: Final[dict[str, Any]] = {
    "name": "second",
    "kept": "store",
    "settings": {"appid": "wx0123456789abcdef", "name": "山月茶铺"},
    "secrets": ["aes_key", "secret", "token"],
}


def call(method: str, path: str, name: str, summary: str, scope: str, **more: Any) -> Operation:
    """A call of the admin API."""
    return Operation(
        method=method,
        path=f"/admin/v1{path}",
        id=name,
        tag=TAG,
        summary=summary,
        access=Access.ADMIN,
        scope=scope,
        **more,
    )


def _view(kind: str, example: dict[str, Any], status: int, description: str) -> Answer:
    calls = [f"{verb}{kind.capitalize()}" for verb in ("get", "patch", "delete")]
    calls += ["listKeys", "putKey"] if kind == "site" else []
    return Answer(
        status=status,
        description=description,
        shape=schema.SettingsView,
        example=example,
        links={call: {kind: "$response.body#/name"} for call in calls},
    )


_site_view: Final = partial(_view, "site", _SITE_VIEW)
_account_view: Final = partial(_view, "account", _ACCOUNT_VIEW)


def _names(*names: str) -> tuple[Answer, ...]:
    return (Answer(description="Names.", shape=schema.Names, example={"names": [*names], "next": None}),)


_GONE: Final = (Answer(status=204, description="Removed, in every process within a second.", media=""),)

CALLS: Final = (
    call("GET", "/sites", "listSites", "List sites", "read", parameters=_PAGE, answers=_names("cafe", "shop"),
          problems=("invalid",)),
    call("GET", "/sites/{site}", "getSite", "Read a site", "read", parameters=(SITE,),
          answers=(_site_view(200, "The site."),), problems=("not-found",)),
    call("PUT", "/sites/{site}", "putSite", "Create a site, or replace its settings", "sites",
          description="Takes effect in every process within a second. A site in the configuration file has to be "
              "changed there.",
          parameters=(SITE, _AGAIN),
          body=Body(shape=SiteTable, examples={"tea": _SITE_SETTINGS},
                    narrowed=table_schema(Site, without=frozenset({"keys"}))),
          answers=(_site_view(201, "Created."), _site_view(200, "Replaced.")),
          problems=("registry-conflict", "rate-limited")),
    call("PATCH", "/sites/{site}", "patchSite", "Change some settings of a site", "sites",
          description='A JSON merge patch: given options change, null removes an option. Purposes change in the '
              'same way: `{"purposes": {"reset": {"code_length": 8}}}`. Secrets that are not named stay; a change of '
              'the address to which a gateway\'s secrets are sent (`url`, `host`, `port`, `endpoint`) must name them.',
          parameters=(SITE,),
          body=Body(shape=TablePatch, examples={"limit": {"limits": {"site_starts": ["200/minute"]}}}, media=_PATCH,
                    narrowed={"additionalProperties": True}),
          answers=(_site_view(200, "The site."),), problems=("not-found", "registry-conflict", "rate-limited")),
    call("DELETE", "/sites/{site}", "deleteSite", "Remove a site and its keys", "sites",
          description="Its bindings stay in the store, and its name cannot be reused without `again`.",
          parameters=(SITE,), answers=_GONE, problems=("not-found", "registry-conflict", "rate-limited")),
    call("GET", "/accounts", "listAccounts", "List accounts", "read", parameters=_PAGE, answers=_names("main"),
          problems=("invalid",)),
    call("GET", "/accounts/{account}", "getAccount", "Read an account", "read", parameters=(_ACCOUNT,),
          answers=(_account_view(200, "The account."),), problems=("not-found",)),
    call("PUT", "/accounts/{account}", "putAccount", "Create an account, or replace its settings", "accounts",
          description="Secrets are stored encrypted and never shown again. This replaces all settings: to change "
              "one option and keep the secrets, use PATCH.",
          parameters=(_ACCOUNT,),
          body=Body(shape=AccountTable, examples={"account": _ACCOUNT_SETTINGS}, narrowed=table_schema(Account)),
          answers=(_account_view(201, "Created."), _account_view(200, "Replaced.")),
          problems=("registry-conflict", "rate-limited")),
    call("PATCH", "/accounts/{account}", "patchAccount", "Change some settings of an account", "accounts",
          parameters=(_ACCOUNT,),
          body=Body(shape=TablePatch, examples={"new secret": {"secret": "fedcba9876543210fedcba9876543210"}},
                    media=_PATCH, narrowed={"additionalProperties": True}),
          answers=(_account_view(200, "The account."),),
          problems=("not-found", "registry-conflict", "rate-limited")),
    call("DELETE", "/accounts/{account}", "deleteAccount", "Remove an account that has no sites", "accounts",
          parameters=(_ACCOUNT,), answers=_GONE, problems=("not-found", "registry-conflict", "rate-limited")),
    call("GET", "/sites/{site}/keys", "listKeys", "List a site's keys", "read", parameters=(SITE,),
          answers=(Answer(description="The keys, those in the configuration file first.", shape=schema.KeyViews,
                          example={"keys": [{"name": "back-end", "scopes": ["bindings", "verify"], "kept": "store",
                                             "last_used_at": "2026-11-22T09:30:16.192Z"}]}),),
          problems=("not-found",)),
    call("PUT", "/sites/{site}/keys/{key}", "putKey", "Create another key for a site", "keys",
          description="The site may also be in the configuration file. The key is shown only once. A name can be "
              "used only once: if no answer comes, remove the key and try again.",
          parameters=(SITE, _KEY),
          body=Body(shape=KeyInput, examples={"made here": {"scopes": ["verify", "bindings"]},
                                              "made elsewhere": {"scopes": ["verify"], "hash": f"sha256:{'0f' * 32}"}}),
          answers=(Answer(status=201, description="The new key.", shape=schema.NewKey,
                          example={"name": "back-end", "scopes": ["bindings", "verify"],
                                   "key": "csk_shop_Zm9vYmFyYmF6cXV1eGZvb2JhcmJhenF1dXhmb29iYXI"}),),
          problems=("not-found", "registry-conflict", "rate-limited")),
    call("DELETE", "/sites/{site}/keys/{key}", "deleteKey", "Remove a key", "keys", parameters=(SITE, _KEY),
          answers=_GONE, problems=("not-found", "registry-conflict", "rate-limited")),
)  # fmt: skip
