"""The types of requests: members, limits, and the problems for invalid values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from codesvc.domain.errors import Invalid
from codesvc.domain.identifiers import OPENID_PATTERN
from codesvc.domain.language_tags import nearest
from codesvc.service.models import NOT_IDEMPOTENT, Idempotency
from codesvc.web.api.display_names import Display  # noqa: TC001  msgspec reads the annotations at run time
from codesvc.web.api.user_ids import BoundUser, check_user
from codesvc.web.forms import form_of
from codesvc.web.problem import Problem, invalid
from codesvc.web.uris import as_uri, origin_of

if TYPE_CHECKING:
    from aiohttp import web

METADATA_LIMIT: Final = 4096
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        description="the code as typed, or a whole message that contains it",
        examples=["721082"],
    ),
]
Address = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=64,
        description="IPv4 or IPv6 address of the browser",
        examples=["192.0.2.1"],
        extra_json_schema={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    ),
]
# A site passes it on as the browser wrote it, so no length of it refuses a start: only a body has a bound.
UserAgent = Annotated[str, Meta(description="the browser's header; only a family from a closed list is kept and shown")]
Locale = Annotated[
    str,
    Meta(
        description="a language tag, or the browser's Accept-Language: Chinese or English, whichever is nearer",
        examples=["zh-CN", "en"],
    ),
]
_LONGEST_URI = 4_096
"""Characters of an address in the header that leads to it."""
ReturnUrl = Annotated[
    str,
    Meta(
        max_length=2048,
        description="where the hosted page sends the browser back to, on one of the site's origins",
        examples=["https://shop.example/back"],
    ),
]
Proof = Annotated[str, Meta(min_length=1, max_length=4096, description="a proof, unchanged")]


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Unknown members are refused."""


class CheckInput(Input):
    """Body of POST /v1/verifications/{id}/check."""

    code: Code
    client_ip: Address | None = None


class EmptyInput(Input):
    """The body of a POST that needs no members."""


class PageCheckInput(Input):
    """Body of POST /p/{page_token}/check."""

    code: Code


class ProofInput(Input):
    """Body of POST /v1/proofs/verify."""

    proof: Proof
    consume: Annotated[bool, Meta(description="false checks the proof without spending it")] = True


class BindInput(Input):
    """Body of PUT /v1/bindings/{user}: exactly one of proof, handle, openid."""

    proof: Proof | UnsetType = UNSET
    handle: Annotated[str, Meta(min_length=1, max_length=1024, description="from a login or a ticket")] | UnsetType = (
        UNSET
    )
    openid: Annotated[str, Meta(pattern=OPENID_PATTERN, description="needs the scope openids")] | UnsetType = UNSET
    replace: Annotated[bool, Meta(description="moves the user from another WeChat account")] = False
    display: Display | UnsetType | None = UNSET


class LoginInput(Input):
    """Body of POST /v1/logins."""

    client_ip: Address | None = None
    user_agent: UserAgent = ""
    locale: Locale = "zh-CN"
    return_url: ReturnUrl | None = None


class BindIntentInput(LoginInput, kw_only=True):
    """Body of POST /v1/bind-intents."""

    user: BoundUser
    display: Display | None = None
    method: Annotated[
        Literal["scan", "oauth"], Meta(description="oauth gives a link to open in WeChat instead of a QR code")
    ] = "scan"
    replace: Annotated[bool, Meta(description="moves the user from another WeChat account")] = False


class VisitForm(Input):
    """A form of the pages in WeChat. Each page takes the values of its own buttons for `act`, and nothing else."""

    token: Annotated[str, Meta(max_length=64)]


class AnswerForm(VisitForm):
    """The answer to a question: `act` is yes, no, or the number of a choice."""

    act: Literal["yes", "no", "1", "2", "3", "4", "5", "6", "7", "8", "9"]


class DisownForm(VisitForm):
    """A statement that a message was not for the person."""

    act: Literal["no"]


class DigitsForm(VisitForm):
    """The request for the digits of a ticket."""

    act: Literal["show"]


