"""Requests and answers as values: the part of the client without I/O.

Whatever the other side answers, the caller gets an error of the client, in bounded memory: it may be a broken service,
or another server at its address.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from codesvc.client.errors import BY_PROBLEM, BadAnswer, Refused, ServiceError
from codesvc.client.schema import PROBLEM_SHAPES, ProblemDocument

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises; RecursionError where JSON is nested some hundred levels deep."""
LARGEST_ANSWER = 4_194_304
"""Bytes of an answer, and of one event of a stream. The service's own stay far below."""
_MOST_DIGITS = 9
_DIGITS = re.compile(r"[0-9]+")


def read_wait(text: str | None) -> int | None:
    """A number of seconds or milliseconds that the service sent; a long one counts as nine digits."""
    if not text or not _DIGITS.fullmatch(text):
        return None
    return int(text) if len(text) < _MOST_DIGITS else 10**_MOST_DIGITS


def read_problem(status: int, body: bytes, retry_after: str | None) -> ServiceError:
    """The error for an answer with this status, body and `Retry-After` header."""
    try:
        plain = msgspec.json.decode(body, type=ProblemDocument)
        name = plain.type.rpartition("/")[2]
        document = msgspec.json.decode(body, type=PROBLEM_SHAPES.get(name, ProblemDocument))
    except UNREADABLE:
        return BadAnswer(status)
    return BY_PROBLEM.get(name, Refused)(document, read_wait(retry_after))


T = TypeVar("T")
_SUCCESS = range(200, 300)
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True, repr=False)
class Call(Generic[T]):
    """One request to the service.

    Attributes:
        method: HTTP method.
        path: path and query.
        shape: the type of the answer.
        body: JSON text, None for no body.
        key: `Idempotency-Key`, "" for none.
        harmless: whether the call may be executed twice.
    """

    method: str
    path: str
    shape: type[T]
    body: bytes | None = None
    key: str = ""
    harmless: bool = False

    def __repr__(self) -> str:
        return f"Call({self.method} {self.path.split('/')[1]}/…)"


@dataclass(frozen=True, slots=True, repr=False)
class RawAnswer:
    """One answer, not yet decoded.

    Attributes:
        status: HTTP status.
        body: the whole body.
        headers: names are case-insensitive.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def reading(path: str, shape: type[T]) -> Call[T]:
    """A GET."""
    return Call("GET", path, shape, harmless=True)


def posting(path: str, shape: type[T], members: Mapping[str, Any]) -> Call[T]:
    """A POST that must not be executed twice."""
    return Call("POST", path, shape, body=_json(members))


def creating(path: str, shape: type[T], members: Mapping[str, Any], key: str | None) -> Call[T]:
    """A POST with an Idempotency-Key: the caller's, or a new one. The key makes a repetition harmless."""
    return Call("POST", path, shape, body=_json(members), key=key or uuid.uuid4().hex, harmless=True)


def putting(path: str, shape: type[T], members: Mapping[str, Any]) -> Call[T]:
    """A PUT; a repetition changes nothing more."""
    return Call("PUT", path, shape, body=_json(members), harmless=True)


def deleting(path: str, *, harmless: bool = False) -> Call[None]:
    """A DELETE."""
    return Call("DELETE", path, type(None), harmless=harmless)


def _json(members: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({name: value for name, value in members.items() if value is not None})


def part(text: str) -> str:
    """One segment of a path, percent-encoded."""
    return quote(text, safe="")


def recipient(phone: str | None, email: str | None) -> dict[str, str] | None:
    """A phone number or an e-mail address as a member of a body; None if there is neither."""
    given = {"phone": phone, "email": email}
    return {kind: value for kind, value in given.items() if value is not None} or None


def query(members: Mapping[str, str | None]) -> str:
    """A query string; members that are None are left out."""
    return urlencode({name: value for name, value in members.items() if value is not None})


def read(call: Call[T], answer: RawAnswer) -> T:
    """Decode the answer to a call.

    Raises:
        Refused: the answer is a problem document.
        BadAnswer: the answer is not in the service's format.
    """
    if answer.status not in _SUCCESS:
        raise read_problem(answer.status, answer.body, answer.headers.get("Retry-After"))
    if call.shape is type(None):
        # The status alone says that it is done, so another server's page is not to be taken for it.
        if answer.status != _NO_CONTENT:
            raise BadAnswer(answer.status)
        return None
    return decode(answer.body, call.shape, answer.status)


def decode(body: bytes, shape: type[T], status: int) -> T:
    """JSON text as a value.

    Raises:
        BadAnswer: it is not JSON of that shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except UNREADABLE:
        raise BadAnswer(status) from None


def address(base_url: str) -> str:
    """The service's base URL without a trailing slash.

    Raises:
        ValueError: not an http or https URL, or one with a user, a password, a query or a fragment. The text does not
            repeat it.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("base_url must be an http or https address")
    if "@" in parts.netloc or "?" in base_url or "#" in base_url:
        raise ValueError("base_url must have no user, no password, no query and no fragment")
    return base_url.rstrip("/")


def headers(api_key: str, call: Call[T]) -> dict[str, str]:
    """The headers of a call."""
    sent = {
        "Authorization": f"Bearer {api_key}",
        "Accept": "application/json",
        # A compressed answer could be a thousand times as large as what was received.
        "Accept-Encoding": "identity",
        "User-Agent": "codesvc-python",
    }
    if call.body is not None:
        sent["Content-Type"] = "application/json"
    if call.key:
        sent["Idempotency-Key"] = call.key
    return sent
