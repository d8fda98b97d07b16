"""Messages, contacts and gateways beside a plain model: whatever they, WeChat, people and time do, in whatever order.

Two sites with limits that differ share an account. The gateway of one recognises ids, that of the other does not. A
stub answers as the story says: it takes a message, refuses it, wants it later, or takes it and breaks off. Pauses of
the service pass by themselves as soon as nothing else moves. What the model says of each message, the stub must have
seen, and the ledger must add up to. Death in the middle of a call is the matter of test_relay_crash.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from structlog.testing import capture_logs

from codesvc.config.api_keys import hash_line
from codesvc.delivery.pace import Pace
from codesvc.service.statistics.reader import StatisticsReader
from codesvc.service.statistics.relay_ledger import LEDGER_SPAN, rows_of, total
from codesvc.store.keys import Keys
from codesvc.web.context import SERVICES
from tests.chaos.processes import LONG, bounded
from tests.chaos.test_model import SEND, run_machine
from tests.relay.conftest import SECRET, stub_server
from tests.service.inside import code_of
from tests.world import KEY, OTHER_KEY, SCOPES, discloses, running_world

SITES = {"shop": KEY, "cafe": OTHER_KEY}
PHONES = ["+8613800138000", "+8613900139000", "+8613700137000"]
STARTS = {"shop": 4, "cafe": 9}
"""Starts from one address in ten minutes."""
DAY = 86_400  # seconds
SPAN, WINDOW = 600_000, 300_000
YES, NO, LATER, LOST = (200, "{}"), (400, "{}"), (503, ""), ("drop", "")
ANSWERS = {"yes": YES, "no": NO, "later": LATER, "lost": LOST, "error": (500, "")}
FAULTS = {
    "43004": {"kind": "errcode", "errcode": 43004, "path": SEND},
    "receipt": {"kind": "template_status", "status": "failed: system failed"},
    "lost": {"kind": "lost", "path": "callback"},
}
a_site, a_person = st.sampled_from(sorted(SITES)), st.integers(0, 2)


@dataclass
class Sent:
    """A message, or a verification with a contact, and how it must have ended."""

    site: str
    gateway_id: str
    end: str
    reason: str | None
    calls: int
    secrets: list = field(default_factory=list)


class Pauses:
    """A pause of some length passes when nothing else moves, and the service's clock with it."""

    def __init__(self):
        self.waiting = []

    async def sleep(self, seconds):
        if seconds < 0.5:
            await asyncio.sleep(0.001)
            return
        passed = asyncio.Event()
        self.waiting.append((seconds, passed))
        await passed.wait()


