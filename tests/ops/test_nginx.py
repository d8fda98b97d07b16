"""nginx's example: what it writes when the service does not answer, whom its limits meet, and whom they do not."""

import asyncio
import contextlib
import ipaddress
import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from codesvc.config import Service
from codesvc.domain.oidc_request import LONGEST_STATE
from tests import front
from tests.http_servers import shut_down
from tests.ops import nginx as example
from tests.programs import program_path
from tests.raw_server import raw_server

SECRETS = {
    "a page token": "WyJzaG9wIiwidmZfcGFnZSJd.c2lnbmF0dXJl",
    "a signature": "5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5f1c0",
    "an openid": "oABCDEFGHIJKLMNOPQRSTUVWXYZ0",
    "a user": "alice@example.com",
    "a key": "csk_shop_" + "k" * 43,
    "a body": "the-code-is-721082",
}
TOKEN, SIGNATURE, OPENID, USER, KEY, BODY = SECRETS.values()
ASKED = [
    ("GET", f"/p/{TOKEN}"),
    ("GET", f"/p/{TOKEN}/events"),
    ("GET", f"//p/{TOKEN}/qr.png"),
    ("GET", f"/%70/{TOKEN}"),
    ("GET", f"/elsewhere/{TOKEN}"),
    ("POST", f"/p/{TOKEN}/check"),
    ("POST", f"/wechat/main?signature={SIGNATURE}&timestamp=1&nonce=2&openid={OPENID}&msg_signature={SIGNATURE}"),
    ("GET", f"/wechat/main/oauth?code={SIGNATURE}&state={TOKEN}"),
    ("PUT", f"/v1/bindings/{USER}"),
    ("GET", f"/v1/bindings?openid={OPENID}"),
    ("GET", f"/admin/people/{USER}"),
    ("GET", f"/t/{TOKEN}?redeem={TOKEN}"),
]


class Client(NamedTuple):
    session: aiohttp.ClientSession
    origin: str


@contextlib.asynccontextmanager
async def client(here, *, address="127.0.0.1"):
    connector = aiohttp.TCPConnector(ssl=here.trust, limit=0, local_addr=(address, 0))
    async with aiohttp.ClientSession(connector=connector) as http:
        yield Client(http, f"https://127.0.0.1:{here.secure}")


async def asked(http, method, path, **more):
    headers = {"Host": "code.example.com"} | more.pop("headers", {})
    address = http.origin + path
    async with http.session.request(
        method, URL(address, encoded=True), headers=headers, allow_redirects=False, **more
    ) as answer:
        return answer.status, answer.headers, await answer.text()


DEPLOYING = (Path(__file__).parents[2] / "docs" / "en" / "deploying.md").read_text(encoding="utf-8")
LEAST, IN_A_PANEL = re.findall(r"^```nginx\n(.*?)^```$", DEPLOYING, re.MULTILINE | re.DOTALL)
PANEL = """
server {{
    listen 443 ssl http2;
    server_name code.example.com;
    index index.php index.html;
    root {root};
    ssl_certificate /etc/letsencrypt/live/code.example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/code.example.com/privkey.pem;
    location ~ ^/(\\.user.ini|\\.htaccess|\\.git|\\.env|\\.svn|\\.project|LICENSE|README.md) {{
        return 404;
    }}
    location ~ \\.well-known {{
        allow all;
    }}
    location ~ .*\\.(gif|jpg|jpeg|png|bmp|swf)$ {{
        expires 30d;
    }}
    location ~ .*\\.(js|css)?$ {{
        expires 12h;
    }}
    access_log {root}/../panel-access.log;
    error_log {root}/../panel-error.log;
{block}
}}
"""
"""A static site as 宝塔 writes it: its own rules for pictures and scripts, and whole addresses in its logs."""


@pytest.mark.parametrize("least", ["", LEAST])
def test_nginx_understands_the_example_and_the_least_that_the_page_shows(tmp_path, least):
    """The least by itself, in an http block with nothing else of ours."""
    program = program_path("nginx", "nginx-light")
    example.installed(tmp_path, 8080, example.free_port(), example.free_port(), least=least)
    command = [program, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["codesvc.conf", "codesvc-path.conf"])
