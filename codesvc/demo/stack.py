"""All parts of the demo running in one process, on loopback."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.app import create_app as create_service
from codesvc.config.api_keys import new_admin_key, new_key, new_signing_secret
from codesvc.demo.configuration import ACCOUNT, LOOPBACK, Addresses, by_keyword, sandbox_account, service_settings
from codesvc.demo.identity_plan import SITE as IDENTITY_SITE
from codesvc.demo.identity_plan import Plan
from codesvc.demo.login_clients import APP
from codesvc.demo.relay import IDENTITY
from codesvc.demo.shown_codes import ShownCodes
from codesvc.demo.website import create_app as create_website
from codesvc.demo.wiki import CLIENT as WIKI
from codesvc.demo.wiki import create_wiki
from codesvc.runtime.http_server import listening
from codesvc.sandbox import Platform
from codesvc.sandbox import create_app as create_sandbox
from codesvc.store.connection import store_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from codesvc.sandbox.account import AccountSpec
    from codesvc.sandbox.rights import AccountKind


@dataclass(frozen=True, slots=True)
class Stack:
    """The running demo.

    Attributes:
        password: the password of the operator `demo` for /admin.
        app_secret: the secret of the client for a reader's own app.
        identity: the settings of the identity system; None without one.
    """

    addresses: Addresses
    account: AccountSpec
    password: str
    app_secret: str
    identity: Plan | None = None


@asynccontextmanager
async def running(
    addresses: Addresses,
    *,
    api_key: str,
    data_dir: Path,
    relay: bool = False,
    kind: AccountKind = "verified_service",
) -> AsyncIterator[Stack]:
    """Run sandbox, website, wiki and service while the context is open; with `relay` also the identity system.

    The service starts last, so that its `/readyz` means that all are ready. `kind` is that of the account.

    Raises:
        OSError: a port is in use.
        CodesvcError: the store does not start.
        ServiceError: the identity system's site cannot be set up.
    """
    account = sandbox_account(addresses, kind=kind)
    password = secrets.token_urlsafe(12)
    signing = new_signing_secret(secrets.token_bytes(32))
    client_secrets = {name: secrets.token_urlsafe(32) for name in (WIKI, APP)}
    identity = _identity(addresses) if relay else None
    settings = service_settings(
        addresses,
        api_key=api_key,
        data_dir=data_dir,
        account=account,
        master_key=_lasting_key(data_dir, "master-key"),
        webhook_secret=signing,
        operator_password=password,
        subject_key=_lasting_key(data_dir, "subject-key"),
        client_secrets=client_secrets,
        admin_key=identity.admin_key if identity else None,
    )
    website = create_website(
        service_url=addresses.service,
        api_key=api_key,
        public_url=addresses.website,
        webhook_secret=signing,
        phone_url=addresses.sandbox,
        identity=identity,
        by_keyword=by_keyword(account),
    )
    async with AsyncExitStack() as stack:
        platform = Platform(account)
        sandbox = create_sandbox(platform)
        await stack.enter_async_context(listening(sandbox, LOOPBACK, addresses.port_base + 1))
        await stack.enter_async_context(listening(website, LOOPBACK, addresses.port_base + 2))
        wiki = create_wiki(issuer=addresses.issuer, secret=client_secrets[WIKI], address=addresses.wiki)
        await stack.enter_async_context(listening(wiki, LOOPBACK, addresses.port_base + 3))
        url = await stack.enter_async_context(store_url(settings.store))
        service = create_service(settings, url)
        ShownCodes(platform, service_url=addresses.service).watch(service)
        await stack.enter_async_context(listening(service, LOOPBACK, addresses.port_base))
        if identity is not None:
            await website[IDENTITY].prepare()
        yield Stack(addresses, account, password, client_secrets[APP], identity)


def _identity(addresses: Addresses) -> Plan:
    return Plan(
        service_url=addresses.service,
        public_url=addresses.website,
        account=ACCOUNT,
        admin_key=new_admin_key(secrets.token_bytes(32)),
        site_key=new_key(IDENTITY_SITE, secrets.token_bytes(32)),
        secret=new_signing_secret(secrets.token_bytes(32)),
        inbound=secrets.token_hex(24),
    )


def _lasting_key(data_dir: Path, name: str) -> str:
    """A key of the demo, kept in a file so that codes and people stay what they are after a restart.

    The file is next to the data directory, never in it (DESIGN rule 1).
    """
    path = data_dir.with_name(f"{data_dir.name}.{name}")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii")
