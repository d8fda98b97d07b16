"""The walk: each step asks first, and records what the platform answered.

The walk reads no list of followers. It sends only to an openid whose scan or message has named its random word.
"""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from codesvc.sandbox.field_rule import field_type
from codesvc.sandbox.probe.receiver import Heard, Receiver
from codesvc.sandbox.probe.shapes import Redaction
from codesvc.sandbox.probe.target import Stopped, Target, Walker
from codesvc.sandbox.probe.transcript import Event, Transcript
from codesvc.sandbox.request_body import read_at_most
from codesvc.sandbox.template import keys_of

_MOST_BYTES = 2**20
_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_SAMPLES: Final = {
    "thing": "codesvc probe",
    "letter": "ABC",
    "symbol": "+",
    "time": "15:01",
    "date": "2025-05-01",
    "amount": "1元",
    "phone_number": "10086",
    "car_number": "粤A8Z888",
    "name": "测试",
    "phrase": "测试",
}
"""A value for each type of field; any other takes digits."""
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"

# The steps in their order: what each does, in both languages.
STEPS: Final[dict[str, str]] = {
    "token": "取 stable_token（不影响正在用的 token） · fetches a stable token; the one in use stays good",
    "mistakes": "五个错误的调用，不改变任何东西 · five wrong calls, which change nothing",
    "quota": "查询两个接口的额度与 IP 列表 · reads two quotas and the lists of addresses",
    "templates": "读模板列表 · reads the list of templates",
    "menu": "读菜单 · reads the menu",
    "qrcode": "生成一个 5 分钟的二维码，用自己的手机扫 · makes a QR code of five minutes; scan it with your phone",
    "user": "读你自己的用户信息 · reads your own user info",
    "template": "给你自己发一条模板消息 · sends one template message to you",
    "keyword": "请把一个口令发给公众号，会收到一条回复 · send a keyword to the account; a reply comes",
    "custom": "给你自己发一条客服消息 · sends one customer-service message to you",
    "authorisation": "请在微信里打开一个网页授权链接 · open a link of web authorisation in WeChat",
}


