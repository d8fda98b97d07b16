"""`codesvc person export|erase --config FILE --site SITE --user USER`: shows or deletes the data of a person."""

from __future__ import annotations

import sys
import unicodedata
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.cli.follow import open_store_alone
from codesvc.cli.operation import run_operation
from codesvc.domain.clock import rfc3339, unix_ms
from codesvc.service.followers import Followers
from codesvc.service.misplaced_bindings import require_in_place
from codesvc.sites.registry.reading import known_site, read_directory
from codesvc.store.bindings import Unbind
from codesvc.store.file_rewrite import Rewrite, Rewritten, rewrite_files
from codesvc.store.key_contents import Content, read
from codesvc.store.key_patterns import place_of
from codesvc.store.outcomes import Outcome
from codesvc.store.packed_reader import opened
from codesvc.store.personal_traces import Person, concerns, readable

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from codesvc.config import Settings
    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.store.store import Store

_BATCH: Final = 500
_NOT_YET: Final = "disk: NOT YET,"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Export or erase a person's data.

    Returns the exit status: 0 for success, 3 if nothing was found, 1 if it failed. It counts as a failure, too, if a
    file of the store may still contain the erased data.
    """
    return run_operation("person", _run(arguments, settings))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store = await open_store_alone(stack, settings)
        directory = await read_directory(store, settings)
        site = known_site(directory, arguments.site)
        # Bindings under another appid are not found, so the answer "nothing is kept" could be wrong.
        await require_in_place(store, directory, sites=[site.name])
        records = Records(store, directory, site)
        person = await records.person(unicodedata.normalize("NFC", arguments.user))
        if arguments.act == "export":
            return _show(person, [found async for found in records.found(person)])
        erased = await records.erase(person)
        sys.stdout.write(f"{erased} entries erased\n")
        # Rewrite the files even if nothing was found now: the rewrite of an earlier run may have failed.
        rewritten = await rewrite_files(store.servers)
    for each in rewritten:
        sys.stdout.write(f"{_on_disk(each, embedded=settings.store.url is None)}\n")
    sys.stdout.write(
        "The data may still be in backups, logs, and on servers that received events (docs: personal-data).\n"
    )
    if any(each.result in {Rewrite.FORBIDDEN, Rewrite.FAILED} for each in rewritten):
        return 1
    return 0 if erased else 3


def _on_disk(rewritten: Rewritten, *, embedded: bool) -> str:
    """Whether a server's append-only file was rewritten, and what the operator has to do; one line of output."""
    server = "the embedded store" if embedded else rewritten.server
    host, colon, port = rewritten.server.rpartition(":")
    ask = f"valkey-cli -h {host} -p {port} BGREWRITEAOF" if colon and port.isdigit() else "valkey-cli BGREWRITEAOF"
    match rewritten.result:
        case Rewrite.DONE:
            line = f"disk: the append-only file of {server} was rewritten and no longer contains the erased data"
        case Rewrite.NO_FILE:
            line = f"disk: {server} keeps no append-only file; if it writes snapshots, run BGSAVE there"
        case Rewrite.FORBIDDEN:
            line = f"{_NOT_YET} this user of the store may not rewrite the file of {server}; run there: {ask}"
        case Rewrite.FAILED:
            line = f"{_NOT_YET} the file of {server} could not be rewritten; see its log, then run there: {ask}"
    if rewritten.replicas:
        line += f"; its {rewritten.replicas} replica(s) have files of their own: run BGREWRITEAOF on each"
    return line


def _show(person: Person, found: list[tuple[str, str, Content]]) -> int:
    now = unix_ms()
    kept = [
        {
            "kind": kind,
            "kept_until": rfc3339(now + content.left_ms) if content.left_ms >= 0 else None,
            "content": _as_json(kind, content),
        }
        for _, kind, content in found
    ]
    report: dict[str, Any] = {"site": person.site, "user": person.user, "openid": person.openid or None, "kept": kept}
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    return 0 if kept else 3


def _as_json(kind: str, content: Content) -> Any:
    """The content of a key as a JSON value; packed records are decoded."""
    packed = opened(kind, content.value) if isinstance(content.value, bytes) else None
    return readable(content.value) if packed is None else packed


class Records:
    """The stored data of the people of one site.

    Args:
        store: the service's store.
        directory: all sites; needed to find the sites that share the account.
        site: the site.
    """

    def __init__(self, store: Store, directory: Directory, site: SiteEntry) -> None:
        self._store = store
        self._directory = directory
        self._site = site

    async def person(self, user: str) -> Person:
        """The person to search for: a user, and the openid that is bound to them.

        The openid is left out if other users are bound to the same WeChat account: its data is not only theirs.
        """
        keys = self._site.store_keys
        redis = self._store.at(keys.partition)
        raw = await redis.hget(keys.binding(self._site.name, user), "openid")
        openid = raw.decode() if isinstance(raw, bytes) else ""
        shared = 0
        for name, site in self._directory.sites.items():
            if openid and site.account.name == self._site.account.name:
                shared += await redis.scard(keys.owners(name, openid))
        return Person(self._site.name, user, openid if shared <= 1 else "")

    async def found(self, person: Person) -> AsyncIterator[tuple[str, str, Content]]:
        """Yield the name, kind and content of every key with data of the person. Scans the whole partition."""
        partition, root = self._site.store_keys.partition, self._site.store_keys.root
        redis, cursor, seen = self._store.at(partition), -1, set[bytes]()
        while cursor:
            names: list[bytes]
            cursor, names = await redis.scan(max(cursor, 0), match=f"{root}*", count=_BATCH)  # type: ignore[assignment]  # this connection decodes nothing
            for name, content in (await read(redis, [name for name in names if name not in seen])).items():
                text = name.decode(errors="replace")
                place = place_of(text)
                if place and concerns(person, text, place[1], content.value):
                    seen.add(name)
                    yield text, place[1], content

    async def _erasable(self, person: Person) -> AsyncIterator[str]:
        async for name, kind, content in self.found(person):
            # Events that are not delivered to the site's server yet stay; they are deleted after their delivery.
            if kind != "webhook" or content.value.get(b"status") != b"pending":
                yield name

    async def erase(self, person: Person) -> int:
        """Unbind the user, delete the data of their WeChat account unless others share it, and delete all other data.

        Returns how many entries were deleted.
        """
        keys = self._site.store_keys
        unwanted = Unbind(
            site=person.site,
            user=person.user,
            by="operator",
            actor="operator",
            reason="erased on request",
            notices=False,
            hooks=self._site.wanted,
        )
        erased = int((await self._store.bindings.unbind(keys, unwanted)).outcome is Outcome.DONE)
        if person.openid:
            await Followers(self._store, self._directory).forget(self._site.account, person.openid)
        names = [name async for name in self._erasable(person)]
        for start in range(0, len(names), _BATCH):
            erased += await self._store.at(keys.partition).delete(*names[start : start + _BATCH])
        return erased
