"""The HTTP form of a callback: query and body in each of the three modes (WECHAT.md 9.2, 9.3, 10)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from codesvc.sandbox.account import AccountSpec
from codesvc.sandbox.cipher import encrypt, sign

_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Envelope:
    """The query parameters and the XML body of one POST."""

    query: dict[str, str]
    body: str


def write_xml(fields: Mapping[str, Any]) -> str:
    """Write fields as WeChat does (WECHAT.md 10).

    Text is in CDATA, numbers are plain, objects are nested elements, lists are repeated elements. Control characters of
    a text are passed on, although XML forbids them: WeChat does so too.
    """
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, item) for name, value in fields.items() for item in _many(value))


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = _elements(value)
    elif isinstance(value, int | float):
        inner = escape(str(value))
    else:
        text = _NOT_UTF8.sub("", str(value)).replace("]]>", "]]]]><![CDATA[>")
        inner = f"<![CDATA[{text}]]>"
    return f"<{name}>{inner}</{name}>"


def seal(account: AccountSpec, fields: Mapping[str, Any], *, openid: str, timestamp: int, nonce: str) -> Envelope:
    """Wrap a message or an event for its callback.

    Args:
        account: the source of mode, token, key and appid.
        fields: the elements in order.
        openid: the openid of the person; it is in the query, where no signature covers it (WECHAT.md 9.2).
        timestamp: real time in seconds.
        nonce: digits.
    """
    query = {
        "signature": sign(account.token, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
        "openid": openid,
    }
    plain = write_xml(fields)
    if account.mode == "plaintext":
        return Envelope(query, plain)
    encrypted = encrypt(account.aes_key, account.appid, plain)
    query["encrypt_type"] = "aes"
    query["msg_signature"] = sign(account.token, str(timestamp), nonce, encrypted)
    outside = dict(fields) if account.mode == "compatible" else {"ToUserName": fields["ToUserName"]}
    return Envelope(query, write_xml({**outside, "Encrypt": encrypted}))
