"""`codesvc person export|erase --config FILE --site SITE --user USER`: shows or deletes the data of a person."""

from __future__ import annotations

import sys
import unicodedata
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.cli.follow import open_store_alone
from codesvc.cli.store_operation import run_operation
from codesvc.domain.audit import AuditAct
from codesvc.domain.clock import rfc3339, unix_ms
from codesvc.service.auditing import AuditLog
from codesvc.service.misplaced_bindings import require_in_place
from codesvc.service.personal_data import PersonalData
from codesvc.sites.registry.reading import known_site, read_directory
from codesvc.store.file_rewrite import Rewrite, Rewritten, rewrite_files
from codesvc.store.key_contents import unpacked
from codesvc.store.personal_traces import readable

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.service.personal_data import Trace
    from codesvc.store.key_contents import Content
    from codesvc.store.personal_traces import Person

_NOT_YET: Final = "disk: NOT YET,"
_WAITING: Final = (
    "events that your server has not taken yet: {}; each is deleted when it has, after 30 days at the latest. Erase "
    "again then, for the file on the disk\n"
)
_KEPT: Final = "entries kept: {}; they name the WeChat account, which other users or other sites use, too\n"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Export or erase a person's data.

    Returns the exit status: 0 for success, 3 if nothing was found (not even events that wait), 1 if it failed. It
    counts as a failure, too, if a file of the store may still contain the erased data.
    """
    return run_operation("person", _run(arguments, settings))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store = await open_store_alone(stack, settings)
        directory = await read_directory(store, settings)
        site = known_site(directory, arguments.site)
        # Bindings under another appid are not found, so the answer "nothing is kept" could be wrong.
        await require_in_place(store, directory, sites=[site.name])
        data = PersonalData(store, site)
        person = await data.person(unicodedata.normalize("NFC", arguments.user))
        # The line comes first, so that there is one even if this is interrupted.
        act = AuditAct.DATA_EXPORTED if arguments.act == "export" else AuditAct.DATA_ERASED
        await AuditLog(store, ()).note("cli", act, site=site, user=person.user, detail="person")
        if arguments.act == "export":
            return _show(person, (await data.found(person)).theirs)
        erased = await data.erase(person)
        sys.stdout.write(f"{erased.entries} entries erased\n")
        if erased.waiting:
            sys.stdout.write(_WAITING.format(erased.waiting))
        if erased.kept:
            sys.stdout.write(_KEPT.format(erased.kept))
        # Rewrite the files even if nothing was found now: the rewrite of an earlier run may have failed.
        rewritten = await rewrite_files(store.servers)
    for each in rewritten:
        sys.stdout.write(f"{_on_disk(each, embedded=settings.store.url is None)}\n")
    laid_aside = sorted(settings.store.data_dir.glob("cut-off*.aof")) if settings.store.url is None else []
    for path in laid_aside:
        sys.stdout.write(f"{_NOT_YET} {path} has the end that was cut off a damaged file; delete it\n")
    sys.stdout.write(
        "The data may still be in backups, in logs, and on servers that received events (docs: personal-data).\n"
    )
    if laid_aside or any(each.result in {Rewrite.FORBIDDEN, Rewrite.FAILED} for each in rewritten):
        return 1
    return 0 if erased.entries or erased.waiting else 3


def _on_disk(rewritten: Rewritten, *, embedded: bool) -> str:
    """Whether a server's append-only file was rewritten, and what the operator has to do; one line of output."""
    server = "the embedded store" if embedded else rewritten.server
    host, colon, port = rewritten.server.rpartition(":")
    ask = f"valkey-cli -h {host} -p {port} BGREWRITEAOF" if colon and port.isdigit() else "valkey-cli BGREWRITEAOF"
    match rewritten.result:
        case Rewrite.DONE:
            line = f"disk: the append-only file of {server} was rewritten and no longer contains the erased data"
        case Rewrite.NO_FILE:
            line = f"disk: {server} has no append-only file; if it makes snapshots, run BGSAVE there"
        case Rewrite.FORBIDDEN:
            line = f"{_NOT_YET} this store user is not allowed to rewrite the file of {server}; run there: {ask}"
        case Rewrite.FAILED:
            line = f"{_NOT_YET} the file of {server} could not be rewritten; see its log, then run there: {ask}"
    if rewritten.replicas:
        line += f"; its {rewritten.replicas} replica(s) have their own files: run BGREWRITEAOF on each"
    return line


def _show(person: Person, found: list[Trace]) -> int:
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
    packed = unpacked(kind, content.value) if isinstance(content.value, bytes) else None
    return readable(content.value) if packed is None else packed
