"""Where a request comes from: scheme, host and port, all three; and no other page moves the test clock."""

import aiohttp
import pytest

from tests.service.test_admin import ADMIN, Operator

PUBLIC = "https://code.example.com"


async def logged_out(world, **headers):
    """The status of a form that says where it comes from."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        return (await Operator(world, http).post("/admin/language", {"language": "en"}, **headers))[0]


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        (PUBLIC, "code.example.com", 303),
        (f"{PUBLIC}:443", "code.example.com", 303),
        ("http://code.example.com", "code.example.com", 403),
        ("http://code.example.com:443", "code.example.com", 403),
        (f"{PUBLIC}:8443", "code.example.com", 403),
        ("https://code.example.com.evil.example", "code.example.com", 403),
        ("null", "code.example.com", 403),
        ("ftp://code.example.com", "code.example.com", 403),
        ("http://127.0.0.1:9080", "127.0.0.1:9080", 303),
        ("https://127.0.0.1:9080", "127.0.0.1:9080", 403),
        ("http://127.0.0.1:9081", "127.0.0.1:9080", 403),
        ("http://127.0.0.1", "127.0.0.1:9080", 403),
    ],
)
async def test_a_form_comes_from_the_same_scheme_host_and_port(new_world, origin, host, status):
    async with new_world(admin=ADMIN, service__public_url=PUBLIC) as world:
        assert await logged_out(world, Origin=origin, Host=host) == status


async def test_a_trusted_proxy_says_which_scheme_the_browser_used(new_world):
    own = {"Origin": "https://inside.example", "Host": "inside.example"}
    async with new_world(admin=ADMIN, service__public_url=PUBLIC, service__trusted_proxies=["127.0.0.1"]) as world:
        assert await logged_out(world, **own, **{"X-Forwarded-Proto": "https"}) == 303
        assert await logged_out(world, **own, **{"X-Forwarded-Proto": "http"}) == 403
    async with new_world(admin=ADMIN, service__public_url=PUBLIC) as world:
        assert await logged_out(world, **own, **{"X-Forwarded-Proto": "https"}) == 403


@pytest.mark.parametrize(("origin", "status"), [(PUBLIC, 200), ("http://code.example.com", 403)])
async def test_a_page_tokens_script_comes_from_the_same_scheme(new_world, origin, status):
    async with new_world(service__public_url=PUBLIC) as world:
        started = await world.start()
        headers = {"Origin": origin, "Host": "code.example.com"}
        assert (await world.page("GET", started, "/state", headers=headers)).status == status


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://rebound.example:8080", "Host": "rebound.example:8080"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_page_does_not_move_the_clock(world, headers):
    answer = await world.call("POST", "/test/clock", {"advance": 60}, key=None, headers=headers)
    assert (answer.status, answer.problem) == (403, "forbidden")
    assert (await world.call("POST", "/test/clock", {"advance": 0}, key=None))["offset"] == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_any_page_may_send_without_asking_does_not_move_the_clock(world, kind):
    answer = await world.call(
        "POST", "/test/clock", data=b'{"advance": 60}', key=None, headers={"Content-Type": kind} if kind else {}
    )
    assert answer.status in {400, 403}
    assert (await world.call("POST", "/test/clock", {"advance": 0}, key=None))["offset"] == 0


async def test_a_test_suite_and_our_own_page_move_the_clock(world):
    assert (await world.call("POST", "/test/clock", {"advance": 60}, key=None))["offset"] == 60
    headers = {"Origin": world.service, "Sec-Fetch-Site": "same-origin"}
    assert (await world.call("POST", "/test/clock", {"advance": 60}, key=None, headers=headers))["offset"] == 120
