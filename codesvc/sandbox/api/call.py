"""One API call as its handler sees it, and the row of the API table that names the handler."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.platform import Account, Platform
from codesvc.sandbox.rights import Right

OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])[0-9a-fA-F]{4}")


@dataclass
class Call:
    """One request to the API, in the form in which handlers read it.

    Attributes:
        path: the path, as in the table.
        query: the parameters; of a repeated parameter the first value.
        raw: the body.
        remote: the caller's address.
        now: the platform's time, seconds since the epoch.
        rid: the request id of this call.
        subject: the account that the call is about; None before token or appid were read.
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
        """The account of the access token."""
        if self.subject is None:
            raise ApiError(41001)
        return self.subject

    @property
    def body(self) -> dict[str, Any]:
        r"""The JSON object of the body; the Content-Type is ignored (checklist 4).

        Raises:
            ApiError: 44002 empty, 47001 not a JSON object, 40033 `\\uXXXX` escapes.
        """
        if self._body is None:
            self._body = read_body(self.raw, refuse_escapes=self.platform.settings.refuse_escapes)
        return self._body

    def text(self, name: str) -> str:
        """A member as text; a number becomes its decimal text, and any other type an empty text."""
        value = self.body.get(name)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def read_body(raw: bytes, *, refuse_escapes: bool) -> dict[str, Any]:
    r"""Parse a JSON object.

    Escapes of ASCII (`\\u0026`, as some languages write `&`) are accepted; the sources report an error only for
    escaped Chinese text.

    Raises:
        ApiError: 44002, 47001, 40033 (WECHAT.md 1, 2).
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not raw:
        raise ApiError(44002)
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(47001) from error
    if not isinstance(body, dict):
        raise ApiError(47001)
    if refuse_escapes and _ESCAPE.search(raw):
        raise ApiError(40033)
    return body


@dataclass(frozen=True)
class Endpoint:
    """A row of the API table.

    Attributes:
        path: the path without the host.
        method: the only method allowed; others get 43001 or 43002.
        act: the handler.
        token: whether the call needs an access_token.
        right: what the account must be allowed; None: every kind of account may call it.
    """

    path: str
    method: Literal["GET", "POST"]
    act: Callable[[Call], Mapping[str, Any]]
    token: bool = True
    right: Right | None = None
