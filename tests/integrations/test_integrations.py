"""Every website of the documentation runs as it stands there, in a process of its own, and a person signs up."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.browser_cookies import plant
from tests.http_servers import shut_down
from tests.node_tools import installed
from tests.programs import java_libraries, program_path
from tests.stores import free_port
from tests.world import KEY

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "en"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example(name, language):
    """The blocks of code of that page, as a reader copies them; "" is the page that leads to them."""
    text = (PAGES / f"integrating{name and f'-{name}'}.md").read_text(encoding="utf-8")
    found = [code for kind, code in BLOCK.findall(text) if kind == language]
    assert found, f"no {language} in {name}"
    return found


@pytest.fixture
async def shop(new_world, request):
    """A world whose site is a website that is about to run; a test may give the site further settings."""
    port = free_port()
    website = f"http://127.0.0.1:{port}"
    async with new_world(sites__shop__origins=[website, PUBLIC], **getattr(request, "param", {})) as world:
        line, app = Line(world.service), web.Application()
        app.router.add_route("*", "/{tail:.*}", line.hand_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", between := free_port()).start()
        world.line, line.url = line, f"http://127.0.0.1:{between}"
        yield world, website, port
        await shut_down(runner)


class Line:
    """Between website and service; may lose the answer to the next binding, or spend the proof before it."""

    def __init__(self, service):
        self.loses = self.spends = False
        self.lost = 0
        self.started = ""
        self._service = service

    async def hand_on(self, request):
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        if self.spends and request.method == "PUT":
            self.spends, proof = False, (await request.json())["proof"]
            async with (
                aiohttp.ClientSession() as http,
                http.post(f"{self._service}/v1/proofs/verify", json={"proof": proof}, headers=headers) as spent,
            ):
                assert spent.status == 200
        async with (
            aiohttp.ClientSession(auto_decompress=False) as http,
            http.request(
                request.method,
                self._service + request.path_qs,
                data=await request.read(),
                headers=headers,
            ) as answer,
        ):
            octets = await answer.read()
        if request.path == "/v1/verifications":
            self.started = json.loads(octets)["id"]
        if self.loses and request.method == "PUT":
            assert answer.status == 201, octets
            self.loses, self.lost = False, self.lost + 1
            request.transport.abort()
        return web.Response(status=answer.status, body=octets, content_type=answer.content_type)


PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key")


PUBLIC = "https://shop.example.com"
"""A website behind a proxy that ends TLS: its address has no port, and is not where the program listens."""


@asynccontextmanager
async def running(shop, directory, *command, site_url=None):
    world, website, port = shop
    environment = os.environ | {
        "CODESVC_URL": world.line.url,
        "CODESVC_API_KEY": KEY,
        "SITE_URL": site_url or website,
        "PORT": str(port),
        "SHOP_USERS": str(directory / "users"),
    }
    log = (directory / "log").open("wb")
    process = await asyncio.create_subprocess_exec(*command, cwd=directory, env=environment, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            for _ in range(300):
                try:
                    async with browser.get(website, allow_redirects=False):
                        break
                except aiohttp.ClientError:
                    assert process.returncode is None, (directory / "log").read_text()
                    await asyncio.sleep(0.1)
            else:
                raise AssertionError((directory / "log").read_text())
            yield browser
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        log.close()


async def page(browser, url, form=None):
    """What a browser shows in the end, and its address."""
    async with browser.request("POST" if form is not None else "GET", url, data=form, allow_redirects=True) as answer:
        return answer.status, await answer.text(), str(answer.url)


async def submit(browser, url, **fields):
    """Fill the form at `url` and send it, hidden fields included."""
    status, html, _ = await page(browser, url)
    assert status == 200, html
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', html))
    action = re.search(r'action="([^"]+)"', html)
    target = url[: url.index("/", 8)] + action[1] if action else url
    return await page(browser, target, hidden | fields)


async def verify(world, browser, person, page_url):
    """On the hosted page: scan, read the code in the chat, type it, be led back."""
    state = await world.call("GET", page_url.removeprefix(world.service) + "/state", key=None)
    await person.say(state["scan"]["keyword"])
    return await page(browser, f"{page_url}/check", {"code": await person.code_in_chat()})


async def renewed(world, browser, page_url):
    """The time is over, and the person takes the new code that the page offers: the address that it leads to."""
    await world.advance(301)
    status, html, address = await page(browser, f"{page_url}/renew", {})
    assert (status, address != page_url) == (200, True), html
    return address


PASSWORD = "a good password"


async def begin(shop, browser, path, name="guest"):
    """Fill the form; the address of the verification's page."""
    world, website, _ = shop
    status, html, page_url = await submit(browser, website + path, name=name, password=PASSWORD)
    assert (status, page_url.startswith(f"{world.service}/p/")) == (200, True), html
    return page_url


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},  # a browser before Sec-Fetch-Site, or at a website without TLS
    {"Origin": "null"},
]


