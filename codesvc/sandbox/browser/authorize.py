"""The decision behind the authorize page and the subscribemsg page (WECHAT.md 11.1, 7.4), without HTTP.

The parameters' order is checked, as WeChat's pattern match does. The fragment `#wechat_redirect` never reaches a
server; WeChat's browser sees it, and so does the sandbox's (`client`).
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from codesvc.sandbox.identifiers import derive_snapshot_openid, derive_unionid
from codesvc.sandbox.oauth import Identity, Scope
from codesvc.sandbox.person import Contact, Person
from codesvc.sandbox.platform import Account, Platform

_ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
_LARGEST_SCENE = 10_000
_MOST_ASKED = 10_000
_STATE = re.compile(r"[0-9A-Za-z]{0,128}")


@dataclass(frozen=True)
class Redirect:
    """The page sends the browser on."""

    url: str


@dataclass(frozen=True)
class Problem:
    """The page shows an error; `code` is the platform's (WECHAT.md 11.1), 0 where none is known."""

    code: int
    text: str


@dataclass(frozen=True)
class Question:
    """The page asks the person; `ticket` stands for the answer to come."""

    ticket: str
    kind: Literal["authorize", "subscribe"]
    account: str
    person: str


@dataclass(frozen=True)
class OutsideWeChat:
    """Nobody's phone: the page says to open the link in WeChat."""


Decision = Redirect | Problem | Question | OutsideWeChat


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


class Consents:
    """Decides, asks and remembers what was asked.

    Args:
        platform: the state.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._asked: dict[str, _Authorize | _Subscribe] = {}

    def forget(self) -> None:
        """Take every question back; for a reset."""
        self._asked.clear()

    def authorize(self, query: str, person: Person | None, *, from_chat: bool) -> Decision:
        """Decide about an authorize link.

        Args:
            query: the raw query, since its order counts.
            person: whose WeChat opens it; None: no WeChat.
            from_chat: whether it was tapped in the account's chat or menu; then a follower is not asked.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        given = dict(reversed(pairs))
        problem = self._find_problem([name for name, _ in pairs], given)
        if problem is not None:
            return problem
        if person is None:
            return OutsideWeChat()
        account = self._platform.accounts[given["appid"]]
        contact = self._platform.meet(person, account)
        if account.spec.kind == "test" and not contact.follows:
            return Problem(10006, "请先关注该测试号")
        identity = Identity(
            account.spec.appid, contact.openid, contact.unionid, person.name, cast("Scope", given["scope"])
        )
        target, state = given["redirect_uri"], given.get("state", "")
        snapshot = given.get("forceSnapShot") == "true" or person.snapshot
        if given["scope"] == "snsapi_userinfo" and snapshot:
            return self._grant(_virtual(identity, account, person), target, state)
        silent = contact.follows and from_chat and given.get("forcePopup") != "true"
        if given["scope"] == "snsapi_base" or silent:
            return self._grant(identity, target, state)
        return self._ask("authorize", _Authorize(contact, identity, target, state))

    def subscribe(self, query: str, person: Person | None) -> Decision:
        """Decide about a link of the older one-time subscription."""
        given = dict(reversed(parse_qsl(query, keep_blank_values=True)))
        account = self._platform.accounts.get(given.get("appid", ""))
        scene, template_id = given.get("scene", ""), given.get("template_id", "")
        target = given.get("redirect_url", "")
        if account is None or given.get("action") != "get_confirm" or not _is_web_address(target):
            return Problem(0, "链接参数错误")
        if not (scene.isascii() and scene.isdigit() and int(scene[:6]) <= _LARGEST_SCENE) or not template_id:
            return Problem(0, "链接参数错误")
        if person is None:
            return OutsideWeChat()
        contact = self._platform.meet(person, account)
        return self._ask("subscribe", _Subscribe(contact, target, template_id, scene, given.get("reserved", "")))

    def conclude(self, ticket: str, *, allow: bool) -> Decision:
        """The person's answer to a question; each is answered once."""
        asked = self._asked.pop(ticket, None)
        if asked is None:
            return Problem(0, "页面已失效")
        if isinstance(asked, _Authorize):
            if allow:
                return self._grant(asked.identity, asked.target, asked.state)
            return Redirect(add_query(asked.target, {"state": asked.state}))
        if allow:
            asked.contact.once.add((asked.template_id, asked.scene))
        fields = {"openid": asked.contact.openid, "template_id": asked.template_id, "scene": asked.scene}
        action = {"action": "confirm" if allow else "cancel", "reserved": asked.reserved}
        return Redirect(add_query(asked.target, {**fields, **action}))

    def _ask(self, kind: Literal["authorize", "subscribe"], asked: _Authorize | _Subscribe) -> Question:
        ticket = secrets.token_urlsafe(16)
        self._asked[ticket] = asked
        if len(self._asked) > _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        return Question(ticket, kind, self._platform.accounts[asked.contact.appid].spec.name, asked.contact.person.name)

    def _grant(self, identity: Identity, target: str, state: str) -> Redirect:
        code = self._platform.grants.issue(identity, self._platform.clock.now())
        return Redirect(add_query(target, {"code": code, "state": state}))

    def _find_problem(self, names: list[str], given: Mapping[str, str]) -> Problem | None:
        for name, code in (("appid", 10012), ("redirect_uri", 10011), ("scope", 10010)):
            if not given.get(name):
                return Problem(code, f"{name} 参数为空")
        if given.get("state") == "":
            return Problem(10013, "state 不能为空")
        return self._find_wrong(names, given)

    def _find_wrong(self, names: list[str], given: Mapping[str, str]) -> Problem | None:
        account = self._platform.accounts.get(given["appid"])
        if account is None:
            return Problem(10016, "不支持该公众号的 appid")
        if given["scope"] not in {"snsapi_base", "snsapi_userinfo"} or not account.spec.verified:
            return Problem(10005, "该公众号没有这个 scope 的权限")
        ordered = [name for name in names if name in _ORDER] == [name for name in _ORDER if name in given]
        if not ordered or given.get("response_type") != "code" or not _STATE.fullmatch(given.get("state", "")):
            return Problem(0, "链接参数的顺序、response_type 或 state 错误")
        if not _is_allowed(account, given["redirect_uri"]):
            return Problem(10003, "redirect_uri 域名与后台配置不一致")
        return None


def add_query(url: str, fields: Mapping[str, str]) -> str:
    """Append to a query; what is there stays."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(fields, quote_via=quote))))
    return urlunsplit(parts._replace(query=query))


def _virtual(identity: Identity, account: Account, person: Person) -> Identity:
    owner = account.spec.owner
    unionid = derive_unionid(None if owner is None else f"{owner}/snapshot", person.identity)
    openid = derive_snapshot_openid(identity.appid, person.identity)
    return replace(identity, openid=openid, unionid=unionid, nickname="微信用户", snapshot=True)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_allowed(account: Account, url: str) -> bool:
    if not _is_web_address(url):
        return False
    domain = account.spec.oauth_domain
    return domain is None or urlsplit(url).netloc == domain
