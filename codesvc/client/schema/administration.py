"""The types of sites, accounts and keys in the admin API."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from codesvc.client.schema.answer import Answer, Time, described

_KEPT = ("file", "store")


class Names(Answer, frozen=True, kw_only=True):
    """Names in order."""

    names: Annotated[list[str], described("the names, at most `limit`", example=["cafe", "shop"])]
    next: Annotated[str | None, described("pass it as `after` to get the next names; null at the end")]


class SettingsView(Answer, frozen=True, kw_only=True):
    """A site or an account."""

    name: Annotated[str, described("its name", example="shop")]
    kept: Annotated[
        str, described("whether it is in the configuration file or in the store", values=_KEPT, example="store")
    ]
    settings: Annotated[
        dict[str, Any] | None,
        Meta(
            description="its settings without secrets; null if it is in the configuration file, or to a key without "
            "the scope `read`",
            extra_json_schema={"additionalProperties": True},
        ),
    ]
    secrets: Annotated[list[str], described("options with secrets that are set; they cannot be read back")]


class KeyView(Answer, frozen=True, kw_only=True):
    """A key of a site."""

    name: Annotated[str, described("its name", example="back end")]
    scopes: Annotated[list[str], described("its scopes", example=["verify"])]
    kept: Annotated[
        str, described("whether it is in the configuration file or in the store", values=_KEPT, example="store")
    ]
    last_used_at: Annotated[Time | None, described("when it was last used, up to a minute late; null if never")]


class KeyViews(Answer, frozen=True, kw_only=True):
    """The keys of a site."""

    keys: list[KeyView]


class OidcClientView(Answer, frozen=True, kw_only=True):
    """An app that people sign in to by OpenID Connect."""

    id: Annotated[str, described("its client_id", example="wiki")]
    kept: Annotated[
        str, described("whether it is in the configuration file or in the store", values=_KEPT, example="store")
    ]
    public: Annotated[bool, described("whether it has no secret", example=False)]
    settings: Annotated[
        dict[str, Any],
        Meta(
            description="every option of `[[sites.*.oidc.clients]]` except id and secrets",
            extra_json_schema={"additionalProperties": True},
        ),
    ]


class OidcClientViews(Answer, frozen=True, kw_only=True):
    """The apps of a site."""

    issuer: Annotated[str, described("what to enter in each app", example="https://code.example.com/oidc/shop")]
    clients: list[OidcClientView]


class OidcClientRegistered(Answer, frozen=True, kw_only=True):
    """An app that was registered or changed."""

    secret: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client: OidcClientView
    client_secret: Annotated[
        str | None, described("shown only once; null if no secret was created", example="Q5mpOssSydxHpqWA…")
    ]


class NewKey(Answer, frozen=True, kw_only=True):
    """A new key."""

    secret: ClassVar[frozenset[str]] = frozenset({"key"})

    name: Annotated[str, described("its name", example="back-end")]
    scopes: Annotated[list[str], described("its scopes", example=["verify"])]
    key: Annotated[str | None, described("shown only once; null if you gave its hash", example="csk_shop_Zm9vYmFy…")]
