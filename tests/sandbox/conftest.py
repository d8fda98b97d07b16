"""A sandbox over real HTTP, a recording callback, and verbs for both."""

import json
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from codesvc.sandbox import Platform, Settings, create_app
from codesvc.sandbox.account import DEFAULT_ACCOUNT

SETTINGS = Settings(receipt_delay=0.0, callback_timeout=5.0)


class WeChat:
    """The sandbox as a test uses it."""

    def __init__(self, client, platform):
        self.client = client
        self.platform = platform
        self.spec = platform.default_account
        self.url = str(client.make_url("")).rstrip("/")

    async def raw(self, method, path, *, data=None, query=None, headers=None):
        async with self.client.request(
            method, path, data=data, params=query, headers=headers, skip_auto_headers=["Content-Type"]
        ) as response:
            return response, await response.read()

    async def call(self, method, path, body=None, **query):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        response, raw = await self.raw(method, path, data=data, query=query)
        assert response.status == 200, raw
        return json.loads(raw)

    async def token(self):
        answer = await self.call(
            "GET",
            "/cgi-bin/token",
            grant_type="client_credential",
            appid=self.spec.appid,
            secret=self.spec.secret,
        )
        return answer["access_token"]

    async def stable(self, **more):
        body = {"grant_type": "client_credential", "appid": self.spec.appid, "secret": self.spec.secret, **more}
        return await self.call("POST", "/cgi-bin/stable_token", body)

    async def api(self, path, body=None, **query):
        token = (await self.stable())["access_token"]
        return await self.call("GET" if body is None else "POST", path, body, access_token=token, **query)

    async def control(self, method, path, body=None, status=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        response, raw = await self.raw(method, f"/sandbox{path}", data=data, headers=headers)
        assert response.status == status if status else response.status in {200, 201}, raw
        return json.loads(raw)

    async def user(self, person="alice", *, follow=True, account=None):
        body = {"person": person} | ({"account": account} if account else {})
        openid = (await self.control("POST", "/users", body))["openid"]
        if follow:
            await self.act(openid, "follow")
        return openid

    async def act(self, openid, verb, **body):
        return await self.control("POST", f"/users/{openid}/{verb}", body)

    async def messages(self, openid):
        return (await self.control("GET", f"/users/{openid}/messages"))["messages"]

    async def advance(self, seconds):
        await self.control("POST", "/clock", {"advance": seconds})

    async def settle(self):
        return await self.control("POST", "/settle", {})

    async def fault(self, kind, **details):
        return await self.control("POST", "/faults", {"kind": kind, **details})

    async def settings(self, **changes):
        return await self.control("PATCH", "/settings", changes)

    async def callback_at(self, url, **more):
        return await self.control("POST", "/accounts", {"appid": self.spec.appid, "callback_url": url, **more})

    async def qrcode(self, scene="vc_1", action="QR_STR_SCENE", seconds=300):
        member = "scene_str" if "STR" in action else "scene_id"
        body = {"action_name": action, "action_info": {"scene": {member: scene}}, "expire_seconds": seconds}
        return await self.api("/cgi-bin/qrcode/create", body)

    async def send_template(self, openid, **more):
        body = {
            "touser": openid,
            "template_id": self.spec.templates[0].template_id,
            "data": {
                "character_string1": {"value": "482913", "color": "#173177"},
                "thing2": {"value": "示例网站 注册"},
                "time3": {"value": "2025年5月1日 15:01"},
                "thing4": {"value": "如非本人操作请忽略"},
            },
            **more,
        }
        return await self.api("/cgi-bin/message/template/send", body)


@pytest.fixture
async def wechat(aiohttp_client):
    platform = Platform(DEFAULT_ACCOUNT, settings=SETTINGS)
    return WeChat(await aiohttp_client(create_app(platform)), platform)


@dataclass
class Callback:
    """A service's callback: answers from a script, then `success`, and keeps what came."""

    url: str = ""
    script: list = field(default_factory=list)
    got: list = field(default_factory=list)

    def will(self, *answers):
        """Each answer is a body, a (status, body), or a function of (query, text)."""
        self.script.extend(answers)

    async def handle(self, request):
        text = await request.text()
        self.got.append((request.method, dict(request.query), text, request))
        answer = self.script.pop(0) if self.script else "success"
        if callable(answer):
            answer = answer(dict(request.query), text)
        if hasattr(answer, "__await__"):
            answer = await answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return web.Response(status=status, body=body.encode() if isinstance(body, str) else body)


@pytest.fixture
async def callback(aiohttp_server):
    made = Callback()
    app = web.Application()
    app.router.add_route("*", "/wechat", made.handle)
    server = await aiohttp_server(app)
    made.url = str(server.make_url("/wechat"))
    return made
