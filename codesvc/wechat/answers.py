"""What WeChat's calls answer, as values; a shape that does not fit is `Garbled`, not a KeyError. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from codesvc.wechat.errors import Garbled
from codesvc.wechat.events import mask

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """template/send took the message; `msgid` (64 bits) comes back in the receipt (WECHAT.md 6.2)."""

    msgid: int


@dataclass(frozen=True, kw_only=True)
class QrCode:
    """A parametric QR code (WECHAT.md 5.1): `url` is the text inside the picture, the life is in seconds."""

    url: str = field(repr=False)
    ticket: str = field(repr=False)
    expire_seconds: int


@dataclass(frozen=True, kw_only=True)
class UserInfo:
    """Whether someone follows (a hint only, WECHAT.md 12), and who he is across accounts, if that is known."""

    subscribe: bool
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template of the account (WECHAT.md 6.6); `content` holds lines such as `验证码:{{character_string1.DATA}}`."""

    template_id: str
    title: str = ""
    content: str = ""
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many calls in so many seconds."""

    call_count: int
    refresh_second: int


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What is left of one call today (WECHAT.md 4); `rate` is None where no limit per minute exists."""

    daily_limit: int
    used: int
    remain: int
    rate: Rate | None = None


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """One address that WeChat resolves our callback's name to."""

    ip: str
    real_operator: str = ""


@dataclass(frozen=True, kw_only=True)
class Pinged:
    """How our callback's address answers to a ping from one of WeChat's networks."""

    ip: str
    from_operator: str = ""
    package_loss: str = ""
    time: str = ""


@dataclass(frozen=True, kw_only=True)
class CallbackCheck:
    """WeChat's own check of the callback address (WECHAT.md 4)."""

    dns: tuple[Resolved, ...] = ()
    ping: tuple[Pinged, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OAuthIdentity:
    """Who came through web authorisation (WECHAT.md 11.2).

    `snapshot` means that the openid may be a virtual one (11.3): never bind it to anything.
    """

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)
    snapshot: bool = False
    who: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Put the masked openid where `repr` shows it."""
        object.__setattr__(self, "who", mask(self.openid))


def shaped(answer: Mapping[str, Any], shape: type[_T]) -> _T:
    """`answer` as `shape`; numbers may come as strings, members that we do not know are ignored.

    Raises:
        Garbled: a member is missing or of another type. The values are not quoted.
    """
    fitting: _T | None = None
    with suppress(msgspec.ValidationError):
        fitting = msgspec.convert(answer, shape, strict=False)
    if fitting is None:
        raise Garbled(f"WeChat's answer is no {shape.__name__}")
    return fitting