class RelayMachine(RuleBasedStateMachine):
    acts = 0

    def __init__(self, client, url, directory, dump):
        super().__init__()
        client.flushall()
        self.client, self.dump = client, dump
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.logged = self.stack.enter_context(capture_logs())
        self.offset, self.pauses = 0.0, Pauses()
        self.bound, self.proved, self.away, self.fault = {}, {}, set(), None
        self.asked, self.starts = {}, {site: [] for site in SITES}
        self.sent, self.script, self.counts = [], [], {site: Counter() for site in SITES}
        self.run(self.open(url, directory))

    def run(self, story):
        return self.runner.run(story)

    async def open(self, url, directory):
        self.stub = await self.stack.enter_async_context(stub_server())
        gateways = {
            "shop": {"signed": {"url": f"{self.stub.url}/shop", "secrets": [SECRET], "allow_private": True}},
            "cafe": {
                "shaped": {
                    "url": f"{self.stub.url}/cafe",
                    "fields": {"id": "{id}", "to": "{to}", "code": "{code}"},
                    "allow_private": True,
                }
            },
        }
        key = {"name": "server", "hash": hash_line(OTHER_KEY), "scopes": SCOPES}

        def options(site):
            return {
                "limits": {
                    "address_starts": f"{STARTS[site]}/{SPAN // 1000}s",
                    "site_starts": "none",
                    "user_pushes": "1000/day",
                    "openid_pushes": "1000/day",
                },
                "users_per_wechat": "many",
                "gateways": {"main": gateways[site]},
                "purposes": {"login": {"name": "登录", "scan": "open", "disclose_binding": True}},
                "relay": {"sms": "main", "region": "CN", "purpose": "login", "price": 0.05, "recipient_proof": DAY},
            }

        self.world = await self.stack.enter_async_context(
            running_world(
                url,
                directory,
                pace=Pace(pauses=(0.01,), trials=(0.02, 0.02), sleep=self.pauses.sleep),
                sites__cafe__keys=[key],
                **{f"sites__{site}__{option}": value for site in SITES for option, value in options(site).items()},
            )
        )
        await self.world.control("PATCH", "/settings", {"receipt_delay": 0})
        self.people = [await self.world.person() for _ in PHONES]
        self.outbox = Keys("cs", self.world.platform.default_account.appid).outbox
        self.users = {}
        for site, secret in SITES.items():
            for number, phone in enumerate(PHONES):
                body = {"recipient": {"phone": phone}}
                answer = await self.world.call("POST", "/v1/recipients", body, key=secret)
                self.users[site, number] = answer["user"]

    # Time

    def now(self):
        return time.time() * 1000 + self.offset

    async def pass_time(self, seconds):
        await self.world.advance(seconds)
        self.offset += seconds * 1000

    async def settled(self):
        """Until no job is left. A pause ends when nothing has moved for some rounds, the shortest one first."""
        quiet = 0
        for _ in range(20_000):
            await self.world.control("POST", "/settle")
            if self.client.xlen(self.outbox) == 0:
                return
            await asyncio.sleep(0.002)
            quiet = quiet + 1 if self.pauses.waiting else 0
            if quiet > 15:
                self.pauses.waiting.sort(key=lambda each: each[0])
                seconds, passed = self.pauses.waiting.pop(0)
                await self.pass_time(seconds + 0.01)
                passed.set()
                quiet = 0
        raise AssertionError("a delivery never ends")

    # What must become of a message

    def by_gateway(self, site):
        """How the gateway's answers end a message: its state, why, and how many calls that takes."""
        calls, known, doubt = 0, site == "shop", False
        while True:
            said = self.script.pop(0) if self.script else "yes"
            calls += 1
            if said == "yes":
                return "handed_over", calls
            if said == "no":
                return "unknown" if doubt else "failed", calls
            if said in {"lost", "error"}:
                doubt = True
                if not known:
                    return "unknown", calls

    def route(self, site, who, *, again, verification):
        """Why the gateway is used; None if WeChat delivers."""
        if self.bound.get((site, who)) is None:
            return "no-binding"
        if not verification and self.age(site, who) >= DAY * 1000:
            return "recipient-unproved"
        if self.bound[site, who] in self.away:
            return "unreachable"
        if again:
            return "repeated"
        fault, self.fault = self.fault, None
        return {"43004": "not-following", "receipt": "system-failed", "lost": "no-receipt"}.get(fault)

    def age(self, site, who):
        """How long ago the site bound a person under the number's id, or said so again, ms."""
        return self.now() - self.proved.get((site, who), self.now())

    def admitted(self, site):
        """Whether a start of the site's address is taken; None if its window ends just now."""
        now, times = self.now(), self.starts[site]
        certain = [each for each in times if each > now - SPAN + 3000]
        perhaps = [each for each in times if each > now - SPAN - 3000]
        if len(certain) >= STARTS[site]:
            return False
        return True if len(perhaps) < STARTS[site] else None

    def expect(self, site, who, *, verification):
        """What a request leads to, or None where a window ends just now."""
        before = self.asked.get((site, who))
        gone = self.now() - before if before else WINDOW * 9
        if abs(gone - WINDOW) < 3000 or (verification and abs(gone - 2000) < 1500):
            return None
        again = gone < WINDOW and not (verification and gone < 2000)
        why = self.route(site, who, again=again, verification=verification)
        pushed = why in {None, "not-following", "system-failed", "no-receipt"}
        if verification or pushed or again:
            self.asked[site, who] = self.now()
        return why

    def request(self, site, who, *, verification):
        type(self).acts += 1
        admitted = self.admitted(site)
        # No start is a double click, and no window ends in the middle of a call.
        self.run(self.pass_time(4))
        if admitted is None or self.expect_is_open(site, who):
            self.run(self.pass_time(20))
            admitted = self.admitted(site)
        calls_before = len(self.stub.requests)
        address = {"shop": "192.0.2.1", "cafe": "198.51.100.2"}[site]
        phone, code = PHONES[who], f"{len(self.sent) + 100_000:06}77"
        if verification:
            body = {"purpose": "register", "user": self.users[site, who], "client_ip": address}
            body["contact"] = {"phone": phone}
            asked = self.world.call("POST", "/v1/verifications", body, key=SITES[site])
        else:
            body = {"recipient": {"phone": phone}, "code": code, "client_ip": address, "expires_in": 3600}
            asked = self.world.call("POST", "/v1/messages", body, key=SITES[site])
        self.stub.answers = [ANSWERS[said] for said in self.script] + [YES]
        answer = self.run(asked)
        if answer.status == 429:
            assert admitted is not True, "refused without need"
            return None
        assert admitted is not False, "taken past the limit"
        assert answer.status in {201, 202}, answer.text
        self.starts[site].append(self.now())
        why = self.expect(site, who, verification=verification)
        self.run(self.settled())
        if verification:
            code = code_of(self.world, answer)
        end, calls = ("delivered", 0) if why is None else self.by_gateway(site)
        self.script.clear()
        new = self.stub.requests[calls_before:]
        assert len(new) == calls, f"{len(new)} calls of the gateway where {calls} were due: {why}, {end}"
        ids = {self.id_of(each) for each in new}
        assert len(ids) <= 1, "one message under two ids"
        reasons = {json.loads(body)["data"]["reason"] for _, body in new} if site == "shop" else set()
        assert reasons <= {why}, f"the gateway hears {reasons}, not {why}"
        # Clear what faults are left, as the model has.
        self.run(self.world.control("DELETE", "/faults"))
        self.fault = None
        made = Sent(site, next(iter(ids), ""), end, why, calls, [phone[1:], code])
        self.sent.append(made)
        self.counts[site]["asked"] += 1
        self.counts[site][end] += 1
        self.run(self.reads_so(answer, made, verification=verification))
        return answer, made

    def expect_is_open(self, site, who):
        before = self.asked.get((site, who))
        asked = before is not None and abs(self.now() - before - WINDOW) < 10_000
        return asked or abs(self.age(site, who) - DAY * 1000) < 10_000

    @staticmethod
    def id_of(request):
        made, body = request
        return made.headers.get("webhook-id") or json.loads(body)["id"]

    async def reads_so(self, answer, made, *, verification):
        if not verification:
            seen = await self.world.call("GET", f"/v1/messages/{answer['id']}", key=SITES[made.site])
            assert seen["status"] == made.end, f"reads {seen.json}, not {made}"
            return
        seen = (await self.world.get(answer, key=SITES[made.site]))["delivery"]
        wanted = {
            "delivered": ("template", "delivered"),
            "handed_over": ("gateway", "sent"),
            "unknown": ("gateway", "unknown"),
            "failed": ("scan", "awaiting_scan"),
        }[made.end]
        assert (seen["channel"], seen["status"]) == wanted, f"reads {seen}, not {made}"

    # What people, gateways and WeChat do

    @initialize(site=a_site)
    def somebody_is_bound(self, site):
        self.bind(site, 0)

    @rule(site=a_site, people=st.lists(a_person, min_size=1, max_size=4))
    def send(self, site, people):
        for who in people:
            self.request(site, who, verification=False)

    @rule(site=a_site, who=a_person, types=st.booleans())
    def verify(self, site, who, types):
        done = self.request(site, who, verification=True)
        if done is None or not types:
            return
        started, made = done
        answer = self.run(self.world.check(started, made.secrets[1], key=SITES[site]))
        if made.end in {"delivered", "handed_over", "unknown"}:
            assert answer.status == 200, answer.text
            claims = self.run(self.world.call("POST", "/v1/proofs/verify", {"proof": answer["proof"]}, key=SITES[site]))
            beside = "either" if made.reason == "no-receipt" else "contact"
            assert claims["basis"] == ("bound" if made.end == "delivered" else beside)
            # Who came in has no use for a second message: the next start is no second request.
            self.asked.pop((site, who), None)
        else:
            assert answer.status == 422, "a code that nobody has was right"

    @rule(script=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=4))
    def the_gateway_will_answer(self, script):
        self.script = list(script)

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def wechat_will_fail(self, fault):
        self.run(self.world.control("DELETE", "/faults"))
        self.fault = fault
        self.run(self.world.fault(**FAULTS[fault]))

    @rule(site=a_site, who=a_person)
    def bind(self, site, who):
        user = self.users[site, who]
        answer = self.run(self.world.bind(user, self.people[who], replace=True, key=SITES[site]))
        assert answer.status in {200, 201}
        self.bound[site, who], self.proved[site, who] = who, self.now()

    @rule(site=a_site, who=a_person)
    def unbind(self, site, who):
        self.run(self.world.call("DELETE", f"/v1/bindings/{self.users[site, who]}", key=SITES[site]))
        self.bound.pop((site, who), None)

    @precondition(lambda self: self.fault is None)
    @rule(who=a_person)
    def leave_or_come_back(self, who):
        if who in self.away:
            self.run(self.people[who].follow())
            self.away.discard(who)
        else:
            self.run(self.people[who].unfollow())
            self.away.add(who)
        self.run(self.world.control("POST", "/settle"))

    @rule(seconds=st.sampled_from([7, 61, 310, 3_601, DAY // 2]))
    def time_passes(self, seconds):
        self.run(self.pass_time(seconds))

    # What must hold at any time

    @invariant()
    def no_gateway_takes_a_message_twice(self):
        """One that knows no ids is never called after a call that it may have taken; the other not after its yes."""
        asked = Counter(self.id_of(each) for each in self.stub.requests)
        for made in self.sent:
            if made.gateway_id:
                assert asked[made.gateway_id] == made.calls, f"{asked[made.gateway_id]} calls, {made}"

    @invariant()
    def nothing_sealed_outlives_its_delivery(self):
        assert not list(self.client.scan_iter("*sealed*"))

    @invariant()
    def the_ledger_adds_up_to_what_happened(self):
        for site in SITES:
            found = self.run(self.ledger(site))
            counted = self.counts[site]
            assert counted["asked"] == sum(counted.values()) - counted["asked"]
            assert found == {name: counted[name] for name in found}, f"{site}: {found}, not {counted}"

    async def ledger(self, site):
        here = self.world.app[SERVICES]
        await here.recorder.flush()
        entry = here.directory.sites[site]
        figures = await StatisticsReader(here.store).site(entry, LEDGER_SPAN)
        rows = total(rows_of(site, figures, list(entry.config.purposes), price=0.05))
        [row] = [each for each in rows if each.kind == "sms"] or [None]
        return {
            "asked": row.asked if row else 0,
            "delivered": row.delivered if row else 0,
            "handed_over": row.by_gateway if row else 0,
            "unknown": row.unknown if row else 0,
            "failed": row.failed if row else 0,
        }

    def teardown(self):
        try:
            held, logged = repr(self.dump()), repr(self.logged)
            for made in self.sent:
                # Six digits stand in a longer number by chance; a phone number does not.
                phone, code = made.secrets
                assert phone not in held, "a recipient lies in the store"
                assert phone not in logged, "a recipient stands in the log"
                assert not discloses(held, code), "a code lies in the store"
                assert not discloses(logged, code), "a code stands in the log"
        finally:
            self.run(self.stack.aclose())
            self.runner.close()


@bounded
def test_messages_end_once_and_the_ledger_knows_how(valkey, store_url, tmp_path, dump):
    examples = int(os.environ.get("CHAOS_EXAMPLES", "100" if LONG else "6"))
    run_machine(RelayMachine, examples, valkey, store_url, tmp_path, dump)


def told_through(machine):
    """A story in which each reason for the gateway meets each of its answers, for a message and for a contact."""
    for site in SITES:
        machine.bind(site, 0)
        for verification in (False, True):
            for said in ANSWERS:
                machine.time_passes(601)
                machine.the_gateway_will_answer([said])
                machine.request(site, 1, verification=verification)
            for fault in FAULTS:
                machine.time_passes(601)
                machine.wechat_will_fail(fault)
                machine.the_gateway_will_answer([{"43004": "later", "receipt": "lost", "lost": "yes"}[fault]])
                machine.request(site, 0, verification=verification)
            machine.time_passes(601)
            machine.request(site, 0, verification=verification)
            machine.request(site, 0, verification=verification)
        machine.time_passes(3601)
        for _ in range(2):
            machine.verify(site, 0, types=True)
        machine.leave_or_come_back(0)
        machine.request(site, 0, verification=False)
        machine.leave_or_come_back(0)
        machine.bind(site, 0)
        for wait in (DAY - 300, 601):
            machine.time_passes(wait)
            machine.request(site, 0, verification=False)
        machine.bind(site, 0)
        machine.time_passes(601)
        machine.request(site, 0, verification=False)
        machine.no_gateway_takes_a_message_twice()
        machine.nothing_sealed_outlives_its_delivery()
        machine.the_ledger_adds_up_to_what_happened()


@bounded
def test_each_reason_for_the_gateway_meets_each_of_its_answers(valkey, store_url, tmp_path, dump):
    """What random stories meet late: a break in one of these is red in every run."""
    machine = RelayMachine(valkey, store_url, tmp_path, dump)
    try:
        told_through(machine)
    finally:
        machine.teardown()
