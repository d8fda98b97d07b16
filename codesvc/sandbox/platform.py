"""The state of the imitation platform, in memory: accounts, people, codes, calls, time.

No I/O happens here. What the platform wants to send by itself (receipts, mainly) is put into `outbox`; whoever serves
HTTP takes it from there and hands it to the courier.
"""

import json
import re
import secrets
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from codesvc.sandbox.account import DEFAULT_ACCOUNT, AccountSpec, TemplateSpec
from codesvc.sandbox.clock import Clock
from codesvc.sandbox.credential import AccessToken, Credentials, check_token_form
from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.event_bus import Feed
from codesvc.sandbox.fault import Faults
from codesvc.sandbox.identifiers import MessageNumbers, derive_openid, derive_unionid
from codesvc.sandbox.journal import Journal
from codesvc.sandbox.oauth import Grants
from codesvc.sandbox.person import Contact, Person
from codesvc.sandbox.push import Push, Pushes
from codesvc.sandbox.qrcode import QrCodes
from codesvc.sandbox.quota import Quotas
from codesvc.sandbox.settings import Settings

_PERSON = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z._@+\-\u4e00-\u9fff]{0,63}")


class Unknown(LookupError):
    """A control call named an account, a person or a code that does not exist."""


@dataclass
class Account:
    """An official account at work.

    Attributes:
        spec: its settings; replaced, never changed.
        templates: what it has now, by id.
        sent: accepted sends by (openid, client_msg_id), as (time, msgid) (WECHAT.md 6.2).
        recent: contents sent to an openid, for 40241.
        industry: the two codes, and the month in which they were set.
        menu: the JSON of `menu/create`.
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

    def contact(self, openid: object) -> Contact:
        """The person behind an openid.

        Raises:
            Refusal: 40003 if it is none of this account's.
        """
        contact = self.contacts.get(openid) if isinstance(openid, str) else None
        if contact is None:
            raise Refusal(40003)
        return contact

    def followers(self) -> list[str]:
        """Openids of the followers, the first follower first."""
        return [c.openid for c in sorted(self.contacts.values(), key=lambda c: c.followed_at) if c.follows]


@dataclass
class HeldMessage:
    """A template message that waits for its content review (40252)."""

    appid: str
    openid: str
    message: dict[str, Any]
    due: float


class Platform:
    """Everything the sandbox knows.

    Args:
        default_account: the account that always exists; by default one with documented values.
        clock: the platform's time.
        settings: switches; `POST /sandbox/reset` returns to these.
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
        self.feed = Feed()
        self._initial_settings = settings or Settings()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the default account; listeners stay connected."""
        self.clock.reset()
        self.settings = self._initial_settings
        self.accounts: dict[str, Account] = {}
        self.people: dict[str, Person] = {}
        self.codes = QrCodes()
        self.grants = Grants()
        self.faults = Faults()
        self.journal = Journal()
        self.numbers = MessageNumbers()
        self.outbox: deque[Push] = deque()
        self.held: list[HeldMessage] = []
        self.blocked: list[tuple[str, dict[str, Any]]] = []
        self.put_account(self.default_account)
        self.feed.publish("reset")

    def put_account(self, spec: AccountSpec) -> Account:
        """Create an account, or change the settings of the one with this appid; templates only ever get added."""
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
        self.feed.publish("account", account=spec.appid)
        return account

    def put_settings(self, settings: Settings) -> None:
        """Change the switches."""
        self.settings = settings
        for account in self.accounts.values():
            account.credentials.forced_overlap = settings.forced_overlap

    def account(self, appid: str | None) -> Account:
        """An account by appid; None is the default one.

        Raises:
            Unknown: there is none.
        """
        account = self.accounts.get(appid if appid is not None else self.default_account.appid)
        if account is None:
            raise Unknown(f"no account {appid}")
        return account

    def account_of_token(self, value: str) -> tuple[Account, AccessToken]:
        """The account an access token speaks for.

        Raises:
            Refusal: 41001, 40014, 40001 or 42001 (WECHAT.md 2).
        """
        check_token_form(value)
        now = self.clock.now()
        for account in self.accounts.values():
            if account.credentials.knows(value):
                return account, account.credentials.check(value, now)
        raise Refusal(40001)

    def person(self, name: str) -> Person:
        """A person by name, made on first mention.

        Raises:
            ValueError: the name has odd characters or more than 64.
        """
        if not _PERSON.fullmatch(name):
            raise ValueError("person: up to 64 letters, digits, Chinese characters or . _ @ + -")
        return self.people.setdefault(name, Person(name))

    def newcomer(self) -> Person:
        """Somebody new, with the next free name and ids of nobody before."""
        count = len(self.people) + 1
        while f"person{count}" in self.people:
            count += 1
        name = f"person{count}"
        return self.people.setdefault(name, Person(name, identity=f"{name}/{secrets.token_hex(8)}"))

    def meet(self, person: Person, account: Account) -> Contact:
        """The person's standing with an account; one openid in each account (WECHAT.md 12)."""
        openid = derive_openid(account.spec.appid, person.identity)
        contact = account.contacts.get(openid)
        if contact is None:
            unionid = derive_unionid(account.spec.owner, person.identity)
            contact = Contact(person, account.spec.appid, openid, unionid)
            account.contacts[openid] = contact
            self.feed.publish("person", **contact.describe())
        return contact

    def contact(self, openid: str) -> Contact:
        """The person behind an openid of any account.

        Raises:
            Unknown: there is none.
        """
        for account in self.accounts.values():
            if openid in account.contacts:
                return account.contacts[openid]
        raise Unknown(f"no user {openid}")

    def pushes(self, contact: Contact) -> Pushes:
        """Makes the callbacks of a person's acts, dated now."""
        return Pushes(self.accounts[contact.appid].spec.original_id, contact, self.clock.now())

    def show(self, contact: Contact, message: dict[str, Any]) -> dict[str, Any]:
        """Put a message into a person's chat."""
        shown = {**message, "at": self.clock.now()}
        contact.messages.append(shown)
        self._tell(contact, shown, "platform" if message["type"] == "system" else "account")
        return shown

    def note_sent(self, contact: Contact, message: dict[str, Any]) -> None:
        """Put what the person has written into the chat."""
        self._tell(contact, {**message, "at": self.clock.now()}, "person")

    def _tell(self, contact: Contact, message: dict[str, Any], sender: str) -> None:
        line = {"from": sender, **message}
        contact.chat.append(line)
        self.feed.publish("message", account=contact.appid, openid=contact.openid, message=line)

    def next_msgid(self) -> int:
        """A fresh message id in the size the settings want."""
        return self.numbers.next(small=self.settings.small_ids)

    def hold(self, contact: Contact, message: dict[str, Any]) -> None:
        """Keep a message for its review."""
        due = self.clock.now() + self.settings.review_seconds
        self.held.append(HeldMessage(contact.appid, contact.openid, message, due))

    def release_held(self, *, approve: bool = True, all_of_them: bool = False) -> int:
        """Let reviews end: those that are due, or all; returns how many ended (WECHAT.md 14)."""
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
        """Ban a template or set its review.

        Raises:
            Unknown: the account has no such template.
        """
        if template_id not in account.templates:
            raise Unknown(f"no template {template_id}")
        account.templates[template_id] = replace(account.templates[template_id], **changes)
        return account.templates[template_id]


def fingerprint(value: object) -> str:
    """A text that is equal for equal contents."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
