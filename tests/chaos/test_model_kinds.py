"""The model machine with an account of each other kind: the same may happen, by fewer ways (KINDS.md section 2).

An invariant of the machine reads the sandbox's journal: no call is made that the kind has no right to.
The machine of a verified subscription account also writes to whom may be written to.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.chaos.plain import UNSENT, When
from tests.chaos.processes import LONG, bounded
from tests.chaos.test_model import FAULTS, OUTAGES, ServiceMachine, a_number, a_person, a_purpose, run_machine
from tests.kinds import ANSWERS_ONLY
from tests.service.inside import code_of


class TestAccountMachine(ServiceMachine):
    """A test account may do everything."""

    __test__ = False
    bodies: dict[str, str] = {}  # noqa: RUF012  as in the machine
    account = replace(DEFAULT_ACCOUNT, kind="test")


class KeywordMachine(ServiceMachine):
    """An account without QR codes and without pushes: people send keywords, and replies carry the codes."""

    by_keyword, channels = True, ()
    wechat_will_fail = wechat_is_away = wechat_says_what_it_has_counted = None

    @rule(outage=st.sampled_from(sorted(OUTAGES)))
    def the_api_is_away(self, outage):
        """Replies need no call: nothing that the model says changes."""
        self.run(self.world.fault(**{"path": "*", **OUTAGES[outage]}))


BRIEF, LONG_WINDOW = 55_000, 47 * 3_600_000
"""The windows of WECHAT.md 8, ms, with the service's margin: 1 min after following, 48 h after a message."""
KNOWN = {"0": None, "-1": None, "45047": UNSENT, "43004": "43004", "43101": "43101", "40003": "40003"}
"""What an errcode of the last call about a verification means; what comes without one is lost or unknown."""
SHOWN_ALL_THE_SAME = {"reset after", "http after", "truncated"}


