"""`Store.call`: the only way into the store for whatever reads and then writes (DESIGN rule 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import NoScriptError, RedisError, ResponseError

from codesvc.errors import ScriptError, StoreUnavailable
from codesvc.store.script import load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from redis.asyncio import Redis

    from codesvc.clock import Offset
    from codesvc.store.script import Script, type_of_argument

_UNWRITABLE = ("READONLY", "OOM", "MISCONF", "NOREPLICAS", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "BUSY")


class Transport(Protocol):
    """What `Store` needs from a connection, so that a faster one can take redis-py's place."""

    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: Any) -> Awaitable[Any]:
        """Run a script that the server knows."""

    def script_load(self, script: str, /) -> Awaitable[Any]:
        """Teach the server a script."""


class Store:
    """Runs scripts.

    Args:
        redis: the connection.
        offset: test mode's clock offset, handed to each script.
        prefix: what all keys of this deployment begin with.
    """

    def __init__(self, redis: Redis, *, offset: Offset, prefix: str) -> None:
        self.redis = redis
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
            answer = await self._run(script, packed)
        except ResponseError as error:
            if str(error).startswith(_UNWRITABLE):
                raise StoreUnavailable(f"the store refuses {name}: {str(error).split(' ', 1)[0]}") from None
            raise ScriptError(f"script {name}: {error}") from None
        except (RedisError, OSError, TimeoutError) as error:
            if str(error).startswith(_UNWRITABLE):
                raise StoreUnavailable(f"the store refuses {name}: {str(error).split(' ', 1)[0]}") from None
            raise StoreUnavailable(f"the store did not answer {name} ({type(error).__name__})") from None
        return list(answer)

    async def _run(self, script: Script, packed: list[type_of_argument]) -> Any:
        transport: Transport = self.redis
        try:
            return await transport.evalsha(script.sha, len(script.keys), *packed)
        except NoScriptError:
            await transport.script_load(script.source)
            return await transport.evalsha(script.sha, len(script.keys), *packed)
