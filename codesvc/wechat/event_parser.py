"""Conversion of WeChat's XML elements to events. The forms are in WECHAT.md 6.5 and 10.

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
class _Callback:
    """The common elements of a callback, and access to the others."""

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
        """The same key for all repetitions of an event, and of no other sender or content.

        CreateTime is too coarse to tell events apart: whole seconds.
        """
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
        return _message(_Callback(root, openid, int(created), kind))
    callback = _Callback(root, openid, int(created), (only(root, "Event", BadMessage) or "").strip().lower())
    reader = _READERS.get(callback.kind)
    return (reader(callback) if reader else None) or _other(
        callback, f"event:{_safe(callback.kind)}", callback.text("EventKey")
    )


def _name(root: Element, element: str) -> str:
    text = (only(root, element, BadMessage) or "").strip()
    if not _NAME.fullmatch(text):
        raise BadMessage(f"{element} is missing or malformed")
    return text


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text)[:40].strip("_") or "unknown"


def _other(callback: _Callback, kind: str, *more: str) -> events.Other:
    return events.Other(openid=callback.openid, at=callback.at, dedupe=callback.key(*more), kind=kind)


def _message(callback: _Callback) -> events.Event:
    msg_id = callback.number("MsgId", "MsgID")
    content = only(callback.root, "Content", BadMessage) or ""
    # The id alone does not do: in plaintext mode whoever forges a message chooses it (DESIGN rule 9).
    dedupe = callback.key(content, str(msg_id))
    if callback.kind == "text":
        return events.Text(openid=callback.openid, at=callback.at, dedupe=dedupe, content=content)
    return events.Other(openid=callback.openid, at=callback.at, dedupe=dedupe, kind=_safe(callback.kind))


def _followed(callback: _Callback) -> events.Event:
    key = callback.text("EventKey")
    # A scene may itself begin with the prefix, so it is removed once. Other keys (of payments) are not scenes.
    scene = key.removeprefix(_QRSCENE) if key.startswith(_QRSCENE) else ""
    return events.Followed(openid=callback.openid, at=callback.at, dedupe=callback.key(key), scene=scene or None)


def _scanned(callback: _Callback) -> events.Event | None:
    scene = callback.text("EventKey")
    if not scene:
        return None
    return events.Scanned(openid=callback.openid, at=callback.at, dedupe=callback.key(scene), scene=scene)


def _unfollowed(callback: _Callback) -> events.Event:
    return events.Unfollowed(openid=callback.openid, at=callback.at, dedupe=callback.key(callback.text("EventKey")))


def _clicked(callback: _Callback) -> events.Event:
    key = callback.text("EventKey")
    return events.Clicked(openid=callback.openid, at=callback.at, dedupe=callback.key(key), key=key)


def _template_receipt(callback: _Callback) -> events.Event | None:
    msgid = callback.number("MsgID", "MsgId")
    if msgid is None:
        return None
    status, reason = _outcome(callback.text("Status"))
    return events.TemplateReceipt(
        openid=callback.openid, at=callback.at, dedupe=f"r:{msgid}", msgid=msgid, status=status, reason=reason
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


def _revoked(callback: _Callback) -> events.Event:
    named = callback.text("OpenID")
    openid = named if _NAME.fullmatch(named) else callback.openid
    return events.AuthorizationRevoked(openid=openid, at=callback.at, dedupe=callback.key(openid))


_READERS: dict[str, Callable[[_Callback], events.Event | None]] = {
    "subscribe": _followed,
    "scan": _scanned,
    "unsubscribe": _unfollowed,
    "click": _clicked,
    "templatesendjobfinish": _template_receipt,
    "user_authorization_revoke": _revoked,
}
