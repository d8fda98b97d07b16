"""What a person costs from beginning to end: a sign-up by scan, a reset by push and a login by scan.

Each is done as a back end, a browser and a phone do it together: with its page and assets, picture, event stream,
callback in safe mode, the panel that the page fetches after a change, check by its form, proof and binding. First one
person after the other, with the CPU of service and store for each step; then many at once, for how many a core carries.
Beside them stand as many requests to the multiplexed floor, sent in the same way in the same run.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import redis

from bench import floors, phone
from bench.processes import cpu_seconds
from bench.service import APPID, KEY, bind_users, openid, platform, service, start_body
from codesvc.config import load
from codesvc.domain.codes import VerificationId, derive
from codesvc.store.keys import Keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from bench.service import Running

    Journey = Callable[["Person"], Coroutine[Any, Any, None]]

AT_ONCE: Final = 200
_KEYS = Keys("cs", APPID)
_HTML = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"}
_PANEL = _HTML | {"X-Codesvc-Part": "panel"}
"""The header with which the page's script asks for what has changed."""
_ASSET = re.compile(r'(?:src|href)="([^"]+\.(?:js|css|svg|woff2)(?:\?[^"]*)?)"')
_PICTURE = "/qr.svg"
_STRANGERS = 10_000_000  # openids from here on are bound to nobody
_PATIENCE_SECONDS = 60
_IDLE_SECONDS = 10


