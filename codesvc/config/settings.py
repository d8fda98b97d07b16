"""The settings of the service, as frozen values. Durations are whole seconds unless noted.

`config.example.toml` explains every option for operators. `cross_checks` holds the rules between options.
"""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from codesvc.config.account_settings import Account, KeyHash, Shown, WebAddress
from codesvc.config.addresses import operators_listener, origin, receiver_url, store_url
from codesvc.config.brand_settings import Brand
from codesvc.config.constraints import (
    MANY,
    MOST_SECRETS,
    Among,
    AtMost,
    Between,
    Matching,
    distinct,
    filled,
    short_in_all,
    signing_secret,
    test_identities,
    unguessable,
)
from codesvc.config.faults import Fault
from codesvc.config.oidc_settings import Oidc, OidcKeys
from codesvc.config.relay_settings import Gateway, Inbound, Relay
from codesvc.config.service_settings import Service
from codesvc.config.texts import LocalText
from codesvc.domain.channels import LISTED, Channel
from codesvc.domain.codes import ALPHABET_NAMES
from codesvc.domain.limits import Rate
from codesvc.domain.listener import Listener, parse_listener
from codesvc.domain.secret import Secret
from codesvc.domain.verification import ScanPolicy
from codesvc.domain.webhook import EventType

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring


Mode = Literal["live", "test"]
Scope = Literal["verify", "bindings", "openids", "vouch", "messages", "admin", "wechat_server"]
AdminScope = Literal["read", "sites", "accounts", "keys"]
Fsync = Literal["everysec", "always"]

_MasterKey = Annotated[Secret, unguessable]
_Limit = tuple[Rate, ...]
_Listed = Annotated[str, Among(LISTED)]

# The cost parameters are fixed: with others, a login could be cheap to guess or take very long.
_SCRYPT = r"scrypt:32768:8:1:[A-Za-z0-9_-]{22}:[A-Za-z0-9_-]{43}"

