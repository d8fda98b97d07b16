"""The types of sites, accounts and keys in the admin API."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from codesvc.client.schema.answer import Answer, Time, told

_KEPT = ("file", "store")


class Names(Answer, frozen=True, kw_only=True):
    """Names in order."""

    names: Annotated[list[str], told("as many as were asked for", example=["cafe", "shop"])]
    next: Annotated[str | None, told("give it as `after` to go on; null at the end")]


class SettingsView(Answer, frozen=True, kw_only=True):
    """A site or an account."""

    name: Annotated[str, told("its name", example="shop")]
    kept: Annotated[str, told("in the configuration file, or in the store", words=_KEPT, example="store")]
    settings: Annotated[
        dict[str, Any] | None,
        Meta(
            description="what was set, secrets left out; null for one of the file",
            extra_json_schema={"additionalProperties": True},
        ),
    ]
    secrets: Annotated[list[str], told("options that hold secrets and are set; nobody reads them again")]


class KeyView(Answer, frozen=True, kw_only=True):
    """A key of a site."""

    name: Annotated[str, told("its name", example="back end")]
    scopes: Annotated[list[str], told("what it may do", example=["verify"])]
    kept: Annotated[str, told("in the configuration file, or in the store", words=_KEPT, example="store")]
    last_used_at: Annotated[Time | None, told("up to a minute late; null for never")]


class KeyViews(Answer, frozen=True, kw_only=True):
    """The keys of a site."""

    keys: list[KeyView]


class NewKey(Answer, frozen=True, kw_only=True):
    """A key that was made just now."""

    secret: ClassVar[frozenset[str]] = frozenset({"key"})

    name: Annotated[str, told("its name", example="back-end")]
    scopes: Annotated[list[str], told("what it may do", example=["verify"])]
    key: Annotated[str | None, told("shown this once; null if you gave its hash", example="csk_shop_Zm9vYmFy…")]
