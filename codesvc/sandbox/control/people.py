"""`/sandbox/users`: the interactions of people with an account.

Every call answers after its callback has ended, so that a test needs no sleep.
"""

import re
from typing import Any, Literal

import msgspec
from aiohttp import web

from codesvc.sandbox.browser.website_login import WebsiteLoginPages
from codesvc.sandbox.control.guard import Body, Conflict, answer, read_json
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.person import Contact, Person
from codesvc.sandbox.platform import NotFound, Platform
from codesvc.sandbox.push import Push
from codesvc.sandbox.rights import Right, has_right

_MESSAGE_FIELDS = {
    "image": {"PicUrl", "MediaId"},
    "voice": {"MediaId", "Format", "Recognition"},
    "video": {"MediaId", "ThumbMediaId"},
    "shortvideo": {"MediaId", "ThumbMediaId"},
    "location": {"Location_X", "Location_Y", "Scale", "Label"},
    "link": {"Title", "Description", "Url"},
}


_ELEMENT = re.compile(r"[A-Za-z][0-9A-Za-z_]{0,63}")
_MAX_DEPTH = 10


class _Create(Body):
    account: str | None = None
    person: str | None = None
    snapshot: bool | None = None


class _Change(Body):
    snapshot: bool | None = None
    blocks: bool | None = None
    blacklisted: bool | None = None
    refuses: list[str] | None = None


class _Scan(Body):
    url: str
    consent: Literal["allow", "deny"] | None = "allow"


class _Send(Body):
    text: str | None = None
    type: Literal["text", "image", "voice", "video", "shortvideo", "location", "link"] = "text"
    fields: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class _Click(Body):
    key: str | None = None
    url: str | None = None


class _Event(Body):
    event: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict)


