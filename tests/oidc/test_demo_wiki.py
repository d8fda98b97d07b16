"""`codesvc demo`: an app of another party signs a person in with WeChat."""

from __future__ import annotations

import asyncio
import re

import aiohttp

from codesvc.config.api_keys import new_key
from codesvc.demo.configuration import SITE, Addresses
from codesvc.demo.stack import running
from tests.browser_cookies import plant
from tests.stores import free_port


async def test_the_wiki_signs_a_person_in_and_takes_a_no(tmp_path):
    addresses, key = Addresses(free_port(4)), new_key(SITE, bytes(range(32)))
    async with (
        running(addresses, api_key=key, data_dir=tmp_path / "data"),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Accept-Language": "en"}) as browser,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Accept-Language": "en"}) as planter,
    ):

        async def control(path, body):
            async with browser.post(f"{addresses.sandbox}/sandbox{path}", json=body) as answer:
                assert answer.ok, await answer.text()
                return await answer.json()

        openid = (await control("/users", {}))["openid"]
        await control(f"/users/{openid}/follow", {})

        async def first_listed():
            """Whose code stands first in the phone's camera, without its reference."""
            for _ in range(1500):
                async with browser.get(f"{addresses.sandbox}/sandbox/qrcodes") as answer:
                    first = (await answer.json())["qrcodes"][0]
                if first["shown_en"] and first["scanned_at"] is None:
                    assert first["shown_at"] >= first["created_at"]
                    return first["shown_en"].rpartition(" · ")[0]
                await asyncio.sleep(0.02)
            return None

        async def log_in(decision, *, planted=False):
            """Log in; `planted`: another browser has given this one its cookie and the address of its login."""
            start = f"{addresses.wiki}/login"
            if planted:
                async with planter.get(start, allow_redirects=False) as begun:
                    start = begun.headers["Location"]
                plant(planter, browser, addresses.wiki)
            async with browser.get(start) as page:
                html, url = await page.text(), str(page.url)
                assert "Moonhill Wiki" in html
            async with browser.get(f"{url}/qr.svg") as picture:
                assert picture.ok
            assert await first_listed() == "Moonhill Wiki · Log in"
            async with browser.get(f"{url}/state") as state:
                await control(f"/users/{openid}/send", {"text": (await state.json())["scan"]["keyword"]})
            await control(f"/users/{openid}/send", {"text": decision})
            async with browser.get(f"{url}/state") as state, browser.get((await state.json())["return_to"]) as end:
                return await end.text()

        assert "access_denied" in await log_in("拒绝")
        page = await log_in("确认", planted=True)
        assert re.search(r"Logged in: WeChat user [0-9A-F]{4}", page)
        assert "preferred_username: wx_" in page
        assert openid not in page
        async with planter.get(addresses.wiki) as home:
            assert "Logged in" not in await home.text()
        async with browser.get(f"{addresses.wiki}/callback?code=x&state=y") as forged:
            assert "Not logged in" in await forged.text()