@dataclass
class Meter:
    """CPU of service and store by step, one entry for each person."""

    pids: tuple[int, int]
    steps: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    requests: int = 0

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Count what the block costs, with what the service does right after it."""
        before = [cpu_seconds(pid) for pid in self.pids]
        yield
        await asyncio.sleep(0.003)
        mine, its = (cpu_seconds(pid) - was for pid, was in zip(self.pids, before, strict=True))
        self.steps.setdefault(name, []).append((mine * 1e6, its * 1e6))

    def medians(self) -> dict[str, tuple[float, float]]:
        return {
            name: (statistics.median(mine for mine, _ in found), statistics.median(its for _, its in found))
            for name, found in self.steps.items()
        }


class Uncounted(Meter):
    """For many people at once, whose steps overlap."""

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:  # noqa: ARG002  as `Meter`
        yield


class Person:
    """One person's browser and phone, and the back end that serves them."""

    def __init__(
        self, here: Running, http: aiohttp.ClientSession, store: redis.Redis, meter: Meter, number: int
    ) -> None:
        self._here, self._http, self._store, self._meter = here, http, store, meter
        self._number = number

    async def _ask(self, method: str, path: str, wanted: int = 200, **more: Any) -> Any:
        self._meter.requests += 1
        url = path if path.startswith("http") else f"{self._here.base}{path}"
        async with self._http.request(method, url, **more) as answer:
            body = await answer.read()
            if answer.status != wanted:
                raise SystemExit(f"{method} {path}: {answer.status} {body[:300]!r}")
            return await answer.json() if "json" in answer.content_type else body.decode()

    async def _keyed(self, method: str, path: str, wanted: int = 200, **more: Any) -> Any:
        return await self._ask(method, path, wanted, headers={"Authorization": f"Bearer {KEY}"}, **more)

    async def _open_page(self, url: str) -> None:
        async with self._meter.step("page"):
            page = await self._ask("GET", url, headers=_HTML)
        async with self._meter.step("assets"):
            for asset in dict.fromkeys(_ASSET.findall(page)):
                if not asset.endswith(_PICTURE):  # which is a step of its own
                    await self._ask("GET", asset)

    async def _panel(self, url: str) -> None:
        """What the page fetches when its stream says that something has changed."""
        async with self._meter.step("panel after a change"):
            await self._ask("GET", url, headers=_PANEL)

    async def _check(self, url: str, code: str) -> None:
        """The code box's form, as the page's script sends it."""
        async with self._meter.step("check on the page"):
            await self._ask("POST", f"{url}/check", data={"code": code}, headers=_PANEL)

    async def _pushed(self, callback: tuple[str, str]) -> str:
        path, body = callback
        reply = await self._ask("POST", path, data=body, headers={"Content-Type": "text/xml"})
        return phone.answer(reply)

    async def _scan(self, openid: str, scene: str) -> str:
        async with self._meter.step("callback and its reply"):
            return await self._pushed(phone.scan(openid, scene))

    @asynccontextmanager
    async def _watching(self, url: str) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            async with self._meter.step("event stream"):
                self._meter.requests += 1
                answer = await stack.enter_async_context(self._http.get(f"{url}/events"))
                await answer.content.readuntil(b"\n\n")
            yield

    async def _scene(self, path: str) -> str:
        """What the picture says, by the key; not counted."""
        scan = await self._keyed("GET", f"{path}/scan")
        self._meter.requests -= 1
        return scan["url"].rpartition("/")[2]

    async def sign_up(self) -> None:
        """Start, page, picture, stream, scan, panel, check, state, binding."""
        user = f"new-{self._number}"
        async with self._meter.step("start"):
            body = start_body(self._number) | {"user": user}
            started = await self._keyed("POST", "/v1/verifications", 201, json=body)
        url = started["page_url"]
        await self._open_page(url)
        async with self._meter.step("picture"):
            await self._ask("GET", f"{url}{_PICTURE}")
        async with self._watching(url):
            reply = await self._scan(
                openid(_STRANGERS + self._number), await self._scene(f"/v1/verifications/{started['id']}")
            )
            code = re.search(r"(?<!\d)\d{6}(?!\d)", reply)
            assert code is not None, reply
            await self._panel(url)
            await self._check(url, code[0])
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/verifications/{started['id']}")
        async with self._meter.step("binding"):
            await self._keyed("PUT", f"/v1/bindings/{user}", 201, json={"proof": seen["proof"]})

    async def reset(self) -> None:
        """Start, page, stream, delivery by template message, check, state, proof spent. For a bound user."""
        async with self._meter.step("start"):
            body = start_body(self._number) | {"purpose": "reset"}
            started = await self._keyed("POST", "/v1/verifications", 201, json=body)
            await self._delivered()
        url = started["page_url"]
        await self._open_page(url)
        async with self._watching(url):
            identifier = VerificationId.parse(started["id"])
            assert identifier is not None
            key = load(self._here.config).secrets.keyring().find(identifier.key_id)
            assert key is not None
            await self._check(url, derive(key.code_key, identifier))
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/verifications/{started['id']}")
        async with self._meter.step("proof spent"):
            await self._keyed("POST", "/v1/proofs/verify", json={"proof": seen["proof"]})

    async def _delivered(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._store.xlen(_KEYS.outbox):
            if time.monotonic() > deadline:
                raise SystemExit("a message was not delivered")
            await asyncio.sleep(0.001)

    async def log_in(self) -> None:
        """Start, page, picture, stream, scan, the yes in the chat, panel, state."""
        async with self._meter.step("start"):
            address = start_body(self._number)["client_ip"]
            started = await self._keyed("POST", "/v1/logins", 201, json={"client_ip": address})
        url = started["page_url"]
        await self._open_page(url)
        async with self._meter.step("picture"):
            await self._ask("GET", f"{url}{_PICTURE}")
        async with self._watching(url):
            await self._scan(openid(self._number), await self._scene(f"/v1/logins/{started['id']}"))
            async with self._meter.step("the yes in the chat"):
                await self._pushed(phone.text(openid(self._number), "确认"))
            await self._panel(url)
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/logins/{started['id']}")
        assert seen["status"] == "approved", seen


JOURNEYS: Final[dict[str, Journey]] = {
    "sign-up by scan": Person.sign_up,
    "reset by push": Person.reset,
    "login by scan": Person.log_in,
}


@dataclass(frozen=True)
class Found:
    """What was measured.

    Attributes:
        steps: by journey and step, CPU of service and store in µs, medians over the people.
        crowd: by journey, CPU of service and store in µs for each of many at once, and how many went a second.
        requests: by journey, how many requests one person makes.
        floor: CPU of the multiplexed floor for one request, sent one after the other.
        idle: CPU of the service when nobody asks, ms for each second.
    """

    steps: dict[str, dict[str, tuple[float, float]]]
    crowd: dict[str, tuple[float, float, float]]
    requests: dict[str, float]
    floor: float
    idle: float

    def ratio(self, name: str) -> float:
        """A journey's CPU in the service, in that of as many requests to the floor."""
        return sum(mine for mine, _ in self.steps[name].values()) / (self.floor * self.requests[name])

    @property
    def picture_ratio(self) -> float:
        """The first request for a QR code, which WeChat is asked for, in requests to the floor."""
        return self.steps["sign-up by scan"]["picture"][0] / self.floor


def measure(directory: Path, store: str, *, people: int, crowd: int) -> Found:
    """So many people one after the other, then so many, `AT_ONCE` at a time."""
    with ExitStack() as stack:
        stub = stack.enter_context(platform())
        here = stack.enter_context(
            service(directory, store, stub, deliver=True, more="[sites.shop.purposes.register]\n")
        )
        bind_users(here)
        floor = stack.enter_context(floors.serving("multiplexed", store))
        client = stack.enter_context(redis.Redis.from_url(store))
        return asyncio.run(_measure(here, client, floor, people, crowd))


@dataclass(frozen=True)
class _Street:
    """Where people come from, one after the other or many at once."""

    here: Running
    http: aiohttp.ClientSession
    store: redis.Redis
    pids: tuple[int, int]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def person(self, meter: Meter) -> Person:
        return Person(self.here, self.http, self.store, meter, next(self.numbers))

    async def one_by_one(self, journey: Journey, people: int) -> Meter:
        await journey(self.person(Uncounted(self.pids)))  # pages and templates are made now
        meter = Meter(self.pids)
        for _ in range(people):
            await journey(self.person(meter))
        return meter

    async def crowd(self, journey: Journey, count: int) -> tuple[float, float, float]:
        """CPU of service and store for each of so many, µs, and how many a second."""
        meter = Uncounted(self.pids)
        waiting = iter([self.person(meter) for _ in range(count)])

        async def one_after_the_other() -> None:
            for each in waiting:
                await journey(each)

        before, began = [cpu_seconds(pid) for pid in self.pids], time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(min(AT_ONCE, count))))
        took = time.perf_counter() - began
        mine, its = ((cpu_seconds(pid) - was) / count * 1e6 for pid, was in zip(self.pids, before, strict=True))
        return mine, its, count / took


