"""`python -m bench.inbound`: how long identity systems wait while everything behind the service is slow.

Requests of several systems, mixed, at a steady rate: with everything quick; with WeChat and the gateway taking five
seconds for each call; with a store that answers late, and with one that does not answer. The 99th percentile has to
stay under a second in all of them, the shortest time that a system waits. What cannot be taken in that time is refused
in the system's own terms, and taken again as soon as the store is back.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bench import calls
from bench.processes import free_port, scaled
from bench.service import KEY, USERS, bind_users, service
from codesvc.store.embedded import run_embedded

LONGEST_MS = 1_000.0
RATE, REQUESTS = 40, scaled(400)
_SLOW_CALL, _LATE_STORE, _SILENT_STORE = 5.0, 0.15, 30.0
_RELAY = """
[sites.shop.relay]
sms = "stub"
purpose = "register"
receipt_wait = 60
[sites.shop.gateways.stub.signed]
url = "{url}/gateway"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
allow_private = true
"""
_SOURCE = """
[sites.shop.inbound.{adapter}]
adapter = "{adapter}"
secrets = ["{key}"]
users = "system"
"""
_BODIES = {
    "generic": lambda to: {"recipient": f"+{to}", "code": "482913", "user": f"u-{int(to) % USERS}"},
    "logto": lambda to: {"to": to, "type": "SignIn", "payload": {"code": "482913"}},
    "authentik": lambda to: {"From": "shop", "To": f"+{to}", "Body": "482913", "Message": "482913"},
    "fusionauth": lambda to: {"phoneNumber": f"+{to}", "code": "482913", "textMessage": "482913", "type": "SMS"},
}


class World:
    """What is behind the service, each as slow as it is set: WeChat and a gateway, and a way to the store."""

    def __init__(self, store: str) -> None:
        self._store = urlsplit(store)
        self.call_seconds = self.store_seconds = 0.0
        self.port, self.store_port = free_port(), free_port()
        self._numbers = count(1)

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        await asyncio.start_server(self._lead, "127.0.0.1", self.store_port)
        ready.set()
        await stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        if request.path.endswith("token"):
            return web.json_response({"access_token": "stub", "expires_in": 7200})
        await asyncio.sleep(self.call_seconds)
        return web.json_response({"errcode": 0, "errmsg": "ok", "msgid": next(self._numbers)})

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._store.scheme == "unix":
            behind = await asyncio.open_unix_connection(self._store.path)
        else:
            behind = await asyncio.open_connection(self._store.hostname, self._store.port)
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, behind[1], late=False), self._pass(behind[0], writer, late=True))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, late: bool) -> None:
        """Each part goes on when its time has come, whatever is on its way before it."""
        clock, waiting = asyncio.get_running_loop().time, asyncio.Queue[tuple[float, bytes]]()

        def too_early(came: float) -> bool:
            return late and clock() < came + self.store_seconds

        async def hand_on() -> None:
            while True:
                came, part = await waiting.get()
                # Looked at again and again, so that a store that was silent is back as soon as it is set so.
                while too_early(came):  # noqa: ASYNC110  what ends it is the clock
                    await asyncio.sleep(0.005)
                if not part or target.is_closing():
                    return target.close()
                target.write(part)

        handing = asyncio.create_task(hand_on())
        while part := await source.read(65_536):
            waiting.put_nowait((clock(), part))
        waiting.put_nowait((clock(), b""))
        await handing


@contextmanager
def surroundings(store: str):
    """The world, on a loop and a thread of its own."""
    made, ready, ended = World(store), threading.Event(), threading.Event()

    def run() -> None:
        async def main() -> None:
            stop = asyncio.Event()
            serving = asyncio.create_task(made.serve(ready, stop))
            await asyncio.to_thread(ended.wait)
            stop.set()
            await serving

        asyncio.run(main())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        ended.set()
        thread.join(10)


def measure(directory: Path, store: str) -> dict[str, dict]:
    """What each state of the surroundings did to the answers."""
    found = {}
    with surroundings(store) as world:
        url = f"http://127.0.0.1:{world.port}"
        more = _RELAY.format(url=url) + "".join(_SOURCE.format(adapter=name, key=KEY) for name in _BODIES)
        through = f"redis://127.0.0.1:{world.store_port}/0"
        with service(directory, through, url, deliver=True, more=more) as here:
            bind_users(here)
            fresh = count()
            states = {
                "everything is quick": (0.0, 0.0),
                "WeChat and the gateway take 5 s": (_SLOW_CALL, 0.0),
                "each answer of the store takes 150 ms more": (_SLOW_CALL, _LATE_STORE),
                "the store does not answer": (_SLOW_CALL, _SILENT_STORE),
                "the store is back": (_SLOW_CALL, 0.0),
            }
            for name, (world.call_seconds, world.store_seconds) in states.items():
                _settle(here.port, world, fresh)
                found[name] = calls.load(here.port, _requests(fresh, REQUESTS), [here.pid], rate=RATE, connections=64)
    return found


def _settle(port: int, world: World, fresh) -> None:
    """Once the store answers, until one request is taken: connections that were given up are opened anew."""
    for _ in range(60 if world.store_seconds < 1 else 0):
        if "200" in calls.load(port, _requests(fresh, 1), [], connections=1)["statuses"]:
            return


def _requests(fresh, number: int) -> list:
    made = []
    for at in (next(fresh) for _ in range(number)):
        adapter = list(_BODIES)[at % len(_BODIES)]
        made.append((f"/inbound/{adapter}/shop", _BODIES[adapter](f"86139{at:08}")))
    return made


def table(found: dict[str, dict]) -> list[str]:
    lines = ["| while | p50 ms | p99 ms | answers |", "| --- | --- | --- | --- |"]
    return lines + [
        f"| {name} | {one['p50_ms']:.0f} | {one['p99_ms']:.0f} | {one['statuses']} |" for name, one in found.items()
    ]


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            found = await asyncio.to_thread(measure, Path(directory), embedded.url)
    print("\n".join(table(found)))
    late = [name for name, one in found.items() if one["p99_ms"] >= LONGEST_MS]
    if late:
        raise SystemExit(f"identity systems wait for a second or more while {', and while '.join(late)}")
    wrong = [name for name, one in found.items() if (set(one["statuses"]) != {"200"}) is ("not answer" not in name)]
    if wrong:
        raise SystemExit(f"answers of another kind than expected while {', and while '.join(wrong)}")


if __name__ == "__main__":
    asyncio.run(main())