class RedeemInput(Input):
    """Body of POST /v1/tickets/redeem: the value that the browser brought, and the state of its session."""

    ticket: Annotated[str, Meta(min_length=1, max_length=512, description="the `redeem` parameter of the query")]
    state: Annotated[str, Meta(min_length=8, max_length=256, description="the state stored in this session")]


class ClockInput(Input):
    """Body of POST /test/clock."""

    advance: Annotated[float, Meta(ge=0, le=10 * 366 * 86_400, description="seconds", examples=[60])]


_T = TypeVar("_T", bound=Input)
_STEP: Final = re.compile(r"\.([^.\[\]`]{1,64})|\[(\d{1,9}|\.\.\.)\]")
_PATH: Final = re.compile(rf"(?:key in )?\$?((?:{_STEP.pattern})*)`")
_NAMED: Final = re.compile(r"(?:unknown|missing required) field `([^`]{1,64})`")
_LONGEST_TEXT: Final = 300


def _invalid_member(error: msgspec.ValidationError) -> Problem:
    """The problem for a body that msgspec refuses: what is wrong, and the JSON pointer (RFC 6901) of the member.

    msgspec repeats an unknown name or value before the path of its place, and the sender may have chosen tens of
    thousands of characters: so the text is cut, and only then searched.
    """
    text, _, end = str(error).rpartition(" - at `")
    path = _PATH.fullmatch(end) if len(end) <= _LONGEST_TEXT else None
    if path is None:
        text = str(error)
    text = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    names = [name or index for name, index in _STEP.findall(path[1])] if path else []
    names += _NAMED.findall(text)[:1]
    return invalid(Invalid(text, "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)))


def decode(body: bytes, shape: type[_T]) -> _T:
    """Read a body.

    Raises:
        Problem: malformed or invalid.
    """
    try:
        given = msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _invalid_member(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("malformed") from None
    user = getattr(given, "user", UNSET)
    if user is not UNSET:
        try:
            check_user(user)
        except Invalid as error:
            raise invalid(error) from None
    return given


async def read_form(request: web.Request, shape: type[_T]) -> _T:
    """Read a submitted form.

    Raises:
        Problem: malformed or invalid.
    """
    try:
        return msgspec.convert(await form_of(request), type=shape)
    except msgspec.ValidationError as error:
        raise _invalid_member(error) from None


async def read(request: web.Request, shape: type[_T]) -> tuple[_T, bytes]:
    """Read a request's body; returns its bytes too, which an Idempotency-Key is bound to.

    Raises:
        Problem: malformed or invalid.
    """
    body = await request.read()
    return decode(body, shape), body


def idempotency(request: web.Request, body: bytes) -> Idempotency:
    """The Idempotency-Key of a request, bound to method, path and body.

    Raises:
        Problem: the header is not a key.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return NOT_IDEMPOTENT
    key = key.strip().strip('"')
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid(Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters"))
    return Idempotency.of(key, b"\n".join((request.method.encode(), request.path.encode(), body)))


def check_metadata(metadata: dict[str, Any]) -> None:
    """Check the size of the metadata.

    Raises:
        Invalid: more than 4 KiB as compact JSON.
    """
    if metadata and len(msgspec.json.encode(metadata)) > METADATA_LIMIT:
        raise Invalid(f"metadata takes more than {METADATA_LIMIT} bytes", "/metadata")


def check_return_url(url: str | None, origins: tuple[str, ...]) -> None:
    """Check that a return URL is on one of the site's origins, so that the page is not an open redirector.

    Raises:
        Invalid: it is not an absolute address on one of them.
    """
    if url is None:
        return
    try:
        origin = origin_of(url)
    except ValueError:
        origin = ""
    if origin in origins and len(as_uri(url)) > _LONGEST_URI:
        raise Invalid(
            f"return_url must have at most {_LONGEST_URI} characters once it is percent-encoded", "/return_url"
        )
    if origin not in origins or not url.isprintable() or any(c in url for c in "\\ ") or "@" in origin:
        raise Invalid("return_url must be an absolute address on one of the site's origins", "/return_url")


def language(locale: str) -> str:
    """`zh` or `en`, whichever is nearer to a tag or to the value of an `Accept-Language`."""
    return nearest(locale, ("zh", "en"), "zh")