def test_nginx_is_given_many_times_the_connections_that_an_address_may_hold(name):
    """A stream is proxied, so it takes two; a request whose body has not arrived takes one."""
    text = (example.EXAMPLE / name).read_text()
    held = {zone: int(most) for zone, most in re.findall(r"limit_conn codesvc_(\w+) (\d+);", text)}
    address = held["server_open"] + held["request"] + 2 * held["stream"]
    places = [example.EXAMPLE / "codesvc-limits.conf"]
    places += [example.EXAMPLE.parents[1] / "docs" / language / "deploying.md" for language in ("zh", "en")]
    for place in places:
        said = place.read_text(encoding="utf-8")
        connections, files = (
            int(re.search(rf"`{word} (\d+);`", said)[1]) for word in ("worker_connections", "worker_rlimit_nofile")
        )
        assert f" {address} " in said
        assert connections > 20 * address
        assert files > 2 * connections


@pytest.mark.parametrize("name", ["codesvc.conf", "codesvc-path.conf"])
def test_nginx_holds_no_more_of_a_body_than_the_service_could_take(name):
    """It keeps bodies on its disk until they are whole: of one address 500, and the service takes 64 kB of each."""
    limit = Service(public_url="https://code.example.com").body_limit
    [kilobytes] = re.findall(r"client_max_body_size (\d+)k;", (example.EXAMPLE / name).read_text())
    assert limit < int(kilobytes) * 1024 <= 2 * limit, (
        "a little more is refused by the service, with a problem document"
    )


@pytest.mark.parametrize("name", ["codesvc.conf", "codesvc-path.conf"])
def test_nginx_gives_a_head_no_more_time_than_a_body(name):
    """Of requests whose head has not arrived, an address may have any number; nginx gives each a minute by default."""
    text = (example.EXAMPLE / name).read_text()
    head, body = (int(re.search(rf"client_{part}_timeout (\d+)s;", text)[1]) for part in ("header", "body"))
    assert head <= body == Service(public_url="https://code.example.com").body_timeout


async def _breaks(reader, writer):
    """A service that goes away in the middle of a request."""
    await reader.read(100)
    writer.close()


async def _babbles(reader, writer):
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\x01bad header\r\n\r\n")
    writer.close()


