"""The platform's pages as HTML over HTTP.

The cookie `sandbox_person` or the header `X-Sandbox-Person` says which person opens a page. It holds the person's name
(percent-encoded if it is not ASCII) or one of their openids. The real platform knows the person from WeChat's own
session. Any browser can set this cookie, so the sandbox proves no identity.
"""

from html import escape
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from codesvc.sandbox.browser.authorize import ConsentFlow, ConsentPrompt, Decision, ErrorPage, OutsideWeChat, Redirect
from codesvc.sandbox.identifiers import profile_url
from codesvc.sandbox.person import Person
from codesvc.sandbox.platform import NotFound, Platform
from codesvc.sandbox.qr_jpeg import draw_jpeg
from codesvc.sandbox.request_body import read_request

PERSON_COOKIE = "sandbox_person"
PERSON_HEADER = "X-Sandbox-Person"
_PICTURE_AGE = 86_400

_PAGE_TEMPLATE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body{{margin:0;font:17px/1.6 -apple-system,"PingFang SC","Noto Sans SC",sans-serif;background:#ededed;color:#191919;
text-align:center;padding:18vh 24px}} h1{{font-size:22px;font-weight:500}} p{{color:#737373}}
button{{font:inherit;display:block;width:184px;margin:16px
auto;padding:9px;border:0;border-radius:8px;background:#e1e1e1;color:#06ae56}}
button[value=allow]{{background:#07c160;color:#fff}}</style></head><body>{body}</body></html>"""


class Pages:
    """Handlers of the browser-side paths."""

    def __init__(self, platform: Platform, consent_flow: ConsentFlow) -> None:
        self._platform = platform
        self._consent_flow = consent_flow

    def routes(self) -> list[web.RouteDef]:
        """The routes of open.weixin.qq.com and mp.weixin.qq.com."""
        return [
            web.get("/connect/oauth2/authorize", self.show_authorize),
            web.post("/connect/oauth2/authorize", self.answer_prompt),
            web.get("/mp/subscribemsg", self.show_subscribe),
            web.post("/mp/subscribemsg", self.answer_prompt),
            web.get("/cgi-bin/showqrcode", self.show_picture),
            web.get("/qr/code", self.show_profile_picture),
        ]

    async def show_authorize(self, request: web.Request) -> web.StreamResponse:
        """The authorize page; the cookie `sandbox_from_chat=1` says that the link was tapped in the chat."""
        from_chat = request.cookies.get("sandbox_from_chat") == "1"
        return _present(
            self._consent_flow.authorize(request.rel_url.raw_query_string, self._viewer(request), from_chat=from_chat)
        )

    async def show_subscribe(self, request: web.Request) -> web.StreamResponse:
        """The page of the older one-time subscription."""
        return _present(self._consent_flow.subscribe(request.rel_url.raw_query_string, self._viewer(request)))

    async def answer_prompt(self, request: web.Request) -> web.StreamResponse:
        """The person pressed a button of a consent page."""
        form = dict(parse_qsl((await read_request(request)).decode("utf-8", "replace")))
        return _present(self._consent_flow.answer_prompt(form.get("ticket", ""), allow=form.get("answer") == "allow"))

    async def show_picture(self, request: web.Request) -> web.StreamResponse:
        """The QR picture; 404 for a bad ticket (WECHAT.md 5.3)."""
        code = self._platform.codes.by_ticket(request.query.get("ticket", ""))
        if code is None:
            return web.Response(status=404)
        return _picture(code.url)

    async def show_profile_picture(self, request: web.Request) -> web.StreamResponse:
        """The account's own QR picture, by its original id; no official page documents this address (KINDS.md 5)."""
        name = request.query.get("username", "")
        accounts = self._platform.accounts.values()
        known = next((account for account in accounts if account.spec.original_id == name), None)
        return web.Response(status=404) if known is None else _picture(profile_url(known.spec.original_id))

    def _viewer(self, request: web.Request) -> Person | None:
        given = unquote(request.headers.get(PERSON_HEADER) or request.cookies.get(PERSON_COOKIE, ""))
        if given in self._platform.people:
            return self._platform.people[given]
        try:
            return self._platform.contact(given).person
        except NotFound:
            return None


def _picture(text: str) -> web.Response:
    headers = {"Content-Type": "image/jpg", "Cache-Control": f"max-age={_PICTURE_AGE}"}
    return web.Response(body=draw_jpeg(text), headers=headers)


def _present(decision: Decision) -> web.Response:
    if isinstance(decision, Redirect):
        return web.Response(status=302, headers={"Location": decision.url, "Cache-Control": "no-store"})
    return web.Response(text=render(decision), content_type="text/html", headers={"Cache-Control": "no-store"})


def render(decision: ErrorPage | ConsentPrompt | OutsideWeChat) -> str:
    """The HTML of a page that does not redirect."""
    if isinstance(decision, ErrorPage):
        code = f"<p>{decision.code}</p>" if decision.code else ""
        return _PAGE_TEMPLATE.format(title="错误", body=f"<h1>{escape(decision.text)}</h1>{code}")
    if isinstance(decision, OutsideWeChat):
        return _PAGE_TEMPLATE.format(title="请在微信客户端打开链接", body="<h1>请在微信客户端打开链接</h1>")
    asks = "申请获取你的昵称、头像" if decision.kind == "authorize" else "申请给你发送一次消息"
    body = (
        f"<h1>{escape(decision.account)}</h1><p>{asks}（{escape(decision.person)}）</p>"
        f'<form method="post"><input type="hidden" name="ticket" value="{escape(decision.ticket)}">'
        '<button name="answer" value="allow">允许</button><button name="answer" value="deny">拒绝</button></form>'
    )
    return _PAGE_TEMPLATE.format(title="微信登录", body=body)
