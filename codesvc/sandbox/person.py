"""People and what they are to an account: follower or not, what they refuse, what their chat shows (WECHAT.md 12)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from codesvc.sandbox.message_window import Windows
from codesvc.sandbox.qrcode import QrCode

_REMEMBERED_MESSAGES = 2000


@dataclass
class Person:
    """A human being with a WeChat.

    Attributes:
        name: the sandbox's handle, and the nickname in web authorisation.
        snapshot: pages see a virtual user (快照页, WECHAT.md 11.3).
        identity: what ids are derived from: the name, for whoever was named; drawn anew for whoever was not, so that a
            service that remembers more than the sandbox does not take a newcomer for somebody it knows.
    """

    name: str
    snapshot: bool = False
    identity: str = ""

    def __post_init__(self) -> None:
        self.identity = self.identity or self.name


@dataclass
class Contact:
    """A person in relation to one account; what an openid stands for.

    Attributes:
        refuses: template ids switched off (43101); `*` is all of them.
        blocks: has switched off the account's messages: the send is accepted and the receipt says `failed:user block`.
        blacklisted: the account has blacklisted the person (43019).
        pending: the code scanned before following.
        grants: accepted one-time notices by template id; long-term ones are not counted down.
        messages: what the person has received, oldest first.
        chat: both sides of it, each with `from`: `person`, `account` or `platform`.
    """

    person: Person
    appid: str
    openid: str
    unionid: str | None
    follows: bool = False
    followed_at: float = 0.0
    came_by: str = "ADD_SCENE_SEARCH"
    came_by_code: QrCode | None = None
    pending: QrCode | None = None
    remark: str = ""
    refuses: set[str] = field(default_factory=set)
    blocks: bool = False
    blacklisted: bool = False
    grants: dict[str, int] = field(default_factory=dict)
    once: set[tuple[str, str]] = field(default_factory=set)
    windows: Windows = field(default_factory=Windows)
    messages: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_MESSAGES))
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_MESSAGES))

    def refuses_template(self, template_id: str) -> bool:
        """Whether the person switched this template off."""
        return template_id in self.refuses or "*" in self.refuses

    def follow(self, now: float) -> QrCode | None:
        """Become a follower; returns the code through which, if any."""
        code, self.pending = self.pending, None
        self.follows, self.followed_at = True, now
        self.came_by, self.came_by_code = ("ADD_SCENE_QR_CODE", code) if code else ("ADD_SCENE_SEARCH", None)
        return code

    def unfollow(self) -> None:
        """Stop following; what the account could send is closed."""
        self.follows = False
        self.pending = None
        self.windows.close()

    def describe(self) -> dict[str, Any]:
        """The person as the control calls show him."""
        return {
            "person": self.person.name,
            "openid": self.openid,
            "unionid": self.unionid,
            "account": self.appid,
            "follows": self.follows,
            "snapshot": self.person.snapshot,
            "blocks": self.blocks,
            "blacklisted": self.blacklisted,
            "refuses": sorted(self.refuses),
            "grants": dict(self.grants),
            "messages": len(self.messages),
        }