async def _stops(reader, writer):
    """A service that goes away in the middle of an answer."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    writer.close()


@pytest.mark.parametrize("service", [None, _breaks, _babbles, _stops])
async def test_no_log_has_a_secret_when_the_service_does_not_answer(tmp_path, service):
    async with contextlib.AsyncExitStack() as stack:
        port = example.free_port()
        if service is not None:
            port = await stack.enter_async_context(raw_server(service))
        here = stack.enter_context(example.nginx(tmp_path, port))
        http = await stack.enter_async_context(client(here))
        sent = {"Authorization": f"Bearer {KEY}", "Referer": f"https://code.example.com/p/{TOKEN}", "Cookie": TOKEN}
        statuses = Counter()
        for method, path in ASKED:
            with contextlib.suppress(aiohttp.ClientError):
                status, _, _ = await asked(http, method, path, headers=sent, data=BODY if method != "GET" else None)
                statuses[status] += 1
        async with aiohttp.ClientSession() as plain:
            for method, path in ASKED:
                insecure = Client(plain, f"http://127.0.0.1:{here.plain}")
                assert (await asked(insecure, method, path, headers=sent))[0] == 308
    assert statuses[404] == 1
    assert service is _stops or statuses[502] == len(ASKED) - 1
    written = here.logs()
    assert {name for name, secret in SECRETS.items() if secret in written} == set()
    # And yet an operator sees that, when and where the service did not answer.
    lines = (tmp_path / "codesvc.log").read_text().splitlines()
    assert len(lines) == 2 * len(ASKED)
    assert sum("upstream=502" in line or " 502 " in line for line in lines) >= (0 if service is _stops else 11)
    assert any(" PUT /v1/bindings/... " in line for line in lines)


@pytest.mark.parametrize("service", [None, _breaks, _babbles, _stops])
async def test_no_log_has_a_secret_below_a_path_either(service):
    async with contextlib.AsyncExitStack() as stack:
        upstream, port = example.free_port(), example.free_port()
        if service is not None:
            upstream = await stack.enter_async_context(raw_server(service))
        directory = await stack.enter_async_context(front.nginx(port, upstream))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for method, path in ASKED:
            with contextlib.suppress(aiohttp.ClientError):
                await asked(Client(http, f"http://127.0.0.1:{port}"), method, f"/auth{path}")
        written = "\n".join(path.read_text() for path in sorted(directory.glob("*.log")))
    assert {name for name, secret in SECRETS.items() if secret in written} == set()
    assert " PUT /auth/v1/bindings/... " in written


@pytest.fixture
async def shop(tmp_path):
    """nginx in front of a service that answers everything, and streams."""

    closing = asyncio.Event()

    async def answer(request):
        if request.path.endswith("/authorize"):
            state = "%E4" * (LONGEST_STATE // 3)
            return web.Response(status=303, headers={"Location": f"https://wiki.example/callback?state={state}"})
        if not request.path.endswith("/events"):
            return web.Response(text="ok")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await closing.wait()
        return response

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with example.nginx(tmp_path, site._server.sockets[0].getsockname()[1]) as here:
            yield here
    finally:
        closing.set()
        await shut_down(runner)


async def test_the_block_for_a_panel_passes_everything_on_with_the_visitors_address(tmp_path):
    """The panel's rules for pictures and scripts come before a plain location: widget and QR codes would be lost."""
    root = tmp_path / "wwwroot"
    (root / ".well-known" / "acme-challenge").mkdir(parents=True)
    (root / ".well-known" / "acme-challenge" / "tried").write_text("renewed")

    async def answer(request):
        return web.json_response([request.path_qs, request.headers["X-Forwarded-For"], request.headers["Host"]])

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream = site._server.sockets[0].getsockname()[1]
    try:
        with example.nginx(tmp_path, upstream, least=PANEL.format(root=root, block=IN_A_PANEL)) as here:
            async with client(here, address="127.0.0.7") as http:
                sent = {"X-Forwarded-For": "203.0.113.9"}  # what a visitor claims
                for path in ("/widget.js", f"/p/{TOKEN}/qr.png", f"/p/{TOKEN}/events", "/wechat/main?nonce=1", "/"):
                    status, _, text = await asked(http, "GET", path, headers=sent)
                    assert (status, json.loads(text)) == (200, [path, "127.0.0.7", "code.example.com"])
                for path in ("/admin", "/metrics", "/test/clock"):
                    assert (await asked(http, "GET", path))[0] == 404
                assert (await asked(http, "GET", "/.well-known/acme-challenge/tried"))[2] == "renewed"
            await shut_down(runner)
            async with client(here) as http:
                assert (await asked(http, "GET", f"/p/{TOKEN}"))[0] == 502
            assert TOKEN not in here.logs()
    finally:
        await shut_down(runner)


async def statuses(http, method, path, count, at_once=40):
    found = []
    for start in range(0, count, at_once):
        found += await asyncio.gather(*(asked(http, method, path) for _ in range(min(at_once, count - start))))
    return Counter(status for status, _, _ in found), found


async def test_a_visitor_who_asks_without_end_is_refused_and_others_are_not(shop):
    async with client(shop) as greedy, client(shop, address="127.0.0.2") as other:
        for path in (f"/p/{TOKEN}", "/docs", "/wechat/main/oauth?code=1"):
            counted, found = await statuses(greedy, "GET", path, 800)
            assert counted[429] > 400, counted
        refused = next(each for each in found if each[0] == 429)
        assert refused[1]["Content-Type"] == "application/problem+json"
        assert refused[1]["Retry-After"] == "1"
        assert '"status":429' in refused[2]
        assert (await asked(other, "GET", f"/p/{TOKEN}"))[0] == 200
    lines = (shop.directory / "codesvc.log").read_text()
    assert "limits=REJECTED" in lines
    assert TOKEN not in shop.logs()


NETWORKS = {
    "2001:db8:7:1": ["2001:db8:7:1::5", "2001:db8:7:1:9:1:2:4", "2001:db8:7:1::", "2001:db8:7:1:0:0:3:0"],
    "2001:db8:7:0": [
        "2001:db8:7::1:2:3",
        "2001:db8:7::1:2:4",
        "2001:db8:7::",
        "2001:db8:7:0:9:1:2:4",
        "2001:db8:7::9:0:0:4",
    ],
    "2001:db8:0:0": ["2001:db8::1", "2001:db8::1:2:3:4", "2001:db8:0:0:1::4"],
    "2001:0:0:0": ["2001::1", "2001::9:9:9:9", "2001:0:0:0:1::"],
    "2001:0:0:7": ["2001::7:1:2:3:4", "2001:0:0:7::1"],
    "2001:0:5:7": ["2001:0:5:7::1", "2001:0:5:7:1:2:3:4"],
    "0:0:0:0": ["::", "::1"],
    "0:0:0:7": ["::7:1:2:3:4"],
    "0:0:5:7": ["::5:7:1:2:3:4"],
    "0:4:0:0": ["0:4::1"],
    "203.0.113.7": ["203.0.113.7"],
    "::ffff:203.0.113.7": ["::ffff:203.0.113.7"],
    "::ffff:203.0.113.8": ["::ffff:203.0.113.8"],
}