async def _measure(here: Running, client: redis.Redis, floor: tuple[int, int], people: int, crowd: int) -> Found:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        street = _Street(here, http, client, (here.pid, client.info("server")["process_id"]))
        meters = {name: await street.one_by_one(journey, people) for name, journey in JOURNEYS.items()}
        many = {name: await street.crowd(journey, crowd) for name, journey in JOURNEYS.items()}
        before = cpu_seconds(here.pid)
        await asyncio.sleep(_IDLE_SECONDS)
        idle = (cpu_seconds(here.pid) - before) / _IDLE_SECONDS * 1000
        return Found(
            {name: meter.medians() for name, meter in meters.items()},
            many,
            {name: meter.requests / people for name, meter in meters.items()},
            await _floor(floor, http, people * 8),
            idle,
        )


async def _floor(floor: tuple[int, int], http: aiohttp.ClientSession, count: int) -> float:
    """CPU of the floor for each of so many requests, one after the other, µs."""
    pid, port = floor
    before = cpu_seconds(pid)
    for number in range(count):
        async with http.post(f"http://127.0.0.1:{port}/", json=start_body(number)) as answer:
            await answer.read()
        await asyncio.sleep(0.003)
    return (cpu_seconds(pid) - before) / count * 1e6


def table(found: Found) -> list[str]:
    lines = []
    for name, steps in found.steps.items():
        mine, its = (sum(each[at] for each in steps.values()) for at in (0, 1))
        floor = found.floor * found.requests[name]
        lines += [f"**{name}**", "", "| step | service, CPU µs | store, CPU µs |", "| --- | --- | --- |"]
        lines += [f"| {step} | {service_us:,.0f} | {store_us:,.0f} |" for step, (service_us, store_us) in steps.items()]
        lines += [f"| **one person** | **{mine:,.0f}** | **{its:,.0f}** |", ""]
        count = f"{found.requests[name]:.0f} requests"
        lines += [f"{count}; as many to the multiplexed floor: {floor:,.0f} µs ({found.ratio(name):.2f}).", ""]
    lines += [
        "| many at once | service, CPU µs each | store, CPU µs each | a second here | a core of the service carries |"
    ]
    lines += ["| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {mine:,.0f} | {its:,.0f} | {rate:,.0f} | {1e6 / mine:,.0f} a second |"
        for name, (mine, its, rate) in found.crowd.items()
    ]
    return [*lines, "", f"Nobody asks: {found.idle:.2f} ms of CPU a second."]
