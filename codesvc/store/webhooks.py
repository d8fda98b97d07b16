"""Webhook events for sites and operators: reading, resending, state. `codesvc.store.webhook_queue` sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from codesvc.domain.webhook import HookStatus
from codesvc.store.act import Act
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.key_patterns import IN_PARTITION
from codesvc.store.partitions import PARTITIONS
from codesvc.store.replies import Reply, fields_of
from codesvc.store.webhook_queue import Tried, WebhookQueue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys

_FAILURES_IN_A_ROW: Final = 3
"""By the pauses between attempts, the receiver has then failed for some five minutes: longer than a restart of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Hook:
    """A stored event.

    Attributes:
        id: the event's id for the receiver.
        kind: its type.
        reason: why it failed: `attempts`, `overflow` or `expired`, else "".
        created: when it happened, ms.
        due: the time of the next attempt, ms; None if there is none.
        ended: when it was delivered or given up, ms.
        tried: the latest attempts, oldest first.
        facts: the data that a script noted, JSON.
    """

    id: str
    kind: str
    status: HookStatus
    reason: str
    created: int
    due: int | None
    ended: int | None
    tried: tuple[Tried, ...]
    facts: bytes

    @classmethod
    def parse(cls, flat: Sequence[bytes]) -> Hook:
        """Read a script's flat list of fields and values."""
        fields = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
        status = HookStatus(fields["status"].decode())
        return cls(
            id=fields["id"].decode(),
            kind=fields["type"].decode(),
            status=status,
            reason=fields.get("reason", b"").decode(),
            created=int(fields["created"]),
            due=int(fields["due"]) if status is HookStatus.PENDING else None,
            ended=int(fields["ended"]) if "ended" in fields else None,
            tried=tuple(msgspec.json.decode(fields.get("log", b"[]"), type=list[Tried], strict=False)),
            facts=fields["facts"],
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The state of a site's endpoint.

    Attributes:
        disabled: since when it is disabled, ms; None if it is enabled.
        waiting: how many events are still to be sent.
        delivered: when an event last arrived.
        failed_at: when an attempt last failed.
        result: the result of that attempt, "" if none has failed.
        failures: how many attempts in a row have failed.
    """

    disabled: int | None
    waiting: int
    delivered: int | None
    failed_at: int | None
    result: str
    failures: int

    @property
    def failing(self) -> bool:
        """Whether so many attempts in a row have failed that an operator should look at the receiver."""
        return self.failures >= _FAILURES_IN_A_ROW

    @classmethod
    def of(cls, fields: Mapping[str, str], waiting: int) -> Endpoint:
        """Build it from the fields of its hash."""

        def time(name: str) -> int | None:
            return int(fields[name]) if name in fields else None

        return cls(
            disabled=time("disabled"),
            waiting=waiting,
            delivered=time("delivered"),
            failed_at=time("refused"),
            result=fields.get("result", ""),
            failures=int(fields.get("failures", 0)),
        )


class WebhooksCounted(Reply, frozen=True):
    """Answers DONE only.

    Attributes:
        waiting: how many events wait.
        overdue_ms: how long ago the most overdue event was due.
    """

    waiting: int = 0
    overdue_ms: int = 0


class SiteRetired(Reply, frozen=True):
    """Answers DONE only.

    Attributes:
        left: how many events are left for the next call.
    """

    left: int = 0


class EndpointReply(Reply, frozen=True):
    """Answers DONE only.

    Attributes:
        state: the endpoint's fields.
        waiting: how many events wait.
    """

    state: Annotated[dict[str, str], fields_of] = msgspec.field(default_factory=dict)
    waiting: int = 0

    @property
    def endpoint(self) -> Endpoint:
        """The state of the endpoint."""
        return Endpoint.of(self.state, self.waiting)


class HookReply(Reply, frozen=True):
    """DONE or ABSENT."""

    hook: Annotated[Hook | None, Hook.parse] = None


class QueuedReply(HookReply, frozen=True):
    """DONE, SAME (announced before), ABSENT or LIMITED.

    Attributes:
        wait_ms: ms until the site may ask again, for LIMITED.
    """

    wait_ms: int = 0


def _hooks(raw: Sequence[Sequence[bytes]]) -> tuple[Hook, ...]:
    return tuple(Hook.parse(flat) for flat in raw)


class HooksListed(Reply, frozen=True):
    """Answers DONE only.

    Attributes:
        hooks: events, latest first.
        after_at: the time after which the next page begins, "" on the last page.
        after: the name after which the next page begins.
    """

    hooks: Annotated[tuple[Hook, ...], _hooks] = ()
    after_at: str = ""
    after: str = ""


class Webhooks:
    """Events for webhooks in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._prefix = deployment.prefix
        self._count = Act(deployment, "count_webhooks", WebhooksCounted)
        self._read_endpoint = Act(deployment, "read_endpoint", EndpointReply)
        self._enable_endpoint = Act(deployment, "enable_endpoint", EndpointReply)
        self._list = Act(deployment, "list_webhooks", HooksListed)
        self._read = Act(deployment, "read_webhook", HookReply)
        self._resend = Act(deployment, "resend_webhook", QueuedReply)
        self._announce = Act(deployment, "announce_webhook", QueuedReply)
        self._forget = Act(deployment, "forget_webhook", Reply)
        self._retire = Act(deployment, "retire_site", SiteRetired)

    def queue(self, owner: str) -> WebhookQueue:
        """The queue for a sending process; `owner` is its name, which is new at each start."""
        return WebhookQueue(self._deployment, owner)

    async def count(self, partition: int) -> WebhooksCounted:
        """How many events of a partition wait."""
        keys = PartitionKeys(self._prefix, partition)
        return await self._count(keys, {"sites": keys.webhook_sites}, {})

    async def endpoint(self, keys: Keys, site: str) -> EndpointReply:
        """The state of a site's endpoint."""
        return await self._read_endpoint(keys, self._keys_of_endpoint(keys, site), {})

    async def enable(self, keys: Keys, site: str, *, actor: str) -> EndpointReply:
        """Enable a site's endpoint again."""
        return await self._enable_endpoint(
            keys,
            self._keys_of_endpoint(keys, site),
            {"actor": actor, "site": site},
        )

    async def listed(
        self, keys: Keys, site: str, *, status: str, kind: str, after_at: str, after: str, most: int
    ) -> HooksListed:
        """A page of a site's events; `status` and `kind` filter, "" takes all."""
        return await self._list(
            keys,
            {"log": keys.webhook_log(site)},
            {"site": site, "after_at": after_at, "after": after, "status": status, "kind": kind, "most": most},
        )

    async def read(self, keys: Keys, site: str, event: str) -> HookReply:
        """One event: DONE or ABSENT."""
        return await self._read(keys, {"webhook": keys.webhook(site, event)}, {})

    async def resend(self, keys: Keys, site: str, event: str, *, actor: str, rates: str = "") -> QueuedReply:
        """Send an event again, or now instead of later: DONE, ABSENT, or LIMITED by `rates` of the site's requests."""
        return await self._resend(
            keys, self._keys_of_request(keys, site, event), {"actor": actor, "site": site, "rates": rates}
        )

    async def announce(
        self, keys: Keys, site: str, event: str, *, kind: str, facts: bytes, rates: str = ""
    ) -> QueuedReply:
        """Queue an event that belongs to no change of state: DONE, SAME if this id is queued already, or LIMITED."""
        return await self._announce(
            keys,
            self._keys_of_request(keys, site, event),
            {"site": site, "id": event, "kind": kind, "facts": facts, "rates": rates},
        )

    @staticmethod
    def _keys_of_endpoint(keys: Keys, site: str) -> dict[str, str]:
        return {"state": keys.webhook_state(site), "due": keys.webhook_due(site)}

    @staticmethod
    def _keys_of_request(keys: Keys, site: str, event: str) -> dict[str, str]:
        return {"webhook": keys.webhook(site, event), "requests": keys.window("webhook_requests", site, "all")}

    async def forget(self, keys: Keys, site: str, event: str, *, wait: bool) -> Reply:
        """Delete an event about a person whose data is being erased: DONE, or ABSENT if there is none.

        WAITING: the site has not received it yet and `wait` is true; it is deleted when its delivery has ended.
        """
        return await self._forget(keys, {"webhook": keys.webhook(site, event)}, {"site": site, "wait": int(wait)})

    async def retire_site(self, site: str) -> None:
        """End what a site of this name has begun, and delete its events, in every partition: its account may change."""
        for partition in range(PARTITIONS):
            place = PartitionKeys(self._prefix, partition)
            log = place.root + IN_PARTITION["webhook_log"] % site
            while (await self._retire(place, {"sites": place.webhook_sites, "log": log}, {"site": site})).left:
                pass
