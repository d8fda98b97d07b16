"""`Store.call`: the only way into the store for whatever reads and then writes (DESIGN rule 2)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.runtime import metrics
from codesvc.store.keys import PARTITIONS, never, probe
from codesvc.store.pipelined_connection import ServerSaidError
from codesvc.store.prepared import Prepared
from codesvc.store.script import load, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redis.asyncio import Redis

    from codesvc.domain.clock import Offset
    from codesvc.store.script import Script, type_of_argument
    from codesvc.store.servers import Servers

STATES: Final = {
    "READONLY": "read only",
    "OOM": "out of memory",
    "MISCONF": "cannot write to its disk",
    "NOREPLICAS": "too few replicas",
    "LOADING": "loading",
    "CLUSTERDOWN": "cluster down",
    "MASTERDOWN": "no primary",
    "MOVED": "moving",
    "ASK": "moving",
    "TRYAGAIN": "moving",
    "BUSY": "busy",
    "NOAUTH": "login refused",
    "WRONGPASS": "login refused",
    "NOPERM": "login refused",
}
"""How a server says that it cannot be worked with now, and what `/readyz` makes of it."""
_MOST_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what nobody needs every day is kept, in ms.

    Attributes:
        history: of a user's bindings, after the last line.
        audit: lines of the audit log.
    """

    history: int = 400 * 86_400_000
    audit: int = 400 * 86_400_000


_FOR_A_YEAR: Final = Retention()


class Store:
    """Runs scripts.

    Args:
        servers: who holds which partition; see `codesvc.store.connection.connect`.
        offset: test mode's clock offset, handed to each script.
        prefix: what all keys of this deployment begin with.
        retention: how long what nobody needs every day is kept.
    """

    def __init__(self, servers: Servers, *, offset: Offset, prefix: str, retention: Retention = _FOR_A_YEAR) -> None:
        # All of them now: later there may be no file descriptor left to read one with, or an upgrade's on the disk.
        for name in names():
            load(name)
        self.servers = servers
        self.offset = offset
        self.prefix = prefix
        self._standing = {"history_kept": retention.history, "audit_kept": retention.audit}
        self._guards = [[never(prefix, p)] for p in range(PARTITIONS)] if servers.several else [[]] * PARTITIONS

    async def state(self, partitions: Iterable[int]) -> str:
        """`ok` where each of these partitions can be written to now, else what one of them lacks."""
        try:
            await asyncio.gather(*(self._probe(partition) for partition in partitions))
        except StoreUnavailable as error:
            return error.state
        return "ok"

    async def _probe(self, partition: int) -> None:
        await self.call("probe", partition, {"probe": probe(self.prefix, partition)}, {})

    def at(self, partition: int) -> Redis:
        """redis-py's client for what needs no script, at the server that holds a partition.

        Raises:
            StoreUnavailable: nobody knows just now which server that is.
        """
        return self.servers.at(partition).redis

    async def call(
        self, name: str, partition: int, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> list[Any]:
        """Run one script in one round trip.

        The argument `offset`, and those for `Retention`, are added here. A server that does not know the script is
        given its text instead, once: NOSCRIPT is answered before anything runs, so nothing happens twice. So it is with
        a node of a cluster that says it does not hold the partition.

        Returns:
            The script's answer; its first element is a word of `Outcome`, as bytes.

        Raises:
            StoreUnavailable: no answer, or the store cannot write now.
            ScriptError: the script itself failed.
        """
        script, started = load(name), perf_counter()
        try:
            standing = {name: kept for name, kept in self._standing.items() if name in script.args}
            answer = list(await self._run(script, partition, keys, {**args, **standing, "offset": self.offset.ms}))
        except ServerSaidError as error:
            metrics.STORE_FAILURES.labels(name).inc()
            raise _translated(script, error) from None
        except StoreUnavailable:
            metrics.STORE_FAILURES.labels(name).inc()
            self.servers.doubt()
            raise
        metrics.observe_script(name, perf_counter() - started)
        return answer

    def prepare(
        self, name: str, partition: int, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> Prepared:
        """A script for `run`, with those of its keys and arguments that are always the same.

        Raises:
            ValueError: in the script's header they do not stand behind the others.
        """
        return Prepared.of(load(name), partition, keys, args, self._guards[partition])

    async def run(
        self, prepared: Prepared, keys: Mapping[str, str], args: dict[str, type_of_argument]
    ) -> Sequence[Any]:
        """As `call`, a third cheaper: `keys` and `args` are those that vary. `offset` is put into `args` here."""
        script, partition, started = prepared.script, prepared.partition, perf_counter()
        args["offset"] = self.offset.ms
        try:
            try:
                answer: Sequence[Any] = await self.servers.at(partition).line.deliver(prepared.command(keys, args))
            except ServerSaidError as error:
                everything = {**prepared.keys, **keys}, {**prepared.args, **args}
                answer = await self._run(script, partition, *everything, refused=error)
        except ServerSaidError as error:
            metrics.STORE_FAILURES.labels(script.name).inc()
            raise _translated(script, error) from None
        except StoreUnavailable:
            metrics.STORE_FAILURES.labels(script.name).inc()
            self.servers.doubt()
            raise
        metrics.observe_script(script.name, perf_counter() - started)
        return answer

    async def _run(
        self,
        script: Script,
        partition: int,
        keys: Mapping[str, str],
        args: Mapping[str, type_of_argument],
        *,
        refused: ServerSaidError | None = None,
    ) -> Any:
        """Send a script until it is taken; `refused` is how it was refused already."""
        guard = self._guards[partition]
        packed = script.pack(keys, args, guard)
        words: tuple[str, str] = ("EVALSHA", script.sha)
        for _ in range(_MOST_TRIES):
            if refused is not None:
                # Each of these is said before anything has run.
                if refused.word == "NOSCRIPT":
                    words = ("EVAL", script.source)
                elif not await self.servers.redirected(partition, str(refused)):
                    break
            try:
                line = self.servers.at(partition).line
                return await line.execute(*words, len(script.keys) + len(guard), *packed)
            except ServerSaidError as error:
                refused = error
        raise refused or ServerSaidError("nobody was asked")


def _translated(script: Script, error: ServerSaidError) -> StoreUnavailable | ScriptError:
    if error.word in STATES:
        return StoreUnavailable(f"the store refuses {script.name}: {error.word}", STATES[error.word])
    return ScriptError(f"script {script.name}: {error}")
