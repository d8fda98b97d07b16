"""The calls to WeChat that this service makes. Each account has one client.

If WeChat rejects the access token, the call is repeated once with another token and the same body, so also the same
`client_msg_id`. Every other answer is for the caller to judge (`errcodes`).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from codesvc.domain.account_kinds import RIGHT_NAMES, Right, right_of
from codesvc.wechat import answers
from codesvc.wechat.call_labels import CallObserver, ignore_call
from codesvc.wechat.errors import Garbled, NoRight, WeChatError
from codesvc.wechat.http import HttpExchange
from codesvc.wechat.template_fields import not_empty

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import aiohttp

    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.domain.secret import Secret
    from codesvc.wechat.sdk import Sdk

TOKEN_ERRCODES: Final = frozenset({40001, 40014, 42001})
_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_T = TypeVar("_T")


class TokenSource(Protocol):
    """A source of access tokens.

    Both methods may raise `TokenUnavailable`; the call was then not made.
    """

    async def get(self) -> str:
        """A token that should be valid."""
        ...

    async def replace(self, bad: str) -> str:
        """Another token than `bad`, which WeChat has just rejected. All callers that wait share one fetch."""
        ...


class WeChatClient:
    """The calls of one account.

    Every method may raise `TokenUnavailable` and `WeChatUnreachable` (nothing was done), `WeChatTimeout` and `Garbled`
    (it may have been done), and `WeChatError` (WeChat refused). Calls without a method of their own are in `sdk`, with
    the same errors.

    Args:
        secret: its AppSecret; only `oauth_openid` sends it.
        api_url: an origin such as https://api.weixin.qq.com.
        observe: called after every call.
        proxy: the outbound proxy; None: connect directly.
        rights: what the account's kind may do. A call without its right is refused here (`NoRight`) and not made.
    """

    def __init__(
        self,
        *,
        appid: str,
        secret: Secret,
        http: aiohttp.ClientSession,
        tokens: TokenSource,
        api_url: str,
        observe: CallObserver = ignore_call,
        proxy: OutboundProxy | None = None,
        rights: Collection[Right] = frozenset(Right),
    ) -> None:
        """Does not connect yet."""
        self._rights = rights
        self.appid = appid
        self._appsecret = secret
        self._tokens = tokens
        self._api_url = api_url.rstrip("/")
        self._wire = HttpExchange(http, observe=observe, proxy=proxy)

    @cached_property
    def sdk(self) -> Sdk:
        """The rest of WeChat's API, from wechatpy: `await client.sdk.menu.create(…)`. The first access is slow."""
        from codesvc.wechat.sdk import Sdk  # noqa: PLC0415  loaded only when needed: a serving process never needs it

        return Sdk(self.appid, self.call)

    async def ready(self) -> None:
        """Get an access token ahead of a call. Raises `TokenUnavailable` if there is none: no call would be made."""
        await self._tokens.get()

    async def call(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any]:
        """Make a call with an access token. If the token is rejected, repeat it once with another one."""
        self._require(path)
        url = self._api_url + path
        query = {name: str(value) for name, value in params.items()} if params else {}
        token = await self._tokens.get()
        try:
            return await self._wire.exchange(method, url, params={"access_token": token, **query}, body=body)
        except WeChatError as error:
            if error.errcode not in TOKEN_ERRCODES:
                raise
        token = await self._tokens.replace(token)
        return await self._wire.exchange(method, url, params={"access_token": token, **query}, body=body)

    async def send_template(
        self, *, openid: str, template_id: str, data: Mapping[str, str], url: str | None, client_msg_id: str
    ) -> int:
        """Send a template message (WECHAT.md 6.2). Returns its msgid, which the receipt will contain.

        An accepted message is not yet delivered. Messages with the same `client_msg_id` within 10 minutes are delivered
        once.
        """
        message = _message(openid, template_id, data, client_msg_id)
        if url is not None:
            message["url"] = url
        # wechatpy's send_template does not support client_msg_id.
        answer = await self.call("POST", "/cgi-bin/message/template/send", body=message)
        return answers.shaped(answer, answers.Sent).msgid

    async def send_text(self, *, openid: str, content: str) -> None:
        """Send a customer-service message (WECHAT.md 8). It has no `client_msg_id`: a repeated call sends it twice."""
        message = {"touser": openid, "msgtype": "text", "text": {"content": content}}
        await self.call("POST", "/cgi-bin/message/custom/send", body=message)

    async def send_subscription(
        self, *, openid: str, template_id: str, data: Mapping[str, str], page: str | None, client_msg_id: str
    ) -> None:
        """Send a subscription notice (WECHAT.md 7.1); `page` is an https URL. Each consent allows one notice."""
        message = _message(openid, template_id, data, client_msg_id)
        if page is not None:
            message["page"] = page
        await self.call("POST", "/cgi-bin/message/subscribe/bizsend", body=message)

    async def create_qrcode(self, *, scene: str, expire_seconds: int) -> answers.QrCode:
        """Mint a temporary QR code (WECHAT.md 5.1) for a scene of 1 to 64 characters, for 30 days at most."""
        wanted = {
            "expire_seconds": expire_seconds,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = await self.call("POST", "/cgi-bin/qrcode/create", body=wanted)
        code = answers.shaped(answer, answers.QrCode)
        if not code.url.startswith(("http://", "https://")):
            raise Garbled("WeChat's QR code holds no web address")
        return code

    async def user_info(self, openid: str) -> answers.UserInfo:
        """Whether a person follows the account (WECHAT.md 12). Not reliable: only sending shows it for certain."""
        asked = {"openid": openid, "lang": "zh_CN"}
        return answers.shaped(await self.call("GET", "/cgi-bin/user/info", params=asked), answers.UserInfo)

    async def list_templates(self) -> tuple[answers.Template, ...]:
        """The account's templates (WECHAT.md 6.6). According to one report, category templates may be missing."""
        listed = await self.sdk.template.get_all_private_template()
        return _items(listed, "template_list", answers.Template)

    async def get_quota(self, cgi_path: str) -> answers.Quota:
        """The remaining quota of `cgi_path` (such as `/cgi-bin/message/template/send`) today (WECHAT.md 4)."""
        answer = await self.call("POST", "/cgi-bin/openapi/quota/get", body={"cgi_path": cgi_path})
        rate = answer.get("rate_limit")
        # WeChat writes "no such limit" as zero calls in zero seconds.
        limited = isinstance(rate, dict) and rate.get("call_count")
        quota = answer.get("quota")
        return answers.shaped(
            {**(quota if isinstance(quota, dict) else {}), "rate": rate if limited else None}, answers.Quota
        )

    async def callback_check(self) -> answers.CallbackCheck:
        """Let WeChat check the callback address (WECHAT.md 4)."""
        asked = {"action": "all", "check_operator": "DEFAULT"}
        answer = await self.call("POST", "/cgi-bin/callback/check", body=asked)
        return answers.shaped(answer, answers.CallbackCheck)

    async def oauth_openid(self, code: str) -> answers.OAuthIdentity:
        """Exchange a code of web authorisation (WECHAT.md 11.2), which works once and for 5 minutes.

        A browser may come twice with the same code. The second call then gets WeChatError 40163 or 40029.
        """
        self._require("/sns/oauth2/access_token")
        answer = await self._wire.exchange(
            "GET",
            f"{self._api_url}/sns/oauth2/access_token",
            params={
                "appid": self.appid,
                "secret": self._appsecret.reveal(),
                "code": code,
                "grant_type": "authorization_code",
            },
        )
        openid = answer.get("openid")
        if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
            raise Garbled("WeChat's answer names nobody")
        unionid, snapshot = answer.get("unionid"), answer.get("is_snapshotuser")
        return answers.OAuthIdentity(
            openid=openid,
            unionid=unionid if isinstance(unionid, str) else None,
            snapshot=snapshot not in (None, 0, "0"),
        )

    def _require(self, path: str) -> None:
        right = right_of(path)
        if right is not None and right not in self._rights:
            raise NoRight(RIGHT_NAMES[right])


def _message(openid: str, template_id: str, data: Mapping[str, str], client_msg_id: str) -> dict[str, Any]:
    """The body of a send. No value is empty, because WeChat would refuse the whole message (47003)."""
    return {
        "touser": openid,
        "template_id": template_id,
        "data": {key: {"value": not_empty(key, value)} for key, value in data.items()},
        "client_msg_id": client_msg_id,
    }


def _items(answer: Mapping[str, Any], name: str, shape: type[_T]) -> tuple[_T, ...]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise Garbled(f"WeChat's answer holds no {name}")
    return tuple(answers.shaped(item, shape) for item in items)
