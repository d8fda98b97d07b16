"""The whole service beside a plain model: whatever people, strangers, WeChat and time do, in whatever order.

HTTP in, the sandbox out, a real Valkey. `plain.Model` says what each answer must be; the invariants below look at what
was really answered, sent and stored, and ask the model as little as they can. proof.md in docs/decisions names
for each the break of the service that made it red.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs

from codesvc.config.api_keys import hash_line
from codesvc.config.service_settings import Service
from codesvc.delivery.breaker import FAILURES
from codesvc.delivery.pace import Pace
from codesvc.domain.codes import VerificationId
from codesvc.domain.quota import Api
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.store.keys import Keys
from codesvc.web.context import SERVICES
from codesvc.wechat.errcodes import NOT_COUNTED
from tests.chaos.plain import ATTEMPTS, AWAY, HOLD, LIFE, MOST_LIVE, NOWHERE, RATES, Attempt, Model, When
from tests.chaos.processes import LONG, bounded
from tests.kinds import DENIED
from tests.service.inside import code_of
from tests.stores import until
from tests.world import KEY, OTHER_KEY, discloses, running_world

SEND = "/cgi-bin/message/template/send"
SITES = {"shop": KEY, "cafe": OTHER_KEY, "kiosk": "csk_kiosk_" + "i" * 43}
"""Three sites of one account: with limits of their own each, the last one without addresses."""
USERS, PURPOSES, ADDRESSES = ["alice", "bob"], ["register", "reset"], ["192.0.2.1", "198.51.100.2"]
FAULTS = {
    "busy": {"kind": "errcode", "errcode": -1},
    "reset before": {"kind": "reset", "when": "before"},
    "reset after": {"kind": "reset", "when": "after"},
    "http after": {"kind": "http", "status": 503, "when": "after"},
    "truncated": {"kind": "truncated"},
    "43004": {"kind": "errcode", "errcode": 43004},
    "43101": {"kind": "errcode", "errcode": 43101},
    "40003": {"kind": "errcode", "errcode": 40003},
    "receipt": {"kind": "template_status", "status": "failed: system failed"},
}
OUTAGES = {
    "answers 503": {"kind": "http", "status": 503},
    "breaks off": {"kind": "reset"},
    "refuses the token": {"kind": "errcode", "errcode": 40001},
}
"""For minutes, before a send has any effect."""
a_site = st.sampled_from(["shop", "shop", "cafe", "kiosk"])
a_user, a_purpose, an_address = st.sampled_from(USERS), st.sampled_from(PURPOSES), st.sampled_from(ADDRESSES)
a_person, a_number, maybe = st.integers(0, 2), st.integers(0, 5), st.booleans()


def limits(site):
    texts = {name: [f"{count}/{span // 1000}s" for count, span in rates] for name, rates in RATES[site].items()}
    return {name: rates or "none" for name, rates in texts.items()} | {"site_starts": "none"}


def ms(text):
    return datetime.fromisoformat(text).timestamp() * 1000


def public(started, answer):
    """An answer about an undisclosed verification, byte for byte, without what is different for each."""
    text = answer.text
    for name in ("page_token", "id", "user"):
        text = text.replace(f'"{started[name]}"', '"*"').replace(f"/{started[name]}", "/*")
    text = text.replace(f'"reference":"{started["reference"]}"', '"reference":"*"')
    text = text.replace(started["scan"]["keyword"], "*")
    text = re.sub(r'"attempts_left":\d', '"attempts_left":*', text)
    return re.sub(r"127\.0\.0\.1:\d+|\d{4}-\d\d-\d\dT[\d:.]+Z", "*", text)


class Holds:
    """A courier's pauses. What holds a push lets go when the machine says so; other pauses pass by themselves.

    `calls` is cleared to let no pause end, so that no job makes another call.
    """

    def __init__(self):
        self.open, self.calls = asyncio.Event(), asyncio.Event()
        self.calls.set()
        self.pausing = 0

    async def sleep(self, seconds):
        self.pausing += 1
        try:
            if seconds < HOLD / 2000:
                await asyncio.sleep(seconds)
                await self.calls.wait()
            else:
                await self.open.wait()
        finally:
            self.pausing -= 1


class ServiceMachine(RuleBasedStateMachine):
    bodies: dict[str, str] = {}  # noqa: RUF012  over all examples: what undisclosed answers look like
    acts = 0
    account = DEFAULT_ACCOUNT
    by_keyword = False  # whether the kind of the account has no QR codes with parameters
    channels: tuple[str, ...] = ("template",)  # what can be pushed by
    send_path = SEND

    def __init__(self, client, url, directory, dump, stray_keys):
        super().__init__()
        client.flushall()
        self.client, self.dump, self.stray_keys = client, dump, stray_keys
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.logged = self.stack.enter_context(capture_logs())
        self.offset, self.started, self.counted = 0.0, {}, []
        self.model = Model(signed=self.account.mode != "plaintext", pushes=bool(self.channels))
        self.holds = Holds()
        self.ended: dict[str, str] = {}
        self.charged, self.last_seen, self.last_call = 0, 0, 0
        self.run(self.open(url, directory))

    async def open(self, url, directory):
        assert Service(public_url="https://codes.example").push_delay * 1000 == HOLD
        code = {"code_length": 12, "code_alphabet": "mixed", "attempts": ATTEMPTS, "max_live": MOST_LIVE}
        server = {"name": "server", "hash": hash_line(SITES["kiosk"]), "scopes": ["verify", "bindings", "openids"]}
        kiosk = {"name": "Kiosk", "account": "main", "client_ip": "none", "keys": [server]}

        def options(site):
            by = {} if "template" in self.channels or not self.channels else {"channels": list(self.channels)}
            return {
                "limits": limits(site),
                "users_per_wechat": "many",
                "purposes": dict.fromkeys(PURPOSES, code | by),
            }

        given = {} if "template" in self.channels else {"accounts__main__messages": {}}
        self.world = await self.stack.enter_async_context(
            running_world(
                url,
                directory,
                # What is tried is the order of things, not the pauses.
                pace=Pace(pauses=(0.01,), trials=(0.02, 0.02), sleep=self.holds.sleep),
                account=self.account,
                service__push_delay=HOLD / 1000,
                sites__kiosk=kiosk,
                accounts__main__kind=self.account.kind,
                **given,
                **{f"sites__{site}__{option}": value for site in SITES for option, value in options(site).items()},
            )
        )
        await self.world.control("PATCH", "/settings", {"receipt_delay": 0})
        self.people = [await self.world.person() for _ in range(3)]
        self.keys = Keys("cs", self.world.platform.default_account.appid)
        self.outbox = self.keys.outbox
        if "template" in self.channels:
            # The service reads WeChat's quotas when it starts.
            await until(lambda: any(b"daily" in self.client.hgetall(key) for key in self.quota_days()))

    def run(self, story):
        return self.runner.run(story)

    # What happens, and when

    def now(self):
        return time.time() * 1000 + self.offset

    def act(self, story):
        """Do something and wait until all of it is through; the answer, and when it happened."""
        type(self).acts += 1
        first = int(self.now())
        answer = self.run(story)
        at = When(first, self.now())
        self.run(self.settled())
        return answer, at

    def event(self, story):
        """Like `act`, for an event that has no id, a second after the one before.

        WeChat's times are whole seconds, so equal events of one second are one event that was repeated.
        """
        self.run(self.world.control("POST", "/clock", {"advance": 1}))
        self.run(self.world.advance(1))
        self.offset += 1_000
        return self.act(story)

    async def settled(self):
        for _ in range(4000):
            await self.world.control("POST", "/settle")
            if self.client.xlen(self.outbox) == 0:
                return await self.world.control("POST", "/settle")
            await asyncio.sleep(0.002)
        raise AssertionError("a delivery never ends")

    def sends(self, v):
        """How many of the calls that send were about this verification."""
        entries = self.world.platform.journal.entries("api", path=self.send_path)
        return sum(json.loads(entry.request)["client_msg_id"].startswith(v.id) for entry in entries)

    def may_be_called(self, v, at):  # noqa: ARG002
        """Whether the channel is open to whom this is for; None where it cannot be known. Templates always are."""
        return True

    def heard(self, who, at, *, follows=False):
        """A person has written to the account, or followed it: what that opens is the channel's."""

    def was_pushed(self, v, at):  # noqa: ARG002
        """Whether a resend has queued a push: by the call that it made."""
        return self.sends(v) > v.sends

    def pushed_to(self, person):
        return [m for m in self.world.platform.contact(person.openid).messages if m["type"] == "template"]

    def quota_days(self):
        """The counters of the template messages, day by day."""
        return [key for key in self.client.scan_iter("*:quota:template:*") if self.client.type(key) == b"hash"]

    def any_of(self, number):
        """One of the latest verifications."""
        latest = list(self.model.attempts.values())[-6:]
        return latest[number % len(latest)]

    def key(self, v):
        return SITES[v.site]

    def resent(self, v, at):
        """What a resend leads to: a push to whom it should go at once, or none."""
        target = v.claimed_by or self.model.owner(v)
        if target is not None and not self.model.may_use(v, target):
            target = None
        due = None if v.disarmed else self.model.push_is_due(target, v.site, v.user, at)
        turn = v.purpose == "reset" and self.model.turn_is_due(v.site, v.user, at, double=False)
        sent = self.was_pushed(v, at)
        if v.disarmed or due is not None:
            assert sent == (due is True), f"pushed: {sent}, due: {due}"
        if sent:
            v.sends = self.sends(v)
            self.model.queued(v, target, at)
            self.answered(v)
        # Where the model cannot know whose turn it was, a message says so; without one it goes on without.
        if turn or (turn is None and sent):
            self.model.had_turn(v, at)

    def answered(self, v):
        """WeChat has answered a send, perhaps with the fault that was to come."""
        fault, self.model.fault = self.model.fault, None
        self.model.sent(v, fault)
        if fault == "40003":
            self.heard_from_after_all(int(v.sent_to))

    def heard_from_after_all(self, who):
        """The account hears from somebody whom WeChat did not know, so that their binding counts again."""
        self.event(self.people[who].unfollow())
        self.come_back(who)

    # What people do

    def begin(self, user, purpose, address, site="shop"):
        """Start a verification, and let its push leave."""
        v, at = self.begin_one(user, purpose, address, site)
        self.a_moment_later([v] if v else [])
        return v, at

    def begin_one(self, user, purpose, address, site):
        """Start a verification; its push, if there is one, is held."""
        type(self).acts += 1
        self.holds.open.clear()
        first = int(self.now())
        ip, address = (None, NOWHERE) if site == "kiosk" else (address, address)
        answer = self.run(self.world.start(user, purpose, ip=ip, key=SITES[site]))
        at = When(first, self.now())
        if answer.status == 429:
            assert answer["limit"] == "address_starts"
            return None, at
        assert answer.status == 201, answer.text
        created, expires, resend_at = (ms(answer[name]) for name in ("created_at", "expires_at", "resend_at"))
        v = Attempt(answer["id"], site, user, purpose, address, created, expires, resend_at)
        assert at.first <= v.created <= at.last
        assert v.expires == v.created + LIFE
        model = self.model
        live = model.live(site, purpose, address, user, at)
        latest, held_since = model.latest(live), v.created
        if model.taken_over(latest, at):
            held_since = latest.hold_until - HOLD
            model.voided(latest)
            latest = None
        double = model.is_double(latest, at)
        for old in model.superseded_by_one_more(live, latest, at):
            if at.last < old.hold_until:
                model.voided(old)
            model.end(old, "superseded", at)
        model.attempts[v.id], self.started[v.id] = v, answer
        if address != NOWHERE:
            model.count(site, "address_starts", address, at)
        self.same_for_all("start", v, answer)
        self.pushed_or_not(v, at, double=double)
        if (v.turn or v.pushed) and address != NOWHERE:
            v.hold_until = held_since + HOLD
        return v, at

    def pushed_or_not(self, v, at, *, double):
        """Whether a push is queued for a start, by what the model knows and by the record."""
        target = self.model.owner(v)
        due = self.model.push_is_due(target, v.site, v.user, at, double=double)
        turn = v.purpose == "reset" and self.model.turn_is_due(v.site, v.user, at, double=double)
        queued = bool(self.record_of(v).sent_to)
        assert due in {None, queued}, f"{v} pushed: {queued}, due: {due}"
        if queued:
            self.model.queued(v, target, at)
        if turn or (turn is None and queued):
            self.model.had_turn(v, at)

    def a_moment_later(self, begun):
        """A second passes: the pushes that nobody took over leave, and WeChat answers."""
        self.pass_time(HOLD // 1000)
        first = int(self.now())
        self.holds.open.set()
        self.run(self.settled())
        at = When(first, self.now())
        for v in begun:
            waited, v.hold_until = v.pushed is not None, 0
            called = self.sends(v) > v.sends
            due = self.may_be_called(v, at) if waited else False
            assert due in {None, called}, f"{v} sent: {called}, waited: {waited}, due: {due}"
            v.sends = self.sends(v)
            if waited:
                self.answered(v)

    @initialize(binds=maybe)
    def alice_may_be_bound(self, binds):
        if binds:
            for site in SITES:
                self.bind("alice", 0, site)

    @rule(user=a_user, purpose=a_purpose, address=an_address, site=a_site)
    def start(self, user, purpose, address, site):
        at = When(self.now(), self.now())
        refused = site != "kiosk" and self.model.full(site, "address_starts", address, at)
        v, _ = self.begin(user, purpose, address, site)
        assert refused is None or refused == (v is None)

    @rule(
        starts=st.lists(st.tuples(a_user, a_purpose, an_address), min_size=1, max_size=2),
        times=st.integers(2, 4),
        site=a_site,
    )
    def people_hurry(self, starts, times, site):
        """Several starts within a second: each that is still held gives its message to the next one."""
        self.model.fault = None
        self.run(self.world.control("DELETE", "/faults"))
        begun = [self.begin_one(*starts[number % len(starts)], site)[0] for number in range(times)]
        self.a_moment_later([v for v in begun if v])

    def typed(self, v, *, right):
        code = code_of(self.world, self.started[v.id])
        return code if right else code[1:] + code[0]

    def hold_check(self, v, answer, at, *, right, address):
        said = {200: "let in", 422: "wrong", 404: "gone"}.get(answer.status)
        said = answer["limit"] if answer.status == 429 else said
        said = answer["verification_status"] if answer.status == 410 else said
        expected = self.model.check(v, right=right, address=address, at=at)
        assert expected in {None, said}, f"{v}: {expected}, not {answer.text}"
        if said == "wrong" and not self.model.is_owners(v):
            self.counted.append((v.site, v.user, address, at))
        self.model.checked(v, said, address=address, at=at)
        if answer.status == 422:
            assert answer["attempts_left"] == v.left
        if answer.status == 200:
            self.only_the_right_one_was_told(v)
        return said

    def only_the_right_one_was_told(self, v):
        """A bound user is never approved by another WeChat: the code stands in the bound one's chat."""
        if owner := self.model.owner(v):
            chat = json.dumps(self.run(self.people[int(owner)].messages()), ensure_ascii=False)
            assert self.typed(v, right=True) in chat or v.sent_to == owner

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, right=maybe, address=an_address)
    def check(self, number, right, address):
        v = self.any_of(number)
        self.check_once(v, right=right, address=address)

    def check_once(self, v, *, right, address):
        where = {} if v.address == NOWHERE else {"client_ip": address}
        address = NOWHERE if v.address == NOWHERE else address
        typed = self.typed(v, right=right)
        answer, at = self.act(self.world.check(self.started[v.id], typed, key=self.key(v), **where))
        self.hold_check(v, answer, at, right=right, address=address)
        return answer

    @rule(user=a_user, purpose=a_purpose, address=an_address, site=a_site)
    def a_stranger_guesses(self, user, purpose, address, site):
        """As long as anybody lets him."""
        v, _ = self.begin(user, purpose, address, site)
        for _ in range(ATTEMPTS if v else 0):
            self.check_once(v, right=False, address=address)

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, right=maybe)
    def check_many_times_at_once(self, number, right):
        """At most one approval, and no attempt more than there are."""
        v = self.any_of(number)
        one = (self.started[v.id], self.typed(v, right=right))
        nowhere = v.address == NOWHERE
        where = {} if nowhere else {"client_ip": ADDRESSES[0]}

        async def at_once():
            return await asyncio.gather(*(self.world.check(*one, key=self.key(v), **where) for _ in range(4)))

        answers, at = self.act(at_once())
        order = {200: 0, 422: 1, 429: 2, 410: 3, 404: 4}
        answers.sort(key=lambda a: (order[a.status], -a.json.get("attempts_left", 0)))
        for answer in answers:
            self.hold_check(v, answer, at, right=right, address=NOWHERE if nowhere else ADDRESSES[0])

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number)
    def open_page(self, number):
        """Without addresses, a page that was opened keeps its verification for a while."""
        v = self.any_of(number)
        answer, at = self.act(self.world.page("GET", self.started[v.id], "/state"))
        if v.address == NOWHERE and answer.status == 200 and self.model.status(v, at) == "pending":
            v.looked_at = True

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number)
    def resend(self, number):
        v = self.any_of(number)
        answer, at = self.act(self.world.resend(self.started[v.id], key=self.key(v)))
        status = self.model.status(v, at)
        early = at.after(v.resend_at)
        if answer.status == 200:
            assert status in {None, "pending"}
            assert early is not False
            assert ms(answer["expires_at"]) <= v.latest
            v.expires, v.resend_at = ms(answer["expires_at"]), ms(answer["resend_at"])
            self.resent(v, at)
        elif answer.status == 429:
            assert status in {None, "pending"}
            assert not early
        else:
            assert status != "pending"
            assert answer.status == (404 if answer.problem == "not-found" else 410)

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number)
    def cancel(self, number):
        v = self.any_of(number)
        answer, at = self.act(self.world.cancel(self.started[v.id], key=self.key(v)))
        status = self.model.status(v, at)
        if status == "pending":
            self.model.end(v, "canceled", at)
        expected = {"pending": 200, "canceled": 200, "gone": 404}.get(status, 410)
        assert status is None or answer.status == expected

    def bring(self, v, who, *, word):
        """Scan the QR code or send the keyword; what the chat says then, and when. None where there is no QR code."""
        person = self.people[who]
        before = len(self.run(person.messages()))

        async def story():
            if word:
                return await person.say(self.started[v.id]["scan"]["keyword"])
            shown = await self.world.call("GET", f"/v1/verifications/{v.id}/scan", key=self.key(v))
            if shown.status != 200:
                return None
            v.looked_at = True
            await person.scan(shown["url"])
            return await person.follow()

        done, at = self.act(story()) if word else self.event(story())
        if done is None:
            return None, at
        self.heard(who, at)
        expected = self.model.claim(v, str(who), at, word=word)
        if word and self.model.full(v.site, "openid_keywords", str(who), at) is False:
            self.model.count(v.site, "openid_keywords", str(who), at)
        if not word:
            self.model.away.discard(str(who))
        texts = [m.get("content", "") for m in self.run(person.messages())[before:]]
        told = any(self.typed(v, right=True) in text for text in texts)
        assert expected is None or told == (expected == "code"), f"{v}: {expected}, {texts}"
        if told:
            self.model.claimed(v, str(who), at)
            v.expires = ms(self.run(self.world.get(self.started[v.id], key=self.key(v)))["expires_at"])
            assert v.expires <= v.latest
        return told, at

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, who=a_person, word=maybe, twice=maybe, types=maybe)
    def scan(self, number, who, word, twice, types):
        v, word = self.any_of(number), word or self.by_keyword
        if str(who) in self.model.away and word:
            return
        if twice:
            self.run(self.world.fault("twice", times=1))
        told, at = self.bring(v, who, word=word)
        self.run(self.world.control("DELETE", "/faults"))
        self.set_fault()
        if told is None:
            assert self.model.status(v, at) != "pending"
        elif told and types:
            self.check_once(v, right=True, address=ADDRESSES[0])

    @rule(sites=st.lists(a_site, min_size=2, max_size=4), user=a_user, who=a_person)
    def keywords_of_several_sites(self, sites, user, who):
        """One person sends them one after the other; each site's own limit decides over all of them."""
        for site in sites:
            v, _ = self.begin(user, "register", f"203.0.113.{len(self.started) % 250}", site)
            if v:
                sender = self.model.owner(v) or str(who)
                if sender in self.model.away:
                    self.come_back(int(sender))
                self.bring(v, int(sender), word=True)

    @rule(who=a_person)
    def not_me(self, who):
        if str(who) not in self.model.away:
            _, at = self.act(self.people[who].say("不是我"))
            self.heard(who, at)
            self.model.disown(str(who), at)

    @rule(who=a_person)
    def leave(self, who):
        self.event(self.people[who].unfollow())
        self.model.leave(str(who))

    @rule(who=a_person)
    def come_back(self, who):
        followed, at = self.event(self.people[who].follow())
        if followed["outcome"] == "followed":
            self.heard(who, at, follows=True)
        self.model.away.discard(str(who))

    @rule(user=a_user, who=a_person, site=a_site)
    def bind(self, user, who, site):
        answer, _ = self.act(self.world.bind(user, self.people[who], replace=True, key=SITES[site]))
        assert answer.status in {200, 201}
        self.model.bind(site, user, str(who))

    @rule(user=a_user, site=a_site)
    def unbind(self, user, site):
        self.act(self.world.call("DELETE", f"/v1/bindings/{user}", key=SITES[site]))
        self.model.bind(site, user, None)

    @rule(seconds=st.sampled_from([7, 61, 241, 301, 3_601, 90_000]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    def pass_time(self, seconds):
        self.run(self.world.advance(seconds))
        self.offset += seconds * 1000

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def wechat_will_fail(self, fault):
        self.model.fault = fault
        self.run(self.world.control("DELETE", "/faults"))
        self.set_fault()

    @precondition(lambda self: self.model.bound)
    @rule(
        outage=st.sampled_from(sorted(OUTAGES)),
        starts=st.lists(st.tuples(a_number, a_purpose, an_address), min_size=1, max_size=5),
        seconds=st.sampled_from([0, 61, 301]),
    )
    def wechat_is_away(self, outage, starts, seconds):
        """Starts go on; what waits is tried, arrives when WeChat is back, or ends with its verification."""
        # So that the limits of pushes let most of them through.
        self.pass_time(90_000)
        bound = sorted(self.model.bound)
        for person in {*self.model.bound.values()} & self.model.away:
            self.come_back(int(person))
        self.model.fault = None
        self.run(self.world.control("DELETE", "/faults"))
        self.run(self.world.fault(**{"path": SEND, **OUTAGES[outage]}))
        begun = []
        for number, *rest in starts:
            site, user = bound[number % len(bound)]
            begun.append(self.begin_one(user, *rest, site)[0])
        begun = [v for v in begun if v is not None]
        self.pass_time(HOLD // 1000)
        self.holds.open.set()
        waiting = [v for v in begun if v.pushed]
        self.run(self.tried(waiting))
        for v in waiting:
            self.model.sent(v, AWAY)
        # Minutes pass between two calls. In the middle of one, they would end a code that is already on its way.
        self.holds.calls.clear()
        self.run(until(lambda: self.holds.pausing == self.client.xlen(self.outbox)))
        self.pass_time(seconds)
        self.holds.calls.set()
        self.run(self.world.control("DELETE", "/faults"))
        at = When(self.now(), self.now())
        self.run(self.settled())
        for v in begun:
            v.sends, v.hold_until = self.sends(v), 0
        for v in waiting:
            self.model.back(v, at)
        self.every_delivery_has_ended()
        # What the calls that failed have counted depends on how they ended.
        self.pass_time(90_000)

    async def tried(self, waiting):
        """Leave the service time for so many attempts that its circuit opens, and some more."""
        for _ in range(50 if waiting else 0):
            if sum(self.sends(v) for v in waiting) > FAILURES + 2:
                break
            await self.world.control("POST", "/settle")

    @rule(others=st.integers(0, 20))
    def wechat_says_what_it_has_counted(self, others):
        """Other programs may use the account; and some calls that may have been counted were not."""
        quotas, now = self.world.platform.accounts[self.keys.appid].quotas, self.world.platform.clock.now()
        for _ in range(others):
            quotas.spend(SEND, now)
        reading, store = quotas.read(SEND, now), self.world.app[SERVICES].store.quotas

        async def learn():
            mark = await store.mark(self.keys, Api.TEMPLATE)
            await store.learn(self.keys, Api.TEMPLATE, daily=reading.limit.daily, used=reading.used, mark=mark)

        self.run(learn())
        self.newly_counted()
        self.charged = reading.used

    def newly_counted(self):
        """How many template calls WeChat may have counted since the last question."""
        entries = self.world.platform.journal.entries("api", path=SEND, after=self.last_seen)
        self.last_seen = max((entry.number for entry in entries), default=self.last_seen)
        return sum(entry.errcode not in NOT_COUNTED for entry in entries)

    def record_of(self, v):
        here = self.world.app[SERVICES]
        return self.run(here.verifications.find(here.directory.accounts["main"], VerificationId.parse(v.id)))

    def set_fault(self):
        if self.model.fault:
            self.run(self.world.fault(**{"path": self.send_path, **FAULTS[self.model.fault]}, times=1))

    @precondition(lambda self: self.model.bound)
    @rule(number=a_number, purpose=a_purpose, guesses=st.integers(0, ATTEMPTS - 1), word=maybe)
    def the_owner_gets_through(self, number, purpose, guesses, word):
        """Whatever strangers did before and do in between; from an address of his own."""
        site, user = sorted(self.model.bound)[number % len(self.model.bound)]
        owner = int(self.model.bound[site, user])
        if str(owner) in self.model.away:
            self.come_back(owner)
        if self.by_keyword:
            # There is no scan to fall back on: who has sent too many keywords waits.
            self.pass_time(90_000)
        v, _ = self.begin(user, purpose, f"203.0.113.{len(self.started) % 250}", site)
        assert v is not None
        for _ in range(guesses):
            self.check_once(v, right=False, address=ADDRESSES[1])
        for stranger in range(len(self.people)):
            if stranger != owner and str(stranger) not in self.model.away:
                told, _ = self.bring(v, stranger, word=True)
                assert not told
        # Past the limit of keywords, a scan does what the keyword would have.
        at = When(self.now(), self.now())
        word = self.by_keyword or (word and self.model.full(site, "openid_keywords", str(owner), at) is False)
        told, _ = self.bring(v, owner, word=word)
        assert told, "the owner's own scan brought nothing"
        answer = self.check_once(v, right=True, address=ADDRESSES[0])
        assert answer.status == 200, f"the owner is kept out: {answer.text}"

    # What must hold at any time

    def same_for_all(self, call, v, answer):
        if v.undisclosed:
            text = public(self.started[v.id], answer)
            assert text == self.bodies.setdefault(f"{v.site} {call} {answer.json['status']}", text)

    @invariant()
    def everything_reads_as_the_model_says_and_what_has_ended_stays_so(self):
        known = [v for v in self.model.attempts.values() if self.ended.get(v.id) != "gone"]

        async def read_all():
            return await asyncio.gather(*(self.world.get(self.started[v.id], key=self.key(v)) for v in known))

        first = int(self.now())
        answers = self.run(read_all())
        at = When(first, self.now())
        for v, answer in zip(known, answers, strict=True):
            status, said = self.model.status(v, at), "gone" if answer.status == 404 else answer["status"]
            assert status in {None, said}, f"{v} reads {said}"
            before = self.ended.get(v.id)
            # Who loses a binding keeps no approval of before (record 55), nor who says that it was not them.
            lost = (v.void or v.taken_back) and (before, said) == ("approved", "canceled")
            assert lost or said == "gone" or before in {None, said}, f"{before} has become {said}"
            if said != "pending":
                self.ended[v.id] = said
            if said != "gone":
                assert answer["attempts_left"] == v.left
                self.same_for_all("read", v, answer)

    @invariant()
    def no_window_holds_more_wrong_guesses_than_its_budget(self):
        """By the answers alone: every wrong code that was looked at, over all verifications."""
        for limit, number in (("user_guesses", 1), ("address_guesses", 2)):
            for site, subject in {(one[0], one[number]) for one in self.counted if one[number] != NOWHERE}:
                times = [one[3] for one in self.counted if (one[0], one[number]) == (site, subject)]
                for count, span in RATES[site][limit]:
                    for early, late in zip(times, times[count:], strict=False):
                        assert late.last - early.first >= span, f"{count + 1} wrong guesses of {subject} in a window"

    @invariant()
    def no_message_comes_twice(self):
        for person in self.people:
            sent = [m["client_msg_id"] for m in self.pushed_to(person)]
            assert len(sent) == len(set(sent))
            assert {name.partition("-push-")[0] for name in sent} <= self.started.keys()

    @invariant()
    def what_is_charged_was_used(self):
        self.charged += self.newly_counted()
        charged = sum(int(self.client.hget(key, "total") or 0) for key in self.quota_days())
        assert charged == self.charged, f"{charged} charged, {self.charged} that WeChat may have counted"

    @invariant()
    def no_call_is_made_without_the_right(self):
        entries = self.world.platform.journal.entries("api", after=self.last_call)
        self.last_call = max((entry.number for entry in entries), default=self.last_call)
        assert not {entry.path for entry in entries} & DENIED[self.account.kind]
        assert 48001 not in {entry.errcode for entry in entries}

    @invariant()
    def no_key_stays(self):
        assert self.stray_keys() == []

    def every_delivery_has_ended(self):
        for v in self.model.attempts.values():
            record = self.record_of(v)
            assert record is None or record.delivery in {"sent", "delivered", "failed", "awaiting_scan"}, f"{v} is left"

    def teardown(self):
        try:
            self.every_delivery_has_ended()
            shown = sum(len(self.pushed_to(person)) for person in self.people)
            assert shown == sum(v.shown for v in self.model.attempts.values()), "a message was lost or doubled"
            held, logged = repr(self.dump()), repr(self.logged)
            assert not self.started or "delivery_attempt" in logged or "request" in logged
            for started in self.started.values():
                code = code_of(self.world, started)
                assert not discloses(held, code), "a code lies in the store"
                assert not discloses(logged, code), "a code stands in the log"
        finally:
            self.run(self.stack.aclose())
            self.runner.close()


class PlaintextMachine(ServiceMachine):
    """An account whose callbacks nobody signs: claims earn nothing, and who leaves or disowns is not believed."""

    bodies: dict[str, str] = {}  # noqa: RUF012  as above
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    not_me = leave = the_owner_gets_through = None

    def heard_from_after_all(self, who):
        """A follow that anybody may have forged shows nothing. Sites bind the person anew."""
        theirs = [place for place, person in self.model.bound.items() if person == str(who)]
        for site, user in theirs:
            self.unbind(user=user, site=site)
        for site, user in theirs:
            self.bind(user=user, who=who, site=site)

    @precondition(lambda self: self.model.bound)
    @rule(number=a_number, purpose=a_purpose, times=st.integers(1, 4), guesses=st.integers(0, 2), same=maybe)
    def a_forger_claims(self, number, purpose, times, guesses, same):
        """In the name of the bound WeChat, from one address or several; and guesses before and after."""
        site, user = sorted(self.model.bound)[number % len(self.model.bound)]
        place, owner = len(self.started), int(self.model.bound[site, user])
        for step in range(times):
            address = f"203.0.113.{(place if same else place + step) % 250}"
            v, _ = self.begin(user, purpose, address, site)
            for _ in range(guesses if v else 0):
                self.check_once(v, right=False, address=address)
            if v:
                self.bring(v, owner, word=True)
                self.check_once(v, right=False, address=address)
            # No double click.
            self.pass_time(2)


def run_machine(machine, examples, *given):
    run_state_machine_as_test(
        lambda: machine(*given),
        settings=settings(
            max_examples=examples,
            stateful_step_count=60 if LONG else 40,
            database=None,
            derandomize=not LONG,
            phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # How long a story is depends on what it meets, on a busy machine also on time: twice as long otherwise.
    assert machine.acts > 50


@bounded
@pytest.mark.usefixtures("short_lists")
def test_the_service_keeps_its_promises_whatever_happens(valkey, store_url, tmp_path, dump, stray_keys):
    examples = int(os.environ.get("CHAOS_EXAMPLES", "600" if LONG else "20"))
    run_machine(ServiceMachine, examples, valkey, store_url, tmp_path, dump, stray_keys)


@bounded
@pytest.mark.usefixtures("short_lists")
def test_without_signatures_claims_earn_nothing(valkey, store_url, tmp_path, dump, stray_keys):
    examples = int(os.environ.get("CHAOS_EXAMPLES", "100" if LONG else "8"))
    run_machine(PlaintextMachine, examples, valkey, store_url, tmp_path, dump, stray_keys)
