"""The store as the rest of the service sees it: one attribute for each subject, with typed calls and replies."""

from __future__ import annotations

import asyncio
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from codesvc.domain.binding import tag_of
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.act import Act, Deployment
from codesvc.store.audit import Audit
from codesvc.store.binding_moves import BindingMoves
from codesvc.store.bindings import Bindings
from codesvc.store.callbacks import Callbacks
from codesvc.store.chat import Chat
from codesvc.store.counts import Counts
from codesvc.store.deliveries import Deliveries
from codesvc.store.deployment_keys import DeploymentKeys, PartitionKeys
from codesvc.store.followers import Followers
from codesvc.store.intents import Intents
from codesvc.store.locks import Locks
from codesvc.store.master_keys import MasterKeys
from codesvc.store.messages import Messages
from codesvc.store.oidc import Oidc
from codesvc.store.qr_codes import QrCodes
from codesvc.store.quotas import Quotas
from codesvc.store.registry import Registry
from codesvc.store.replies import Reply
from codesvc.store.retention import Retention
from codesvc.store.script import load, names
from codesvc.store.tickets import Tickets
from codesvc.store.verifications import Verifications
from codesvc.store.visits import Visits
from codesvc.store.webhooks import Webhooks
from codesvc.store.wechat_server import LoginCodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from codesvc.domain.clock import Offset
    from codesvc.store.marks import Marks
    from codesvc.store.servers import Servers

_FOR_A_YEAR: Final = Retention()


class ProbeReply(Reply, frozen=True):
    """The reply of a probe.

    Attributes:
        mark: the partition's mark, "" if it has none.
        turn: the caller's turn.
        lost_since: the latest turn before writes were lost, if that was noticed within a day; else 0.
        lost_until: the latest turn that was lost; 0 for none.
    """

    mark: str = ""
    turn: int = 0
    lost_since: int = 0
    lost_until: int = 0


class Store:
    """The typed calls of all subjects, and clients for commands without a script.

    All scripts are read when it is made. Later, no file descriptor may be left to read one, or the files may be those
    of a newer version after an upgrade.

    Attributes:
        deployment: what all scripts share; for the store's own modules.
        keys: the names of the keys that belong to no account.

    Args:
        servers: which server holds which partition; see `codesvc.store.connection.connect`.
        offset: test mode's clock offset, passed to each script.
        prefix: the beginning of all keys of this deployment.
        retention: how long the store keeps data that is rarely read.
        tag_keys: the keys of the tags of WeChat accounts: of the current master key, then of the others; none: one that
            nobody has, for processes that show no tags.
    """

    def __init__(
        self,
        servers: Servers,
        *,
        offset: Offset,
        prefix: str,
        retention: Retention = _FOR_A_YEAR,
        tag_keys: Sequence[str] = (),
    ) -> None:
        for name in names():
            load(name)
        self.servers = servers
        self.offset = offset
        self.prefix = prefix
        self.retention = retention
        deployment = self.deployment = Deployment(servers, offset, prefix, retention, *(tag_keys or [token_hex(32)]))
        self.keys = DeploymentKeys(prefix)
        self.speed = deployment.speed
        self.audit = Audit(deployment)
        self.bindings = Bindings(deployment)
        self.binding_moves = BindingMoves(deployment)
        self.callbacks = Callbacks(deployment)
        self.chat = Chat(deployment)
        self.counts = Counts(deployment)
        self.deliveries = Deliveries(deployment)
        self.followers = Followers(deployment)
        self.intents = Intents(deployment)
        self.login_codes = LoginCodes(deployment)
        self.oidc = Oidc(deployment)
        self.master_keys = MasterKeys(deployment)
        self.messages = Messages(deployment)
        self.qr_codes = QrCodes(deployment)
        self.quotas = Quotas(deployment)
        self.registry = Registry(deployment)
        self.tickets = Tickets(deployment)
        self.locks = Locks(deployment)
        self.verifications = Verifications(deployment)
        self.visits = Visits(deployment)
        self.webhooks = Webhooks(deployment)
        self._probe = Act(deployment, "probe", ProbeReply)

    def tag_of(self, site: str, openid: str) -> str:
        """The tag of a WeChat account, as the scripts write it into histories and webhooks."""
        return tag_of(self.deployment.tag_key, site, openid)

    def partition_keys(self, partition: int) -> PartitionKeys:
        """The names of what a partition holds of its own."""
        return PartitionKeys(self.prefix, partition)

    async def state(self, partitions: Iterable[int], marks: Marks | None = None) -> str:
        """`ok` if each of these partitions can be written now, else the reason why one cannot.

        Their marks and losses are noted in `marks`; a partition without a mark gets it then.
        """
        try:
            await asyncio.gather(*(self._write_to(partition, marks) for partition in partitions))
        except StoreUnavailable as error:
            return error.state
        return "ok"

    async def _write_to(self, partition: int, marks: Marks | None) -> None:
        keys = self.partition_keys(partition)
        seen, turn = ("", 0) if marks is None else marks.latest(partition)
        found = await self._probe(
            keys,
            {
                "probe": keys.probe,
                "mark": keys.mark,
                "turns": keys.turns,
                "lost_writes": keys.lost_writes,
            },
            {"id": "" if marks is None else marks.own_id, "mark": seen, "turn": turn},
        )
        if marks is not None:
            marks.note(partition, found.mark, found.turn, (found.lost_since, found.lost_until))

    def at(self, partition: int) -> Redis:
        """redis-py's client for commands without a script, at the server that holds a partition.

        Raises:
            StoreUnavailable: no server is known for it now.
        """
        return self.servers.at(partition).redis
