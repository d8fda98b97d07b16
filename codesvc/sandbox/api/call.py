"""One API call as its handler sees it, and the table entry that leads to the handler."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.platform import Account, Platform

OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])[0-9a-fA-F]{4}")


@dataclass
class Call:
    """A request that has passed the checks of the frame.

    Attributes:
        path: as in the table.
        query: the parameters; the first of repeated ones.
        raw: the body.
        remote: the caller's address.
        now: the platform's time, seconds since the epoch.
        rid: the number of this call.
        subject: the account that the call is about; None before token or appid are read.
    """

    platform: Platform
    path: str
    query: Mapping[str, str]
    raw: bytes
    remote: str
    now: float
    rid: str
    subject: Account | None = None
    _body: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def account(self) -> Account:
        """The account whose token was given."""
        if self.subject is None:
            raise Refusal(41001)
        return self.subject

    @property
    def body(self) -> dict[str, Any]:
        r"""The JSON object of the body, whatever Content-Type came with it (checklist 4).

        Raises:
            Refusal: 44002 empty, 47001 no JSON object, 40033 `\\uXXXX` escapes.
        """
        if self._body is None:
            self._body = read_body(self.raw, refuse_escapes=self.platform.settings.refuse_escapes)
        return self._body

    def text(self, name: str) -> str:
        """A member as text; a number counts as its decimal text, anything else as absent."""
        value = self.body.get(name)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def read_body(raw: bytes, *, refuse_escapes: bool) -> dict[str, Any]:
    r"""Parse a JSON object.

    Escapes of ASCII (`\\u0026`, as some languages write `&`) pass; the code lists only complain of escaped text.

    Raises:
        Refusal: 44002, 47001, 40033 (WECHAT.md 1, 2).
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not raw:
        raise Refusal(44002)
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(47001) from error
    if not isinstance(body, dict):
        raise Refusal(47001)
    if refuse_escapes and _ESCAPE.search(raw):
        raise Refusal(40033)
    return body


@dataclass(frozen=True)
class Endpoint:
    """A row of the API table.

    Attributes:
        path: without host.
        method: the other one is refused with 43001 or 43002.
        act: the handler.
        token: whether an access_token is asked for.
    """

    path: str
    method: Literal["GET", "POST"]
    act: Callable[[Call], Mapping[str, Any]]
    token: bool = True
