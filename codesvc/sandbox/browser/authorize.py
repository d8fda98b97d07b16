"""The logic of the authorize page and the subscribemsg page (WECHAT.md 11.1, 7.4), without HTTP.

The order of the parameters is checked, as WeChat does. The fragment `#wechat_redirect` is never sent to a server; only
a browser can check it, and the sandbox's browser does (`client`).
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from codesvc.sandbox.account import check_http_url
from codesvc.sandbox.account_state import Account
from codesvc.sandbox.identifiers import derive_snapshot_openid, derive_unionid
from codesvc.sandbox.oauth import Identity, Scope
from codesvc.sandbox.person import Contact, Person
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right, has_right

_ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
_MAX_SCENE = 10_000
_MAX_PENDING = 10_000
_STRICT_STATE = re.compile(r"[0-9A-Za-z]+")
_MAX_STATE = 128  # bytes


@dataclass(frozen=True)
class Redirect:
    """The page redirects the browser."""

    url: str


@dataclass(frozen=True)
class ErrorPage:
    """The page shows an error; `code` is the platform's (WECHAT.md 11.1), 0 if none is known."""

    code: int
    text: str


@dataclass(frozen=True)
class ConsentPrompt:
    """The page asks the person; their answer is sent with `ticket`."""

    ticket: str
    kind: Literal["authorize", "subscribe"]
    account: str
    person: str


@dataclass(frozen=True)
class OutsideWeChat:
    """The browser is not WeChat's; the page asks to open the link in WeChat."""


Decision = Redirect | ErrorPage | ConsentPrompt | OutsideWeChat


@dataclass(frozen=True)
class _Authorize:
    contact: Contact
    identity: Identity
    target: str
    state: str


@dataclass(frozen=True)
class _Subscribe:
    contact: Contact
    target: str
    template_id: str
    scene: str
    reserved: str