async def take_no_form_of_another_website(shop, *paths):
    """Its visitor would bind their WeChat to an account whose password the other website chose."""
    world, website, _ = shop
    world.line.started = ""
    async with visitor() as browser:
        for path in paths:
            for headers in FOREIGN:
                form = {"name": "mallory", "password": PASSWORD}
                sent = browser.post(website + path, data=form, headers=headers, allow_redirects=False)
                async with sent as answer:
                    assert answer.status == 403, (path, headers, await answer.text())
    assert world.line.started == ""


def visitor():
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@asynccontextmanager
async def with_one_session(shop, path):
    """A planter's browser and a visitor's, into which the planter has put the cookies of a session of its own."""
    async with visitor() as planter, visitor() as planted:
        # Some websites keep no session before a visitor begins something.
        await begin(shop, planter, path, "planter")
        plant(planter, planted, shop[1])
        yield planter, planted


async def approve(world, person, page_url):
    """Scan, read the code and type it in a browser that knows no website: the address to which the page leads."""
    state = await world.call("GET", page_url.removeprefix(world.service) + "/state", key=None)
    await person.say(state["scan"]["keyword"])
    typed = {"code": await person.code_in_chat()}
    async with visitor() as hosted, hosted.post(f"{page_url}/check", data=typed, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def share_no_session(shop, path, login):
    """Whoever put their session into a visitor's browser gets neither what the visitor begins nor the login."""
    world, website, _ = shop
    home = website + ("/" if path == "/signup" else path)
    async with with_one_session(shop, path) as (planter, planted), visitor() as late:
        back = await approve(world, await world.person(), await begin(shop, planted, path, "planted"))
        plant(planted, late, website)
        status, html, _ = await page(planter, back)
        assert (status, "logged in" in html) == (403, False), html
        status, html, _ = await page(planted, back)
        assert (status, "You are logged in as u" in html) == (200, True), html
        for browser in (planter, late):
            assert "logged in" not in (await page(browser, home))[1]
            assert (await page(browser, back))[0] == 403
    async with with_one_session(shop, path) as (planter, planted):
        status, html, _ = await submit(planted, website + login, name="planted", password=PASSWORD)
        assert (status, "You are logged in as u" in html) == (200, True), html
        assert "logged in" not in (await page(planter, home))[1]


async def sign_up(shop, browser, path="/signup", login="/login"):
    """All that every example has to do right; returns who has the name in the end."""
    world, website, port = shop
    line = world.line
    # By the other name of this machine people are led to the right one, or would lose their session there.
    status, _, address = await page(browser, f"http://localhost:{port}{path}")
    assert (status, address) == (200, website + path)
    await take_no_form_of_another_website(shop, path, login)
    page_url = await begin(shop, browser, path)
    async with aiohttp.ClientSession() as stranger:
        status, html, _ = await page(
            stranger, f"{website}{path}{'/return' if path == '/signup' else ''}?verification=vf_x"
        )
        assert status == 403, html
    async with visitor() as second:
        # Both begin while the name is free; only the first to finish has it.
        rivals_url = await begin(shop, second, path, " Guest")
        person = await world.person()
        line.loses = True
        status, html, address = await verify(world, browser, person, await renewed(world, browser, page_url))
        assert (line.lost, status >= 500, "logged in" in html) == (1, True, False), (status, html)
        # The WeChat was bound all the same. The person opens the page once more, and is whom it was bound to.
        status, html, address = await page(browser, address)
        assert (status, "You are logged in as u" in html) == (200, True), (address, html)
        rival = await world.person()
        status, html, _ = await verify(world, second, rival, await renewed(world, second, rivals_url))
        assert (status, "logged in" in html) == (409, False), html
        assert (await world.call("GET", f"/v1/bindings?openid={rival.openid}"))["bindings"] == []
        # A WeChat that has an account keeps it, and the name is free afterwards.
        again = await begin(shop, second, path, "other")
        status, html, _ = await verify(world, second, person, again)
        assert (status, "logged in" in html) == (409, False), html
        # With a spent proof the person begins again: 410, since waiting would not help.
        line.spends = True
        status, html, _ = await verify(world, second, rival, await begin(shop, second, path, "other"))
        assert (status, "logged in" in html) == (410, False), html
        await begin(shop, second, path, "other")
    [bound] = (await world.call("GET", f"/v1/bindings?openid={person.openid}"))["bindings"]
    status, html, _ = await page(browser, website + ("/" if path == "/signup" else path))
    assert bound["user"] in html
    browser.cookie_jar.clear()
    for name, password in (("guest", "wrong"), ("nobody", PASSWORD)):
        status, html, _ = await submit(browser, website + login, name=name, password=password)
        assert (status, "logged in" in html) == (403, False), html
    status, html, _ = await submit(browser, website + login, name="GUEST", password=PASSWORD)
    assert (status, bound["user"] in html) == (200, True), html
    await share_no_session(shop, path, login)
    return person


async def test_the_shortest_form(shop, tmp_path):
    """Of docs/en/integrating.md: pasted and run, with a code that expired, a new one on the page, and a stranger."""
    [code] = example("", "python")
    (tmp_path / "shortest.py").write_text(code, encoding="utf-8")
    command = (sys.executable, "-m", "flask", "--app", "shortest", "run", "--port", str(shop[2]))
    async with running(shop, tmp_path, *command) as browser:
        world, website, _ = shop
        _, _, page_url = await page(browser, f"{website}/signup", {})
        mine = f"{website}/signup/return?verification={world.line.started}"
        async with aiohttp.ClientSession() as stranger:
            assert (await page(stranger, mine))[0] == 403
        status, html, address = await page(browser, mine)  # there is no proof
        assert (status, address) == (200, f"{website}/signup"), html
        person = await world.person()
        world.line.loses = True
        status, html, address = await verify(world, browser, person, await renewed(world, browser, page_url))
        assert (world.line.lost, status >= 500) == (1, True), html
        status, html, _ = await page(browser, address)
        [bound] = (await world.call("GET", f"/v1/bindings?openid={person.openid}"))["bindings"]
        assert (status, html) == (200, f"You are signed up as {bound['user']}.")
        assert (await page(browser, f"{website}/signup", {}))[2].startswith(f"{world.service}/p/")
        assert (await page(browser, mine))[0] == 403  # not the one that was begun last


def running_flask(shop, directory, **more):
    """The page's website in Flask."""
    [code] = example("flask", "python")
    (directory / "shop.py").write_text(code, encoding="utf-8")
    command = (sys.executable, "-m", "flask", "--app", "shop", "run", "--port", str(shop[2]))
    return running(shop, directory, *command, **more)


def running_php(shop, directory, **more):
    """The page's website in PHP, and other files of the directory, by PHP's own server."""
    php = program_path("php", "php-cli php-curl")
    [code] = example("php", "php")
    (directory / "signup.php").write_text(code, encoding="utf-8")
    (directory / "sessions").mkdir()
    settings = ("-d", f"session.save_path={directory / 'sessions'}", "-d", "display_errors=stderr")
    return running(shop, directory, php, *settings, "-S", f"127.0.0.1:{shop[2]}", **more)


async def test_flask(shop, tmp_path):
    async with running_flask(shop, tmp_path) as browser:
        person = await sign_up(shop, browser)
        world, website, _ = shop
        await take_no_form_of_another_website(shop, "/forgot")
        browser.cookie_jar.clear()
        status, _, page_url = await submit(browser, f"{website}/forgot", name="guest")
        await person.wait_for_push()
        page_url = await renewed(world, browser, page_url)
        code = await person.wait_for_push(2)
        status, html, address = await page(browser, f"{page_url}/check", {"code": code})
        assert (status, 'type="password"' in html) == (200, True), html
        status, html, _ = await submit(browser, address, password="another good password")
        assert "You are logged in as u" in html
        # A name that nobody has looks the same up to here.
        assert (await submit(browser, f"{website}/forgot", name="nobody"))[2].startswith(f"{world.service}/p/")


def identities():
    """The table of the page on testing, which is there for the samples' own ids too."""
    text = (PAGES / "testing.md").read_text(encoding="utf-8")
    [section] = [code for kind, code in BLOCK.findall(text) if kind == "toml"]
    return tomllib.loads(section)["sites"]["shop"]["test_users"]


@pytest.mark.parametrize("shop", [{"sites__shop__test_users": identities()}], indirect=True)
async def test_a_test_of_ones_own_site_types_the_code(shop, tmp_path):
    """The lines of the page on testing, against the Flask sample, and a reset of the user that they made."""
    text = (PAGES / "testing.md").read_text(encoding="utf-8")
    [lines] = [code for kind, code in BLOCK.findall(text) if kind == "sh"]
    async with running_flask(shop, tmp_path) as browser:
        pipe, environment = asyncio.subprocess.PIPE, os.environ | {"SITE": shop[1]}
        done = await asyncio.create_subprocess_exec("bash", "-ec", lines, env=environment, cwd=tmp_path, stdout=pipe)
        said = (await done.communicate())[0].decode()
        assert (done.returncode, "You are logged in as u" in said) == (0, True), said
        _, _, page_url = await submit(browser, f"{shop[1]}/forgot", name="ann")
        status, html, _ = await page(browser, f"{page_url}/check", {"code": identities()["u*"]})
        assert (status, 'type="password"' in html) == (200, True), html


async def test_express(shop, tmp_path, request, tmp_path_factory):
    [code] = example("express", "js")
    (tmp_path / "shop.cjs").write_text(code, encoding="utf-8")
    home = installed(request, tmp_path_factory, HERE / "node" / "package.json")
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    async with running(shop, tmp_path, program_path("node", "nodejs"), "shop.cjs") as browser:
        await sign_up(shop, browser)


WEBHOOK_SECRET = "whsec_" + "c2VjcmV0" * 4


async def take_webhooks(shop, browser):
    """A genuine one, the same once more, and one whose body was changed on its way."""
    body, now = '{"type": "verification.approved", "data": {"user": "attempt-9"}}', datetime.now(UTC)
    headers = {
        "webhook-id": "wh_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WEBHOOK_SECRET).sign("wh_1", now, body),
        "Content-Type": "application/json",
    }
    for sent, status in ((body, 204), (body, 204), (body + " ", 400)):
        async with browser.post(f"{shop[1]}/hooks/codesvc", data=sent, headers=headers) as answer:
            assert answer.status == status


async def test_express_takes_a_webhook(shop, tmp_path, request, tmp_path_factory):
    """The two blocks of the webhooks' page, pasted where it says, read the body before other parsers do."""
    [code] = example("express", "js")
    found = BLOCK.findall((PAGES / "webhooks.md").read_text(encoding="utf-8"))
    pasted = "".join(text for kind, text in found if kind == "js")
    line = "const app = express();\n"
    assert line in code
    (tmp_path / "shop.cjs").write_text(code.replace(line, line + pasted), encoding="utf-8")
    home = installed(request, tmp_path_factory, HERE / "node" / "package.json")
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    command = ("env", f"WEBHOOK_SECRETS={WEBHOOK_SECRET}", program_path("node", "nodejs"), "shop.cjs")
    async with running(shop, tmp_path, *command) as browser:
        await take_webhooks(shop, browser)
    assert (tmp_path / "log").read_text().count("approved: attempt-9") == 1


async def behind_a_proxy(shop, browser, path="/signup"):
    """What a proxy with a certificate of its own hands on: the visitors' host name, and plain HTTP.

    The session's cookie has a name that browsers take from this host alone, and over https.
    """
    world, website, _ = shop
    proxied = {"headers": {"Host": "shop.example.com", "X-Forwarded-Proto": "https"}, "allow_redirects": False}
    async with browser.get(website + path, **proxied) as answer:
        assert (answer.status, "<form" in await answer.text()) == (200, True)
    async with browser.post(website + path, data={"name": "guest", "password": PASSWORD}, **proxied) as answer:
        assert (answer.status // 100, answer.headers["Location"].startswith(f"{world.service}/p/")) == (3, True)
        for cookie in answer.headers.getall("Set-Cookie"):
            attributes = {each.strip().lower() for each in cookie.split(";")}
            assert cookie.startswith("__Host-"), cookie
            assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes, cookie
    async with browser.get(website + path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"].rstrip("?")) == (303, PUBLIC + path)


async def test_express_behind_a_proxy(shop, tmp_path, request, tmp_path_factory):
    [code] = example("express", "js")
    (tmp_path / "shop.cjs").write_text(code, encoding="utf-8")
    home = installed(request, tmp_path_factory, HERE / "node" / "package.json")
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    command = (program_path("node", "nodejs"), "shop.cjs")
    async with running(shop, tmp_path, *command, site_url=PUBLIC) as browser:
        await behind_a_proxy(shop, browser)


async def test_flask_behind_a_proxy(shop, tmp_path):
    async with running_flask(shop, tmp_path, site_url=PUBLIC) as browser:
        await behind_a_proxy(shop, browser)


async def test_php_behind_a_proxy(shop, tmp_path):
    async with running_php(shop, tmp_path, site_url=PUBLIC) as browser:
        await behind_a_proxy(shop, browser, "/signup.php")


async def test_java_behind_a_proxy(shop, tmp_path):
    java = program_path("java", "default-jdk-headless")
    [code] = example("java", "java")
    (tmp_path / "Shop.java").write_text(code, encoding="utf-8")
    async with running(shop, tmp_path, java, "Shop.java", site_url=PUBLIC) as browser:
        await behind_a_proxy(shop, browser)


async def test_django(shop, tmp_path):
    [views, urls] = example("django", "python")
    django = (sys.executable, "-m", "django", "startproject", "shop", ".")
    await asyncio.to_thread(subprocess.run, django, cwd=tmp_path, check=True, timeout=60)
    (tmp_path / "shop" / "views.py").write_text(views, encoding="utf-8")
    (tmp_path / "shop" / "urls.py").write_text(urls, encoding="utf-8")
    environment = os.environ | {"CODESVC_URL": shop[0].service, "CODESVC_API_KEY": KEY}
    migrate = (sys.executable, "manage.py", "migrate", "--verbosity", "0")
    await asyncio.to_thread(subprocess.run, migrate, cwd=tmp_path, env=environment, check=True, timeout=60)
    async with running(shop, tmp_path, sys.executable, "manage.py", "runserver", "--noreload", str(shop[2])) as browser:
        await sign_up(shop, browser)


async def test_plain_php(shop, tmp_path):
    async with running_php(shop, tmp_path) as browser:
        await sign_up(shop, browser, "/signup.php", "/signup.php?login")


async def test_a_reset_in_plain_php(shop, tmp_path):
    """The page's code stands behind the beginning of the sign-up's, and the other calls are the same by curl."""
    world, website, _ = shop
    [code] = example("php", "php")
    found = BLOCK.findall((PAGES / "password-reset.md").read_text(encoding="utf-8"))
    [reset] = [text for kind, text in found if kind == "php"]
    beginning = re.search(r"\A.*?^function go.*?$", code, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "reset.php").write_text(f"{beginning}\n{reset}", encoding="utf-8")
    async with running_php(shop, tmp_path) as browser:
        person = await world.person()
        await verify(world, browser, person, await begin(shop, browser, "/signup.php"))
        browser.cookie_jar.clear()
        await take_no_form_of_another_website(shop, "/reset.php")
        # A name that nobody has leads to the same page.
        started = []
        for _ in range(2):
            _, _, nobodys = await submit(browser, f"{website}/reset.php", name="nobody")
            assert nobodys.startswith(f"{world.service}/p/")
            started.append((await world.call("GET", f"/v1/verifications/{world.line.started}"))["user"])
        assert started[0] == started[1]
        _, _, page_url = await submit(browser, f"{website}/reset.php", name="Guest")
        status, html, address = await verify(world, browser, person, await renewed(world, browser, page_url))
        assert (status, "new password" in html) == (200, True), html
        async with aiohttp.ClientSession() as stranger:
            assert (await page(stranger, address))[0] == 403
        status, html, _ = await page(browser, f"{website}/reset.php", {"password": "a newer password"})
        assert (status, "You are logged in as u" in html) == (200, True), html
        # The proof is spent, and so is the session's right to it.
        _, html, _ = await page(browser, f"{website}/reset.php", {"password": "once more"})
        assert "logged in" not in html
        browser.cookie_jar.clear()
        for password, expected in ((PASSWORD, 403), ("a newer password", 200)):
            status, _, _ = await submit(browser, f"{website}/signup.php?login", name="guest", password=password)
            assert status == expected
        # Whoever put their session into the person's browser does not share the right to set a password.
        async with with_one_session(shop, "/signup.php") as (planter, planted):
            _, _, page_url = await submit(planted, f"{website}/reset.php", name="guest")
            back = await approve(world, person, page_url)
            assert (await page(planter, back))[0] == 403
            await page(planter, f"{website}/reset.php", {"password": "the planter's"})
            assert (await page(planted, back))[0] == 200
            status, html, _ = await page(planted, f"{website}/reset.php", {"password": "the person's own"})
            assert (status, "You are logged in as u" in html) == (200, True), html
            assert "logged in" not in (await page(planter, f"{website}/signup.php"))[1]


async def test_a_reset_by_the_three_calls_as_printed(shop):
    world, _, _ = shop
    person = await world.person()
    await world.call("PUT", "/v1/bindings/u7f3a", {"openid": person.openid})
    found = BLOCK.findall((PAGES / "password-reset.md").read_text(encoding="utf-8"))
    [printed] = [text for kind, text in found if kind == "sh"]
    start, read, spend = re.split(r"^# [23]", printed, flags=re.MULTILINE)
    start = start.replace("http://127.0.0.1:8000/reset", PUBLIC + "/reset")

    async def curl(command, **variables):
        environment = os.environ | {"CODESVC_URL": world.service, "CODESVC_API_KEY": KEY} | variables
        lines = command.partition("\n")[2]
        done = await asyncio.create_subprocess_exec(
            "bash", "-ec", lines, env=environment, stdout=asyncio.subprocess.PIPE
        )
        return json.loads((await done.communicate())[0])

    started = await curl(start)
    scan = await world.call("GET", started["page_url"].removeprefix(world.service) + "/state", key=None)
    await person.say(scan["scan"]["keyword"])
    typed = {"code": await person.code_in_chat()}
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(f"{started['page_url']}/check", data=typed, allow_redirects=False) as answer,
    ):
        assert answer.status == 303
    state = await curl(read, ID=started["id"])
    claims = await curl(spend, PROOF=state["proof"])
    assert (claims["vf"], claims["sub"], claims["purpose"]) == (started["id"], "u7f3a", "reset")


async def test_java(shop, tmp_path):
    java = program_path("java", "default-jdk-headless")
    [code] = example("java", "java")
    (tmp_path / "Shop.java").write_text(code, encoding="utf-8")
    async with running(shop, tmp_path, java, "Shop.java") as browser:
        await sign_up(shop, browser)


async def test_spring(shop, tmp_path):
    """With Debian's Spring 4.3 and Tomcat 9, whose servlets are `javax`; Spring Boot 3 is in none of its packages."""
    libraries = java_libraries(
        "spring", "libspring-web-servlet-java libtomcat9-java libjackson2-databind-java",
        "spring3-web.servlet", "tomcat9-catalina", "jackson-databind", "commons-logging", "spring3-*", "tomcat9-*",
        "jackson-*",
    )  # fmt: skip
    blocks = example("spring", "java")
    [code] = [each for each in blocks if "class WeChatSignUp" in each]
    [route] = [each for each in blocks if "/hooks/codesvc" in each and "class" not in each]
    code = code.rstrip().removesuffix("}") + route + "}\n"
    (tmp_path / "WeChatSignUp.java").write_text(code.replace("import jakarta.", "import javax."), encoding="utf-8")
    found = BLOCK.findall((PAGES / "webhooks.md").read_text(encoding="utf-8"))
    [reading] = [text for kind, text in found if kind == "java"]
    (tmp_path / "Webhook.java").write_text(reading, encoding="utf-8")
    sources = ("WeChatSignUp.java", "Webhook.java", str(HERE / "java" / "Main.java"))
    compiling = (program_path("javac", "default-jdk-headless"), "-proc:none", "-cp", libraries, "-d", ".", *sources)
    await asyncio.to_thread(subprocess.run, compiling, cwd=tmp_path, check=True, timeout=120)
    command = ("env", f"WEBHOOK_SECRETS={WEBHOOK_SECRET}", program_path("java"), "-cp", f".:{libraries}", "Main")
    async with running(shop, tmp_path, *command) as browser:
        await sign_up(shop, browser)
        await take_webhooks(shop, browser)
