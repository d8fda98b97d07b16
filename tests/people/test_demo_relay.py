"""`codesvc demo --relay`: a system that makes its own codes, the phone of its SMS gateway, and the switch to live."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager

import aiohttp
import pytest

from codesvc.demo.configuration import Addresses
from codesvc.demo.stack import running
from tests.stores import free_port

PHONE = "13800138000"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


async def first(look):
    """What a look finds that finds anything. There is time between the looks, for the delivery that they wait for."""
    for _ in range(1500):
        if found := await look():
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError("nothing arrived")


class Visitor:
    """A browser at the identity system."""

    def __init__(self, website, http):
        self.website, self.http, self.page = website, http, ""

    async def get(self, path):
        async with self.http.get(self.website + path) as answer:
            self.page = await answer.text()
            return answer

    async def post(self, path, **fields):
        await self.get("/relay")
        fields["csrf"] = CSRF.search(self.page)[1]
        async with self.http.post(self.website + path, data=fields, allow_redirects=False) as answer:
            self.page = await answer.text()
            return answer

    async def texts(self):
        await self.get("/relay/phone")
        return re.findall(r'class="bubble">([^<]*)', self.page)


@asynccontextmanager
async def a_demo(directory):
    async with running(Addresses(free_port(4)), api_key="k" * 40, data_dir=directory / "data", relay=True) as stack:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "en"}) as http:
            yield stack, Visitor(stack.addresses.website, http), http


@pytest.fixture
async def demo(tmp_path):
    async with a_demo(tmp_path) as made:
        yield made


async def test_a_number_gets_sms_in_shadow_mode_and_wechat_once_it_is_bound_and_live(demo):
    stack, visitor, http = demo
    assert (await visitor.post("/relay/code", phone=PHONE)).status == 200
    code = re.search(r"\d{6}", await first(visitor.texts))[0]
    await visitor.post("/relay/sign-in", phone=PHONE, code="000000" if code != "000000" else "111111")
    assert "Wrong code" in visitor.page
    await visitor.post("/relay/sign-in", phone=PHONE, code=code)
    assert "You are signed in" in visitor.page

    bound = await visitor.post("/relay/bind", phone=PHONE)
    assert bound.status == 303
    page = bound.headers["Location"]
    async with http.get(page + "/qr.svg") as answer:
        assert answer.ok

    async def listed():
        async with http.get(f"{stack.addresses.sandbox}/sandbox/qrcodes") as answer:
            return [code["shown_en"] for code in (await answer.json())["qrcodes"] if code["shown_en"]]

    assert (await first(listed)).startswith("Moonhill ID · Link · ")
    async with http.get(page + "/state") as answer:
        keyword = (await answer.json())["scan"]["keyword"]
    sandbox = stack.addresses.sandbox + "/sandbox"
    async with http.post(f"{sandbox}/users", json={}) as answer:
        openid = (await answer.json())["openid"]
    for path, body in (("follow", None), ("send", {"text": keyword}), ("send", {"text": "确认"})):
        async with http.post(f"{sandbox}/users/{openid}/{path}", json=body) as answer:
            assert answer.ok
    async with http.get(f"{sandbox}/users/{openid}/messages") as answer:
        assert "138****8000" in (await answer.json())["messages"][-1]["content"]

    async def pushed():
        async with http.get(f"{sandbox}/users/{openid}/messages") as answer:
            return [one for one in (await answer.json())["messages"] if one["type"] == "template"]

    assert (await visitor.post("/relay/mode", mode="live")).status == 303
    await visitor.post("/relay/code", phone=PHONE)
    card = (await first(pushed))["data"]
    code = card["character_string1"]["value"]
    assert card["thing2"]["value"] == "Moonhill ID Sign-in"
    await visitor.post("/relay/sign-in", phone=PHONE, code=code)
    assert "You are signed in" in visitor.page
    assert len(await visitor.texts()) == 1


async def test_the_commands_that_it_prints_send_a_code_each(demo):
    """Before anybody opened a page; the second has an id that changes, since a repeat would send nothing."""
    stack, visitor, _ = demo
    for command in stack.identity.calls().replace("\\\n", " ").splitlines():
        run = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=-1, stderr=-1)
        said, _ = await run.communicate()
        assert b'"id":"ms_' in said
    assert "$(date +%s)" in command
    for code in ("721082", "482913"):

        async def arrived(code=code):
            return [text for text in await visitor.texts() if code in text]

        await first(arrived)
    assert "Shadow mode" in visitor.page
    assert ">shadow<" not in visitor.page


async def test_it_sends_codes_also_on_a_store_that_is_used_again(tmp_path):
    for _ in range(2):
        async with a_demo(tmp_path) as (_, visitor, _):
            await visitor.post("/relay/code", phone=PHONE)
            assert "The code is on its way." in visitor.page


async def test_what_is_no_number_is_said_on_the_page(demo):
    _, visitor, _ = demo
    for path in ("/relay/code", "/relay/bind"):
        assert (await visitor.post(path, phone="12")).status == 200
        assert "This is not a phone number." in visitor.page


async def test_its_gateway_believes_signatures_only(demo):
    _, visitor, http = demo
    async with http.post(visitor.website + "/relay/gateway", json={"data": {"text": "forged"}}) as answer:
        assert answer.status == 400
    assert await visitor.texts() == []
