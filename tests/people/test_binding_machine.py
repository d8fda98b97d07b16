"""The rules of bindings as a state machine over a real Valkey: whatever sites and people do, in whatever order.

Never two WeChats for one user and site, never a silent re-bind, every removal visible in the history. Whoever loses a
user keeps nothing: what was begun for that user before binds nobody, and approvals that nobody collected are void.
"""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from codesvc.config import parse
from codesvc.domain.clock import Offset, unix_ms
from codesvc.domain.intent import IntentId, Kind
from codesvc.domain.keyring import Keyring
from codesvc.domain.openid_handle import HANDLE_LIFE_MS, Claim, Handles
from codesvc.domain.proof import Proofs
from codesvc.service.bindings import Bindings
from codesvc.service.followers import Followers
from codesvc.service.intent_decisions import IntentDecisions
from codesvc.service.intents import AskRequest, Intents
from codesvc.service.profile_sync import ProfileSync
from codesvc.service.qr_pool import QrPool
from codesvc.service.statistics.recorder import Recorder
from codesvc.service.visitor_names import VisitorNames
from codesvc.sites.registry.reading import configured_directory
from codesvc.store.connection import connect
from codesvc.store.outcomes import Outcome
from codesvc.store.store import Store
from tests.world import MASTER, document

USERS = ["alice", "bob", "carol"]
PHONES = ["openid-1", "openid-2", "openid-3"]
a_user, a_phone, maybe = st.sampled_from(USERS), st.sampled_from(PHONES), st.booleans()


class UnaskedPeople(ProfileSync):
    """Nobody asks WeChat for more about anybody."""

    def meet(self, site, user, openid):
        pass


