"""Conversion of WeChat's XML elements to events. The forms are in WECHAT.md 6.5, 7.3 and 10.

Sender, receiver, time and type are required. A known kind of event in which another part is missing becomes `Other`:
WeChat adds and changes events without notice, and would repeat a refused one three times.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

from codesvc.wechat import events
from codesvc.wechat.errors import BadMessage
from codesvc.wechat.xml import only

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_UNSAFE = re.compile(r"[^a-z0-9_]+")
_QRSCENE = "qrscene_"
_REASONS = {"userblock": "user-block", "systemfailed": "system-failed", "freqlimit": "freq-limit"}


@dataclass(frozen=True)
class _Push:
    """The common elements of a push, and access to the others."""

    root: Element
    openid: str
    at: int
    kind: str

    def text(self, name: str) -> str:
        return (only(self.root, name, BadMessage) or "").strip()

    def number(self, *names: str) -> int | None:
        """The first of these elements that is a number. Messages spell it MsgId, receipts MsgID."""
        return next((int(t) for t in map(self.text, names) if _NUMBER.fullmatch(t)), None)

    def key(self, *more: str) -> str:
        """The same key for all repetitions of an event without an id. CreateTime is too coarse: whole seconds."""
        parts = (self.openid, str(self.at), self.kind, *more)
        return "e:" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def receiver(root: Element) -> str:
    """ToUserName: the account's original id (`gh_…`).

    Raises:
        BadMessage: missing, doubled or malformed.
    """
    return _name(root, "ToUserName")


def read_event(root: Element) -> events.Event:
    """The event that a decrypted or plaintext message describes.

    Raises:
        BadMessage: FromUserName, CreateTime or MsgType is missing, doubled or malformed.
    """
    openid = _name(root, "FromUserName")
    created = (only(root, "CreateTime", BadMessage) or "").strip()
    if not _SECONDS.fullmatch(created):
        raise BadMessage("CreateTime is missing or not a number of seconds")
    kind = (only(root, "MsgType", BadMessage) or "").strip().lower()
    if not kind:
        raise BadMessage("MsgType is missing")
    if kind != "event":
        return _message(_Push(root, openid, int(created), kind))
    push = _Push(root, openid, int(created), (only(root, "Event", BadMessage) or "").strip().lower())
    reader = _READERS.get(push.kind)
    return (reader(push) if reader else None) or _other(push, f"event:{_safe(push.kind)}", push.text("EventKey"))


def _name(root: Element, element: str) -> str:
    text = (only(root, element, BadMessage) or "").strip()
    if not _NAME.fullmatch(text):
        raise BadMessage(f"{element} is missing or malformed")
    return text


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text)[:40].strip("_") or "unknown"


def _other(push: _Push, kind: str, *more: str) -> events.Other:
    return events.Other(openid=push.openid, at=push.at, dedupe=push.key(*more), kind=kind)


def _message(push: _Push) -> events.Event:
    msg_id = push.number("MsgId", "MsgID")
    content = only(push.root, "Content", BadMessage) or ""
    dedupe = push.key(content) if msg_id is None else f"m:{msg_id}"
    if push.kind == "text":
        return events.Text(openid=push.openid, at=push.at, dedupe=dedupe, content=content, msg_id=msg_id)
    return events.Other(openid=push.openid, at=push.at, dedupe=dedupe, kind=_safe(push.kind))


def _followed(push: _Push) -> events.Event:
    key = push.text("EventKey")
    # A scene may itself begin with the prefix, so it is removed once. Other keys (of payments) are not scenes.
    scene = key.removeprefix(_QRSCENE) if key.startswith(_QRSCENE) else ""
    return events.Followed(
        openid=push.openid, at=push.at, dedupe=push.key(key), scene=scene or None, ticket=push.text("Ticket") or None
    )


def _scanned(push: _Push) -> events.Event | None:
    scene = push.text("EventKey")
    if not scene:
        return None
    return events.Scanned(
        openid=push.openid, at=push.at, dedupe=push.key(scene), scene=scene, ticket=push.text("Ticket") or None
    )


def _unfollowed(push: _Push) -> events.Event:
    return events.Unfollowed(openid=push.openid, at=push.at, dedupe=push.key(push.text("EventKey")))


def _clicked(push: _Push) -> events.Event:
    key = push.text("EventKey")
    return events.Clicked(openid=push.openid, at=push.at, dedupe=push.key(key), key=key)


def _template_receipt(push: _Push) -> events.Event | None:
    msgid = push.number("MsgID", "MsgId")
    if msgid is None:
        return None
    status, reason = _outcome(push.text("Status"))
    return events.TemplateReceipt(
        openid=push.openid, at=push.at, dedupe=f"r:{msgid}", msgid=msgid, status=status, reason=reason
    )


def _outcome(status: str) -> tuple[Literal["delivered", "failed"], str]:
    """Parse a status. WeChat writes `failed:user block` but `failed: system failed`, so blanks are ignored.

    A status that is not known counts as failed.
    """
    squeezed = "".join(status.split()).lower()
    if squeezed == "success":
        return "delivered", ""
    tail = squeezed.removeprefix("failed:")
    return "failed", _REASONS.get(tail) or _safe(tail).replace("_", "-")


def _choices(push: _Push) -> events.Event | None:
    # In WeChat's documentation the change event has the wrapper element of the popup event; other SDKs expect its own.
    lists = push.root.findall("SubscribeMsgPopupEvent/List") + push.root.findall("SubscribeMsgChangeEvent/List")
    choices = tuple(
        events.SubscriptionChoice(template_id=template, accepted=_child(item, "SubscribeStatusString") == "accept")
        for item in lists
        if _NAME.fullmatch(template := _child(item, "TemplateId"))
    )
    if not choices:
        return None
    return events.SubscriptionChoices(
        openid=push.openid,
        at=push.at,
        dedupe=push.key(*(f"{c.template_id}={c.accepted}" for c in choices)),
        source="popup" if push.kind == "subscribe_msg_popup_event" else "settings",
        choices=choices,
    )


def _subscription_receipt(push: _Push) -> events.Event | None:
    item = push.root.find("SubscribeMsgSentEvent/List")
    if item is None:
        return None
    template, msgid, code = (_child(item, n) for n in ("TemplateId", "MsgID", "ErrorCode"))
    if not _NAME.fullmatch(template) or not _NUMBER.fullmatch(msgid):
        return None
    delivered = code == "0"
    return events.SubscriptionReceipt(
        openid=push.openid,
        at=push.at,
        dedupe=f"r:{int(msgid)}",
        template_id=template,
        msgid=int(msgid),
        status="delivered" if delivered else "failed",
        reason="" if delivered else _outcome(_child(item, "ErrorStatus").replace("success", ""))[1],
    )


def _child(item: Element, name: str) -> str:
    return (item.findtext(name) or "").strip()


def _revoked(push: _Push) -> events.Event:
    named = push.text("OpenID")
    openid = named if _NAME.fullmatch(named) else push.openid
    return events.AuthorizationRevoked(openid=openid, at=push.at, dedupe=push.key(openid))


_READERS: dict[str, Callable[[_Push], events.Event | None]] = {
    "subscribe": _followed,
    "scan": _scanned,
    "unsubscribe": _unfollowed,
    "click": _clicked,
    "templatesendjobfinish": _template_receipt,
    "subscribe_msg_popup_event": _choices,
    "subscribe_msg_change_event": _choices,
    "subscribe_msg_sent_event": _subscription_receipt,
    "user_authorization_revoke": _revoked,
}
