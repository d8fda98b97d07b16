"""The demo's configuration: one account on the sandbox and one site, without limits per address and per site."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from codesvc.config import parse
from codesvc.config.api_keys import hash_line, new_signing_secret
from codesvc.demo.activity import PATH
from codesvc.demo.login_clients import clients
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.logo import data_url
from codesvc.domain.passwords import password_line
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT, TemplateSpec
from codesvc.sandbox.identifiers import profile_url
from codesvc.sandbox.qr_jpeg import draw_jpeg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config import Settings
    from codesvc.sandbox.account import AccountSpec
    from codesvc.sandbox.rights import AccountKind as SandboxKind

SITE: Final = "shop"
OPERATOR: Final = "demo"
ACCOUNT: Final = "main"
LOOPBACK: Final = "127.0.0.1"
_RESET_DONE_TEMPLATE: Final = "rD4nPz8mKx2vQy6tLb0wHs5gJc9fTe3uAoR7iYqNpXk"
_YOUR_OWN: Final = [f"http://{host}:{port}" for host in (LOOPBACK, "localhost") for port in (3000, 5000, 8000)]
"""The usual addresses of a website under development; docs/en/quickstart.md uses one of them."""
_LOGO: Final = Path(__file__).parent / "pages" / "logo.png"
_SCOPES: Final = ["verify", "bindings", "openids", "vouch", "messages", "admin"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of service, sandbox, website and wiki, on four consecutive ports.

    Attributes:
        port_base: the service's port.
    """

    port_base: int

    @property
    def service(self) -> str:
        """The service's address."""
        return f"http://{LOOPBACK}:{self.port_base}"

    @property
    def sandbox(self) -> str:
        """The sandbox's address."""
        return f"http://{LOOPBACK}:{self.port_base + 1}"

    @property
    def website(self) -> str:
        """The demo website's address."""
        return f"http://{LOOPBACK}:{self.port_base + 2}"

    @property
    def wiki(self) -> str:
        """The address of a third party's app, which people sign in to with WeChat."""
        return f"http://{LOOPBACK}:{self.port_base + 3}"

    @property
    def issuer(self) -> str:
        """The issuer of the demo's site."""
        return f"{self.service}/oidc/{SITE}"


def sandbox_account(addresses: Addresses, *, kind: SandboxKind = "verified_service") -> AccountSpec:
    """The sandbox's default account, with the service as its callback and a template for finished resets.

    Args:
        addresses: the addresses of all parts.
        kind: what the account may do.
    """
    notice = TemplateSpec(
        template_id=_RESET_DONE_TEMPLATE,
        title="账号变更提醒",
        content="事项：{{thing1.DATA}}\n时间：{{time2.DATA}}\n备注：{{thing3.DATA}}\n",
        example="事项：示例网站重置密码已通过验证\n时间：2025年5月1日 15:01\n备注：非本人操作请立即联系网站\n",
    )
    return replace(
        DEFAULT_ACCOUNT,
        kind=kind,
        callback_url=f"{addresses.service}/wechat/{ACCOUNT}",
        templates=(*DEFAULT_ACCOUNT.templates, notice),
    )


def by_keyword(account: AccountSpec) -> bool:
    """Whether the account has no QR codes with parameters, so that codes come by keyword."""
    return Right.QR_CODES not in AccountKind(account.kind).rights


def _by_kind(account: AccountSpec) -> dict[str, Any]:
    """What the kind of the account decides: messages where it can send them, its own QR code where it has no others."""
    given: dict[str, Any] = {"kind": account.kind}
    if Right.TEMPLATE in AccountKind(account.kind).rights:
        given["messages"] = {
            "code": {"template_id": CATEGORY_TEMPLATE_ID},
            "reset_done": {"template_id": _RESET_DONE_TEMPLATE, "fields": "message/reset_done.toml"},
        }
    if by_keyword(account):
        picture = b64encode(draw_jpeg(profile_url(account.original_id))).decode()
        given["qr_picture"] = f"data:image/jpeg;base64,{picture}"
    return given


def service_settings(
    addresses: Addresses,
    *,
    api_key: str,
    data_dir: Path,
    account: AccountSpec,
    master_key: str | None = None,
    webhook_secret: str | None = None,
    operator_password: str | None = None,
    subject_key: str | None = None,
    client_secrets: Mapping[str, str] | None = None,
    admin_key: str | None = None,
) -> Settings:
    """The service's settings.

    Args:
        addresses: the addresses of all parts.
        api_key: the site's key; it gets every scope.
        data_dir: the directory of the embedded store.
        account: the sandbox's account.
        master_key: the master key; a new one is made if it is not given.
        webhook_secret: the webhook secret; a new one is made if it is not given.
        subject_key: what people's identities at apps derive from; a new one is made if it is not given.
        client_secrets: the secrets of the apps in `codesvc.demo.login_clients`; without them no OpenID Provider.
        operator_password: the password of the operator `demo`; without one there are no operator pages.
        admin_key: sets up the site of the identity system (`codesvc.demo.relay`); None for none.

    Raises:
        ConfigError: the data directory cannot be used.
    """
    document: dict[str, Any] = {
        "mode": "test",
        "service": {"host": LOOPBACK, "port": addresses.port_base, "public_url": addresses.service},
        "store": {"data_dir": str(data_dir)},
        "secrets": {"master_key": master_key or secrets.token_urlsafe(48)},
        "accounts": {
            ACCOUNT: {
                "appid": account.appid,
                "name": account.name,
                "original_id": account.original_id,
                "secret": account.secret,
                "token": account.token,
                "aes_key": account.aes_key,
                "callback": account.mode,
                "api_url": addresses.sandbox,
                "open_url": addresses.sandbox,
                **_by_kind(account),
            },
        },
        "sites": {
            SITE: {
                "name": {"zh": "山月茶铺", "en": "Moonhill Tea"},
                "account": ACCOUNT,
                "origins": [addresses.website, addresses.website.replace(LOOPBACK, "localhost"), *_YOUR_OWN],
                "keys": [{"name": "demo", "hash": hash_line(api_key), "scopes": _SCOPES}],
                "chat": {
                    "bind_url": f"{addresses.website}/wechat/bind",
                    "reset_url": f"{addresses.website}/wechat/reset",
                },
                "webhook": {
                    "url": f"{addresses.website}{PATH}",
                    "secrets": [webhook_secret or new_signing_secret(secrets.token_bytes(32))],
                    "allow_private": True,
                },
                "brand": {
                    "logo": data_url(_LOGO.read_bytes()),
                    "accent": "#2f5a40",
                    "accent_dark": "#9bc7a6",
                    "radius": 24,
                },
                "limits": {
                    "address_starts": "none",
                    "address_guesses": "none",
                    "site_starts": "none",
                    "site_guesses": "none",
                },
            },
        },
    }
    if client_secrets is not None:
        document["oidc"] = {"subject_key": subject_key or secrets.token_urlsafe(48)}
        document["sites"][SITE]["oidc"] = {"clients": clients(addresses.wiki, client_secrets)}
    if operator_password is not None:
        line = password_line(operator_password, secrets.token_bytes(16))
        document["admin"] = {"operators": {OPERATOR: {"password": line}}}
    if admin_key is not None:
        key = {"name": "identity", "hash": hash_line(admin_key), "scopes": ["read", "sites", "keys"]}
        document.setdefault("admin", {})["keys"] = [key]
    return parse(document, env={}, directory=data_dir)