class BindingMachine(RuleBasedStateMachine):
    def __init__(self, url, directory, many):
        super().__init__()
        self.runner = asyncio.Runner()
        self.servers = self.run(connect(url, timeout=5))
        for server in self.servers.primaries():
            self.run(server.redis.flushall())
        self.store = Store(self.servers, offset=Offset(movable=True), prefix="cs")
        self.many = many == "many"
        limits = {"site_starts": "none", "address_starts": "none"}
        tables = document(
            "http://127.0.0.1:1", "http://127.0.0.1:2", sites__shop__users_per_wechat=many, sites__shop__limits=limits
        )
        self.directory = configured_directory(parse(tables, env={}, directory=directory))
        self.site = self.directory.sites["shop"]
        ring = Keyring(MASTER.encode())
        people = UnaskedPeople(self.store, {})
        self.handles = Handles(ring)
        names = VisitorNames(self.store, None)
        self.bindings = Bindings(self.store, Proofs("http://127.0.0.1:1", ring), self.handles, people, names)
        self.intents = Intents(
            self.store, QrPool(self.store, {}, longest_life=600, shown=str), Recorder(self.store, self.directory)
        )
        self.decisions = IntentDecisions(self.store, self.directory, people, Recorder(self.store, self.directory))
        self.followers = Followers(self.store, self.directory)
        self.bound = {}
        # Whose WeChat each line of a user's history is about, and which histories lost lines because a person withdrew.
        self.lines = {user: [] for user in USERS}
        self.gaps = set()
        self.open = []
        self.logins = []
        self.handle_number = 0
        # What a reply of each WeChat answers: only what a signed scan asked.
        self.questions = {}
        self.messages = 0

    def run(self, story):
        return self.runner.run(story)

    def teardown(self):
        self.run(self.servers.aclose())
        self.runner.close()

    def may(self, user, phone, *, replace):
        """The rule, in three lines."""
        if self.bound.get(user) == phone:
            return True
        free = self.many or phone not in self.bound.values()
        return free and (user not in self.bound or replace)

    def become(self, user, phone):
        if self.bound.get(user) != phone:
            self.lines[user].append(phone)
        if self.bound.get(user, phone) != phone:
            self.lose(user)
        self.bound[user] = phone

    def lose(self, user):
        """The user has lost a binding, by a removal or a replacement."""
        for each in self.open:
            if each["intent"].user == user and each.get("said") in {None, Outcome.CONFLICT}:
                each["void"] = True
        for each in self.logins:
            each["void"] |= each["user"] == user

    @rule(user=a_user, replace=maybe)
    def ask(self, user, replace):
        request = AskRequest(kind=Kind.BIND, user=user, replace=replace, client_ip=ip_address("192.0.2.1"))
        result = self.run(self.intents.start(self.site, request))
        self.open.append({"intent": result.intent, "by": None, "replace": replace})

    @precondition(lambda self: self.open)
    @rule(data=st.data(), phone=a_phone, signed=maybe)
    def scan(self, data, phone, signed):
        asked = data.draw(st.sampled_from(self.open))
        identifier, dedupe = IntentId.parse(asked["intent"].id), self.message() if signed else ""
        answer = self.run(
            self.decisions.claim(self.site.account, identifier, phone, by="scene", dedupe=dedupe, forgeable=not signed)
        )
        if signed and answer.outcome is Outcome.ASKED:
            self.questions[phone] = asked
        if asked.get("void") and asked["by"] is None:
            assert answer.outcome is Outcome.ABSENT
        elif asked["by"] in {None, phone}:
            assert answer.outcome is Outcome.ENDED or (answer.outcome is Outcome.ASKED and not asked.get("void"))
            asked["by"] = phone
        else:
            assert answer.outcome is Outcome.REFUSED

    @precondition(lambda self: self.open)
    @rule(data=st.data(), phone=a_phone, yes=maybe)
    def answer(self, data, phone, yes):
        asked = data.draw(st.sampled_from(self.open))
        identifier = IntentId.parse(asked["intent"].id)
        said = self.run(self.decisions.decide(self.site.account, phone, yes=yes, identifier=identifier))
        if asked["by"] != phone:
            assert said.outcome is Outcome.ABSENT
            return
        assert said.outcome is self.result(asked, phone, yes=yes)

    @rule(phone=a_phone, yes=maybe)
    def reply(self, phone, yes):
        """In the chat: it answers the last question of a signed scan, whatever was forged since."""
        asked = self.questions.get(phone)
        over = asked is None or asked.get("void") or asked.get("said") is not None
        said = self.run(self.decisions.decide(self.site.account, phone, yes=yes, dedupe=self.message()))
        stopped = [] if yes else self.stopped_moves()
        if (asked is None or over) and stopped:
            assert said.outcome is Outcome.DECLINED
            assert said.shown.id in stopped
        elif asked is None or (over and not yes):
            assert said.outcome is Outcome.ABSENT
        else:
            assert said.shown.id == asked["intent"].id
            assert said.outcome is self.result(asked, phone, yes=yes)

    def stopped_moves(self):
        """The conflicts that the no of the bound WeChat has just canceled. Nobody is bound by them any more."""
        conflicts = [each for each in self.open if each.get("said") is Outcome.CONFLICT]
        found = []
        for each in conflicts:
            intent = self.run(self.intents.get(self.site, IntentId.parse(each["intent"].id))).intent
            if intent.status == "canceled":
                each["said"] = Outcome.ENDED
                found.append(intent.id)
        return found

    def message(self):
        self.messages += 1
        return f"e:{self.messages}"

    def result(self, asked, phone, *, yes):
        """What became of an intent once the WeChat that scanned has answered; the first answer counts."""
        if asked.get("said") is None:
            user = asked["intent"].user
            if asked.get("void"):
                expected = Outcome.ENDED
            elif not yes:
                expected = Outcome.DECLINED
            elif self.may(user, phone, replace=asked["replace"]):
                expected = Outcome.BOUND
                self.become(user, phone)
                asked.pop("void", None)
            else:
                expected = Outcome.CONFLICT
            asked["said"] = expected
        return asked["said"]

    @precondition(lambda self: self.open)
    @rule(data=st.data(), phone=a_phone)
    def let_go(self, data, phone):
        """The old WeChat agrees to a move: only if it was asked, about that very intent, and it is still its own."""
        asked, before = data.draw(st.sampled_from(self.open)), dict(self.bound)
        said = self.run(self.decisions.allow_move(self.site.account, phone, asked["intent"].reference))
        if said.outcome is Outcome.ABSENT:
            return
        told = next(each for each in self.open if each["intent"].id == said.shown.id)
        user = told["intent"].user
        if told.get("said") is Outcome.BOUND:
            return
        assert told["said"] is Outcome.CONFLICT
        assert not told.get("void")
        assert before.get(user) == phone
        if self.many or told["by"] not in before.values():
            assert said.outcome is Outcome.BOUND
            told["said"] = Outcome.BOUND
            self.become(user, told["by"])
            told.pop("void", None)
        else:
            assert said.outcome is Outcome.CONFLICT

    @rule(phone=a_phone)
    def log_in(self, phone):
        request = AskRequest(kind=Kind.LOGIN, client_ip=ip_address("192.0.2.1"))
        identifier = IntentId.parse(self.run(self.intents.start(self.site, request)).intent.id)
        self.run(self.decisions.claim(self.site.account, identifier, phone, by="scene"))
        said = self.run(self.decisions.decide(self.site.account, phone, yes=True, identifier=identifier))
        users = [user for user, whose in self.bound.items() if whose == phone]
        assert said.outcome is {0: Outcome.UNKNOWN, 1: Outcome.APPROVED}.get(len(users), Outcome.CHOOSE)
        if len(users) == 1:
            self.logins.append({"id": identifier, "user": users[0], "void": False})

    @precondition(lambda self: self.logins)
    @rule(data=st.data())
    def collect(self, data):
        login = data.draw(st.sampled_from(self.logins))
        found = self.run(self.intents.get(self.site, login["id"])).intent
        assert (found.status, found.user) == (("canceled", "") if login["void"] else ("approved", login["user"]))

    @rule(user=a_user, phone=a_phone, replace=maybe, handle=maybe)
    def put(self, user, phone, replace, handle):
        if handle:
            self.handle_number += 1
            # It is made after whatever was lost before.
            self.store.offset.move_to(self.store.offset.ms + 1000)
            made = unix_ms() + self.store.offset.ms
            claim = Claim(f"lg_{self.handle_number}", phone, made + HANDLE_LIFE_MS)
            sealed = self.handles.seal("shop", self.site.account.config.appid, claim)
            result = self.run(self.bindings.bind_by_handle(self.site, user, sealed, replace=replace))
        else:
            result = self.run(self.bindings.bind_by_openid(self.site, user, phone, replace=replace))
        if self.may(user, phone, replace=replace):
            assert result.outcome is (Outcome.SAME if self.bound.get(user) == phone else Outcome.BOUND)
            self.become(user, phone)
        else:
            assert result.outcome is Outcome.CONFLICT

    @rule(user=a_user)
    def remove(self, user):
        result = self.run(self.bindings.unbind(self.site, user))
        assert (result.outcome is Outcome.DONE) == (user in self.bound)
        if phone := self.bound.pop(user, None):
            self.lines[user].append(phone)
            self.lose(user)

    @rule(phone=a_phone)
    def withdraw(self, phone):
        """A person withdraws the use of their data: what was known is deleted, and that it was deleted is known."""
        self.run(self.followers.forget(self.site.account, phone))
        for user in [user for user, whose in self.bound.items() if whose == phone]:
            del self.bound[user]
            self.lines[user] = [*(each for each in self.lines[user] if each != phone), phone]
            self.gaps.add(user)
            self.lose(user)

    @invariant()
    def each_user_has_the_wechat_that_the_rules_gave_him(self):
        for user in USERS:
            found = self.run(self.bindings.get(self.site, user)).binding
            assert (found.openid if found else None) == self.bound.get(user)

    @invariant()
    def each_wechat_knows_its_users(self):
        for phone in PHONES:
            users = [user for user, _ in self.run(self.bindings.find(self.site, openid=phone))]
            assert users == sorted(user for user, whose in self.bound.items() if whose == phone)
            assert self.many or len(users) <= 1

    @invariant()
    def the_history_tells_every_change_and_ends_where_things_stand(self):
        for user in USERS:
            lines = self.run(self.bindings.history(self.site, user))
            assert [line.wechat for line in lines] == [self.store.tag_of("shop", phone) for phone in self.lines[user]]
            state = None
            for line in lines:
                if line.event == "removed":
                    assert state in {None, line.wechat} or user in self.gaps
                    state = None
                else:
                    assert (line.event, line.came_from) == (("moved", state) if state else ("bound", "")) or (
                        user in self.gaps
                    )
                    state = line.wechat
            assert state == (self.store.tag_of("shop", self.bound[user]) if user in self.bound else None)

    @invariant()
    def nothing_in_it_names_a_wechat(self):
        for user in USERS:
            raw = self.run(
                self.store.at(self.site.store_keys.partition).lrange(self.site.store_keys.history("shop", user), 0, -1)
            )
            assert not any(re.search(rb"openid-\d", line) for line in raw)
            # What the binding says itself is not written down a second time.
            assert len(raw) == len(self.lines[user]) - (user in self.bound)


@pytest.mark.parametrize("many", ["one", "many"])
def test_the_rules_hold_whatever_happens(store_url, tmp_path, many):
    run_state_machine_as_test(
        lambda: BindingMachine(store_url, tmp_path, many),
        settings=settings(max_examples=40, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
