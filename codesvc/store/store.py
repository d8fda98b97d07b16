"""`Store.call`: the only way into the store for whatever reads and then writes (DESIGN rule 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from codesvc.errors import ScriptError, StoreUnavailable
from codesvc.store.multiplex import ServerSaidError
from codesvc.store.script import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from codesvc.clock import Offset
    from codesvc.store.script import Script, type_of_argument

_UNWRITABLE = (
    "READONLY",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "LOADING",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "BUSY",
    "NOAUTH",
    "WRONGPASS",
)


class Transport(Protocol):
    """What `Store` needs of a connection, so that it can be exchanged."""

    async def execute(self, *command: Any) -> Any:
        """Send one command, never twice.

        Raises:
            StoreUnavailable: no answer; it may or may not have happened.
            ServerSaidError: the server refused.
        """


class Store:
    """Runs scripts.

    Args:
        redis: redis-py's client for all that is off the hot path.
        transport: carries the scripts.
        offset: test mode's clock offset, handed to each script.
        prefix: what all keys of this deployment begin with.
    """

    def __init__(self, redis: Redis, *, transport: Transport, offset: Offset, prefix: str) -> None:
        self.redis = redis
        self._transport = transport
        self.offset = offset
        self.prefix = prefix

    async def call(
        self,
        name: str,
        partition: int,  # noqa: ARG002  a transport for clusters picks the node by it; one server needs no choice
        keys: Mapping[str, str],
        args: Mapping[str, type_of_argument],
    ) -> list[Any]:
        """Run one script in one round trip.

        The argument `offset` is added here. A server that does not know the script is taught it and asked again, once:
        NOSCRIPT is answered before anything runs, so nothing happens twice.

        Returns:
            The script's answer; its first element is a word of `Outcome`, as bytes.

        Raises:
            StoreUnavailable: no answer, or the store cannot write now.
            ScriptError: the script itself failed.
        """
        script = load(name)
        packed = script.pack(keys, {**args, "offset": self.offset.ms})
        try:
            return list(await self._run(script, packed))
        except ServerSaidError as error:
            text = str(error)
            if text.startswith(_UNWRITABLE) or " OOM " in text:
                raise StoreUnavailable(f"the store refuses {name}: {text.split(' ', 1)[0]}") from None
            raise ScriptError(f"script {name}: {text}") from None

    async def _run(self, script: Script, packed: list[type_of_argument]) -> Any:
        try:
            return await self._transport.execute("EVALSHA", script.sha, len(script.keys), *packed)
        except ServerSaidError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        await self._transport.execute("SCRIPT", "LOAD", script.source)
        return await self._transport.execute("EVALSHA", script.sha, len(script.keys), *packed)
