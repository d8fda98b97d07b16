"""The operator gets in while strangers, from as many networks as they like, try passwords."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_address
from types import SimpleNamespace

import aiohttp
import pytest
from yarl import URL

from codesvc.config import ConfigError
from codesvc.domain.audit import AuditAct
from codesvc.domain.passwords import password_line
from codesvc.store.outcomes import Outcome
from codesvc.web.admin.sign_in_lanes import SignInLanes, Visitor
from codesvc.web.context import SERVICES
from tests.service.test_admin import ADMIN, PASSWORD, Operator

PROXY = ["127.0.0.1/32"]


@pytest.fixture
async def door(new_world):
    async with new_world(admin=ADMIN, service__trusted_proxies=PROXY) as world:
        yield world


@asynccontextmanager
async def browser(world, connector=None):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), connector=connector) as http:
        yield Operator(world, http)


async def try_from(operator, address, name="lan", password="wrong wrong wrong"):
    token = await operator.token("/admin/login")
    fields = {"token": token, "name": name, "password": password}
    return await operator.post("/admin/login", fields, **{"X-Forwarded-For": address})


async def sign_in_and_out(operator, address):
    assert (await try_from(operator, address, password=PASSWORD))[0] == 303
    token = await operator.token("/admin/audit")
    assert (await operator.post("/admin/logout", {"token": token}))[0] == 303


def networks(count):
    """Addresses, each of a /48 of its own."""
    return [f"2001:db8:{number:x}::1" for number in range(count)]


class Attack:
    """Strangers who try passwords, each time from another /64, until the block ends."""

    def __init__(self, world, width=16):
        self.world, self.width, self.tried, self.count = world, width, asyncio.Event(), 0
        self.statuses = []

    async def _one(self, number):
        async with browser(self.world) as stranger:
            while True:
                self.count += 1
                address = f"2001:db8:{number:x}:{self.count:x}::1"
                self.statuses.append((await try_from(stranger, address))[0])
                if 429 in self.statuses:
                    self.tried.set()

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._one(number)) for number in range(self.width)]
        await self.tried.wait()
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_a_browser_that_has_signed_in_gets_in_during_an_attack(door):
    async with browser(door) as owner:
        await sign_in_and_out(owner, "198.51.100.7")
        async with Attack(door):
            for _ in range(5):
                await sign_in_and_out(owner, "198.51.100.7")


async def test_strangers_have_a_budget_by_network_and_in_all(door):
    async with browser(door) as stranger:
        for base, count in (("2001:db8:1:{:x}::1", 20), ("198.51.100.{}", 20)):
            statuses = [(await try_from(stranger, base.format(n + 1)))[0] for n in range(count + 1)]
            assert statuses == [422] * count + [429]
        statuses = []
        for address in networks(60):
            statuses.append((await try_from(stranger, address))[0])
        assert statuses.count(422) == 60 - 40
        assert statuses[-1] == 429


async def test_a_known_browser_has_a_budget_of_its_own(door):
    async with browser(door) as owner:
        await sign_in_and_out(owner, "198.51.100.7")
        for address in networks(5):
            assert (await try_from(owner, address))[0] == 422
        assert (await try_from(owner, "2001:db8:99::1", password=PASSWORD))[0] == 429
        # The same address without the cookie is a stranger, and not held to it.
        async with browser(door) as other:
            assert (await try_from(other, "198.51.100.7"))[0] == 422


OTHER_PASSWORD = "another horse battery"
TWO = ADMIN | {"operators": ADMIN["operators"] | {"mei": {"password": password_line(OTHER_PASSWORD, bytes(16))}}}
"""The password of `lan` is the victim's; `mei` has one of her own."""