class CustomerServiceMachine(ServiceMachine):
    """A verified subscription account: people send keywords, and are written to while their windows are open.

    The model knows when each person's window is open. How many messages are left in it, WeChat says (45047).
    """

    bodies: dict[str, str] = {}  # noqa: RUF012  as in the machine
    account = replace(DEFAULT_ACCOUNT, kind="verified_subscription")
    by_keyword, channels, send_path = True, ("customer_service",), "/cgi-bin/message/custom/send"
    # What the other machines do as well leaves room for what is only here.
    wechat_is_away = wechat_says_what_it_has_counted = a_stranger_guesses = check_many_times_at_once = None
    keywords_of_several_sites = open_page = cancel = None

    async def open(self, url, directory):
        first = int(self.now())
        self.seen = {}
        await super().open(url, directory)
        self.windows = {str(who): [(When(first, self.now()), BRIEF)] for who in range(len(self.people))}

    def pass_time(self, seconds):
        """WeChat's windows close too. Its tokens live on, because the service reads their end from the real clock."""
        super().pass_time(seconds)
        now = self.world.platform.clock.now()
        for person in self.people:
            for window in self.world.platform.contact(person.openid).windows.current(now):
                window.closes_at -= seconds

    @rule(who=a_person)
    def sends_a_picture(self, who):
        if str(who) not in self.model.away:
            said = {"type": "image", "fields": {"PicUrl": "https://e/p.jpg", "MediaId": "m"}}
            _, at = self.act(self.world.control("POST", f"/users/{self.people[who].openid}/send", said))
            self.heard(who, at)

    @rule(who=a_person)
    def taps_the_menu(self, who):
        """Opens the short window, and shortens no other."""
        if str(who) not in self.model.away:
            tapped = self.world.control("POST", f"/users/{self.people[who].openid}/click", {"key": "something"})
            _, at = self.event(tapped)
            self.heard(who, at, briefly=True)

    @precondition(lambda self: self.model.bound)
    @rule(
        number=a_number,
        purpose=a_purpose,
        did=st.lists(st.sampled_from(["write", "show", "tap", "leave"]), max_size=2, unique=True),
        seconds=st.sampled_from([0, 50, 61, 169_000, 171_000]),
    )
    def the_owner_did_something_and_starts(self, number, purpose, did, seconds):
        """So lately that a code may be pushed, or too long ago: after a message the window is 169,200 s (47 h) here."""
        site, user = sorted(self.model.bound)[number % len(self.model.bound)]
        owner = int(self.model.bound[site, user])
        self.come_back(owner)
        for act in did:
            if act == "write":
                _, at = self.act(self.people[owner].say("你好"))
                self.heard(owner, at)
            elif act == "show":
                self.sends_a_picture(owner)
            elif act == "tap":
                self.taps_the_menu(owner)
            else:
                self.leave(owner)
                self.come_back(owner)
        self.pass_time(seconds)
        self.begin(user, purpose, f"203.0.113.{len(self.started) % 250}", site)

    @rule(who=a_person)
    def more_starts_than_the_window_holds(self, who):
        """At the site that limits least; what WeChat refuses (45047) is not sent again, and a keyword brings it."""
        self.come_back(who)
        self.bind("alice", who, "kiosk")
        _, at = self.act(self.people[who].say("你好"))
        self.heard(who, at)
        for number in range(8):
            self.pass_time(3_601 if number == 4 else 7)
            self.begin("alice", "register", None, "kiosk")

    @rule(fault=st.sampled_from(sorted(FAULTS.keys() - {"receipt"})))
    def wechat_will_fail(self, fault):
        self.model.fault = fault
        self.run(self.world.control("DELETE", "/faults"))
        self.set_fault()

    def heard(self, who, at, *, follows=False, briefly=False):
        """Who leaves closes every window; who follows, or taps the menu, has a short one."""
        before = [] if follows else self.windows[str(who)]
        self.windows[str(who)] = [*before, (at, BRIEF if follows or briefly else LONG_WINDOW)]

    def may_be_called(self, v, at):
        over = [at.after(opened.last + length) for opened, length in self.windows[v.sent_to]]
        begun = [at.after(opened.first + length) for opened, length in self.windows[v.sent_to]]
        if any(each is False for each in begun):
            return True
        return False if all(over) else None

    def calls(self, v):
        code = code_of(self.world, self.started[v.id])
        entries = self.world.platform.journal.entries("api", path=self.send_path)
        return [entry for entry in entries if code in entry.request]

    def sends(self, v):
        return len(self.calls(v))

    def was_pushed(self, v, at):
        """A push whose window was closed has made no call; the record says so."""
        return super().was_pushed(v, at) or self.record_of(v).reason == "no-channel"

    def answered(self, v):
        calls = self.calls(v)
        new, self.seen[v.id] = len(calls) - self.seen.get(v.id, 0), len(calls)
        if not new:
            self.model.sent(v, UNSENT)
            return
        # A notice to the person, which is a customer-service message too, may have met the fault.
        fault, self.model.fault = self.model.fault if any(call.fault for call in calls[-new:]) else None, None
        assert new == (2 if fault == "busy" else 1), f"{new} calls for one message, {fault}"
        result = KNOWN.get(str(calls[-1].errcode), UNSENT)
        if fault in SHOWN_ALL_THE_SAME or fault == "reset before":
            # Whether it arrived is not known, and no id would tell WeChat that it is the same message.
            result = UNSENT
        assert calls[-1].errcode != 45015 or fault, "written to outside the window"
        self.model.sent(v, result)
        v.shown += fault in SHOWN_ALL_THE_SAME
        if result == "40003":
            self.heard_from_after_all(int(v.sent_to))

    def pushed_to(self, person):
        texts = [
            m["content"] for m in self.world.platform.contact(person.openid).messages if m.get("by") == self.channels[0]
        ]
        codes = [code_of(self.world, started) for started in self.started.values()]
        return [text for text in texts if any(code in text for code in codes)]

    @invariant()
    def no_message_comes_twice(self):
        shown = sum(len(self.pushed_to(person)) for person in self.people)
        assert shown == sum(v.shown for v in self.model.attempts.values())


def machine_of(kind):
    """A machine whose account is of this kind. What undisclosed answers look like is compared within the kind."""
    account = replace(DEFAULT_ACCOUNT, kind=kind)
    return type("KeywordMachine", (KeywordMachine,), {"bodies": {}, "account": account})


MACHINES = {kind: machine_of(kind) for kind in ANSWERS_ONLY} | {
    "test": TestAccountMachine,
    "verified_subscription": CustomerServiceMachine,
}


@bounded
@pytest.mark.parametrize("kind", MACHINES)
def test_each_kind_of_account_keeps_the_promises(kind, valkey, *, store_url, tmp_path, dump, stray_keys):
    few = "8" if MACHINES[kind] is CustomerServiceMachine else "3"
    examples = int(os.environ.get("CHAOS_EXAMPLES", "60" if LONG else few))
    run_machine(MACHINES[kind], examples, valkey, store_url, tmp_path, dump, stray_keys)
