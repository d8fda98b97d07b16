"""One script with its typed reply. Every change that reads first goes through an act (DESIGN rule 2).

The modules of typed calls (`codesvc.store.verifications` and its neighbours) have one `Act` for each script. They pass
keys and arguments by the names of the script's header. The act adds those that nearly every script needs, such as the
clock offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import hiredis

from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.domain.intent import random_id
from codesvc.domain.quota import ASSUMED_DAILY, RESERVE
from codesvc.domain.store_speed import StoreSpeed
from codesvc.domain.webhook import seed
from codesvc.runtime import metrics
from codesvc.store.deployment_keys import PartitionKeys, topic
from codesvc.store.outbox import GROUP
from codesvc.store.partitions import PARTITIONS
from codesvc.store.pipelined_connection import ServerSaidError
from codesvc.store.replies import Reply, reader
from codesvc.store.script import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.domain.clock import Offset
    from codesvc.store.keys import Keys
    from codesvc.store.retention import Retention
    from codesvc.store.script import type_of_argument
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
    "BINDINGSMOVE": "bindings are moving",
}
"""The first word of an error that says that a server, or bindings, cannot be used now, and what `/readyz` reports."""
_MOST_TRIES: Final = 6  # of a command that is refused before it runs: while a slot moves, by several nodes

_R = TypeVar("_R", bound=Reply)


class Deployment:
    """What the scripts of one deployment share.

    Attributes:
        speed: how fast the store answers scripts lately.

    Args:
        servers: which server holds which partition.
        offset: test mode's clock offset, handed to each script.
        prefix: the beginning of all keys of this deployment.
        retention: how long the store keeps data that is rarely read.
        tag_keys: the keys of the tags of WeChat accounts: the current one, then the others.
    """

    def __init__(self, servers: Servers, offset: Offset, prefix: str, retention: Retention, *tag_keys: str) -> None:
        self.servers = servers
        self.offset = offset
        self.prefix = prefix
        self.retention = retention
        self.tag_key, self.other_tag_keys = "".join(tag_keys[:1]), " ".join(tag_keys[1:])
        self.topic = topic(prefix)
        self.speed = StoreSpeed()
        places = (PartitionKeys(prefix, partition) for partition in range(PARTITIONS))
        self.guards: list[tuple[str, ...]] = [(place.never,) if servers.several else () for place in places]


STANDING_KEYS: Final = frozenset({"outbox"})
"""Keys that are the same for every call on a partition. The act adds them."""
STANDING_ARGS: Final[Mapping[str, Callable[[Deployment, Any], type_of_argument]]] = {
    "offset": lambda deployment, _: deployment.offset.ms,
    "root": lambda _, keys: keys.root,
    "account": lambda _, keys: keys.account,
    "appid": lambda _, keys: keys.appid,
    "topic": lambda deployment, _: deployment.topic,
    "group": lambda *_: GROUP,
    "event": lambda *_: seed(),
    "notice": lambda *_: random_id("nt"),
    "history_kept": lambda deployment, _: deployment.retention.history,
    "audit_kept": lambda deployment, _: deployment.retention.audit,
    "audit_lines": lambda deployment, _: deployment.retention.audit_lines,
    "tag_key": lambda deployment, _: deployment.tag_key,
    "other_tag_keys": lambda deployment, _: deployment.other_tag_keys,
    "assumed_daily": lambda *_: ASSUMED_DAILY,
    "reserve": lambda *_: str(RESERVE),
}
"""Arguments that the act adds if the header names them."""


class Act(Generic[_R]):
    """One script.

    Attributes:
        reply: what it answers.
        read: makes the typed reply out of the script's list.

    Args:
        deployment: the deployment.
        name: the name of the script.
        reply: what it answers.

    Raises:
        ValueError: the fields of `reply` are not those of the script's header.
    """

    def __init__(self, deployment: Deployment, name: str, reply: type[_R]) -> None:
        self.script = load(name)
        self.reply = reply
        self.read = reader(self.script.replies, reply)
        self._deployment = deployment
        self._standing = [(arg, STANDING_ARGS[arg]) for arg in self.script.args if arg in STANDING_ARGS]
        self._numkeys = len(self.script.keys) + len(deployment.guards[0])
        count = b"*%d\r\n" % (3 + self._numkeys + len(self.script.args))
        self._head = count + _packed(("EVALSHA", self.script.sha))
        self._whole_head = count + _packed(("EVAL", self.script.source))

    async def __call__(
        self, place: Keys | PartitionKeys, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> _R:
        """Run the script in one round trip.

        Args:
            place: where the keys lie.
            keys: all keys of the header but `STANDING_KEYS`.
            args: all arguments of the header but `STANDING_ARGS`; one of those may be given nevertheless.

        Raises:
            StoreUnavailable: no answer, or the store cannot write now.
            ScriptError: the script itself failed.
            TypeError: names are missing or too many.
        """
        return self.read(await self.raw(place, keys, args))

    async def raw(
        self, place: Keys | PartitionKeys, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> Sequence[Any]:
        """Like a call, but returns the script's own list."""
        deployment, script = self._deployment, self.script
        if "outbox" in script.keys and "outbox" not in keys:
            keys = {"outbox": place.outbox, **keys}
        args = {**{name: of(deployment, place) for name, of in self._standing if name not in args}, **args}
        words = script.pack(keys, args, deployment.guards[place.partition])
        return await self.send(place.partition, self._head + _packed((self._numkeys, *words)))

    def prepare(
        self, place: Keys | PartitionKeys, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> Prepared[_R]:
        """Prepare the script with those keys and arguments that are the same for many calls.

        The header must name the variable ones first. Standing arguments are added after them.

        Raises:
            ValueError: the header has another order.
        """
        script, deployment = self.script, self._deployment
        keys = {"outbox": place.outbox, **keys} if "outbox" in script.keys else keys
        args = {**{name: of(deployment, place) for name, of in self._standing if name not in _EACH_TIME}, **args}
        varying_keys = script.keys[: len(script.keys) - len(keys)]
        varying_args = script.args[: len(script.args) - len(args)]
        fixed_keys, fixed_args = script.keys[len(varying_keys) :], script.args[len(varying_args) :]
        if keys.keys() != set(fixed_keys) or args.keys() != set(fixed_args):
            raise ValueError(f"{script.name}: varying keys and arguments have to stand in front of the fixed ones")
        guard = deployment.guards[place.partition]
        return Prepared(
            act=self,
            partition=place.partition,
            offset=deployment.offset,
            keys_of=_picker(varying_keys),
            args_of=_picker(varying_args),
            varying=(len(varying_keys), len(varying_args)),
            head=self._head + _packed((self._numkeys,)),
            middle=_packed((*(keys[name] for name in fixed_keys), *guard)),
            tail=_packed(tuple(args[name] for name in fixed_args)),
        )

    async def send(self, partition: int, command: bytes) -> Sequence[Any]:
        """Run the script by a packed command.

        If a server does not know the script, the script's text is sent instead. The server answers NOSCRIPT before
        anything runs, so nothing happens twice. The same holds for a node of a cluster that does not hold the
        partition.

        Raises:
            StoreUnavailable: no answer, or the store cannot write now.
            ScriptError: the script itself failed.
        """
        name, servers, started = self.script.name, self._deployment.servers, perf_counter()
        try:
            try:
                answer: Sequence[Any] = await servers.at(partition).line.send_packed(command)
            except ServerSaidError as error:
                answer = await self._send_again(partition, command, error)
        except ServerSaidError as error:
            metrics.STORE_FAILURES.labels(name).inc()
            if error.word in STATES:
                raise StoreUnavailable(f"the store refuses {name}: {error.word}", STATES[error.word]) from None
            raise ScriptError(f"script {name}: {error}") from None
        except StoreUnavailable:
            metrics.STORE_FAILURES.labels(name).inc()
            servers.doubt()
            raise
        ended = perf_counter()
        metrics.observe_script(name, ended - started)
        self._deployment.speed.note(ended, ended - started)
        return answer

    async def _send_again(self, partition: int, command: bytes, refused: ServerSaidError) -> Sequence[Any]:
        """Send a command again that was refused before anything ran, until a server accepts it."""
        servers, whole = self._deployment.servers, self._whole_head + command[len(self._head) :]
        for _ in range(_MOST_TRIES - 1):
            if refused.word == "NOSCRIPT":
                command = whole
            elif not await servers.redirected(partition, str(refused)):
                break
            try:
                answer: Sequence[Any] = await servers.at(partition).line.send_packed(command)
            except ServerSaidError as error:
                refused = error
            else:
                return answer
        raise refused


_EACH_TIME: Final = frozenset({"offset", "event", "notice"})
"""Standing arguments that differ at each call, so they are not prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared(Generic[_R]):
    """A script with its constant keys and arguments packed; see `Act.prepare`."""

    act: Act[_R]
    partition: int
    offset: Offset
    keys_of: Callable[[Mapping[str, str]], tuple[str, ...]]
    args_of: Callable[[Mapping[str, type_of_argument]], tuple[type_of_argument, ...]]
    varying: tuple[int, int]
    head: bytes
    middle: bytes
    tail: bytes

    async def run(self, keys: Mapping[str, str], args: dict[str, type_of_argument]) -> _R:
        """Run it with the keys and arguments that vary; `args` is changed. Raises as `Act`.

        Of the standing arguments `event` must be in `args`, because it is new at each call; `offset` is added here.
        """
        args["offset"] = self.offset.ms
        return self.act.read(await self.act.send(self.partition, self.command(keys, args)))

    async def raw(self, keys: Mapping[str, str], args: dict[str, type_of_argument]) -> Sequence[Any]:
        """Like `run`, but returns the script's own list."""
        args["offset"] = self.offset.ms
        return await self.act.send(self.partition, self.command(keys, args))

    def command(self, keys: Mapping[str, str], args: Mapping[str, type_of_argument]) -> bytes:
        """The packed command.

        Raises:
            TypeError: names are missing or too many.
        """
        name = self.act.script.name
        if (len(keys), len(args)) != self.varying:
            raise TypeError(f"{name} varies by {self.varying} keys and arguments")
        try:
            given_keys, given_args = _packed(self.keys_of(keys)), _packed(self.args_of(args))
        except KeyError as error:
            raise TypeError(f"{name} lacks {error}") from None
        return b"".join((self.head, given_keys, self.middle, given_args, self.tail))


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Picks values by their names, in this order."""
    # With a single name, itemgetter returns no tuple.
    return itemgetter(*names) if len(names) > 1 else lambda given: tuple(given[name] for name in names)


def _packed(words: tuple[type_of_argument, ...]) -> bytes:
    # The leading count is removed. The whole command has one count.
    whole: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # tuples of any length, its stub notwithstanding
    return whole.partition(b"\r\n")[2]