async def test_a_right_password_takes_back_its_own_try_only(new_world):
    """Else an operator would try another one's passwords without end, signing in as themselves in between."""
    async with new_world(admin=TWO, service__trusted_proxies=PROXY) as world:
        async with browser(world) as mei:
            assert (await try_from(mei, "198.51.100.7", "mei", OTHER_PASSWORD))[0] == 303
            assert (await mei.post("/admin/logout", {"token": await mei.token("/admin/audit")}))[0] == 303
            statuses = []
            for _ in range(4):
                statuses.append((await try_from(mei, "198.51.100.7"))[0])
                assert (await try_from(mei, "198.51.100.7", "mei", OTHER_PASSWORD))[0] == 303
                assert (await mei.post("/admin/logout", {"token": await mei.token("/admin/audit")}))[0] == 303
            statuses += [(await try_from(mei, "198.51.100.7"))[0] for _ in range(2)]
            assert statuses == [422] * 5 + [429]
            assert (await try_from(mei, "198.51.100.7", "mei", OTHER_PASSWORD))[0] == 429
        # A stranger's window is of the address alone: a right password there takes no others' tries back either.
        async with browser(world) as stranger:
            for _ in range(4):
                assert (await try_from(stranger, "192.0.2.1"))[0] == 422
            async with browser(world) as beside:
                assert (await try_from(beside, "192.0.2.1", "mei", OTHER_PASSWORD))[0] == 303
            assert [(await try_from(stranger, "192.0.2.1"))[0] for _ in range(2)] == [422, 429]


async def test_who_signs_in_over_and_over_is_never_kept_out(new_world):
    """A right password costs no try, in no lane: not in 40 times, where 30 are allowed in a day."""
    async with new_world(admin=TWO) as world:
        lanes = SignInLanes(world.app[SERVICES].store)
        here = ip_address("192.0.2.1")
        line = TWO["operators"]["mei"]["password"]
        for visitor, rounds in ((Visitor(None, near=True), 40), (Visitor(here, "b"), 7), (Visitor(here), 7)):
            for _ in range(rounds):
                assert (await lanes.try_password(visitor, line, OTHER_PASSWORD))[0] is Outcome.DONE


async def test_at_the_operators_own_listener_a_sign_in_of_one_gives_no_tries_to_the_others(new_world):
    async with new_world(admin=TWO) as world:
        lanes, near = SignInLanes(world.app[SERVICES].store), Visitor(None, near=True)
        line = TWO["operators"]["mei"]["password"]
        outcomes = []
        for _ in range(3):
            outcomes += [(await lanes.try_password(near, line, "wrong wrong wrong"))[0] for _ in range(11)]
            outcomes += [(await lanes.try_password(near, line, OTHER_PASSWORD))[0]]
        assert outcomes.count(Outcome.REFUSED) == 30
        assert outcomes[-1] is Outcome.LIMITED


async def wrong_tries(operator, count):
    return [(await operator.sign_in(password="wrong wrong wrong"))[0] for _ in range(count)]


async def sign_out(operator):
    assert (await operator.post("/admin/logout", {"token": await operator.token("/admin/audit")}))[0] == 303


