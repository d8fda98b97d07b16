"""`/connect/qrconnect`: the page of website login, and what happens to it on the phone."""

import json
from collections.abc import Mapping
from html import escape
from string import Template
from typing import Literal
from urllib.parse import quote

from aiohttp import web

from codesvc.sandbox.browser.authorize import add_query, is_short_state, may_lead_to
from codesvc.sandbox.identifiers import derive_openid, derive_unionid
from codesvc.sandbox.oauth import Identity
from codesvc.sandbox.person import Person
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.qr_jpeg import draw_jpeg
from codesvc.sandbox.website import CODE_LIFE, CONFIRM_URL, WebsiteLogin

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>微信登录</title><style>
body{{margin:0;font:17px/1.6 -apple-system,"PingFang SC","Noto Sans SC",sans-serif;background:#fff;color:#191919;
text-align:center;padding:10vh 24px}} h1{{font-size:22px;font-weight:500}} p{{color:#6b6b6b}}
img{{width:280px;height:280px}}</style></head><body><h1>微信登录</h1>{body}</body></html>"""
_SCRIPT = Template("""<script>
const said = { 402: "二维码已失效，请刷新", 403: "你已取消此次登录", 404: "扫描成功，请在微信中点击确认即可登录" };
const ask = async () => {
  const answer = await (await fetch("/connect/l/qrconnect?uuid=$uuid")).text();
  const status = answer.match(/wx_errcode=([0-9]+)/)[1];
  if (said[status]) document.querySelector("p").textContent = said[status];
  if (status === "405") location.replace($target.replace("$uuid", answer.match(/wx_code='([^']*)'/)[1]));
  else if (status !== "402" && status !== "403") setTimeout(ask, 500);
};
ask();
</script>""")
"""`$target` is a literal of the address to which the browser is led, with the page's uuid in place of the code."""
_STATUS = {"waiting": 408, "scanned": 404, "denied": 403, "confirmed": 405}
_EXPIRED = 402


class WebsiteLoginPages:
    """Handlers of the desk's side, and the two acts of the phone."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """The routes of open.weixin.qq.com and lp.open.weixin.qq.com."""
        return [
            web.get("/connect/qrconnect", self.show_page),
            web.get("/connect/qrcode/{uuid}", self.show_picture),
            web.get("/connect/l/qrconnect", self.poll),
        ]

    async def show_page(self, request: web.Request) -> web.Response:
        """The page with the QR code, or what is wrong with the link."""
        query = request.query
        problem = self._find_problem(query)
        if problem is not None:
            return _html(f"<p>{escape(problem)}</p>")
        page = self._platform.website_logins.open(
            query["appid"], query["redirect_uri"], query.get("state", ""), self._platform.clock.now()
        )
        name = escape(self._platform.websites[page.appid].name)
        target = add_query(page.target, {"code": page.uuid, "state": page.state})  # also an empty state comes back
        script = _SCRIPT.substitute(uuid=page.uuid, target=_script_text(target))
        picture = f'<img src="/connect/qrcode/{page.uuid}" alt="" data-uuid="{page.uuid}">'
        return _html(f"{picture}<p>使用微信扫一扫登录 {name}</p>{script}")

    async def show_picture(self, request: web.Request) -> web.Response:
        """The QR code of a page."""
        page = self._platform.website_logins.find(request.match_info["uuid"], self._platform.clock.now())
        if page is None:
            return web.Response(status=404)
        return web.Response(body=draw_jpeg(CONFIRM_URL + page.uuid), headers={"Content-Type": "image/jpeg"})

    async def poll(self, request: web.Request) -> web.Response:
        """The state of a login page, as the script that the real page loads; answers at once."""
        page = self._platform.website_logins.find(request.query.get("uuid", ""), self._platform.clock.now())
        status = _EXPIRED if page is None else _STATUS[page.status]
        code = page.code if page is not None else ""
        return web.Response(text=f"window.wx_errcode={status};window.wx_code='{code}';", content_type="text/javascript")

    def _find_problem(self, query: Mapping[str, str]) -> str | None:
        website = self._platform.websites.get(query.get("appid", ""))
        if website is None:
            known = query.get("appid") in self._platform.accounts
            return "Scope 参数错误或没有 Scope 权限" if known else "AppID 参数错误"
        if not may_lead_to(query.get("redirect_uri", ""), website.domain):
            return "redirect_uri 参数错误"
        if query.get("scope") != "snsapi_login":
            return "Scope 参数错误或没有 Scope 权限"
        if query.get("response_type") != "code":
            return "response_type 参数错误"
        if not is_short_state(query.get("state", "")):
            return "state 参数过长"
        return None

    def confirm(self, text: str, person: Person, consent: Literal["allow", "deny"] | None) -> WebsiteLogin | None:
        """A person has scanned a page's QR code, and perhaps answered; None if it is no such code or expired."""
        now = self._platform.clock.now()
        page = self._platform.website_logins.by_text(text, now)
        if page is None or page.status in {"confirmed", "denied"}:
            return page
        page.status = "scanned"
        if consent == "deny":
            page.status = "denied"
        elif consent == "allow":
            website = self._platform.websites[page.appid]
            openid = derive_openid(page.appid, person.identity)
            unionid = derive_unionid(website.owner, person.identity)
            identity = Identity(page.appid, openid, unionid, person.name, "snsapi_login")
            page.code, page.status = self._platform.oauth.issue(identity, now, life=CODE_LIFE), "confirmed"
        return page


def _script_text(text: str) -> str:
    """A text as a literal in a script that stands in a page."""
    return json.dumps(quote(text, safe=":/?&=%#@!$,;+*()[]~._-"))


def _html(body: str) -> web.Response:
    return web.Response(text=_PAGE.format(body=body), content_type="text/html", headers={"Cache-Control": "no-store"})
