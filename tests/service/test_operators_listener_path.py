"""`admin.listen` beside a `public_url` with a path: no proxy removes the path there, and the pages' links work.

Operators reach the listener without a proxy, so addresses count with the path and without it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.ops.nginx import free_port
from tests.service.test_admin import ADMIN, PASSWORD, Operator

CHROMIUM = {"Sec-CH-UA": '"Chromium";v="156"'}
LINKS = re.compile(r'(?:href|src)="(/[^"]*)"')


@pytest.fixture
async def near(new_world):
    """An operator at the listener of a service below `/auth`."""
    port, own = free_port(), free_port()
    admin = ADMIN | {"listen": f"127.0.0.1:{port}"}
    async with (
        new_world(service_port=own, service__public_url=f"http://127.0.0.1:{own}/auth", admin=admin) as world,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        operator = Operator(replace(world, service=f"http://127.0.0.1:{port}"), http)
        operator.public = world.service
        yield operator


@pytest.mark.parametrize("prefix", ["", "/auth"])
async def test_an_operator_signs_in_and_every_link_is_served(near, prefix):
    token = re.search(r'name="token" value="([^"]+)"', (await near.get("/auth/admin/login"))[2])[1]
    status, headers, text = await near.post("/auth/admin/login", {"token": token, "name": "lan", "password": PASSWORD})
    assert status == 303, text
    assert headers["Location"].startswith("/auth/admin")
    seen, left = set(), [headers["Location"]]
    while left:
        path = left.pop().partition("#")[0].replace("&amp;", "&")
        if path in seen or len(seen) > 40:
            continue
        seen.add(path)
        status, headers, text = await near.get(path)
        assert status < 400, (path, text)
        if "html" in headers.get("Content-Type", ""):
            left += [each for each in LINKS.findall(text) if "logout" not in each]
    assert len(seen) > 8
    assert (await near.get(f"{prefix}/metrics"))[0] == 200
    assert (await near.get(f"{prefix}/healthz"))[0] == 200


async def signed_in_cookie(near):
    token = re.search(r'name="token" value="([^"]+)"', (await near.get("/auth/admin/login"))[2])[1]
    _, headers, _ = await near.post("/auth/admin/login", {"token": token, "name": "lan", "password": PASSWORD})
    return next(each.partition(";")[0] for each in headers.getall("Set-Cookie") if each.startswith("codesvc_admin="))


async def test_a_session_of_the_listener_is_none_at_the_public_address(near):
    """A browser sends the cookie to every port of 127.0.0.1, so another program of the machine may have read it."""
    cookie = await signed_in_cookie(near)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for address, status in ((f"{near.world.service}/auth/admin", 200), (f"{near.public}/admin", 303)):
            async with http.get(address, headers={"Cookie": cookie}, allow_redirects=False) as answer:
                assert answer.status == status, address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1"])
async def test_who_comes_by_a_name_that_is_shared_by_all_ports_is_shown_another(near, host):
    own = f"codesvc.localhost:{urlsplit(near.world.service).port}"
    page = (await near.get("/auth/admin/login", Host=own.replace("codesvc.localhost", host)))[2]
    assert f'href="http://{own}/auth/admin/login"' in page
    assert "能读到这个地址的登录状态" in page


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("127.0.0.1:9", True),
        ("127.0.0.1", True),
        ("127.0.0.1:99999", True),
        ("10.0.0.7", False),
        ("tunnel.localhost:9", False),
    ],
)
async def test_a_name_at_a_port_of_another_program_is_shown_to_nobody(near, host, warned):
    """A tunnel has a port of its own, at which another user may listen at one of the name's two addresses."""
    for browser in ({}, CHROMIUM):
        status, _, page = await near.get("/auth/admin/login", Host=host, **browser)
        assert (status, "codesvc.localhost" in page, "文档里的 admin.listen" in page) == (
            200,
            False,
            warned,
        )


async def test_a_browser_that_surely_knows_the_other_name_is_led_there(near):
    """Chromium alone sends this header, and it leads every name below `localhost` to the machine itself."""
    own = f"codesvc.localhost:{urlsplit(near.world.service).port}"
    status, headers, _ = await near.get("/auth/admin/login", **CHROMIUM)
    assert (status, headers["Location"]) == (303, f"http://{own}/auth/admin/login")
    status, _, page = await near.get("/auth/admin/login", **CHROMIUM, Host=own)
    assert (status, "codesvc.localhost" in page, "登录状态" in page) == (200, False, False)
    assert (await near.get("/auth/metrics", **CHROMIUM))[0] == 200


async def test_only_there_and_only_once(near):
    for path in ("/auth/auth/healthz", "/authentic/healthz", "/auth/none"):
        status, _, text = await near.get(path)
        assert (status, "not-found" in text) == (404, True), path


async def test_a_stranger_with_the_path_is_still_told_about_the_proxy(new_world):
    own = free_port()
    async with new_world(service_port=own, service__public_url=f"http://127.0.0.1:{own}/auth") as world:
        answer = await replace(world, service=f"http://127.0.0.1:{own}").call("GET", "/auth/healthz", key=None)
        assert (answer.status, "did not remove /auth" in answer.text) == (404, True)
