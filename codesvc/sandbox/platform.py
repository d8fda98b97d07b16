"""The state of the imitation platform, in memory: accounts, people, codes, calls, time.

This module does no I/O. What the platform sends by itself (mainly receipts) is put into `outbox`, and the courier
delivers it from there.
"""

import json
import re
import secrets
from collections import deque
from dataclasses import dataclass, replace
from typing import Any, Literal

from codesvc.sandbox.account import DEFAULT_ACCOUNT, AccountSpec, TemplateSpec
from codesvc.sandbox.account_state import Account
from codesvc.sandbox.clock import Clock
from codesvc.sandbox.credential import AccessToken, Credentials, check_token_form
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.event_bus import EventBus
from codesvc.sandbox.fault import Faults
from codesvc.sandbox.identifiers import MessageNumbers, derive_openid, derive_unionid, profile_url
from codesvc.sandbox.journal import Journal
from codesvc.sandbox.migration import Migration
from codesvc.sandbox.oauth import OAuthSessions
from codesvc.sandbox.person import Contact, Person
from codesvc.sandbox.push import Push, PushFactory
from codesvc.sandbox.qrcode import QrCodes
from codesvc.sandbox.quota import Quotas
from codesvc.sandbox.settings import Settings
from codesvc.sandbox.website import DEFAULT_WEBSITE, WebsiteLogins

_PERSON = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z._@+\-\u4e00-\u9fff]{0,63}")


class NotFound(LookupError):
    """A control call named an account, a person or a code that does not exist."""


@dataclass
class HeldMessage:
    """A template message that waits for its content review (40252)."""

    appid: str
    openid: str
    message: dict[str, Any]
    due: float


