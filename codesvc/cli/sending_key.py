"""The API key with which `codesvc send` calls the service: given, kept by `codesvc init`, or made for this one run.

A key of one run has the scope `verify` only, is in the store's registry (docs/administration.md) and is removed at the
end, so that the audit log shows it. Whoever reads the configuration may make keys anyway (`codesvc keys add`).
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

from codesvc.app import prepare
from codesvc.cli.initial_configuration import api_key_file
from codesvc.config.api_keys import hash_line
from codesvc.config.faults import UnfitError
from codesvc.config.files import read_secret
from codesvc.domain.errors import CodesvcError
from codesvc.service.registry_administration import RegistryAdministration
from codesvc.sites.registry.registry import Registry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

    from codesvc.config import Settings
    from codesvc.store.store import Store

KEY_VARIABLE: Final = "CODESVC_API_KEY"
_BY: Final = "cli"


class NoKey(CodesvcError):
    """There is no key to call the service with."""


class ForeignKey(CodesvcError):
    """The given key does not belong to the site."""


def given_key(arguments: argparse.Namespace, settings: Settings, env: Mapping[str, str] = os.environ) -> str:
    """The key by `--key`, by the environment, or in the file that `codesvc init` wrote; "" if there is none.

    Raises:
        ForeignKey: the key by `--key` or the environment is not one of the site's in the configuration.
    """
    known = {key.hash for key in settings.sites[arguments.site].keys}
    if key := arguments.key or env.get(KEY_VARIABLE, ""):
        if hash_line(key) not in known:
            raise ForeignKey(f"this key is none of sites.{arguments.site}'s")
        return str(key)
    try:
        key, _ = read_secret(arguments.config.parent / api_key_file(arguments.site))
    except UnfitError:
        return ""
    return key if hash_line(key) in known else ""  # a file of an earlier key: the site has changed it since


async def key_for_one_run(stack: AsyncExitStack, store: Store | None, settings: Settings, site: str) -> str:
    """Add a key to the site; it is removed when the stack ends. The service knows it within a second.

    Raises:
        NoKey: the store cannot be reached from here (None).
    """
    if store is None:
        raise NoKey(
            f"a key of the site is needed: --key, or better {KEY_VARIABLE}. None is in {api_key_file(site)} beside the "
            "configuration, and none can be made for this run: the store cannot be reached from here. Is the service "
            "running (codesvc serve)?"
        )
    fixed = prepare(settings)
    registry = Registry(store, fixed.directory, fixed.sealer)
    await registry.refresh()
    office = RegistryAdministration(settings, fixed.directory, registry, fixed.composer)
    name = f"codesvc-send-{secrets.token_hex(4)}"
    key = await office.add_key(site, name, ["verify"], by=_BY)
    stack.push_async_callback(office.remove_key, site, name, by=_BY)
    if key is None:
        raise NoKey(f"there is no site {site}")
    return key
