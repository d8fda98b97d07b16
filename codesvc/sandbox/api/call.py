"""One API call as its handler sees it, and the row of the API table that names the handler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from codesvc.sandbox.account_state import Account
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.escapes import Escapes, as_shown, escapes_of
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.rights import Right

Answer = Mapping[str, Any]
"""The JSON object that a call answers."""
OK: Answer = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class File:
    """An answer that is no JSON: a file for download."""

    content: bytes
    content_type: str
    name: str


@dataclass
class Call:
    """One request to the API, in the form in which handlers read it.

    Attributes:
        path: the path, as in the table.
        query: the parameters; of a repeated parameter the first value.
        now: the platform's time, seconds since the epoch.
        rid: the request id of this call.
        subject: the account that the call is about; None before token or appid were read.
        content_type: the label of the body, which only uploads need.
    """

    platform: Platform
    path: str
    query: Mapping[str, str]
    raw: bytes
    remote: str
    now: float
    rid: str
    subject: Account | None = None
    content_type: str = ""
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
            ApiError: 44002 empty, 47001 not a JSON object, 40033 or 40246 `\\uXXXX` escapes that the API refuses.
        """
        if self._body is None:
            self._body = read_body(self.raw, escapes_of(self.path, refuse=self.platform.settings.refuse_escapes))
        return self._body

    def key(self, name: str) -> str:
        """A member that tells two calls apart, as text; empty if there is none.

        Raises:
            ApiError: 47001 if it is neither text nor a number: all such values would count as the same key.
        """
        value = self.body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
            raise ApiError(47001)
        return self.text(name)

    def text(self, name: str) -> str:
        """A member as text; a number becomes its decimal text, and any other type an empty text."""
        value = self.body.get(name)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def read_body(raw: bytes, escapes: Escapes) -> dict[str, Any]:
    """Parse a JSON object; 44002, 47001, and for escapes what the API answers to them (WECHAT.md 1, 2)."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not raw:
        raise ApiError(44002)
    if escapes.treatment == "shown":
        raw = as_shown(raw)
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(47001) from error
    if not isinstance(body, dict):
        raise ApiError(47001)
    if escapes.treatment == "refused" and escapes.find(raw):
        raise ApiError(escapes.errcode)
    return body


@dataclass(frozen=True)
class Endpoint:
    """A row of the API table.

    Attributes:
        path: the path without the host.
        method: the only method allowed; others get 43001 or 43002.
        token: whether the call needs an access_token.
        right: what the account must be allowed; None: every kind of account may call it.
        errors: the errcodes of this call beside those that every call has, each with the mark of its confidence
            (`confidence`), as in `40003H 45047?`.
        upload: the body is a file; that of every other call may have 1 MiB.
        posted: whether a GET may be a POST too, because the platform's pages name both.
    """

    path: str
    method: Literal["GET", "POST"]
    act: Callable[[Call], Answer | File]
    token: bool = True
    right: Right | None = None
    errors: str = ""
    upload: bool = False
    posted: bool = False