async def test_a_network_of_ipv6_is_one_visitor_in_every_spelling(tmp_path):
    """nginx writes an address short, so a /64 whose last group is 0 had one key for each address."""
    port = example.free_port()
    asking = f"server {{ listen 127.0.0.1:{port}; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;"
    least = (example.EXAMPLE / "codesvc-limits.conf").read_text() + asking + ' return 200 "$codesvc_address"; }\n'
    with example.nginx(tmp_path, 8080, least=least, ready=port):
        async with aiohttp.ClientSession() as http:
            for network, addresses in NETWORKS.items():
                for address in addresses:
                    for spelling in {address, ipaddress.ip_address(address).exploded}:
                        headers = {"X-Real-IP": spelling}
                        async with http.get(f"http://127.0.0.1:{port}/", headers=headers) as answer:
                            assert (spelling, await answer.text()) == (spelling, network)


async def test_people_who_share_an_address_open_their_pages(shop):
    """Twenty people of one office at once: page, picture, state, icon."""
    async with client(shop) as http:
        paths = [f"/p/{TOKEN}", f"/p/{TOKEN}/qr.svg", f"/p/{TOKEN}/state", "/favicon.svg"]
        found = await asyncio.gather(*(asked(http, "GET", path) for path in paths for _ in range(20)))
        assert {status for status, _, _ in found} == {200}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/wechat/main?signature={SIGNATURE}&timestamp=1&nonce=2"),
        ("POST", "/v1/verifications"),
        ("GET", "/v1/verifications/vf_1"),
        ("POST", "/inbound/logto/shop"),
        ("POST", "/oidc/shop/token"),
        ("GET", "/oidc/shop/userinfo"),
        ("GET", "/api/wechat/user?code=1"),
    ],
)
async def test_wechat_and_back_ends_are_not_limited_as_visitors_are(shop, method, path):
    async with client(shop) as http:
        counted, _ = await statuses(http, method, path, 900)
        assert set(counted) == {200}


async def test_an_app_gets_the_longest_state_back(shop):
    async with client(shop) as http:
        assert (await asked(http, "GET", "/oidc/shop/authorize"))[0] == 303


async def test_open_streams_take_nothing_from_pages_and_are_bounded(shop):
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(client(shop))
        path, headers = f"/p/{TOKEN}/events", {"Host": "code.example.com"}
        opened = []
        for _ in range(110):
            await asyncio.sleep(0)
            opened.append(await http.session.get(http.origin + path, headers=headers))
            stack.callback(opened[-1].close)
        counted = Counter(answer.status for answer in opened)
        assert counted[200] == 100
        assert counted[429] == 10
        other = await stack.enter_async_context(client(shop, address="127.0.0.3"))
        for each in (http, other):
            assert (await asked(each, "GET", "/wechat/main"))[0] == 200
        assert (await asked(other, "GET", f"/p/{TOKEN}"))[0] == 200


async def test_bodies_that_never_come_take_no_more_than_a_part_of_the_connections(shop):
    """Whoever calls where back ends do has no limit of a visitor: 2,000 slow bodies would be all that nginx holds."""
    path = "/v1/verifications"
    head = f"POST {path} HTTP/1.1\r\nHost: code.example.com\r\nContent-Length: 99\r\n\r\n"
    slow = []
    try:
        for number in range(420):
            slow.append(await asyncio.open_connection("127.0.0.1", shop.secure, ssl=shop.trust))
            slow[-1][1].write(head.encode())
            if number % 20 == 0:
                # nginx gives a body up of which nothing comes for ten seconds, which so many handshakes may take.
                for _, writer in slow:
                    writer.write(b"x")
        refused = [reader for reader, _ in slow[400:]]
        assert {(await reader.readline()).split()[1] for reader in refused} == {b"429"}
        async with client(shop, address="127.0.0.2") as other:
            assert (await asked(other, "POST", path))[0] == 200
    finally:
        for _, writer in slow:
            writer.transport.abort()
