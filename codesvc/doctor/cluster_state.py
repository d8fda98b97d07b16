"""Checks of a cluster as a whole, and merging the findings of its nodes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from codesvc.doctor.finding import Finding, Status, fail, ok, skipped, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.store.servers import Server

_WHAT = "store: cluster"


async def findings(node: Server) -> list[Finding]:
    """Whether the cluster is up, and whether each primary has a replica that can replace it."""
    try:
        info: dict[str, Any] = await node.redis.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]  # redis-py
        slots: list[list[Any]] = await node.redis.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]  # redis-py
    except (RedisError, OSError) as error:
        return [skipped(_WHAT, f"{node.shown} does not report it ({type(error).__name__})", "Check the node.")]
    if info.get("cluster_state") != "ok":
        covered = info.get("cluster_slots_ok", "0")
        found = f"down: {covered} of 16384 slots are served"
        return [fail(_WHAT, found, "Restart the missing nodes, or let their replicas take over (CLUSTER FAILOVER).")]
    # An entry of CLUSTER SLOTS: first slot, last slot, the primary, its replicas. A node: host, port, id.
    alone = {f"{primary[0].decode()}:{primary[1]}" for _, _, primary, *replicas in slots if not replicas}
    size = len({primary[2] for _, _, primary, *_ in slots})
    if alone:
        found = f"up, {size} nodes hold keys; no replica for {', '.join(sorted(alone))}"
        return [
            warn(_WHAT, found, "Add a replica for each. Without one, a node that fails means 503 until it is back.")
        ]
    return [ok(_WHAT, f"up, {size} nodes hold keys, each with a replica")]


def together(nodes: Iterable[list[Finding]]) -> list[Finding]:
    """Merge the findings of all nodes: what is fine on every node once, otherwise the problems, equal ones once."""
    by_what: defaultdict[str, list[Finding]] = defaultdict(list)
    for findings_of_node in nodes:
        for finding in findings_of_node:
            by_what[finding.what].append(finding)
    merged: list[Finding] = []
    for group in by_what.values():
        bad = [finding for finding in group if finding.status is not Status.OK]
        merged.extend(dict.fromkeys(bad) if bad else group[:1])
    return merged
