"""An official account with everything that it has and that has happened to it."""

from dataclasses import dataclass, field
from typing import Any

from codesvc.sandbox.account import AccountSpec, TemplateSpec
from codesvc.sandbox.agents import Agents
from codesvc.sandbox.credential import Credentials
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.media import MediaStore
from codesvc.sandbox.migration import Migration
from codesvc.sandbox.person import Contact
from codesvc.sandbox.quota import Quotas
from codesvc.sandbox.tags import Tags


@dataclass(frozen=True)
class ShortKey:
    """A long text that `shorten/gen` keeps under a short key for some time; times in seconds since the epoch."""

    text: str
    created_at: float
    expires_at: float


@dataclass
class Account:
    """An official account with its state.

    Attributes:
        spec: its settings; an immutable value that is replaced as a whole.
        sent: accepted sends by (openid, client_msg_id), as (time, msgid) (WECHAT.md 6.2).
        recent: when a content was last sent to an openid, by (openid, fingerprint); for 40241.
        industry: the two industry codes; `industry_month` is the month in which they were set.
        menu: the JSON of `menu/create`.
        migration: the migration of another account into this one.
        conditional_menus: the personalised menus, newest last, each with its `menuid`.
        menus_made: how many of them were ever made, so that no `menuid` comes again.
        tickets: the tickets of the JS-SDK by type, each with the time at which it ends.
    """

    spec: AccountSpec
    quotas: Quotas
    credentials: Credentials = field(default_factory=Credentials)
    templates: dict[str, TemplateSpec] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    sent: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    recent: dict[tuple[str, str], float] = field(default_factory=dict)
    industry: tuple[str, str] = ("1", "4")
    industry_month: str = ""
    menu: dict[str, Any] | None = None
    migration: Migration | None = None
    conditional_menus: list[dict[str, Any]] = field(default_factory=list)
    menus_made: int = 0
    tags: Tags = field(default_factory=Tags)
    media: MediaStore = field(default_factory=MediaStore)
    agents: Agents = field(default_factory=Agents)
    short_keys: dict[str, ShortKey] = field(default_factory=dict)
    tickets: dict[str, tuple[str, float]] = field(default_factory=dict)

    def contact(self, openid: object) -> Contact:
        """The person behind an openid; 40003 if this account has no such openid."""
        contact = self.contacts.get(openid) if isinstance(openid, str) else None
        if contact is None:
            raise ApiError(40003)
        return contact

    def followers(self) -> list[str]:
        """The openids of the followers, in the order in which they followed."""
        return [c.openid for c in sorted(self.contacts.values(), key=lambda c: c.followed_at) if c.follows]