DATA_DIR = Path("codesvc-data")  # relative to the configuration file
LONGEST_CODE_LIFE = 3_600  # seconds
DEFAULT_CHANNELS = (Channel.TEMPLATE.value,)
"""The channels of a purpose that lists none. If the account's kind has no right to them, the purpose has no channel."""
LONG_CODE_LENGTH = 8  # used while a site's codes are being guessed


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The store. Without `url` it is the embedded Valkey, with its data in `data_dir`."""

    url: Annotated[Secret, store_url] | None = None
    data_dir: Path = DATA_DIR
    fsync: Fsync = "everysec"
    timeout: Annotated[float, Between(0.05, 60)] = 2.0
    prefix: Annotated[str, Matching(r"[A-Za-z0-9_-]{1,16}", "must be 1 to 16 of A-Z, a-z, 0-9, - and _")] = "cs"
    history_retention: Annotated[int, Between(86_400, 3_660 * 86_400)] = 400 * 86_400
    audit_retention: Annotated[int, Between(86_400, 3_660 * 86_400)] = 400 * 86_400
    audit_lines: Annotated[int, Between(1_000, 1_000_000)] = 20_000  # of each site


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The master key, from which every code and signing key is derived, and the previous master keys."""

    master_key: _MasterKey
    previous_master_keys: tuple[_MasterKey, ...] = ()

    def keyring(self) -> "Keyring":
        """The keys that are derived from them.

        Raises:
            ValueError: two master keys have the same key id.
        """
        from codesvc.domain.keyring import Keyring  # noqa: PLC0415  reading a configuration loads no cryptography

        previous = [key.reveal().encode() for key in self.previous_master_keys]
        return Keyring(self.master_key.reveal().encode(), previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What the service stores of a site's key: its SHA-256 and its scopes."""

    name: Shown
    hash: KeyHash
    scopes: Annotated[frozenset[Scope], filled]

    @property
    def identifier(self) -> str:
        """The beginning of the hash: what identifies the key in the store. A new key of the same name has another."""
        return self.hash.removeprefix("sha256:")[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """The policy of one purpose. `purpose_defaults` holds the defaults that differ for `register` and `reset`."""

    name: LocalText
    scan: Annotated[str, Among(tuple(ScanPolicy))] = ScanPolicy.BOUND.value
    disclose_binding: bool = False
    code_length: Annotated[int, Between(4, 12)] = 6
    code_alphabet: Annotated[str, Among(tuple(ALPHABET_NAMES))] = "digits"
    long_code_length: Annotated[int, Between(4, 12)] = LONG_CODE_LENGTH
    attempts: Annotated[int, Between(1, 10)] = 5
    code_life: Annotated[int, Between(30, 3_600)] = 300
    code_max_life: Annotated[int, Between(30, LONGEST_CODE_LIFE)] = 600
    resend_after: Annotated[int, Between(0, 3_600)] = 60
    max_live: Annotated[int, Between(1, 20)] = 3
    channels: Annotated[tuple[_Listed, ...], distinct] = DEFAULT_CHANNELS
    reveal: Literal["message", "tap"] = "message"
    return_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a site. All rates of a limit apply; an empty tuple means no limit."""

    user_pushes: _Limit = (Rate(5, 3_600), Rate(10, 86_400))
    user_guesses: _Limit = (Rate(10, 3_600), Rate(100, 30 * 86_400))
    address_starts: _Limit = (Rate(60, 3_600),)
    address_guesses: _Limit = (Rate(20, 3_600),)
    openid_pushes: _Limit = (Rate(10, 86_400),)
    openid_keywords: _Limit = (Rate(10, 3_600),)
    site_starts: _Limit = (Rate(600, 60),)
    # Per purpose. Past it new codes are longer, and guesses at unclaimed codes have a budget (`domain.guessing`).
    site_guesses: _Limit = (Rate(1_000, 86_400),)
    binding_writes: _Limit = (Rate(300, 60), Rate(10_000, 86_400))  # per API key, and for all people in WeChat
    gateway_messages: _Limit = (Rate(5_000, 86_400),)


_PURPOSE_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "register": {"name": LocalText("注册", "Sign-up"), "scan": "open", "disclose_binding": True},
    "reset": {"name": LocalText("重置密码", "Password reset")},
}


def purpose_defaults(key: str) -> Mapping[str, object]:
    """The defaults of a purpose that depend on its key. All others are in `Purpose`."""
    return _PURPOSE_DEFAULTS.get(key, {"name": LocalText(key, key)})


def standing_purposes() -> Mapping[str, Purpose]:
    """The purposes that every site has, even if it does not declare them: `register` and `reset`."""
    return MappingProxyType({key: Purpose(**fields) for key, fields in _PURPOSE_DEFAULTS.items()})  # type: ignore[arg-type]  # the literal table above


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Links from the chat to the site: their targets, and what a person sends to get them. No URL means no link."""

    bind_url: WebAddress | None = None
    bind_keywords: Annotated[tuple[Shown, ...], MANY, distinct] = ("绑定账号", "codesvc_bind")
    reset_url: WebAddress | None = None
    reset_keywords: Annotated[tuple[Shown, ...], MANY, distinct] = ("重置密码", "忘记密码", "codesvc_reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatServer:
    """For programs that log in by wechat-server's protocol, off without the table. Its codes are tied to no browser.

    `keywords` are what a person sends to get a code.
    """

    keywords: Annotated[tuple[Shown, ...], filled, MANY, distinct] = ("验证码", "USER_VERIFICATION")
    code_length: Annotated[int, Between(7, 11)] = 8
    code_life: Annotated[int, Between(60, 600)] = 180
    guesses: Annotated[_Limit, filled] = (Rate(20, 3_600), Rate(100, 86_400))  # wrong codes of the site


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A site's webhook, and the secrets that sign its events (docs/en/webhooks.md)."""

    url: Annotated[str, receiver_url]
    secrets: Annotated[tuple[Annotated[Secret, signing_secret], ...], filled, distinct, MOST_SECRETS]
    events: Annotated[tuple[EventType, ...], filled, distinct] = get_args(EventType)
    allow_private: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A website that calls the API, and its policies."""

    name: LocalText
    account: str
    keys: Annotated[tuple[ApiKey, ...], filled, MANY]
    origins: Annotated[tuple[Annotated[str, origin], ...], short_in_all] = ()
    client_ip: Literal["required", "none"] = "required"
    purposes: Annotated[Mapping[str, Purpose], AtMost(50)] = field(default_factory=standing_purposes)
    limits: Limits = field(default_factory=Limits)
    users_per_wechat: Literal["one", "many"] = "one"
    binding_notices: bool = True
    confirm_bind: bool = True
    chat: Chat = field(default_factory=Chat)
    test_users: Annotated[Mapping[str, str], MANY, test_identities] = field(
        default_factory=lambda: MappingProxyType({})
    )
    webhook: Webhook | None = None
    wechat_server: WechatServer | None = None
    relay: Relay | None = None
    gateways: Annotated[Mapping[str, Gateway], AtMost(16)] = field(default_factory=lambda: MappingProxyType({}))
    inbound: Annotated[Mapping[str, Inbound], AtMost(16)] = field(default_factory=lambda: MappingProxyType({}))
    brand: Brand = field(default_factory=Brand)
    oidc: Oidc | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person who may open the operator's pages."""

    password: Annotated[str, Matching(_SCRYPT, "must be a line that `codesvc admin password` printed: scrypt:…")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminKey:
    """A key of the admin API, which sets up sites, accounts and keys while the service runs."""

    name: Shown
    hash: KeyHash
    scopes: Annotated[frozenset[AdminScope], filled]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The operator's pages under /admin and the admin API, off without operators and keys; the audit log."""

    operators: Mapping[str, Operator] = field(default_factory=lambda: MappingProxyType({}))
    session: Annotated[int, Between(300, 7 * 86_400)] = 12 * 3_600
    listen: Annotated[str, operators_listener] | None = None
    audit_file: Path | None = None
    keys: tuple[AdminKey, ...] = ()

    @property
    def listener(self) -> Listener | None:
        """The parsed `listen`; None without one."""
        return parse_listener(self.listen) if self.listen is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. `notices` is not an option: it holds warnings about valid settings."""

    mode: Mode = "live"
    service: Service
    store: Store = field(default_factory=Store)
    secrets: Secrets
    oidc: OidcKeys = field(default_factory=OidcKeys)
    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    sites: Mapping[str, Site] = field(default_factory=lambda: MappingProxyType({}))
    admin: Admin = field(default_factory=Admin)
    notices: tuple[Fault, ...] = field(default=(), metadata={"option": False})
