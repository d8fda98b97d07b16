"""`/cgi-bin/message/custom/send`: customer-service messages (WECHAT.md 8)."""

from collections.abc import Callable, Mapping
from typing import Any

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.rights import Right, need_right

_MAX_TEXT_BYTES = 2048  # bytes
_RESERVED = frozenset({"type", "msgid", "at", "from", "by", "kf_account"})  # members that the chat adds itself


def send_custom(call: Call) -> Answer:
    """Send a message to a person with an open message window."""
    account = call.account
    contact = account.contact(call.body.get("touser"))
    kind = call.text("msgtype")
    if kind not in _READERS:
        raise ApiError(40008)
    if kind == "msgmenu":
        need_right(account.spec.kind, Right.MENU_MESSAGE)
    part = call.body.get(kind)
    if not isinstance(part, Mapping):
        raise ApiError(44004 if kind == "text" else 40035)
    fields = _READERS[kind](part)
    if contact.blacklisted:
        raise ApiError(43019)
    if not contact.follows:
        raise ApiError(45015)
    if contact.blocks:
        raise ApiError(48002)
    contact.windows.spend(call.now)
    service = call.body.get("customservice")
    agent = service.get("kf_account") if isinstance(service, Mapping) else None
    msgid = call.platform.next_msgid()
    call.platform.show(contact, {"type": kind, **fields, "kf_account": agent, "msgid": msgid, "by": "customer_service"})
    return OK


def _without_reserved(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in _RESERVED}


def _read_text(part: Mapping[str, Any]) -> dict[str, Any]:
    content = part.get("content")
    if not isinstance(content, str) or not content:
        raise ApiError(44004)
    if len(content.encode()) > _MAX_TEXT_BYTES:
        raise ApiError(45002)
    return {"content": content}


def _read_media(part: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(part.get("media_id"), str) or not part["media_id"]:
        raise ApiError(40007)
    return _without_reserved(part)


def _read_news(part: Mapping[str, Any]) -> dict[str, Any]:
    articles = part.get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], Mapping):
        raise ApiError(45008)
    return {"articles": articles}


def _read_menu(part: Mapping[str, Any]) -> dict[str, Any]:
    items = part.get("list")
    if not isinstance(items, list) or not items or not all(isinstance(item, Mapping) for item in items):
        raise ApiError(40035)
    return _without_reserved(part)


def _read_required(*names: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def read(part: Mapping[str, Any]) -> dict[str, Any]:
        if any(not isinstance(part.get(name), str) or not part[name] for name in names):
            raise ApiError(40035)
        return _without_reserved(part)

    return read


_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "text": _read_text,
    "image": _read_media,
    "voice": _read_media,
    "video": _read_media,
    "mpnews": _read_media,
    "music": _read_required("musicurl"),
    "news": _read_news,
    "mpnewsarticle": _read_required("article_id"),
    "msgmenu": _read_menu,
    "wxcard": _read_required("card_id"),
    "miniprogrampage": _read_required("appid", "pagepath"),
}


def set_typing(call: Call) -> Answer:
    """Check a request for the "typing" hint; the sandbox does not show it."""
    contact = call.account.contact(call.body.get("touser"))
    if call.text("command") not in {"Typing", "CancelTyping"}:
        raise ApiError(40035)
    if not contact.windows.current(call.now):
        raise ApiError(45015)
    return OK


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/message/custom/send",
        "POST",
        send_custom,
        right=Right.CUSTOMER_SERVICE,
        errors="40003H 40007M 40008M 40035? 40200L 43019H 44004M 45002M 45008M 45015H 45047H 48002H",
    ),
    Endpoint(
        "/cgi-bin/message/custom/typing",
        "POST",
        set_typing,
        right=Right.CUSTOMER_SERVICE,
        errors="40003H 40035? 45015M",
    ),
)