@asynccontextmanager
async def near_the_port(new_world):
    """A world whose operators come by a port, as any other user of the machine can; makes browsers there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with new_world(admin=TWO | {"listen": f"127.0.0.1:{port}"}), AsyncExitStack() as browsers:

        async def near():
            return await browsers.enter_async_context(browser(SimpleNamespace(service=f"http://127.0.0.1:{port}")))

        yield near


async def test_another_user_of_the_machine_keeps_out_no_browser_that_has_signed_in_at_the_operators_port(new_world):
    async with near_the_port(new_world) as near:
        owner, stranger = await near(), await near()
        assert (await owner.sign_in())[0] == 303
        await sign_out(owner)
        assert await wrong_tries(stranger, 31) == [422] * 30 + [429]
        assert (await owner.sign_in())[0] == 303


async def test_an_operator_who_signs_in_by_ever_new_browsers_has_no_more_tries_at_anothers_password(new_world):
    async with near_the_port(new_world) as near:
        statuses = []
        for _ in range(3):
            mei = await near()
            assert (await mei.sign_in("mei", OTHER_PASSWORD))[0] == 303
            await sign_out(mei)
            statuses += await wrong_tries(mei, 11)
        assert statuses == [422] * 30 + [429] * 3


async def test_at_the_operators_socket_each_user_of_the_machine_has_tries_of_their_own(new_world, tmp_path):
    path = tmp_path / "admin.sock"
    async with new_world(admin=TWO | {"listen": f"unix:{path}"}) as world:
        async with browser(world, aiohttp.UnixConnector(str(path))) as here:
            assert await wrong_tries(here, 31) == [422] * 30 + [429]
        lanes, line = SignInLanes(world.app[SERVICES].store), TWO["operators"]["mei"]["password"]
        for user, outcome in ((str(os.getuid()), Outcome.LIMITED), ("65533", Outcome.REFUSED)):
            visitor = Visitor(None, near=True, user=user)
            assert (await lanes.try_password(visitor, line, "wrong wrong wrong"))[0] is outcome


@pytest.mark.parametrize("cookie", ["x", "WyJsYW4iXQ.x.y", ""])
async def test_a_made_up_cookie_is_no_browser_that_is_known(door, cookie):
    async with browser(door) as stranger:
        token = await stranger.token("/admin/login")
        kept = {each.key: each.value for each in stranger.http.cookie_jar}
        for number, address in enumerate(["192.0.2.1"] * 6):
            fields = {"token": token, "name": "lan", "password": "wrong wrong wrong"}
            sent = "; ".join(f"{k}={v}" for k, v in (kept | {"codesvc_known": cookie}).items())
            async with aiohttp.ClientSession() as bare:
                status, _, _ = await Operator(door, bare).post(
                    "/admin/login", fields, **{"X-Forwarded-For": address, "Cookie": sent}
                )
            assert status == (422 if number < 5 else 429)


async def test_a_new_password_forgets_known_browsers(door, new_world):
    async with browser(door) as owner:
        assert (await try_from(owner, "198.51.100.7", password=PASSWORD))[0] == 303
        [kept] = [each.value for each in owner.http.cookie_jar if each.key == "codesvc_known"]
    other = {"operators": {"lan": {"password": password_line("another horse battery", bytes(16))}}}
    async with new_world(admin=other, service__trusted_proxies=PROXY) as changed, browser(changed) as thief:
        thief.http.cookie_jar.update_cookies({"codesvc_known": kept}, URL(changed.service))
        for _ in range(5):
            assert (await try_from(thief, "192.0.2.1"))[0] == 422
        assert (await try_from(thief, "192.0.2.1"))[0] == 429
        # A stranger's budget was used, so another address has its own.
        assert (await try_from(thief, "192.0.2.200"))[0] == 422


async def test_the_operators_own_socket_is_not_crowded(new_world, tmp_path):
    path = tmp_path / "admin.sock"
    admin = ADMIN | {"listen": f"unix:{path}"}
    async with new_world(admin=admin, service__trusted_proxies=PROXY) as world:
        assert path.stat().st_mode & 0o777 == 0o660
        async with Attack(world), browser(world, aiohttp.UnixConnector(str(path))) as owner:
            assert (await owner.sign_in())[0] == 303
            assert "codesvc" in (await owner.get("/admin"))[2]


async def test_the_operators_own_port_is_not_crowded(new_world):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    admin = ADMIN | {"listen": f"127.0.0.1:{port}"}
    async with (
        new_world(admin=admin, service__trusted_proxies=PROXY) as world,
        Attack(world),
        browser(world) as owner,
    ):
        owner.world = SimpleNamespace(service=f"http://127.0.0.1:{port}")
        assert (await owner.sign_in())[0] == 303


async def test_failed_sign_ins_of_strangers_are_few_lines(door):
    async with Attack(door):
        pass
    lines = (await door.app[SERVICES].auditing.search()).lines
    assert 0 < sum(line.act == AuditAct.LOGIN_FAILED for line in lines) <= 60


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:9080", "[::]:9080", "unix:relative", "127.0.0.1", "127.0.0.1:0", "unix:/" + "x" * 108, ":9080"],
)
async def test_a_listener_for_everybody_or_for_nobody_is_refused(new_world, listen):
    with pytest.raises(ConfigError, match=r"admin\.listen"):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(new_world(admin=ADMIN | {"listen": listen}))