class Platform:
    """The whole state of the sandbox.

    Args:
        default_account: the account that always exists; by default one with documented values.
        settings: the initial settings; `POST /sandbox/reset` restores them.
    """

    def __init__(
        self,
        default_account: AccountSpec = DEFAULT_ACCOUNT,
        *,
        clock: Clock | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.default_account = default_account
        self.clock = clock or Clock()
        self.event_bus = EventBus()
        self._initial_settings = settings or Settings()
        self.reset()

    def reset(self) -> None:
        """Restore the initial state; subscribers of the event bus stay connected."""
        self.clock.reset()
        self.settings = self._initial_settings
        self.accounts: dict[str, Account] = {}
        self.people: dict[str, Person] = {}
        self.codes = QrCodes()
        self.oauth = OAuthSessions()
        self.websites = {DEFAULT_WEBSITE.appid: DEFAULT_WEBSITE}
        self.website_logins = WebsiteLogins()
        self.faults = Faults()
        self.journal = Journal()
        self.numbers = MessageNumbers()
        self.outbox: deque[Push] = deque()
        self.held: list[HeldMessage] = []
        self.blocked: list[tuple[str, dict[str, Any]]] = []
        self.put_account(self.default_account)
        self.event_bus.publish("reset")

    def put_account(self, spec: AccountSpec) -> Account:
        """Create an account, or change the settings of the one with this appid; templates are added, never removed."""
        account = self.accounts.get(spec.appid)
        if account is None:
            account = Account(spec, Quotas(spec.kind), Credentials(forced_overlap=self.settings.forced_overlap))
            self.accounts[spec.appid] = account
        account.spec = spec
        account.quotas.kind = spec.kind
        for contact in account.contacts.values():
            contact.unionid = derive_unionid(spec.owner, contact.person.identity)
        for template in spec.templates:
            account.templates.setdefault(template.template_id, template)
        self.event_bus.publish("account", account=spec.appid)
        return account

    def migrate(self, old: Account, new: Account, *, confirmed: bool, named_by: Literal["appid", "original_id"]) -> int:
        """End the review of a migration: the followers of the old account follow the new one. Returns how many."""
        now, successors = self.clock.now(), {}
        for openid in old.followers():
            before = old.contacts[openid]
            after = self.ensure_contact(before.person, new)
            if not after.follows:
                after.follow(now)
                after.subscribe_scene = "ADD_SCENE_ACCOUNT_MIGRATION"
            before.unfollow()
            successors[openid] = after.openid
        new.migration = Migration(
            old.spec.appid, old.spec.original_id, now, successors, confirmed=confirmed, named_by=named_by
        )
        return len(successors)

    def put_settings(self, settings: Settings) -> None:
        """Replace the settings."""
        self.settings = settings
        for account in self.accounts.values():
            account.credentials.forced_overlap = settings.forced_overlap

    def account(self, appid: str | None) -> Account:
        """An account by appid; None is the default one.

        Raises:
            NotFound: there is none.
        """
        account = self.accounts.get(appid if appid is not None else self.default_account.appid)
        if account is None:
            raise NotFound(f"no account {appid}")
        return account

    def account_of_profile(self, text: str) -> Account | None:
        """The account whose own QR picture this is: by the text in the picture, or by the picture's address."""
        name = text.partition("/qr/code")[2].partition("username=")[2].partition("&")[0]
        text = text.strip().replace("https://", "http://", 1)
        for account in self.accounts.values():
            if account.spec.original_id == name or profile_url(account.spec.original_id) == text:
                return account
        return None

    def account_of_token(self, value: str) -> tuple[Account, AccessToken]:
        """The account of an access token, and the token; 41001, 40014, 40001 or 42001 (WECHAT.md 2)."""
        check_token_form(value)
        now = self.clock.now()
        for account in self.accounts.values():
            if account.credentials.knows(value):
                return account, account.credentials.check(value, now)
        raise ApiError(40001)

    def person(self, name: str) -> Person:
        """The person with this name; created if there is none.

        Raises:
            ValueError: the name has characters that are not allowed, or more than 64 characters.
        """
        if not _PERSON.fullmatch(name):
            raise ValueError("person: up to 64 letters, digits, Chinese characters or . _ @ + -")
        return self.people.setdefault(name, Person(name))

    def new_person(self) -> Person:
        """A new person with the next free name and ids that were never used before."""
        count = len(self.people) + 1
        while f"person{count}" in self.people:
            count += 1
        name = f"person{count}"
        return self.people.setdefault(name, Person(name, identity=f"{name}/{secrets.token_hex(8)}"))

    def ensure_contact(self, person: Person, account: Account) -> Contact:
        """The person's contact in an account, created if there is none; one openid per account (WECHAT.md 12)."""
        openid = derive_openid(account.spec.appid, person.identity)
        contact = account.contacts.get(openid)
        if contact is None:
            unionid = derive_unionid(account.spec.owner, person.identity)
            contact = Contact(person, account.spec.appid, openid, unionid)
            account.contacts[openid] = contact
            self.event_bus.publish("person", **contact.describe())
        return contact

    def contact(self, openid: str) -> Contact:
        """The person behind an openid of any account.

        Raises:
            NotFound: there is none.
        """
        for account in self.accounts.values():
            if openid in account.contacts:
                return account.contacts[openid]
        raise NotFound(f"no user {openid}")

    def pushes(self, contact: Contact) -> PushFactory:
        """A factory for the callbacks of this person, with the present time."""
        return PushFactory(self.accounts[contact.appid].spec.original_id, contact, self.clock.now())

    def show(self, contact: Contact, message: dict[str, Any]) -> dict[str, Any]:
        """Add a message to the person that they receive."""
        shown = {**message, "at": self.clock.now()}
        contact.messages.append(shown)
        self._add_to_chat(contact, shown, "platform" if message["type"] == "system" else "account")
        return shown

    def record_sent(self, contact: Contact, message: dict[str, Any]) -> None:
        """Add a message that the person has written to the chat."""
        self._add_to_chat(contact, {**message, "at": self.clock.now()}, "person")

    def _add_to_chat(self, contact: Contact, message: dict[str, Any], sender: str) -> None:
        line = {"from": sender, **message}
        contact.chat.append(line)
        self.event_bus.publish("message", account=contact.appid, openid=contact.openid, message=line)

    def next_msgid(self) -> int:
        """A new message id, of the length that the settings choose."""
        return self.numbers.next(small=self.settings.small_ids)

    def hold(self, contact: Contact, message: dict[str, Any]) -> None:
        """Hold a message back until its review has ended."""
        due = self.clock.now() + self.settings.review_seconds
        self.held.append(HeldMessage(contact.appid, contact.openid, message, due))

    def release_held(self, *, approve: bool = True, all_of_them: bool = False) -> int:
        """End the reviews that are due, or all of them; returns how many ended (WECHAT.md 14)."""
        now = self.clock.now()
        ended = [held for held in self.held if all_of_them or held.due <= now]
        self.held = [held for held in self.held if held not in ended]
        for held in ended:
            if approve:
                self.show(self.contact(held.openid), held.message)
            else:
                self.blocked.append((held.appid, held.message))
        return len(ended)

    def change_template(self, account: Account, template_id: str, **changes: Any) -> TemplateSpec:
        """Change a template's members, for instance `banned` or `review`.

        Raises:
            NotFound: the account has no such template.
        """
        if template_id not in account.templates:
            raise NotFound(f"no template {template_id}")
        account.templates[template_id] = replace(account.templates[template_id], **changes)
        return account.templates[template_id]


def fingerprint(value: object) -> str:
    """A text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
