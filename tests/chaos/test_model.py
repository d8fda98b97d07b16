"""The whole service beside a plain model: whatever people, strangers, WeChat and time do, in whatever order.

HTTP in, the sandbox out, a real Valkey. `plain.Model` says what each answer must be; the invariants below look at what
was really answered, sent and stored, and ask the model as little as they can. docs/proof.md names for each of them the
break of the service that made it red.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime

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

from codesvc.delivery.breaker import FAILURES
from codesvc.delivery.pace import Pace
from codesvc.domain.codes import VerificationId
from codesvc.domain.quota import Api
from codesvc.store.keys import Keys
from codesvc.web.context import SERVICES
from codesvc.wechat.errcodes import NOT_COUNTED
from tests.chaos.plain import ATTEMPTS, AWAY, LIFE, RATES, Attempt, Model, When
from tests.chaos.processes import LONG, bounded
from tests.service.inside import code_of
from tests.stores import until
from tests.world import discloses, running_world

SEND = "/cgi-bin/message/template/send"
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
a_user, a_purpose, an_address = st.sampled_from(USERS), st.sampled_from(PURPOSES), st.sampled_from(ADDRESSES)
a_person, a_number, maybe = st.integers(0, 2), st.integers(0, 5), st.booleans()


def rates(name):
    return [f"{count}/{span // 1000}s" for count, span in RATES[name]]


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


MOST_WORDS = 10


class ServiceMachine(RuleBasedStateMachine):
    bodies: dict[str, str] = {}  # noqa: RUF012  over all examples: what undisclosed answers look like
    acts = 0

    def __init__(self, client, url, directory, dump, stray_keys):
        super().__init__()
        client.flushall()
        self.client, self.dump, self.stray_keys = client, dump, stray_keys
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.logged = self.stack.enter_context(capture_logs())
        self.offset, self.model, self.started, self.counted = 0.0, Model(), {}, []
        self.ended: dict[str, str] = {}
        self.words: Counter[str] = Counter()
        self.charged, self.last_seen = 0, 0
        self.run(self.open(url, directory))

    async def open(self, url, directory):
        limits = {name: rates(name) for name in RATES} | {"site_starts": "none"}
        code = {"code_length": 12, "code_alphabet": "mixed", "attempts": ATTEMPTS, "max_live": 2}
        self.world = await self.stack.enter_async_context(
            running_world(
                url,
                directory,
                # What is tried is the order of things, not the pauses.
                pace=Pace(pauses=(0.01,), trials=(0.02, 0.02)),
                sites__shop__limits=limits,
                sites__shop__users_per_wechat="many",
                sites__shop__purposes=dict.fromkeys(PURPOSES, code),
            )
        )
        await self.world.control("PATCH", "/settings", {"receipt_delay": 0})
        self.people = [await self.world.person() for _ in range(3)]
        self.keys = Keys("cs", self.world.platform.default_account.appid)
        self.outbox = self.keys.outbox
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

    async def settled(self):
        for _ in range(4000):
            await self.world.control("POST", "/settle")
            if self.client.xlen(self.outbox) == 0:
                return await self.world.control("POST", "/settle")
            await asyncio.sleep(0.002)
        raise AssertionError("a delivery never ends")

    def sends(self, v):
        """How many of WeChat's template calls were about this verification."""
        entries = self.world.platform.journal.entries("api", path=SEND)
        return sum(json.loads(entry.request)["client_msg_id"].startswith(v.id) for entry in entries)

    def pushed_to(self, person):
        return [m for m in self.world.platform.contact(person.openid).messages if m["type"] == "template"]

    def quota_days(self):
        """The counters of the template messages, day by day."""
        return [key for key in self.client.scan_iter("*:quota:template:*") if self.client.type(key) == b"hash"]

    def any_of(self, number):
        """One of the latest verifications."""
        latest = list(self.model.attempts.values())[-6:]
        return latest[number % len(latest)]

    def deliver(self, v, at, *, double=False):
        """What a start or a resend leads to: a push to whom it should go, or none."""
        target = v.claimed_by or self.model.bound.get(v.user)
        if target is not None and not self.model.may_use(v, target):
            target = None
        due = None if v.disarmed else self.model.push_is_due(target, v.user, at, double=double)
        turn = v.purpose == "reset" and self.model.turn_is_due(v.user, at, double=double)
        sent = self.sends(v) > v.sends
        if v.disarmed or due is not None:
            assert sent == (due is True), f"pushed: {sent}, due: {due}"
        if sent:
            v.sends = self.sends(v)
            fault, self.model.fault = self.model.fault, None
            self.model.pushed(v, target, fault, at)
        # Where the model cannot know whose turn it was, a message says so; without one it goes on without.
        if turn or (turn is None and sent):
            self.model.had_turn(v, at)

    # What people do

    def begin(self, user, purpose, address, *, settles=True):
        """Start a verification. Without `settles` its delivery is left alone: WeChat is away."""
        starting, first = self.world.start(user, purpose, ip=address), int(self.now())
        answer, at = self.act(starting) if settles else (self.run(starting), When(first, self.now()))
        if answer.status == 429:
            assert answer["limit"] == "address_starts"
            return None, at
        assert answer.status == 201, answer.text
        created, expires, resend_at = (ms(answer[name]) for name in ("created_at", "expires_at", "resend_at"))
        v = Attempt(answer["id"], user, purpose, address, created, expires, resend_at)
        assert at.first <= v.created <= at.last
        assert v.expires == v.created + LIFE
        double = self.model.is_double(purpose, address, user, at)
        for old in self.model.superseded_by_one_more(purpose, address, user, at):
            self.model.end(old, "superseded", at)
        self.model.attempts[v.id], self.started[v.id] = v, answer
        self.model.count("address_starts", address, at)
        self.same_for_all("start", v, answer)
        if settles:
            self.deliver(v, at, double=double)
        return v, at

    @initialize(binds=maybe)
    def alice_may_be_bound(self, binds):
        if binds:
            self.bind("alice", 0)

    @rule(user=a_user, purpose=a_purpose, address=an_address)
    def start(self, user, purpose, address):
        refused = self.model.full("address_starts", address, When(self.now(), self.now()))
        v, _ = self.begin(user, purpose, address)
        assert refused is None or refused == (v is None)

    def typed(self, v, *, right):
        code = code_of(self.world, self.started[v.id])
        return code if right else code[1:] + code[0]

    def hold_check(self, v, answer, at, *, right, address):
        said = {200: "let in", 422: "wrong", 404: "gone"}.get(answer.status)
        said = answer["limit"] if answer.status == 429 else said
        said = answer["verification_status"] if answer.status == 410 else said
        expected = self.model.check(v, right=right, address=address, at=at)
        assert expected in {None, said}, f"{v}: {expected}, not {answer.text}"
        if said == "wrong" and not (v.claimed_by and v.claimed_by == self.model.bound.get(v.user)):
            self.counted.append((v.user, address, at))
        self.model.checked(v, said, address=address, at=at)
        if answer.status == 422:
            assert answer["attempts_left"] == v.left
        if answer.status == 200:
            self.only_the_right_one_was_told(v)
        return said

    def only_the_right_one_was_told(self, v):
        """A bound user is never approved by another WeChat: the code stands in the bound one's chat."""
        if owner := self.model.bound.get(v.user):
            chat = json.dumps(self.run(self.people[int(owner)].messages()), ensure_ascii=False)
            assert self.typed(v, right=True) in chat or v.sent_to == owner

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, right=maybe, address=an_address)
    def check(self, number, right, address):
        v = self.any_of(number)
        answer, at = self.act(self.world.check(self.started[v.id], self.typed(v, right=right), client_ip=address))
        self.hold_check(v, answer, at, right=right, address=address)

    @rule(user=a_user, purpose=a_purpose, address=an_address)
    def a_stranger_guesses(self, user, purpose, address):
        """As long as anybody lets him."""
        v, _ = self.begin(user, purpose, address)
        for _ in range(ATTEMPTS if v else 0):
            wrong = self.typed(v, right=False)
            answer, at = self.act(self.world.check(self.started[v.id], wrong, client_ip=address))
            self.hold_check(v, answer, at, right=False, address=address)

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, right=maybe)
    def check_many_times_at_once(self, number, right):
        """At most one approval, and no attempt more than there are."""
        v = self.any_of(number)
        one = (self.started[v.id], self.typed(v, right=right))

        async def at_once():
            return await asyncio.gather(*(self.world.check(*one, client_ip=ADDRESSES[0]) for _ in range(4)))

        answers, at = self.act(at_once())
        order = {200: 0, 422: 1, 429: 2, 410: 3, 404: 4}
        answers.sort(key=lambda a: (order[a.status], -a.json.get("attempts_left", 0)))
        for answer in answers:
            self.hold_check(v, answer, at, right=right, address=ADDRESSES[0])

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number)
    def resend(self, number):
        v = self.any_of(number)
        answer, at = self.act(self.world.resend(self.started[v.id]))
        status = self.model.status(v, at)
        early = at.after(v.resend_at)
        if answer.status == 200:
            assert status in {None, "pending"}
            assert early is not False
            assert ms(answer["expires_at"]) <= v.latest
            v.expires, v.resend_at = ms(answer["expires_at"]), ms(answer["resend_at"])
            self.deliver(v, at)
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
        answer, at = self.act(self.world.cancel(self.started[v.id]))
        status = self.model.status(v, at)
        if status == "pending":
            self.model.end(v, "canceled", at)
        expected = {"pending": 200, "canceled": 200, "gone": 404}.get(status, 410)
        assert status is None or answer.status == expected

    async def bring(self, v, person, *, word):
        """Scan the QR code or send the word; what the chat says then."""
        before = len(await person.messages())
        self.words[person.openid] += word
        # The account's other site limits words too, for all of them; past that a scan does what the word would have.
        if word and self.words[person.openid] <= MOST_WORDS:
            await person.say(self.started[v.id]["scan"]["keyword"])
        else:
            shown = await self.world.call("GET", f"/v1/verifications/{v.id}/scan")
            if shown.status != 200:
                return None
            await person.scan(shown["url"])
            await person.follow()
        return [m.get("content", "") for m in (await person.messages())[before:]]

    @precondition(lambda self: self.model.attempts)
    @rule(number=a_number, who=a_person, word=maybe, twice=maybe, types=maybe)
    def scan(self, number, who, word, twice, types):
        v = self.any_of(number)
        if str(who) in self.model.away and word:
            return
        if twice:
            self.run(self.world.fault("twice", times=1))
        texts, at = self.act(self.bring(v, self.people[who], word=word))
        self.run(self.world.control("DELETE", "/faults"))
        self.set_fault()
        if texts is None:
            assert self.model.status(v, at) != "pending"
            return
        if not word:
            self.model.away.discard(str(who))
        expected = self.model.claim(v, str(who), at)
        code = self.typed(v, right=True)
        told = any(code in text for text in texts)
        assert expected is None or told == (expected == "code"), f"{v}: {expected}, {texts}"
        if told:
            self.model.claimed(v, str(who))
            answer = self.run(self.world.get(self.started[v.id]))
            v.expires = ms(answer["expires_at"])
            assert v.expires <= v.latest
            if types:
                answer, at = self.act(self.world.check(self.started[v.id], code, client_ip=ADDRESSES[0]))
                self.hold_check(v, answer, at, right=True, address=ADDRESSES[0])

    @rule(who=a_person)
    def not_me(self, who):
        if str(who) not in self.model.away:
            _, at = self.act(self.people[who].say("不是我"))
            self.model.disown(str(who), at)

    @rule(who=a_person)
    def leave(self, who):
        self.act(self.people[who].unfollow())
        self.model.away.add(str(who))

    @rule(who=a_person)
    def come_back(self, who):
        self.act(self.people[who].follow())
        self.model.away.discard(str(who))

    @rule(user=a_user, who=a_person)
    def bind(self, user, who):
        answer, _ = self.act(self.world.bind(user, self.people[who], replace=True))
        assert answer.status in {200, 201}
        self.model.bound[user] = str(who)

    @rule(user=a_user)
    def unbind(self, user):
        self.act(self.world.call("DELETE", f"/v1/bindings/{user}"))
        self.model.bound.pop(user, None)

    @rule(seconds=st.sampled_from([7, 61, 241, 301, 3_601, 90_000]))
    def time_passes(self, seconds):
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
        self.time_passes(90_000)
        bound = sorted(self.model.bound)
        for person in {*self.model.bound.values()} & self.model.away:
            self.come_back(int(person))
        self.model.fault = None
        self.run(self.world.control("DELETE", "/faults"))
        self.run(self.world.fault(**{"path": SEND, **OUTAGES[outage]}))
        begun = [self.begin(bound[number % len(bound)], *rest, settles=False) for number, *rest in starts]
        begun = [(v, at) for v, at in begun if v is not None]
        for v, at in begun:
            target = self.model.bound.get(v.user)
            due = self.model.push_is_due(target, v.user, at) if target is not None else False
            queued = bool(self.record_of(v).sent_to)
            assert due in {None, queued}, f"pushed: {queued}, due: {due}"
            if queued:
                self.model.pushed(v, target, AWAY, at)
        self.run(self.tried([v for v, _ in begun if v.sent_to]))
        self.time_passes(seconds)
        self.run(self.world.control("DELETE", "/faults"))
        at = When(self.now(), self.now())
        self.run(self.settled())
        for v, _ in begun:
            v.sends = self.sends(v)
            if v.sent_to:
                self.model.back(v, at)
        self.every_delivery_has_ended()

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
            self.run(self.world.fault(**{"path": SEND, **FAULTS[self.model.fault]}, times=1))

    @precondition(lambda self: self.model.bound)
    @rule(number=a_number, purpose=a_purpose, guesses=st.integers(0, ATTEMPTS - 1), word=maybe)
    def the_owner_gets_through(self, number, purpose, guesses, word):
        """Whatever strangers did before and do in between; from an address of his own."""
        user = sorted(self.model.bound)[number % len(self.model.bound)]
        owner = self.people[int(self.model.bound[user])]
        if self.model.bound[user] in self.model.away:
            self.come_back(int(self.model.bound[user]))
        v, _ = self.begin(user, purpose, f"203.0.113.{len(self.started) % 250}")
        assert v is not None
        for _ in range(guesses):
            wrong = self.typed(v, right=False)
            answer, at = self.act(self.world.check(self.started[v.id], wrong, client_ip=ADDRESSES[1]))
            self.hold_check(v, answer, at, right=False, address=ADDRESSES[1])
        for stranger in self.people:
            if stranger is not owner and str(self.people.index(stranger)) not in self.model.away:
                texts, _ = self.act(self.bring(v, stranger, word=True))
                assert not any(self.typed(v, right=True) in text for text in texts)
        texts, at = self.act(self.bring(v, owner, word=word))
        assert any(self.typed(v, right=True) in text for text in texts), "the owner's own scan brought nothing"
        self.model.claimed(v, self.model.bound[user])
        answer, at = self.act(self.world.check(self.started[v.id], self.typed(v, right=True), client_ip=ADDRESSES[0]))
        assert answer.status == 200, f"the owner is kept out: {answer.text}"
        self.hold_check(v, answer, at, right=True, address=ADDRESSES[0])

    # What must hold at any time

    def same_for_all(self, call, v, answer):
        if v.undisclosed:
            text = public(self.started[v.id], answer)
            assert text == self.bodies.setdefault(f"{call} {answer.json['status']}", text)

    @invariant()
    def everything_reads_as_the_model_says_and_what_has_ended_stays_so(self):
        known = [v for v in self.model.attempts.values() if self.ended.get(v.id) != "gone"]

        async def read_all():
            return await asyncio.gather(*(self.world.get(self.started[v.id]) for v in known))

        first = int(self.now())
        answers = self.run(read_all())
        at = When(first, self.now())
        for v, answer in zip(known, answers, strict=True):
            status, said = self.model.status(v, at), "gone" if answer.status == 404 else answer["status"]
            assert status in {None, said}, f"{v} reads {said}"
            before = self.ended.get(v.id)
            assert said == "gone" or before in {None, said}, f"{before} has become {said}"
            if said != "pending":
                self.ended[v.id] = said
            if said != "gone":
                assert answer["attempts_left"] == v.left
                self.same_for_all("read", v, answer)

    @invariant()
    def no_window_holds_more_wrong_guesses_than_its_budget(self):
        """By the answers alone: every wrong code that was looked at, over all verifications."""
        for limit, number in (("user_guesses", 0), ("address_guesses", 1)):
            for subject in {one[number] for one in self.counted}:
                times = [one[2] for one in self.counted if one[number] == subject]
                for count, span in RATES[limit]:
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


@bounded
def test_the_service_keeps_its_promises_whatever_happens(valkey, store_url, tmp_path, dump, stray_keys):
    run_state_machine_as_test(
        lambda: ServiceMachine(valkey, store_url, tmp_path, dump, stray_keys),
        settings=settings(
            max_examples=int(os.environ.get("CHAOS_EXAMPLES", "600" if LONG else "40")),
            stateful_step_count=60 if LONG else 40,
            deadline=None,
            database=None,
            derandomize=not LONG,
            phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert ServiceMachine.acts > 100