class Walk:
    """One walk over one account.

    Args:
        patience: seconds to wait for a person's act and its callback.
    """

    def __init__(
        self,
        target: Target,
        walker: Walker,
        receiver: Receiver,
        http: aiohttp.ClientSession,
        *,
        patience: float,
        transcript: Transcript,
    ) -> None:
        self._target = target
        self._walker = walker
        self._receiver = receiver
        self._http = http
        self._patience = patience
        self._redaction = Redaction(target.secrets())
        self._last = time.monotonic()
        self._step = ""
        self._access = ""
        self._openid = ""
        self._template_id = ""
        self._template_keys: list[str] = []
        self.transcript = transcript

    async def go(self, steps: list[str] | None = None) -> Transcript:
        """Take the steps, or only those named; a walker may stop, and the rest is then missing."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {name: getattr(self, f"_{name}") for name in STEPS}
        try:
            for name, act in acts.items():
                self._step = name
                if steps is not None and name not in steps:
                    continue
                reason = self._missing(name)
                if reason is None and not await self._walker.agree(name, STEPS[name]):
                    reason = "declined"
                if reason is not None:
                    self._note(Event(name, "skipped", reason))
                    continue
                self._last = time.monotonic()
                await act()
        except Stopped:
            self._note(Event(self._step, "skipped", "stopped"))
        return self.transcript

    def _missing(self, name: str) -> str | None:
        if name != "token" and not self._access:
            return "no token"
        if name in {"user", "template", "custom"} and not self._openid:
            return "no person"
        if name == "template" and not self._template_keys:
            return "no template"
        if name == "authorisation" and not self._target.return_url:
            return "no return address"
        return None

    async def _token(self) -> None:
        body = {"grant_type": "client_credential", "appid": self._target.appid, "secret": self._target.secret}
        answer = await self._call("POST", "/cgi-bin/stable_token", body=body)
        self._access = str(answer.get("access_token", ""))

    async def _mistakes(self) -> None:
        for token in ("", "1_" + "x" * 134):
            await self._call("GET", "/cgi-bin/getcallbackip", query={"access_token": token})
        await self._call("POST", "/cgi-bin/openapi/quota/get", raw=b"")
        await self._call("POST", "/cgi-bin/openapi/quota/get", raw=b"{")
        await self._call("GET", "/cgi-bin/codesvc_probe")

    async def _quota(self) -> None:
        for path in ("/cgi-bin/message/template/send", "/cgi-bin/qrcode/create"):
            await self._call("POST", "/cgi-bin/openapi/quota/get", body={"cgi_path": path})
        await self._call("GET", "/cgi-bin/get_api_domain_ip")
        await self._call("GET", "/cgi-bin/getcallbackip")

    async def _templates(self) -> None:
        answer = await self._call("GET", "/cgi-bin/template/get_all_private_template")
        listed = answer.get("template_list")
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, dict) and self._target.template_id in {"", item.get("template_id")}:
                self._template_id = str(item.get("template_id", ""))
                self._template_keys = keys_of(str(item.get("content", "")))
                return

    async def _menu(self) -> None:
        await self._call("GET", "/cgi-bin/menu/get")
        await self._call("GET", "/cgi-bin/get_current_selfmenu_info")

    async def _qrcode(self) -> None:
        scene = "probe_" + _word(10)
        body = {"expire_seconds": 300, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
        answer = await self._call("POST", "/cgi-bin/qrcode/create", body=body)
        if not isinstance(answer.get("url"), str):
            return
        await self._walker.scan(answer["url"])
        heard = await self._wait(lambda each: each.fields.get("EventKey", "") in {scene, f"qrscene_{scene}"})
        if heard is not None:
            self._openid = heard.fields.get("FromUserName", "")

    async def _user(self) -> None:
        await self._call("GET", "/cgi-bin/user/info", query={"openid": self._openid, "lang": "zh_CN"})

    async def _template(self) -> None:
        data = {key: {"value": _SAMPLES.get(field_type(key), "482913")} for key in self._template_keys}
        body = {"touser": self._openid, "template_id": self._template_id, "client_msg_id": _word(16)}
        await self._call("POST", "/cgi-bin/message/template/send", body={**body, "data": {}})
        answer = await self._call("POST", "/cgi-bin/message/template/send", body={**body, "data": data})
        if "msgid" in answer:
            number = str(answer["msgid"])
            await self._wait(lambda each: number in {each.fields.get("MsgID"), each.fields.get("MsgId")}, timed=True)
            await self._ask("template message arrived", "模板消息到了吗？ · did the template message arrive?")

    async def _keyword(self) -> None:
        word = _word(8)
        self._receiver.reply = lambda heard: f"codesvc probe {word}" if heard.fields.get("Content") == word else None
        await self._walker.send(word)
        heard = await self._wait(lambda each: each.fields.get("Content") == word)
        self._receiver.reply = lambda _heard: None
        if heard is not None:
            self._openid = self._openid or heard.fields.get("FromUserName", "")
            await self._ask("reply arrived", "收到回复了吗？ · did the reply arrive?")

    async def _custom(self) -> None:
        body = {"touser": self._openid, "msgtype": "text", "text": {"content": "codesvc probe"}}
        await self._call("POST", "/cgi-bin/message/custom/send", body=body)

    async def _authorisation(self) -> None:
        state = f"a-b_c.{_word(6)}"
        url = (
            f"{self._target.open_url}/connect/oauth2/authorize?appid={self._target.appid}"
            f"&redirect_uri={quote(self._target.return_url, safe='')}&response_type=code&scope=snsapi_base"
            f"&state={state}#wechat_redirect"
        )
        await self._walker.open(url)
        heard = await self._receiver.wait(lambda each: not each.event, self._patience)
        if heard is None:
            self._note(Event(self._step, "skipped", "no return"))
            return
        same = "same" if heard.fields.get("state") == state else "other"
        shape = self._redaction.shape({**heard.fields, "state": ""}) | {"state": f"<{same}>"}
        self._note(Event(self._step, "redirect", "return", self._since(heard.at), shape=shape))
        code = heard.fields.get("code", "")
        if not code:
            return
        query = {
            "appid": self._target.appid,
            "secret": self._target.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        for _ in range(2):  # the second time it is used up
            await self._call("GET", "/sns/oauth2/access_token", with_token=False, query=query)

    async def _ask(self, name: str, words: str) -> None:
        shown = "yes" if await self._walker.confirm(words) else "no"
        self._note(Event(self._step, "answer", name, shape=shown))
        self._last = time.monotonic()

    async def _wait(self, wanted: Callable[[Heard], bool], *, timed: bool = False) -> Heard | None:
        heard = await self._receiver.wait(lambda each: bool(each.event) and wanted(each), self._patience)
        if heard is None:
            self._note(Event(self._step, "skipped", "no callback"))
            return None
        redact = self._redaction
        shape = redact.shape({name: _number(value) for name, value in heard.fields.items()})
        shape["query"] = sorted(redact.name(name) for name in heard.query)
        elements = [f"outside:{redact.name(name)}" for name in heard.outside]
        elements += [redact.name(name) for name in heard.elements]
        name, label = redact.text(heard.event), redact.text(heard.content_type)
        seconds = self._since(heard.at)
        self._note(
            Event(self._step, "callback", name, seconds, timed, content_type=label, shape=shape, elements=elements)
        )
        return heard

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        query: Mapping[str, str] | None = None,
        with_token: bool = True,
    ) -> dict[str, Any]:
        """Make a call with the walk's token, if there is one yet and `query` has no other, and record it."""
        own = {"access_token": self._access} if with_token and self._access else {}
        given = {**own, **(query or {})}
        data = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        began, options = time.monotonic(), self._target.options
        url = URL(self._target.api_url + path).with_query(given)
        try:
            async with self._http.request(method, url, data=data, timeout=_TIMEOUT, **options) as response:
                text = await read_at_most(response.content, _MOST_BYTES)
                status, label = response.status, response.headers.get("Content-Type", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note(Event(self._step, "call", f"{method} {path}", 0.0, shape=f"<no answer: {type(error).__name__}>"))
            return {}
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        known = answer if isinstance(answer, dict) else {}
        shape = self._redaction.shape(known) if isinstance(answer, dict) else f"<no JSON object:{len(text)}>"
        seconds = round(time.monotonic() - began, 1)
        label = self._redaction.text(label)
        self._note(
            Event(
                self._step,
                "call",
                f"{method} {path}",
                seconds,
                timed=True,
                status=status,
                content_type=label,
                shape=shape,
            )
        )
        return known

    def _since(self, at: float) -> float:
        return round(max(at - self._last, 0.0), 1)

    def _note(self, event: Event) -> None:
        self.transcript.events.append(event)
        self._last = time.monotonic()


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _number(text: str) -> Any:
    """The number that an element holds, so that its size is judged and not its text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text  # noqa: PLR2004 - 64 bits
