"""Six incidents, switched on in the sandbox or the store: the first screen of /admin names each, at once.

Also the same pages on a phone: nothing is cut off and no tab lies outside the screen.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from codesvc.web.context import SERVICES
from tests.browser.stage import WHOLE
from tests.browser.test_browser_admin import ADMIN, SEND, operator
from tests.raw_server import raw_server
from tests.webhooks.receiver import SECRET
from tests.world import running_world

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WITHIN_SECONDS = 30
SCREENS = os.environ.get("CODESVC_INCIDENT_SCREENS")
LATENCY = 0.15
OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    const meant = e.closest(".sr, .skip, .plot");
    return box.width > 1 && box.height > 1 && (box.right > wide + 1 || box.left < -1) && !meant;
  });
  const hidden = [...document.querySelectorAll(".scroll, nav")].filter((e) => e.scrollWidth > e.clientWidth + 1);
  return [...out, ...hidden].map((e) => e.outerHTML.slice(0, 120)).slice(0, 5)
    .concat(document.documentElement.scrollWidth > wide ? ["the page itself"] : []);
}"""


@asynccontextmanager
async def late_store(url):
    """The same store behind a line that hands on its answers late."""
    parts = urlsplit(url)

    async def hand_on(reader, writer, seconds):
        while data := await reader.read(65_536):
            await asyncio.sleep(seconds)
            writer.write(data)
        writer.close()

    async def serve(reader, writer):
        there = (
            asyncio.open_unix_connection(parts.path) if parts.scheme == "unix"
            else asyncio.open_connection(parts.hostname, parts.port)
        )  # fmt: skip
        from_store, to_store = await there
        await asyncio.gather(hand_on(reader, to_store, 0), hand_on(from_store, writer, LATENCY), return_exceptions=True)

    async with raw_server(serve) as port:
        yield f"redis://127.0.0.1:{port}/0"


def expired(directory: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate whose time is over."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=90))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "over.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@asynccontextmanager
async def callbacks_refused(store_url, directory):
    async with running_world(store_url, directory, admin=ADMIN) as world:
        person = await world.person()
        account = next(iter(world.platform.accounts.values()))
        account.spec = replace(account.spec, token="changedInTheConsole")
        for number in range(2):
            await person.scan(await world.scan_url(await world.start(f"user-{number}")))
        yield world


@asynccontextmanager
async def secret_wrong(store_url, directory):
    async with running_world(store_url, directory, admin=ADMIN, accounts__main__secret="0" * 32) as world:
        await world.start("alice")
        yield world


@asynccontextmanager
async def template_banned(store_url, directory):
    async with running_world(store_url, directory, admin=ADMIN) as world:
        await world.fault("errcode", path=SEND, errcode=43116)
        await world.bound("alice")
        await world.delivery(await world.start("alice"), "awaiting_scan")
        yield world


@asynccontextmanager
async def quota_gone(store_url, directory):
    async with running_world(store_url, directory, admin=ADMIN) as world:
        await world.fault("errcode", path=SEND, errcode=45009)
        await world.bound("alice")
        await world.delivery(await world.start("alice"), "awaiting_scan")
        yield world


@asynccontextmanager
async def store_slow(store_url, directory):
    async with late_store(store_url) as late, running_world(late, directory, admin=ADMIN) as world:
        yield world


@asynccontextmanager
async def certificate_over(store_url, directory):
    async def hang_up(_, writer):
        writer.close()

    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(raw_server(hang_up, host="localhost", tls=expired(directory)))
        api = {"accounts__main__api_url": f"https://localhost:{port}"}
        world = await stack.enter_async_context(running_world(store_url, directory, admin=ADMIN, **api))
        await world.start("alice")
        yield world


INCIDENTS = {
    callbacks_refused: "callbacks are refused: wrong signature",
    secret_wrong: "The AppSecret is wrong",
    template_banned: "The template is banned",
    quota_gone: "today's template messages are used up",
    store_slow: "The store is slow",
    certificate_over: "certificate not trusted",
}


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.__name__)
async def test_the_first_screen_names_it(chromium, store_url, tmp_path, incident, record_property):
    async with incident(store_url, tmp_path) as world, operator(chromium, world) as page:
        began = perf_counter()
        await page.goto(f"{world.service}/admin")
        banner = page.locator(".worries.bad")
        while perf_counter() - began < WITHIN_SECONDS:
            if await banner.count() and INCIDENTS[incident] in await banner.inner_text():
                break
            await page.reload()
        took = perf_counter() - began
        assert INCIDENTS[incident] in await banner.inner_text()
        assert "All is well" not in await page.locator("main").inner_text()
        box = await banner.bounding_box()
        assert box["y"] + 40 < 800  # on the first screen
        record_property("named_after_seconds", round(took, 1))
        if SCREENS:
            await page.screenshot(path=f"{SCREENS}/{incident.__name__}.png")
            await page.set_viewport_size({"width": 390, "height": 844})
            await page.screenshot(path=f"{SCREENS}/{incident.__name__}-phone.png")


LOOKS = [
    (phone, dark, locale)
    for phone in (True, False)
    for locale in ("en-GB", "zh-CN")
    for dark in (False, True)
    # The width is of the screen and the language; both schemes occur on both.
    if WHOLE or dark == (phone == (locale == "en-GB"))
]


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_no_page_is_wider_than_the_screen(chromium, store_url, tmp_path, look):
    phone, dark, locale = look
    webhook = {"url": "http://127.0.0.1:9/a/long/address/of/a/receiver/of/events", "secrets": [SECRET],
               "allow_private": True, "allow_http": True}  # fmt: skip
    async with running_world(store_url, tmp_path, admin=ADMIN, sites__shop__webhook=webhook) as world:
        await world.fault("errcode", path=SEND, errcode=43116)
        user = "a-user-with-a-long-name.and.more@example.com"
        await world.bound(user)
        started = await world.start(user)
        await world.delivery(started, "awaiting_scan")
        await world.scan_url(await world.start("bob"))
        await world.call("POST", "/wechat/main?signature=x&timestamp=1&nonce=1", data=b"{}", key=None)
        await world.app[SERVICES].recorder.flush()
        async with operator(chromium, world, phone=phone, dark=dark, locale=locale) as page:
            await page.goto(f"{world.service}/admin/verifications/{started['id']}")
            person = await page.locator("a.more").get_attribute("href")
            for number, path in enumerate((
                "/admin", f"/admin/verifications/{started['id']}", "/admin/verifications", person, "/admin/accounts",
                "/admin/webhooks", "/admin/audit",
            )):  # fmt: skip
                await page.goto(f"{world.service}{path}")
                for summary in await page.locator("summary").all():
                    await summary.click()
                assert await page.evaluate(OVERFLOWING) == [], path
                if SCREENS:
                    name = f"{number}-{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}-{locale[:2]}"
                    await page.screenshot(path=f"{SCREENS}/{name}.png", full_page=True)
