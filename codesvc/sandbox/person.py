"""People, and their relation to an account: following, refused templates, chat (WECHAT.md 12)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from codesvc.sandbox.message_window import MessageWindows
from codesvc.sandbox.qrcode import QrCode

_MAX_MESSAGES = 2000


@dataclass
class Person:
    """A person who uses WeChat.

    Attributes:
        name: identifies the person in the sandbox; also the nickname in web authorisation.
        snapshot: pages see a virtual user (快照页, WECHAT.md 11.3).
        identity: the input from which openid and unionid are derived. It is the name if a test chose the name. For a
            person without a chosen name it is random: a service keeps its bindings over a reset of the sandbox, and
            must not mistake a new person for one that it knows.
    """

    name: str
    snapshot: bool = False
    identity: str = ""

    def __post_init__(self) -> None:
        self.identity = self.identity or self.name


@dataclass
class Contact:
    """A person in relation to one account; identified by an openid.

    Attributes:
        subscribe_scene: how the person came to follow, as `user/info` says it.
        subscribe_code: the QR code through which they followed.
        refuses: template ids that the person switched off (43101); `*` means all.
        blocks: the person has switched off the account's messages. A send is accepted, and the receipt says
            `failed:user block`.
        blacklisted: the account has blacklisted the person (43019).
        pending: the QR code that they scanned before following.
        saw_profile: they have scanned the account's own QR code, and do not follow yet.
        grants: the number of accepted notices by template id; those of long-term templates are not used up.
        one_time_grants: accepted one-time messages, as (template id, scene) (WECHAT.md 7.4).
        messages: the messages that the person has received, oldest first.
        chat: the messages of both sides, each with `from`: `person`, `account` or `platform`.
    """

    person: Person
    appid: str
    openid: str
    unionid: str | None
    follows: bool = False
    followed_at: float = 0.0
    subscribe_scene: str = "ADD_SCENE_SEARCH"
    subscribe_code: QrCode | None = None
    pending: QrCode | None = None
    saw_profile: bool = False
    remark: str = ""
    refuses: set[str] = field(default_factory=set)
    blocks: bool = False
    blacklisted: bool = False
    grants: dict[str, int] = field(default_factory=dict)
    one_time_grants: set[tuple[str, int]] = field(default_factory=set)
    tags: set[int] = field(default_factory=set)
    windows: MessageWindows = field(default_factory=MessageWindows)
    messages: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MAX_MESSAGES))
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MAX_MESSAGES))

    def refuses_template(self, template_id: str) -> bool:
        """Whether the person switched this template off."""
        return template_id in self.refuses or "*" in self.refuses

    def follow(self, now: float) -> QrCode | None:
        """Become a follower; returns the QR code through which they followed, if any."""
        code, self.pending = self.pending, None
        self.follows, self.followed_at = True, now
        self.subscribe_scene = "ADD_SCENE_QR_CODE" if code or self.saw_profile else "ADD_SCENE_SEARCH"
        self.subscribe_code, self.saw_profile = code, False
        return code

    def unfollow(self) -> None:
        """Stop following; this closes all message windows."""
        self.follows = False
        self.pending = None
        self.tags.clear()
        self.windows.close()

    def describe(self) -> dict[str, Any]:
        """The person as the control calls show them."""
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