class PeopleControl:
    """Handlers for people."""

    def __init__(self, platform: Platform, courier: Courier, logins: WebsiteLoginPages) -> None:
        self._platform = platform
        self._courier = courier
        self._logins = logins

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/sandbox/users", self.list),
            web.post("/sandbox/users", self.create),
            web.get("/sandbox/users/{openid}", self.show),
            web.patch("/sandbox/users/{openid}", self.change),
            web.get("/sandbox/users/{openid}/messages", self.list_messages),
            web.get("/sandbox/users/{openid}/chat", self.list_chat),
            web.post("/sandbox/users/{openid}/follow", self.follow),
            web.post("/sandbox/users/{openid}/unfollow", self.unfollow),
            web.post("/sandbox/users/{openid}/scan", self.scan),
            web.post("/sandbox/users/{openid}/send", self.send),
            web.post("/sandbox/users/{openid}/click", self.click),
            web.post("/sandbox/users/{openid}/event", self.push_event),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """All people of one account, or of all accounts."""
        wanted = request.query.get("account")
        accounts = [self._platform.account(wanted)] if wanted else list(self._platform.accounts.values())
        return answer({"users": [contact.describe() for account in accounts for contact in account.contacts.values()]})

    async def create(self, request: web.Request) -> web.Response:
        """Create a person in an account; the same person and account always have the same openid."""
        body = await read_json(request, _Create)
        account = self._platform.account(body.account)
        person = self._platform.new_person() if body.person is None else self._platform.person(body.person)
        if body.snapshot is not None:
            person.snapshot = body.snapshot
        return answer(self._platform.ensure_contact(person, account).describe(), 201)

    async def show(self, request: web.Request) -> web.Response:
        """One person in one account."""
        return answer(self._contact(request).describe())

    async def change(self, request: web.Request) -> web.Response:
        """Set what the person refuses, and whether pages see a virtual user."""
        body, contact = await read_json(request, _Change), self._contact(request)
        if body.snapshot is not None:
            contact.person.snapshot = body.snapshot
        if body.blocks is not None:
            contact.blocks = body.blocks
        if body.blacklisted is not None:
            contact.blacklisted = body.blacklisted
        if body.refuses is not None:
            contact.refuses = set(body.refuses)
        self._platform.event_bus.publish("person", **contact.describe())
        return answer(contact.describe())

    async def list_messages(self, request: web.Request) -> web.Response:
        """The messages that the person has received, oldest first."""
        return answer({"messages": list(self._contact(request).messages)})

    async def list_chat(self, request: web.Request) -> web.Response:
        """Both sides of the chat, oldest first."""
        return answer({"chat": list(self._contact(request).chat)})

    async def follow(self, request: web.Request) -> web.Response:
        """Follow the account; the event carries a QR code that the person scanned before."""
        contact = self._contact(request)
        if contact.follows:
            return _no_event({"outcome": "already_following"})
        now = self._platform.clock.now()
        code = contact.follow(now)
        if not self._pushes_scans(contact):
            code = None
        contact.windows.open("follow", now)
        return await self._push(contact, "followed", self._platform.pushes(contact).subscribe(code))

    async def unfollow(self, request: web.Request) -> web.Response:
        """Stop following the account."""
        contact = self._contact(request)
        if not contact.follows:
            return _no_event({"outcome": "not_following"})
        contact.unfollow()
        event = self._platform.pushes(contact).event("unsubscribe", {"EventKey": ""}, shows_reply=False)
        return await self._push(contact, "unfollowed", event)

    async def scan(self, request: web.Request) -> web.Response:
        """Scan a QR code; the openid names the person, the code names the account or the website."""
        body = await read_json(request, _Scan)
        person = self._contact(request).person
        login = self._logins.confirm(body.url, person, body.consent)
        if login is not None:
            return _no_event({"outcome": login.status, "website": login.appid})
        code = self._platform.codes.by_text(body.url)
        if code is None:
            return self._open_profile(person, body.url)
        now = self._platform.clock.now()
        if code.expires_at is not None and code.expires_at <= now:
            message = {"error": "expired", "outcome": "expired", "message": "this QR code has expired"}
            return answer(message, 410)
        code.scanned_at = now
        contact = self._platform.ensure_contact(person, self._platform.account(code.appid))
        if not contact.follows:
            contact.pending = code
            return _no_event(_described("awaiting_follow", contact))
        if not self._pushes_scans(contact):
            return _no_event(_described("no_event", contact))
        contact.windows.open("scan", now)
        return await self._push(contact, "scanned", self._platform.pushes(contact).scan(code))

    async def send(self, request: web.Request) -> web.Response:
        """Send a text, or a message of another type with its own elements (WECHAT.md 10.1)."""
        body, contact = await read_json(request, _Send), self._follower(request)
        if body.type == "text":
            if not body.text:
                raise ValueError("text: must not be empty")
            fields: dict[str, Any] = {"Content": body.text}
        else:
            if not body.fields or not set(body.fields) <= _MESSAGE_FIELDS[body.type]:
                names = ", ".join(sorted(_MESSAGE_FIELDS[body.type]))
                raise ValueError(f"fields: must be an object with at least one of these and nothing else: {names}")
            fields = dict(body.fields)
        contact.windows.open("message", self._platform.clock.now())
        self._platform.record_sent(contact, {"type": body.type, "content": body.text or "", "fields": body.fields})
        msg_id = self._platform.next_msgid()
        return await self._push(contact, "sent", self._platform.pushes(contact).message(body.type, msg_id, fields))

    async def click(self, request: web.Request) -> web.Response:
        """Press a menu button: `key` for CLICK, `url` for VIEW."""
        body, contact = await read_json(request, _Click), self._follower(request)
        if (body.key is None) == (body.url is None):
            raise ValueError("one of key and url is needed")
        if not has_right(self._platform.account(contact.appid).spec.kind, Right.MENU):
            # A menu made in the console has fixed answers and pushes nothing (KINDS.md 4).
            raise Conflict("no_menu_events", "an account of this kind pushes no menu events")
        contact.windows.open("click", self._platform.clock.now())
        pushes = self._platform.pushes(contact)
        if body.key is not None:
            return await self._push(contact, "clicked", pushes.event("CLICK", {"EventKey": body.key}))
        view = pushes.event("VIEW", {"EventKey": body.url, "MenuId": 413569513}, shows_reply=False)
        return await self._push(contact, "viewed", view)

    async def push_event(self, request: web.Request) -> web.Response:
        """Push any event of WECHAT.md 10.2 with given elements, for events that no other control call causes."""
        body, contact = await read_json(request, _Event), self._contact(request)
        _check_elements({body.event: body.fields}, _MAX_DEPTH)
        return await self._push(contact, "pushed", self._platform.pushes(contact).event(body.event, body.fields))

    async def _push(self, contact: Contact, outcome: str, push: Push) -> web.Response:
        self._platform.event_bus.publish("person", **contact.describe())
        result = await self._courier.deliver(push)
        return answer({**_described(outcome, contact), "callback": result.describe(), "messages": result.messages})

    def _open_profile(self, person: Person, text: str) -> web.Response:
        """Scan the account's own QR code: WeChat shows the account's page, and pushes nothing (KINDS.md 5)."""
        account = self._platform.account_of_profile(text)
        if account is None:
            raise NotFound("no QR code of this platform")
        contact = self._platform.ensure_contact(person, account)
        contact.saw_profile = not contact.follows
        return _no_event(_described("profile" if contact.follows else "awaiting_follow", contact))

    def _pushes_scans(self, contact: Contact) -> bool:
        """Whether scans are pushed to the account: only with the right to make QR codes (KINDS.md 2)."""
        return has_right(self._platform.account(contact.appid).spec.kind, Right.QRCODE)

    def _contact(self, request: web.Request) -> Contact:
        return self._platform.contact(request.match_info["openid"])

    def _follower(self, request: web.Request) -> Contact:
        contact = self._contact(request)
        if not contact.follows:
            raise Conflict("not_following", "only a follower can write to the account")
        return contact


def _described(outcome: str, contact: Contact) -> dict[str, Any]:
    return {"outcome": outcome, "openid": contact.openid, "account": contact.appid}


def _no_event(described: dict[str, Any]) -> web.Response:
    return answer({**described, "callback": None, "messages": []})


def _check_elements(value: object, depth: int) -> None:
    """Check that `value` can be written as XML elements.

    Raises:
        ValueError: a name is not allowed for an element, or the nesting is too deep.
    """
    if depth == 0:
        raise ValueError("fields: nested too deeply")
    if isinstance(value, dict):
        if not all(_ELEMENT.fullmatch(name) for name in value):
            raise ValueError("event and fields: names must be a letter and up to 63 letters, digits and _")
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        _check_elements(item, depth - 1)
