"""Further interactions of people: opening links in WeChat's browser, and accepting notices."""

from dataclasses import asdict
from typing import Literal

from aiohttp import web

from codesvc.sandbox.account import check_http_url
from codesvc.sandbox.browser.client import WeChatBrowser
from codesvc.sandbox.browser.pictures import pictures_at
from codesvc.sandbox.control.guard import Body, answer, read_json
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.platform import NotFound, Platform


class _Open(Body):
    url: str
    consent: Literal["allow", "deny"] | None = "allow"
    from_chat: bool = False
    form: dict[str, str] | None = None
    language: Literal["zh", "en"] = "zh"


class _Look(Body):
    url: str


class _Notice(Body):
    template_id: str
    accept: bool = True
    scene: Literal["1", "2"] = "1"


class PhoneControl:
    """Handlers for the browser and the notice popups."""

    def __init__(self, platform: Platform, courier: Courier, browser: WeChatBrowser) -> None:
        self._platform = platform
        self._courier = courier
        self._browser = browser

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.post("/sandbox/users/{openid}/open", self.open),
            web.post("/sandbox/users/{openid}/look", self.look),
            web.post("/sandbox/users/{openid}/notice", self.answer_notice),
            web.post("/sandbox/users/{openid}/notice-change", self.refuse_notice),
        ]

    async def open(self, request: web.Request) -> web.Response:
        """Open a link as this person; answers with the page on which it ended."""
        body = await read_json(request, _Open)
        contact = self._platform.contact(request.match_info["openid"])
        check_http_url(body.url)
        view = await self._browser.open(
            body.url,
            contact.person,
            own=request.host,
            from_chat=body.from_chat,
            consent=body.consent,
            form=body.form,
            language=body.language,
        )
        return answer(asdict(view))

    async def look(self, request: web.Request) -> web.Response:
        """Point the camera at an address: the pictures that stand there, for the page to find the QR code in."""
        body = await read_json(request, _Look)
        self._platform.contact(request.match_info["openid"])
        return answer({"pictures": [asdict(picture) for picture in await pictures_at(body.url)]})

    async def answer_notice(self, request: web.Request) -> web.Response:
        """Accept or reject the popup of wx-open-subscribe; each accept grants one message."""
        body = await read_json(request, _Notice)
        contact = self._platform.contact(request.match_info["openid"])
        self._need_notice(contact.appid, body.template_id)
        if body.accept:
            contact.grants[body.template_id] = contact.grants.get(body.template_id, 0) + 1
            contact.refuses.discard(body.template_id)
        pushes = self._platform.pushes(contact)
        outcome = await self._courier.deliver(
            pushes.notice_answered(body.template_id, accept=body.accept, scene=body.scene)
        )
        return answer(
            {"outcome": "accepted" if body.accept else "rejected", "callback": outcome.describe(), "messages": []}
        )

    async def refuse_notice(self, request: web.Request) -> web.Response:
        """Switch a notice off in the settings; WeChat reports only rejections (WECHAT.md 7.3)."""
        body = await read_json(request, _Notice)
        contact = self._platform.contact(request.match_info["openid"])
        self._need_notice(contact.appid, body.template_id)
        contact.refuses.add(body.template_id)
        contact.grants.pop(body.template_id, None)
        popup = self._platform.settings.change_event_popup_element
        push = self._platform.pushes(contact).notice_changed(body.template_id, popup_element=popup)
        outcome = await self._courier.deliver(push)
        return answer({"outcome": "rejected", "callback": outcome.describe(), "messages": []})

    def _need_notice(self, appid: str, template_id: str) -> None:
        template = self._platform.account(appid).templates.get(template_id)
        if template is None or template.kind != "notice":
            raise NotFound(f"no notice template {template_id}")
