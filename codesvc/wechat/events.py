"""WeChat's callbacks as typed events: one frozen class for each kind that the service handles (WECHAT.md 10).

Every event has the person's `openid`, WeChat's time in seconds (`at`, unix time) and a `dedupe` key, which is the same
for every repetition of a callback (WECHAT.md 9.4). A `repr` shows four characters of the openid and no text that a
person wrote.
"""

from dataclasses import dataclass, field
from typing import Literal


def mask(openid: str) -> str:
    """A masked openid for logs: four characters and an ellipsis."""
    return f"{openid[:4]}…"


@dataclass(frozen=True, kw_only=True)
class OfPerson:
    """Base class of what is about one person. `openid` is the person's for this account; a `repr` shows it masked."""

    openid: str = field(repr=False)
    who: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Set the masked openid, which `repr` shows."""
        object.__setattr__(self, "who", mask(self.openid))


@dataclass(frozen=True, kw_only=True)
class Event(OfPerson):
    """Base class of all events.

    Attributes:
        at: CreateTime in unix seconds.
        dedupe: at most 40 characters of `[a-z0-9:]`, the same for every repetition, and another one for every
            other sender and content. It does not show the openid.
    """

    at: int
    dedupe: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Followed(Event):
    """A person follows the account; by a parametric QR code if `scene` is set (without its prefix `qrscene_`)."""

    scene: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Scanned(Event):
    """A follower scanned a parametric QR code."""

    scene: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Unfollowed(Event):
    """A person stopped following the account."""


@dataclass(frozen=True, kw_only=True)
class Text(Event):
    """A chat message. `content` is as typed."""

    content: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Clicked(Event):
    """A menu button with this key was pressed."""

    key: str


@dataclass(frozen=True, kw_only=True)
class TemplateReceipt(Event):
    """WeChat's receipt for a template message (WECHAT.md 6.5).

    Attributes:
        msgid: the number that template/send returned.
        status: everything except WeChat's `success` is a failure.
        reason: empty if delivered; else a short word of `[a-z0-9-]`: `user-block`, `system-failed`, `freq-limit`.
    """

    msgid: int
    status: Literal["delivered", "failed"]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AuthorizationRevoked(Event):
    """The person withdrew permission to use their data: delete it.

    `openid` is the one that the callback names as the person's, or the sender's if it names none.
    """


@dataclass(frozen=True, kw_only=True)
class Other(Event):
    """Any other event. `kind` is `image`, `event:view` …: lower case, at most 64 characters of `[a-z0-9_:]`."""

    kind: str
