"""The answers of WeChat's calls as typed values. An answer with an unexpected form is `Garbled`, not a KeyError."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec

from codesvc.wechat.errors import Garbled
from codesvc.wechat.events import OfPerson

_T = TypeVar("_T")

# An account's `api_url` may name another server. The scripts of the store calculate with these numbers.
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
_Seconds = Annotated[int, msgspec.Meta(ge=1, le=30 * 86_400)]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """template/send accepted the message. `msgid` (64 bits) returns in the receipt (WECHAT.md 6.2)."""

    msgid: int


@dataclass(frozen=True, kw_only=True)
class QrCode:
    """A parametric QR code (WECHAT.md 5.1). `url` is the text inside the picture."""

    url: str = field(repr=False)
    ticket: str = field(repr=False)
    expire_seconds: _Seconds


@dataclass(frozen=True, kw_only=True)
class UserInfo:
    """Whether a person follows the account (not reliable, WECHAT.md 12), and their unionid if it is known."""

    subscribe: bool
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Successor:
    """One line of changeopenid's answer; `new_openid` is "" where there is none (KINDS.md 9)."""

    ori_openid: str = field(repr=False)
    new_openid: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template of the account (WECHAT.md 6.6); `content` holds lines such as `验证码:{{character_string1.DATA}}`."""

    template_id: str
    title: str = ""
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most `call_count` calls in `refresh_second` seconds."""

    call_count: _Count
    refresh_second: _Seconds


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The remaining quota of one call today (WECHAT.md 4). `rate` is None if there is no limit per minute."""

    daily_limit: _Count
    used: _Count
    remain: int
    rate: Rate | None = None


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """An address that WeChat resolves the name of our callback to."""

    ip: str


@dataclass(frozen=True, kw_only=True)
class Pinged:
    """The result of a ping of our callback's address from one of WeChat's networks."""

    package_loss: str = ""


@dataclass(frozen=True, kw_only=True)
class CallbackCheck:
    """WeChat's own check of the callback address (WECHAT.md 4)."""

    dns: tuple[Resolved, ...] = ()
    ping: tuple[Pinged, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OAuthIdentity(OfPerson):
    """The person identified by web authorisation (WECHAT.md 11.2).

    If `snapshot` is true, the openid may be a virtual one (11.3) and must never be bound.
    """

    unionid: str | None = field(default=None, repr=False)
    snapshot: bool = False


def shaped(answer: Mapping[str, Any], shape: type[_T]) -> _T:
    """Convert `answer` to `shape`. Numbers may be strings; unknown members are ignored.

    Raises:
        Garbled: a member is missing or has another type. The text does not contain values.
    """
    fitting: _T | None = None
    with suppress(msgspec.ValidationError):
        fitting = msgspec.convert(answer, shape, strict=False)
    if fitting is None:
        raise Garbled(f"WeChat's answer is no {shape.__name__}")
    return fitting
