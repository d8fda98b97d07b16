"""The API key with which `codesvc send` calls the service.

It is the key that the operator gives, or the one that `codesvc init` stored, or a new one for this run. A new key has
only the scope `verify`. It is added to the store's registry (docs/en/administration.md) and removed at the end of the
run; both changes are in the audit log. This gives the operator no new right: everybody who can read the configuration
can also run `codesvc keys add`.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from codesvc.app import prepare
from codesvc.cli.initial_configuration import api_key_file
from codesvc.config.faults import UnfitError
from codesvc.config.files import read_secret
from codesvc.domain.errors import CodesvcError
from codesvc.service.registry_administration import RegistryAdministration
from codesvc.sites.registry.registry import Registry

if TYPE_CHECKING:
    import argparse
    from contextlib import AsyncExitStack

    from codesvc.config import Settings
    from codesvc.sites.directory import Directory
    from codesvc.store.store import Store

KEY_VARIABLE: Final = "CODESVC_API_KEY"
_BY: Final = "cli"


class NoKey(CodesvcError):
    """There is no key to call the service with."""


class ForeignKey(CodesvcError):
    """The given key does not belong to the site."""


def given_key(arguments: argparse.Namespace, directory: Directory, *, complete: bool) -> str:
    """The key from `--key`, from the environment, or from the file that `codesvc init` wrote; "" if there is none.

    Args:
        arguments: the command line; `site` and `key` are read.
        directory: the sites and their keys.
        complete: whether it has those of the store. Without them, a key that is not in the configuration cannot be
            judged here: it is returned, and the service judges it.

    Raises:
        ForeignKey: the key from `--key` or the environment belongs to another site, or to none.
    """
    if key := arguments.key or os.environ.get(KEY_VARIABLE, ""):
        whose = _site_of(key, directory)
        judged = bool(whose) or complete
        if judged and whose != arguments.site:
            other = f"it is a key of sites.{whose}" if whose else "it is neither in the configuration nor in the store"
            raise ForeignKey(f"this is not a key of sites.{arguments.site}: {other}")
        return str(key)
    try:
        key, _ = read_secret(arguments.config.parent / api_key_file(arguments.site))
    except UnfitError:
        return ""
    return key if _site_of(key, directory) == arguments.site else ""  # else the file has an old key that was replaced


def _site_of(key: str, directory: Directory) -> str:
    """The name of the site that a key belongs to, "" for an unknown key."""
    caller = directory.caller(key)
    return caller.site.name if caller else ""


async def key_for_one_run(stack: AsyncExitStack, store: Store | None, settings: Settings, site: str) -> str:
    """Add a key to the site and return it. It is removed when `stack` closes. The service knows it within a second.

    Raises:
        NoKey: `store` is None, because this machine cannot reach it, or the site does not exist.
    """
    if store is None:
        raise NoKey(
            f"a key of the site is needed: --key, or better {KEY_VARIABLE}. There is none in "
            f"{api_key_file(site)} beside the configuration, and none can be made for this run: this machine cannot "
            "reach the store. Is the service running (codesvc serve)?"
        )
    prepared = prepare(settings)
    registry = Registry(store, prepared.directory, prepared.sealer)
    await registry.refresh()
    administration = RegistryAdministration(settings, prepared.directory, registry, prepared.composer)
    name = f"codesvc-send-{secrets.token_hex(4)}"
    key = await administration.add_key(site, name, ["verify"], by=_BY)
    stack.push_async_callback(administration.remove_key, site, name, by=_BY)
    if key is None:
        raise NoKey(f"there is no site {site}")
    return key
