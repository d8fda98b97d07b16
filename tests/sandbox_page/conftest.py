"""A sandbox with a callback and a web page, and a real Chromium in front of it."""

import json
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import fromstring  # the sandbox itself wrote what is read here

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from codesvc.sandbox import Platform, Settings
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from codesvc.sandbox.envelope import write_xml
from codesvc.sandbox.server import start_server
from tests.http_servers import shut_down
from tests.world import _listen

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
DATA = {
    "character_string1": {"value": "482913"},
    "thing2": {"value": "示例网站 注册"},
    "time3": {"value": "2025年5月1日 15:01"},
    "thing4": {"value": "如非本人操作请忽略"},
}


def pytest_collection_modifyitems(items):
    for item in items:
        if "sandbox_page" in item.nodeid and "browse" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@dataclass
class Service:
    """The customer's side: a callback that answers a text, and pages that say who opened them."""

    url: str = ""
    says: dict = field(default_factory=dict)
    picture: bytes = b""

    async def shows(self, _request):
        return web.Response(content_type="text/html", text='<title>x</title><p><img alt="" src="/qr.svg"></p>')

    async def qr(self, _request):
        return web.Response(content_type="image/svg+xml", body=self.picture)

    async def callback(self, request):
        root = fromstring(await request.text())  # noqa: S314 - from the sandbox
        event, said = root.findtext("Event"), root.findtext("Content")
        key = event or said
        words = self.says.get(key, f"{key}:{root.findtext('EventKey') or ''}")
        if words is None:
            return web.Response(text="success")
        head = {"ToUserName": root.findtext("FromUserName"), "FromUserName": root.findtext("ToUserName")}
        return web.Response(text=write_xml({**head, "CreateTime": 1, "MsgType": "text", "Content": words}))

    async def page(self, request):
        return web.Response(
            content_type="text/html",
            text=f"""<!doctype html><title>绑定微信</title><style>h1 {{ color: rgb(1, 2, 3) }}</style>
            <h1>{request.headers["User-Agent"].partition("MicroMessenger")[1]}</h1>
            <p id="language">{request.headers.get("Accept-Language", "none")}</p>
            <p id="code">{"code" if "code" in request.query else "none"}</p>
            <form method="post" action="/done"><input type="hidden" name="t" value="7"><button>确认</button></form>
            <a href="/page?again=1">再来</a> <script>document.title = "a script ran"</script>""",
        )

    async def done(self, request):
        form = await request.post()
        return web.Response(content_type="text/html", text=f"<title>完成</title><h1>收到 {form['t']}</h1>")


@dataclass
class Desk:
    """The sandbox, as a test acts on it beside the browser."""

    url: str
    session: ClientSession
    platform: Platform
    service: Service

    def phone(self, page, person="小明"):
        """A person's phone on the page."""
        return page.locator(f'.phone[data-person="{person}"]')

    async def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        async with self.session.request(method, self.url + path, data=data) as response:
            return json.loads(await response.read())

    async def api(self, path, body):
        spec = self.platform.default_account
        grant = {"grant_type": "client_credential", "appid": spec.appid, "secret": spec.secret}
        token = (await self.call("POST", "/cgi-bin/stable_token", grant))["access_token"]
        return await self.call("POST", f"{path}?access_token={token}", body)

    async def person(self, name="小明", *, follow=True):
        openid = (await self.call("POST", "/sandbox/users", {"person": name}))["openid"]
        if follow:
            await self.call("POST", f"/sandbox/users/{openid}/follow", {})
        return openid

    async def send(self, openid, **more):
        body = {"touser": openid, "template_id": CATEGORY_TEMPLATE_ID, "data": DATA, **more}
        return await self.api("/cgi-bin/message/template/send", body)

    async def mint(self, scene="vf_1", seconds=300):
        info = {"scene": {"scene_str": scene}}
        body = {"action_name": "QR_STR_SCENE", "action_info": info, "expire_seconds": seconds}
        return await self.api("/cgi-bin/qrcode/create", body)


@pytest_asyncio.fixture(loop_scope="session")
async def desk():
    service = Service()
    app = web.Application()
    app.router.add_post("/wechat", service.callback)
    app.router.add_get("/page", service.page)
    app.router.add_post("/done", service.done)
    app.router.add_get("/shows", service.shows)
    app.router.add_get("/qr.svg", service.qr)
    of_service, service.url = await _listen(app)
    account = replace(DEFAULT_ACCOUNT, mode="plaintext", callback_url=f"{service.url}/wechat")
    platform = Platform(account, settings=Settings(receipt_delay=0.0))
    runner, url = await start_server(platform)
    async with ClientSession() as session:
        yield Desk(url, session, platform, service)
    await shut_down(runner)
    await shut_down(of_service)


@pytest_asyncio.fixture(loop_scope="session")
async def browse(desk, chromium):
    """Opens the page in a context of its own; no page may write an error to its console that was not announced."""
    errors, expected, contexts = [], [], []

    def hear(message):
        if message.type in {"error", "warning"}:
            errors.append(message.text)

    async def open_page(*, url=None, beside=None, viewport=DESK, locale="zh-CN", expect=(), **more):
        expected.extend(expect)
        context = beside.context if beside else await chromium.new_context(viewport=viewport, locale=locale, **more)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", hear)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(url or desk.url)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert [text for text in errors if not any(part in text for part in expected)] == []
