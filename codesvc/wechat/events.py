"""What a push of WeChat says, as values: one frozen class for each kind that the service acts on (WECHAT.md 10).

Every event names the person (`openid`), WeChat's second (`at`, unix time) and a `dedupe` key, the same for every
repetition of one push (WECHAT.md 9.4). A `repr` shows four characters of the openid and nothing that a person wrote.
"""

from dataclasses import dataclass, field
from typing import Literal


def mask(openid: str) -> str:
    """An openid as logs may show it: four characters and an ellipsis."""
    return f"{openid[:4]}…"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Anything that WeChat pushes.

    Attributes:
        openid: the person, as this account knows him.
        at: CreateTime in unix seconds.
        dedupe: at most 40 characters of `[a-z0-9:]`; the same for every repetition, no openid in clear.
    """

    openid: str = field(repr=False)
    at: int
    dedupe: str = field(repr=False)
    who: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Put the masked openid where `repr` shows it."""
        object.__setattr__(self, "who", mask(self.openid))


@dataclass(frozen=True, kw_only=True)
class Followed(Event):
    """Someone follows the account, by a parametric QR code if `scene` is set (its `qrscene_` already taken off)."""

    scene: str | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Scanned(Event):
    """A follower scanned a parametric QR code."""

    scene: str = field(repr=False)
    ticket: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Unfollowed(Event):
    """Someone stopped following."""


@dataclass(frozen=True, kw_only=True)
class Text(Event):
    """A chat message. `content` is as typed; `msg_id` is a 64-bit number, None if WeChat left it out."""

    content: str = field(repr=False)
    msg_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Clicked(Event):
    """A menu button with this key was pressed."""

    key: str


@dataclass(frozen=True, kw_only=True)
class TemplateReceipt(Event):
    """What became of a template message (WECHAT.md 6.5).

    Attributes:
        msgid: the number that template/send answered.
        status: anything but WeChat's `success` is a failure.
        reason: empty when delivered; else a short word of `[a-z0-9-]`: `user-block`, `system-failed`, `freq-limit`.
    """

    msgid: int
    status: Literal["delivered", "failed"]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SubscriptionChoice:
    """One line of a subscription dialogue: this template, yes or no."""

    template_id: str
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class SubscriptionChoices(Event):
    """What someone chose in the subscription dialogue, or later in his settings (WECHAT.md 7.3)."""

    source: Literal["popup", "settings"]
    choices: tuple[SubscriptionChoice, ...]


@dataclass(frozen=True, kw_only=True)
class SubscriptionReceipt(Event):
    """What became of a subscription notice; `reason` is as in `TemplateReceipt`.

    bizsend answers no msgid, so a receipt is matched by person and template.
    """

    template_id: str
    msgid: int
    status: Literal["delivered", "failed"]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AuthorizationRevoked(Event):
    """The person withdrew the use of his data: delete it. `openid` is the person's, not the sender's."""


@dataclass(frozen=True, kw_only=True)
class Other(Event):
    """Anything else. `kind` is `image`, `event:view` …: lower case, at most 64 characters of `[a-z0-9_:]`."""

    kind: str
