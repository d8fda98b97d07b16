"""`codesvc demo --relay`: a system that makes its own codes, the phone of its SMS gateway, and the switch to live."""

from __future__ import annotations

import re

import aiohttp
import pytest

from codesvc.demo.configuration import Addresses
from codesvc.demo.stack import running
from tests.stores import free_port

PHONE = "13800138000"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


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

    async def sms(self, count):
        for _ in range(300):
            if len(found := await self.texts()) >= count:
                return found[0]
        raise AssertionError("no SMS")


@pytest.fixture
async def demo(tmp_path):
    async with running(Addresses(free_port(4)), api_key="k" * 40, data_dir=tmp_path / "data", relay=True) as stack:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "en"}) as http:
            yield stack, Visitor(stack.addresses.website, http), http


async def test_a_number_gets_sms_in_shadow_mode_and_wechat_once_it_is_bound_and_live(demo):
    stack, visitor, http = demo
    assert (await visitor.post("/relay/code", phone=PHONE)).status == 200
    code = re.search(r"\d{6}", await visitor.sms(1))[0]
    await visitor.post("/relay/sign-in", phone=PHONE, code="000000" if code != "000000" else "111111")
    assert "not right" in visitor.page
    await visitor.post("/relay/sign-in", phone=PHONE, code=code)
    assert "You are signed in" in visitor.page

    bound = await visitor.post("/relay/bind", phone=PHONE)
    assert bound.status == 303
    page = bound.headers["Location"]
    async with http.get(page + "/state") as answer:
        keyword = (await answer.json())["scan"]["keyword"]
    sandbox = stack.addresses.sandbox + "/sandbox"
    async with http.post(f"{sandbox}/users", json={}) as answer:
        openid = (await answer.json())["openid"]
    for path, body in (("follow", None), ("send", {"text": keyword}), ("send", {"text": "确认"})):
        async with http.post(f"{sandbox}/users/{openid}/{path}", json=body) as answer:
            assert answer.ok

    async def pushed():
        async with http.get(f"{sandbox}/users/{openid}/messages") as answer:
            return [one for one in (await answer.json())["messages"] if one["type"] == "template"]

    assert (await visitor.post("/relay/mode", mode="live")).status == 303
    await visitor.post("/relay/code", phone=PHONE)
    for _ in range(300):
        if messages := await pushed():
            break
    code = messages[-1]["data"]["character_string1"]["value"]
    await visitor.post("/relay/sign-in", phone=PHONE, code=code)
    assert "You are signed in" in visitor.page
    assert len(await visitor.texts()) == 1


async def test_its_gateway_believes_signatures_only(demo):
    _, visitor, http = demo
    async with http.post(visitor.website + "/relay/gateway", json={"data": {"text": "forged"}}) as answer:
        assert answer.status == 400
    assert await visitor.texts() == []
