"""The outbox: jobs in a stream per partition, read by a consumer group (DESIGN rule 4).

A job that was read stays pending until a script acknowledges it together with its result. If a worker dies, another
worker takes over its jobs when they have been idle for long enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from redis.exceptions import RedisError, ResponseError

from codesvc.domain.errors import StoreUnavailable
from codesvc.store.availability import OrUnavailable
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.pipelined_connection import ServerSaidError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from codesvc.store.servers import Servers

GROUP: Final = "delivery"
_MOST_WAITING: Final = 100_000


class Job(msgspec.Struct, frozen=True):
    """One entry of the outbox.

    Attributes:
        entry: its id in the stream.
        kind: push, scan, void, message, notice, quota_low, or the name of a message to the bound WeChat account.
        subject: the id of the verification, message or notice; of a `quota_low`, `call:day:daily:left`.
        number: the number of the verification's or message's delivery; of a `quota_low`, the threshold.
        appid: the appid of the account that sends.
        partition: the partition of the stream.
        push_delay_ms: how long a push waits first, so that a newer start can take its place.
        site: the site of a message, for whose gateway it may have to wait; "" for all that WeChat alone delays.
    """

    entry: str
    kind: str
    subject: str
    number: int
    appid: str
    partition: int
    push_delay_ms: int = 0
    site: str = ""

    @property
    def client_msg_id(self) -> str:
        """The message's id: WeChat delivers one message per openid and id within 10 minutes (WECHAT.md 6.2)."""
        return f"{self.subject}-{self.kind}-{self.number}"


class Outbox:
    """Reads one partition's stream for one consumer.

    Args:
        consumer: this process's name in the group; a new one for each start.
    """

    def __init__(self, servers: Servers, *, prefix: str, partition: int, consumer: str) -> None:
        self._servers = servers
        self._stream = PartitionKeys(prefix, partition).outbox
        self.partition = partition
        self._consumer = consumer
        self._more = False
        self._taken_to = "0-0"

    def _redis(self) -> Redis:
        return self._servers.at(self.partition).reader

    async def _mend(self, error: RedisError | OSError) -> None:
        """Create the group if a read failed because it is missing: the store is new or was emptied.

        Several processes may do so at once.

        Raises:
            StoreUnavailable: the read failed for another reason, or the group cannot be created.
        """
        mended = isinstance(error, ResponseError) and str(error).startswith("NOGROUP")
        try:
            if mended:
                await self._redis().xgroup_create(self._stream, GROUP, id="0", mkstream=True)
        except (RedisError, OSError) as fault:
            error, mended = fault, str(fault).startswith("BUSYGROUP")
        if not mended:
            raise StoreUnavailable(f"the outbox cannot be read ({type(error).__name__})") from None

    async def read(self, *, count: int, block_ms: int) -> list[Job]:
        """New jobs, waiting for one at most `block_ms`."""
        jobs = await self._read_on(count) if self._more else None
        if not jobs:
            try:
                answer: Any = await self._redis().xreadgroup(
                    GROUP, self._consumer, {self._stream: ">"}, count=count, block=block_ms
                )
            except (RedisError, OSError) as error:
                await self._mend(error)
                return await self.read(count=count, block_ms=block_ms)
            jobs = self._jobs(answer[0][1]) if answer else []
        self._more = len(jobs) == count
        return jobs

    async def _read_on(self, count: int) -> list[Job] | None:
        """New jobs without blocking, over the shared connection; used while there are many. None if the read fails."""
        words = ("XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", count, "STREAMS", self._stream, ">")
        try:
            answer = await self._servers.at(self.partition).line.execute(*words)
        except (ServerSaidError, StoreUnavailable):
            # The blocking connection reports the fault. Jobs that were read and lost are taken over later.
            return None
        if not answer:
            return []
        [(_, entries)] = answer
        return self._jobs(
            [(entry, fields and dict(zip(fields[::2], fields[1::2], strict=True))) for entry, fields in entries]
        )

    async def take_over(self, *, idle_ms: int, count: int) -> list[Job]:
        """Take over jobs that have been idle for `idle_ms`, because their worker is dead.

        Each call looks at 10 jobs for each of `count` at most, and the next call goes on behind them. After the last
        one `round_ended` is true.
        """
        try:
            answer: Any = await self._redis().xautoclaim(
                self._stream, GROUP, self._consumer, idle_ms, start_id=self._taken_to, count=count
            )
        except (RedisError, OSError) as error:
            await self._mend(error)
            return await self.take_over(idle_ms=idle_ms, count=count)
        self._taken_to = answer[0].decode()
        return self._jobs(answer[1])

    @property
    def round_ended(self) -> bool:
        """Whether `take_over` has looked at all jobs, so that it begins anew."""
        return self._taken_to == "0-0"

    async def forget_idle_times(self) -> None:
        """Let the idle time of all jobs that were read begin anew, after the store's clock was set back.

        It is counted from a time of that clock, so a job of a dead worker would not be idle until the clock is there
        again. A process that still works on one renews it.
        """
        try:
            waiting: Any = await self._redis().xpending_range(
                self._stream, GROUP, min="-", max="+", count=_MOST_WAITING
            )
        except (RedisError, OSError) as error:
            await self._mend(error)
            return
        await self.set_idle_time(each["message_id"] for each in waiting)

    async def set_idle_time(self, entries: Iterable[str], idle_ms: int = 0) -> None:
        """Set the idle time of jobs: to 0 while they are worked on, to a long one so that another one takes over.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        ids: list[int | bytes | str | memoryview[int]] = list(entries)
        if not ids:
            return
        with OrUnavailable("jobs cannot be held or handed back"):
            await self._redis().xclaim(self._stream, GROUP, self._consumer, 0, ids, idle=idle_ms, justid=True)

    def _jobs(self, entries: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Job]:
        return [
            Job(
                entry=entry.decode(),
                kind=fields[b"kind"].decode(),
                subject=fields[b"id"].decode(),
                number=int(fields[b"number"]),
                appid=fields[b"account"].decode(),
                partition=self.partition,
                push_delay_ms=int(fields.get(b"hold", 0)),
                site=fields.get(b"site", b"").decode(),
            )
            for entry, fields in entries
            if fields
        ]
