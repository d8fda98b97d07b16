"""Reads the answer to a callback as strictly as the platform does (WECHAT.md 9.3, 9.4, 10.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from codesvc.sandbox.account import AccountSpec
from codesvc.sandbox.cipher import BadEnvelope, check_signature, decrypt

_SHOWN = 120  # characters
_HEAD = 2_000  # characters in which a page says that it is one


class BadReply(ValueError):
    """The body is not empty, not `success` and not a valid reply; the message says why."""


@dataclass(frozen=True)
class Reply:
    """A valid answer; `message` is shown to the person, None shows nothing. `transferred`: to customer service."""

    message: dict[str, Any] | None
    encrypted: bool = False
    transferred: bool = False


def read_reply(account: AccountSpec, openid: str, body: bytes, *, articles: int = 8) -> Reply:
    """Read a callback's body.

    Args:
        account: the account with this callback.
        openid: the person to whom the reply must be addressed.
        body: the answer's body.
        articles: how many articles of a news reply are shown; the others are dropped (WECHAT.md 10.3).

    Raises:
        BadReply: malformed, unencrypted in safe mode, wrongly encrypted, or addressed to another person.
    """
    text = _text(body).strip()
    if text in {"", "success"}:
        return Reply(None)
    root = _parse(text)
    encrypted = root.find("Encrypt") is not None
    if encrypted:
        if account.mode == "plaintext":
            raise BadReply("an encrypted reply in plaintext mode")
        root = _parse(_open(account, root))
    elif account.mode == "safe":
        raise BadReply("an unencrypted reply in safe mode")
    if _value(root, "ToUserName") != openid or _value(root, "FromUserName") != account.original_id:
        raise BadReply("ToUserName and FromUserName are not the swapped ones of the message")
    if not _value(root, "CreateTime").isdigit():
        raise BadReply("CreateTime is not a number")
    kind = _value(root, "MsgType")
    if kind not in _READERS:
        raise BadReply(f"unknown MsgType {kind!r}")
    fields = _READERS[kind](root)
    if fields is not None and kind == "news":
        fields["articles"] = fields["articles"][:articles]
    return Reply(None if fields is None else {"type": kind, **fields}, encrypted, kind == "transfer_customer_service")


def beginning(text: str) -> str:
    """The first characters of a body, in one line: the reader of a fault sees what has answered."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * _SHOWN]).split())
    return f"the body begins: {shown[:_SHOWN]}{'…' if len(shown) > _SHOWN or len(text) > 4 * _SHOWN else ''}"


def is_web_page(text: str) -> bool:
    """Whether a body is HTML: an error page, a login page, the page of a tunnel or of a proxy."""
    head = text[:_HEAD].lower()
    return head.lstrip().startswith("<") and ("<html" in head or "<!doctype html" in head)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        shown = beginning(body[:1000].decode("utf-8", "replace"))
        raise BadReply(f"not UTF-8; {shown}") from error


def _parse(text: str) -> Element:
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        if is_web_page(text):
            raise BadReply(f"a web page instead of a reply; {beginning(text)}") from error
        raise BadReply(f"malformed XML: {error}; {beginning(text)}") from error
    if root.tag != "xml":
        kind = "a web page instead of a reply" if is_web_page(text) else "the root element is not <xml>"
        raise BadReply(f"{kind}; {beginning(text)}")
    return root


def _open(account: AccountSpec, root: Element) -> str:
    encrypted, timestamp, nonce = (_value(root, name) for name in ("Encrypt", "TimeStamp", "Nonce"))
    if not check_signature(_value(root, "MsgSignature"), account.token, timestamp, nonce, encrypted):
        raise BadReply("MsgSignature does not match")
    try:
        return decrypt(account.aes_key, account.appid, encrypted)
    except BadEnvelope as error:
        raise BadReply(str(error)) from error


def _value(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


def _read_text(root: Element) -> dict[str, Any]:
    content = root.findtext("Content") or ""
    if not content:
        raise BadReply("a text reply without Content")
    return {"content": content}


def _read_news(root: Element) -> dict[str, Any]:
    names = {"title": "Title", "description": "Description", "picurl": "PicUrl", "url": "Url"}
    items = [{key: _value(item, name) for key, name in names.items()} for item in root.findall("Articles/item")]
    if not items or _value(root, "ArticleCount") != str(len(items)):
        raise BadReply("ArticleCount does not match Articles")
    return {"articles": items}


def _read_nested(parent: str, **names: str) -> Callable[[Element], dict[str, Any]]:
    def read(root: Element) -> dict[str, Any]:
        if root.find(parent) is None:
            raise BadReply(f"{parent} is missing")
        return {key: _value(root, f"{parent}/{name}") for key, name in names.items()}

    return read


def _read_transfer(_root: Element) -> None:
    return None


_READERS: Mapping[str, Callable[[Element], dict[str, Any] | None]] = {
    "text": _read_text,
    "news": _read_news,
    "image": _read_nested("Image", media_id="MediaId"),
    "voice": _read_nested("Voice", media_id="MediaId"),
    "video": _read_nested("Video", media_id="MediaId", title="Title", description="Description"),
    "music": _read_nested(
        "Music",
        title="Title",
        description="Description",
        musicurl="MusicUrl",
        hqmusicurl="HQMusicUrl",
        thumb_media_id="ThumbMediaId",
    ),
    "transfer_customer_service": _read_transfer,
}
