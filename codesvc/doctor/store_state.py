"""Judges a store by its answers to INFO and CONFIG. No I/O; `store_probe` makes the queries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.clock import rfc3339
from codesvc.domain.health import OK, ROLLED_BACK, STORE_MEANS
from codesvc.store.versions import OLDEST, shown, version_of

_FULL: Final = 0.8
_ASKS_FOR_REPLICAS: Final = (7, 0)
"""The first Redis version whose min-replicas-to-write applies to writes of scripts."""
_UNWRITABLE: Final = {
    "out of memory": "Raise maxmemory; a restart is not needed.",
    "cannot write to its disk": "Look at the server's log: full disk, or permissions. A restart is not needed.",
    "read only": "Point store.url to the primary, to Sentinel or to the cluster.",
    "too few replicas": "Bring its replicas back: min-replicas-to-write refuses writes without them.",
}


@dataclass(frozen=True, slots=True)
class StoreState:
    """A store as INFO and CONFIG describe it.

    Attributes:
        place: its address without a password.
        server: `redis` or `valkey`.
        version: such as (8, 1, 3).
        aof: whether it keeps an append-only file.
        fsync: `everysec`, `always`, `no`, or None where CONFIG is not allowed.
        snapshots: whether snapshots are configured; None where CONFIG is not allowed.
        writes_ok: whether the last write to the disk succeeded.
        policy: the eviction policy, "" if the server does not say.
        limit: maxmemory in bytes, 0 for none.
        used: bytes in use.
        acknowledging: the number of replicas it needs to accept a write; None where CONFIG is not allowed.
        moved_clock: whether the store has a test clock's offset.
    """

    place: str
    server: str
    version: tuple[int, ...]
    aof: bool
    fsync: str | None
    snapshots: bool | None
    writes_ok: bool
    policy: str
    limit: int
    used: int
    replicas: int = 0
    acknowledging: int | None = None
    moved_clock: bool = False


def read_state(
    place: str, info: Mapping[str, Any], config: Mapping[str, Any] | None, *, moved_clock: bool = False
) -> StoreState:
    """Read the answers to INFO and CONFIG GET; `config` is None if CONFIG is forbidden, as on many hosted servers."""
    server, version = version_of(info)
    known = config or {}
    return StoreState(
        place=place,
        server=server,
        version=version,
        aof=str(info.get("aof_enabled", 0)) == "1",
        fsync=str(known["appendfsync"]) if "appendfsync" in known else None,
        snapshots=bool(known["save"]) if "save" in known else None,
        writes_ok=all(
            str(info.get(name, "ok")) == "ok" for name in ("aof_last_write_status", "rdb_last_bgsave_status")
        ),
        policy=str(info.get("maxmemory_policy", "")),
        limit=int(info.get("maxmemory", 0)),
        used=int(info.get("used_memory", 0)),
        replicas=int(info.get("connected_slaves", 0)),
        acknowledging=int(known["min-replicas-to-write"]) if "min-replicas-to-write" in known else None,
        moved_clock=moved_clock,
    )


def findings(state: StoreState, *, live: bool) -> Iterator[Finding]:
    """All findings about a store that answers."""
    yield _version(state)
    if state.replicas:
        yield _replicas(state)
    yield _persistence(state)
    yield _eviction(state)
    if live and state.moved_clock:
        yield fail(
            "store: test clock",
            "this store was used in test mode, and its clock was moved",
            "Use another store, or another store.prefix, in live mode.",
        )


def _version(state: StoreState) -> Finding:
    what, oldest = "store: version", OLDEST[state.server]
    found = f"{shown(state.server, state.version)} at {state.place}"
    if state.version < oldest:
        return fail(what, found, f"Use {shown(state.server, oldest)} or newer.")
    return ok(what, found)


def judge_writing(state: str) -> Finding:
    """The finding about a write that was tried; `state` is as in `Store.state`."""
    what = "store: writable"
    if state == OK:
        return ok(what, "yes")
    return fail(what, f"no: {state}", _UNWRITABLE.get(state, "Look at the store's own log."))


def judge_lost_writes(noted: bytes | str) -> Iterator[Finding]:
    """The finding about writes that the store lost within a day; `noted` is its note, `since-until` in ms, or ""."""
    since, _, until = (noted.decode() if isinstance(noted, bytes) else noted).partition("-")
    if since.isdigit() and until.isdigit():
        found = f"it lost writes between {rfc3339(int(since))} and {rfc3339(int(until))}"
        yield warn("store: lost writes", found, STORE_MEANS[ROLLED_BACK])


def _replicas(state: StoreState) -> Finding:
    what, found = "store: replicas", f"{state.replicas} connected"
    if state.acknowledging is None:
        return skipped(what, f"{found}; the server does not say whether writes need them", "Ask whoever operates it.")
    if state.server == "redis" and state.version < _ASKS_FOR_REPLICAS:
        found += ", but this version accepts writes of scripts without any of them"
        return warn(what, found, f"Use redis {'.'.join(map(str, _ASKS_FOR_REPLICAS))} or newer, or accept the loss.")
    if state.acknowledging == 0:
        found += ", but a primary that is cut off from all of them goes on accepting writes, and a failover loses them"
        return warn(
            what, found, "Set min-replicas-to-write 1 and min-replicas-max-lag 2, so that it refuses writes instead."
        )
    return ok(what, f"{found}; a primary that is cut off from them refuses writes")


def _persistence(state: StoreState) -> Finding:
    what = "store: persistence"
    if not state.writes_ok:
        return fail(
            what,
            "the last write to the disk failed",
            "Check the server's log: the disk may be full, or permissions missing.",
        )
    if state.aof:
        match state.fsync:
            case "always":
                return ok(what, "append-only file, fsync always: no acknowledged write is lost")
            case "everysec":
                return ok(
                    what, "append-only file, fsync every second: a power cut loses up to about one second of writes"
                )
            case "no":
                return warn(
                    what, "append-only file, fsync left to the operating system", "Set appendfsync everysec, or always."
                )
            case _:
                return ok(what, "append-only file; the server does not report its fsync policy")
    if state.snapshots is None:
        return skipped(
            what, "no append-only file; the server does not say whether it makes snapshots", "Ask whoever operates it."
        )
    if state.snapshots:
        return warn(what, "snapshots only: a crash loses bindings made since the last one", "Set appendonly yes.")
    return fail(what, "none: a restart loses every binding", "Set appendonly yes and appendfsync everysec.")


def _eviction(state: StoreState) -> Finding:
    what = "store: memory"
    if state.policy not in {"noeviction", ""}:
        found = f"policy {state.policy}: when memory is full, bindings and limits are evicted"
        return fail(
            what, found, "Set maxmemory-policy noeviction, so that writes are refused instead, which gets noticed."
        )
    if state.limit and state.used > state.limit * _FULL:
        return warn(what, f"{state.used / state.limit:.0%} of maxmemory in use", "Raise maxmemory.")
    shown = f"{state.limit // 2**20:,} MiB" if state.limit else "no limit"
    return ok(what, f"noeviction, {state.used / 2**20:.1f} MiB in use, {shown}")
