"""`codesvc store migrate --from STORE --to STORE`; a store is an address, `embedded:DIRECTORY`, or a configuration."""

from __future__ import annotations

import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from codesvc.config import ConfigError, load
from codesvc.domain.errors import CodesvcError, in_words
from codesvc.runtime import http_server
from codesvc.runtime.progress import Progress
from codesvc.store.connection import connect, store_url
from codesvc.store.embedded import run_embedded
from codesvc.store.file_rewrite import Rewrite, rewrite_files
from codesvc.store.migration import Walk, compare, count, delete_gone, in_use, is_copy

if TYPE_CHECKING:
    import argparse

    from codesvc.store.servers import Servers

_EMBEDDED: Final = "embedded:"
_TIMEOUT_SECONDS: Final = 30.0


def run(arguments: argparse.Namespace) -> int:
    """Copy one store into another; returns 0, 1 if it failed, 3 if the two differ afterwards."""
    try:
        return http_server.run(_run(arguments))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
    except (CodesvcError, OSError, RedisError, ValueError) as error:
        sys.stderr.write(f"codesvc store migrate: {in_words(error)}\n")
    return 1


async def _run(arguments: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        source, prefix = await _open(stack, arguments.source, arguments.prefix, exists=True)
        target, other = await _open(stack, arguments.target, arguments.prefix, exists=False)
        if prefix != other:
            raise CodesvcError(
                "the two stores have different prefixes, and the prefix is part of every key; make them equal"
            )
        for servers in (source, target):
            if await in_use(servers, prefix):
                raise CodesvcError(
                    f"a service is running on {servers.shown}; stop it first, or its changes will be lost"
                )
        if not arguments.resume and not arguments.dry_run and await _occupied(target, prefix):
            raise CodesvcError(
                f"{target.shown} holds keys with the prefix {prefix} already; --resume goes on with a copy that was "
                "interrupted: it overwrites what differs, and deletes what the source does not have"
            )
        if arguments.resume and not await is_copy(target, source, prefix):
            raise CodesvcError(
                f"{target.shown} is not an interrupted copy of {source.shown}: a service has used it since. "
                "Nothing was changed. If --from and --to are in the right order, empty the target, or take another one"
            )
        if arguments.resume and not arguments.dry_run:
            sys.stderr.write(f"deleting from {target.shown} what {source.shown} does not have\n")
            await delete_gone(target, source, prefix, Progress(await count(target)))
        total = await count(source)
        if not arguments.dry_run:
            sys.stderr.write(f"copying {source.shown} to {target.shown}\n")
            await compare(source, target, prefix, Progress(total), copy=True)
            if arguments.resume:
                await _forget_on_disk(target)
        sys.stderr.write("comparing\n")
        forth = await compare(source, target, prefix, Progress(total), copy=False)
        back = await compare(target, source, prefix, Progress(await count(target)), copy=False)
    return _tell(forth, back)


def _directory(text: str) -> Path:
    name = text.removeprefix(_EMBEDDED)
    if not name:
        raise CodesvcError(f"{_EMBEDDED} needs a directory: {_EMBEDDED}/var/lib/codesvc")
    return Path(name)


async def _open(stack: AsyncExitStack, text: str, prefix: str, *, exists: bool) -> tuple[Servers, str]:
    """A store by its URL, its directory or its configuration, and its prefix.

    Args:
        stack: closes it.
        text: the store, as the command line names it.
        prefix: the prefix, unless a configuration names it.
        exists: refuse an embedded store that would be made by opening it: a copy of an empty one proves nothing.

    Raises:
        CodesvcError: it does not exist, or does not answer.
    """
    url = text
    if text.endswith(".toml"):
        kept = load(Path(text), os.environ).store
        prefix = kept.prefix
        _require_store(kept.data_dir if exists and kept.url is None else None)
        url = await stack.enter_async_context(store_url(kept))
    elif text.startswith(_EMBEDDED):
        directory = _directory(text)
        _require_store(directory if exists else None)
        url = (await stack.enter_async_context(run_embedded(directory, prefix=prefix))).url
    servers = await connect(url, timeout=_TIMEOUT_SECONDS)
    stack.push_async_callback(servers.aclose)
    if not servers.primaries():
        raise CodesvcError(f"no node of {servers.shown} answers")
    return servers, prefix


def _require_store(directory: Path | None) -> None:
    if directory is not None and not (directory / "appendonlydir").is_dir():
        raise CodesvcError(f"--from: {directory} contains no embedded store; give the service's store.data_dir")


async def _occupied(servers: Servers, prefix: str) -> bool:
    for server in servers.primaries():
        async for _ in server.redis.scan_iter(match=f"{prefix}:*", count=1_000):
            return True
    return False


async def _forget_on_disk(target: Servers) -> None:
    """Rewrite the append-only files, in which what was deleted is until then: perhaps an erased person."""
    for each in await rewrite_files(target):
        if each.result in {Rewrite.FORBIDDEN, Rewrite.FAILED}:
            sys.stderr.write(
                f"{each.server}: what was deleted stays in the append-only file until the server rewrites it "
                "(BGREWRITEAOF)\n"
            )


def _tell(forth: Walk, back: Walk) -> int:
    """Print a table of the comparison by kind of key. Every difference that no expiry explains is an error."""
    rows = [("kind", "from", "to", "different")]
    for kind in sorted(forth.found | back.found):
        different = max(forth.different[kind], back.different[kind])
        rows.append((kind, f"{forth.found[kind]:,}", f"{back.found[kind]:,}", f"{different:,}"))
    for name, *numbers in rows:
        sys.stdout.write(f"{name:<16}{''.join(f'{number:>14}' for number in numbers)}\n")
    alike = not forth.different + back.different
    if forth.strange:
        sys.stdout.write(f"{forth.strange} keys are none of codesvc's and were left where they are\n")
    sys.stdout.write(
        "alike\n" if alike else "NOT alike: --resume overwrites what differs, and deletes what the source lacks\n"
    )
    return 0 if alike else 3