class ConsentFlow:
    """Decides whether to ask a person, and keeps the open questions."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._pending: dict[str, _Authorize | _Subscribe] = {}

    def clear(self) -> None:
        """Remove every open question; used by a reset."""
        self._pending.clear()

    def authorize(self, query: str, person: Person | None, *, from_chat: bool) -> Decision:
        """Decide what an authorize link shows.

        Args:
            query: the raw query, because the order of the parameters is checked.
            person: the person in whose WeChat the link is opened; None: it is opened outside WeChat.
            from_chat: whether the link was tapped in the account's chat or menu; then a follower is not asked.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        given = _first_of_each(pairs)
        problem = self._find_error([name for name, _ in pairs], given)
        if problem is not None:
            return problem
        if person is None:
            return OutsideWeChat()
        account = self._platform.accounts[given["appid"]]
        contact = self._platform.ensure_contact(person, account)
        if account.spec.kind == "test" and not contact.follows:
            return ErrorPage(10006, "请先关注该测试号")
        identity = Identity(
            account.spec.appid, contact.openid, contact.unionid, person.name, cast("Scope", given["scope"])
        )
        target, state = given["redirect_uri"], given.get("state", "")
        snapshot = given.get("forceSnapShot") == "true" or person.snapshot
        if given["scope"] == "snsapi_userinfo" and snapshot:
            return self._grant(_snapshot_identity(identity, account, person), target, state)
        silent = contact.follows and from_chat and given.get("forcePopup") != "true"
        if given["scope"] == "snsapi_base" or silent:
            return self._grant(identity, target, state)
        return self._prompt("authorize", _Authorize(contact, identity, target, state))

    def subscribe(self, query: str, person: Person | None) -> Decision:
        """Decide what a link of the older one-time subscription shows."""
        given = _first_of_each(parse_qsl(query, keep_blank_values=True))
        account = self._platform.accounts.get(given.get("appid", ""))
        scene, template_id = read_integer(given.get("scene")), given.get("template_id", "")
        target = given.get("redirect_url", "")
        if account is None or given.get("action") != "get_confirm" or not _is_web_address(target):
            return ErrorPage(0, "链接参数错误")
        if not has_right(account.spec.kind, Right.ONE_TIME):
            return ErrorPage(0, "该公众号没有一次性订阅消息的权限")
        if scene is None or scene > _MAX_SCENE or not template_id:
            return ErrorPage(0, "链接参数错误")
        if person is None:
            return OutsideWeChat()
        contact = self._platform.ensure_contact(person, account)
        asked = _Subscribe(contact, target, template_id, given["scene"], given.get("reserved", ""))
        return self._prompt("subscribe", asked)

    def answer_prompt(self, ticket: str, *, allow: bool) -> Decision:
        """Handle the person's answer to a question; a question can be answered once."""
        asked = self._pending.pop(ticket, None)
        if asked is None:
            return ErrorPage(0, "页面已失效")
        if isinstance(asked, _Authorize):
            if allow:
                return self._grant(asked.identity, asked.target, asked.state)
            return Redirect(add_query(asked.target, {"state": asked.state}))
        fields = {"template_id": asked.template_id, "scene": asked.scene, "reserved": asked.reserved}
        if not allow:
            return Redirect(add_query(asked.target, {"action": "cancel", **fields}))
        asked.contact.one_time_grants.add((asked.template_id, int(asked.scene)))
        # The openid comes with a consent only (KINDS.md 2.1).
        return Redirect(add_query(asked.target, {"openid": asked.contact.openid, "action": "confirm", **fields}))

    def _prompt(self, kind: Literal["authorize", "subscribe"], asked: _Authorize | _Subscribe) -> ConsentPrompt:
        ticket = secrets.token_urlsafe(16)
        self._pending[ticket] = asked
        if len(self._pending) > _MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        return ConsentPrompt(
            ticket, kind, self._platform.accounts[asked.contact.appid].spec.name, asked.contact.person.name
        )

    def _grant(self, identity: Identity, target: str, state: str) -> Redirect:
        code = self._platform.oauth.issue(identity, self._platform.clock.now())
        return Redirect(add_query(target, {"code": code, "state": state}))

    def _find_error(self, names: list[str], given: Mapping[str, str]) -> ErrorPage | None:
        for name, code in (("appid", 10012), ("redirect_uri", 10011), ("scope", 10010)):
            if not given.get(name):
                return ErrorPage(code, f"{name} 参数为空")
        if not given.get("state") and self._platform.settings.oauth_state == "strict":
            return ErrorPage(10013, "state 不能为空")
        return self._find_invalid(names, given)

    def _find_invalid(self, names: list[str], given: Mapping[str, str]) -> ErrorPage | None:
        account = self._platform.accounts.get(given["appid"])
        if account is None:
            return ErrorPage(10016, "不支持该公众号的 appid")
        may = has_right(account.spec.kind, Right.WEB_AUTHORISATION)
        if given["scope"] not in {"snsapi_base", "snsapi_userinfo"} or not may:
            return ErrorPage(10005, "该公众号没有这个 scope 的权限")
        ordered = [name for name in names if name in _ORDER] == [name for name in _ORDER if name in given]
        if not ordered or given.get("response_type") != "code" or not self._takes_state(given.get("state", "")):
            return ErrorPage(0, "链接参数的顺序、response_type 或 state 错误")
        if not may_lead_to(given["redirect_uri"], account.spec.oauth_domain):
            return ErrorPage(10003, "redirect_uri 域名与后台配置不一致")
        return None

    def _takes_state(self, state: str) -> bool:
        if not is_short_state(state) or any(ord(char) < ord(" ") for char in state):
            return False
        return self._platform.settings.oauth_state == "lenient" or _STRICT_STATE.fullmatch(state) is not None


def _first_of_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters by name. Of a repeated one the first counts; what WeChat does is not known."""
    return dict(reversed(pairs))


def add_query(url: str, fields: Mapping[str, str]) -> str:
    """Append parameters to the query of a URL."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(fields, quote_via=quote))))
    return urlunsplit(parts._replace(query=query))


def _snapshot_identity(identity: Identity, account: Account, person: Person) -> Identity:
    owner = account.spec.owner
    unionid = derive_unionid(None if owner is None else f"{owner}/snapshot", person.identity)
    openid = derive_snapshot_openid(identity.appid, person.identity)
    return replace(identity, openid=openid, unionid=unionid, nickname="微信用户", snapshot=True)


def _is_web_address(url: str) -> bool:
    try:
        check_http_url(url)
    except ValueError:
        return False
    return True


def may_lead_to(url: str, domain: str | None) -> bool:
    """Whether a page may lead the browser to a URL; `domain` is the only host, with the port, or None for any."""
    return _is_web_address(url) and domain in {None, urlsplit(url).netloc}


def is_short_state(state: str) -> bool:
    """Whether `state` has at most 128 bytes, the most that every page of authorisation takes."""
    return len(state.encode("utf-8", "surrogatepass")) <= _MAX_STATE
