"""Whether all bindings lie under the appid that their site's account has now, and apps know people by the same key.

And whether the entries of the registry keep the rules (`registry_entries`), which are read from the same store.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from codesvc.doctor import registry_entries
from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.clock import Offset
from codesvc.domain.errors import CodesvcError
from codesvc.service.misplaced_bindings import find_misplaced, remedy
from codesvc.sites.registry.reading import read_directory
from codesvc.sites.relying_parties import subject_key_fits
from codesvc.store import binding_accounts
from codesvc.store.connection import connect, store_url
from codesvc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.config import Settings
    from codesvc.doctor.store_probe import ReachableStore
    from codesvc.service.misplaced_bindings import Misplaced
    from codesvc.sites.directory import Directory

_WHAT: Final = "bindings"


async def check(settings: Settings, place: ReachableStore | None) -> list[Finding]:
    """Look under which appids bindings lie, in the service's own store.

    Where no service runs on the embedded store, its server is started on the data for as long as this takes.
    """
    async with AsyncExitStack() as stack:
        servers = place.servers if place is not None and place.lasting else None
        if servers is None:
            if settings.store.url is not None:
                return [skipped(_WHAT, "not checked: the store does not answer", "Fix the store first.")]
            data = settings.store.data_dir
            if not (data / "appendonlydir").is_dir():
                return [ok(_WHAT, "none: the store has no data yet, or its directory was lost")]
            if data.stat().st_uid != os.geteuid():
                return [
                    skipped(_WHAT, "not checked: the data belongs to another user", "Run this as the service's user.")
                ]
            try:
                servers = await connect(
                    await stack.enter_async_context(store_url(settings.store)), timeout=settings.store.timeout
                )
            except CodesvcError as error:
                return [skipped(_WHAT, f"not checked: {error}", "Try again when nothing else is using the store.")]
            stack.push_async_callback(servers.aclose)
        store = Store(servers, offset=Offset(movable=False), prefix=settings.store.prefix)
        directory = await read_directory(store, settings)
        found = await find_misplaced(store, directory)
        known = await binding_accounts.read(store)
    return [_judged(settings, directory, found, empty=not any(known.values())), *registry_entries.findings(directory)]


def _judged(settings: Settings, directory: Directory, found: Sequence[Misplaced], *, empty: bool) -> Finding:
    if not subject_key_fits(settings, directory.kept):
        return fail(
            "oidc.subject_key",
            "not the key that people's subjects were made with: apps would not recognise anyone, so logins are refused",
            "Restore the old key from a backup of the configuration. It must never change.",
        )
    if elsewhere := [each for each in found if each.present]:
        shown = "; ".join(map(str, elsewhere[:5])) + ("; and more" if len(elsewhere) > len(elsewhere[:5]) else "")
        starts = "" if all(each.left for each in elsewhere) else ". The service does not start until then."
        return fail(_WHAT, shown, f"{remedy(elsewhere)}{starts}")
    if stranded := directory.without_account:
        return fail(
            _WHAT,
            f"{', '.join(stranded[:5])} in the store use an account that no longer exists; their calls are refused",
            "Restore the account under its former name, or remove these sites (codesvc sites remove).",
        )
    if found:
        return warn(
            _WHAT,
            "; ".join(map(str, found[:5])),
            "Nothing reads or deletes this personal data. Restore the site (name and account), or erase the data.",
        )
    if empty:
        return ok(
            _WHAT, "none: a new installation, or the store was lost; if people were bound before, restore a backup"
        )
    return ok(_WHAT, "all are stored under their account's appid")
