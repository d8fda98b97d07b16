"""How the store grows, and whether a call costs more when it has grown: verifications and bindings by the million."""

from __future__ import annotations

import itertools
import socket
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import hiredis
import redis

from bench import calls, floors
from bench.bindings import KEYS, SITE, command, imports, openid
from bench.service import bind_users, platform, service, start_body, start_many
from codesvc.domain.codes import CodeFormat, VerificationId, new_keyword
from codesvc.store.script import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_BATCH = 400
_ROUNDS = 5


def _bound(numbers: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Users of their own, each with a WeChat of his own."""
    return ((f"user-{number:08}", openid(10_000_000 + number)) for number in numbers)


def started(number: int) -> tuple:
    """A start by a user and from an address of his own, with the limits that are the default."""
    (identifier,) = VerificationId.mint("abcd", CodeFormat())
    user, word = f"user-{number:08}", new_keyword()
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    keys = {
        "record": KEYS.record(identifier.text),
        "long_record": KEYS.record(identifier.text.replace("d6", "d8", 1)),
        "longest_record": KEYS.record(identifier.text.replace("d6", "da", 1)),
        "lately": KEYS.lately(SITE, user),
        "keyword": KEYS.keyword(word),
        "binding": KEYS.binding(SITE, user),
        "site_starts": KEYS.window("site_starts", SITE, "loaded"),
        "address_starts": KEYS.window("address_starts", SITE, address),
        "site_guesses": KEYS.window("site_guesses", SITE, "register"),
        "outbox": f"{KEYS.root}bench-outbox",
    }
    args = {
        "id": identifier.text,
        "long_id": identifier.text.replace("d6", "d8", 1),
        "longest_id": identifier.text.replace("d6", "da", 1),
        "user": user,
        "purpose": "register",
        "address": address,
        "fixed": '{"agent":"iPhone"}',
        "scan": "open",
        "vouched": 0,
        "disclose_binding": 1,
        "attempts": 5,
        "push_delay": 0,
        "code_life": 300_000,
        "code_max_life": 600_000,
        "resend_after": 60_000,
        "max_live": 3,
        "keyword": word,
        "channels": "template",
        "address_starts": "60/3600000",
        "user_pushes": "5/3600000 10/86400000",
        "openid_pushes": "10/86400000",
    }
    return command("start", keys, args)


@dataclass(frozen=True, slots=True)
class Filling:
    """What the store holds: bytes without its tables of keys and of TTLs, those of each, keys, and keys that expire."""

    own: int
    key_table: int
    ttl_table: int
    keys: int
    expiring: int

    def each(self, before: Filling, count: int) -> float:
        """Bytes of each of `count` things that came since.

        The tables double now and then; each key is charged with its share of them as they are now, so that a
        doubling is not charged to whatever came last.
        """
        shares = (self.keys - before.keys) * self.key_table / self.keys
        if self.expiring:
            shares += (self.expiring - before.expiring) * self.ttl_table / self.expiring
        return (self.own - before.own + shares) / count


class Loader:
    """Sends commands straight to the store, some hundred at once."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(url.removeprefix("unix://"))
        self._reader = hiredis.Reader()
        for name in ("start", "import_bindings"):
            self.client.script_load(load(name).source)

    def filling(self) -> Filling:
        """What is there now, what was deleted being gone."""
        while self.client.info("memory")["lazyfree_pending_objects"]:
            time.sleep(0.01)
        tables, counts = self.client.memory_stats()["db.0"], self.client.info("keyspace")["db0"]
        key_table, ttl_table = tables["overhead.hashtable.main"], tables["overhead.hashtable.expires"]
        return Filling(
            own=self.client.info("memory")["used_memory"] - key_table - ttl_table,
            key_table=key_table,
            ttl_table=ttl_table,
            keys=counts["keys"],
            expiring=counts["expires"],
        )

    @property
    def cpu(self) -> float:
        found = self.client.info("cpu")
        return found["used_cpu_user"] + found["used_cpu_sys"]

    def cost(self, server: tuple[int, int], plan: list) -> tuple[float, float]:
        """What a load costs the process (pid, port) that it is sent to, and what the store, in µs of CPU a request."""
        before = self.cpu
        asked = calls.load(server[1], plan, [server[0]])["cpu_us"]
        return asked, (self.cpu - before) / len(plan) * 1e6

    def run(self, commands: Iterable[tuple], batch: int = _BATCH) -> None:
        """Send them all; while the store works on one batch the next is put together."""
        commands, waiting = iter(commands), 0
        while more := list(itertools.islice(commands, batch)):
            self._socket.sendall(b"".join(map(hiredis.pack_command, more)))
            self._hear(waiting)
            waiting = len(more)
        self._hear(waiting)

    def _hear(self, left: int) -> None:
        while left:
            if (answer := self._reader.gets()) is False:
                self._reader.feed(self._socket.recv(1 << 20))
                continue
            if isinstance(answer, hiredis.ReplyError):
                raise SystemExit(str(answer))
            # Of a million words of eight letters two may be alike; the service would draw another.
            if answer[0] not in {b"started", b"collision"} and (answer[0] != b"done" or set(answer[2]) != {b"bound"}):
                raise SystemExit(str(answer[:3]))
            left -= 1


def measure(directory: Path, store: str, *, sizes: list[int], bindings: list[int], requests: int) -> list[dict]:
    """At each size: bytes for each, and what calls cost the service and the store."""
    loader = Loader(store)
    loader.client.config_set("appendonly", "no")
    points: list[dict] = []
    verifications = bound_so_far = 0
    with ExitStack() as stack:
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        server, floor = (here.pid, here.port), stack.enter_context(floors.serving("multiplexed", store))
        fresh = itertools.count()
        loader.cost(server, [("/v1/verifications", start_body(next(fresh))) for _ in range(requests)])
        for size, wanted in zip(sizes, bindings, strict=True):
            before = loader.filling()
            loader.run(imports(_bound(range(bound_so_far, wanted))), batch=2)
            per_binding = loader.filling().each(before, wanted - bound_so_far)
            before = loader.filling()
            loader.run(started(n) for n in range(verifications, size))
            loader.client.delete(f"{KEYS.root}bench-outbox")
            per_verification = loader.filling().each(before, size - verifications)
            verifications, bound_so_far = size, wanted
            point = {"verifications": size, "bindings": wanted, "live_bytes": per_verification, "bytes": per_binding}
            # At each size people who were just bound and never started, twice, each time from an address of their own:
            # a start by somebody with many others behind him would do more, and the sizes could not be compared.
            people = list(range(max(size, wanted - requests), wanted))

            def body(number: int, people: list[int] = people) -> dict:
                return start_body(number) | {"user": f"user-{people[number % len(people)]:08}"}

            rounds: list[dict] = []
            for _ in range(_ROUNDS):
                ids = start_many(here, itertools.islice(fresh, requests), body)
                plans = {
                    "floor": (floor, [("/", start_body(n)) for n in range(requests)]),
                    "start": (server, [("/v1/verifications", body(next(fresh))) for _ in range(requests)]),
                    "check": (server, calls.guesses(ids)),
                }
                rounds.append({name: loader.cost(at, plan) for name, (at, plan) in plans.items()})
            for name in rounds[0]:
                for part, place in (("service", 0), ("store", 1)):
                    point[f"{name}_{part}"] = statistics.median(one[name][place] for one in rounds)
                    point[f"{name}_{part}_ratio"] = statistics.median(
                        one[name][place] / one["floor"][place] for one in rounds
                    )
            points.append(point)
            print(point, flush=True)
    return points


def table(points: list[dict]) -> list[str]:
    lines = [
        "| live verifications | bytes each | bindings | bytes each | start: service, store | check | floor |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {p['verifications']:,} | {p['live_bytes']:.0f} | {p['bindings']:,} | {p['bytes']:.0f} "
        + "".join(f"| {_cost(p, name)} " for name in ("start", "check"))
        + f"| {p['floor_service']:.0f} µs, {p['floor_store']:.0f} µs |"
        for p in points
    ]
    return lines


def _cost(point: dict, name: str) -> str:
    """In µs, and how many times the floor's of the same minute: the machine is not the same from minute to minute."""
    return ", ".join(
        f"{point[f'{name}_{part}']:.0f} µs ({point[f'{name}_{part}_ratio']:.1f}×)" for part in ("service", "store")
    )
