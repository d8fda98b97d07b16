"""The model machine with an account of each other kind: the same may happen, by fewer ways (KINDS.md section 2).

An invariant of the machine reads the sandbox's journal: no call is made that the kind has no right to.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.chaos.processes import LONG, bounded
from tests.chaos.test_model import OUTAGES, ServiceMachine, run_machine
from tests.kinds import BY_KEYWORD


class TestAccountMachine(ServiceMachine):
    """A test account may do everything."""

    __test__ = False
    bodies: dict[str, str] = {}  # noqa: RUF012  as in the machine
    account = replace(DEFAULT_ACCOUNT, kind="test")


class KeywordMachine(ServiceMachine):
    """An account without QR codes and without pushes: people send keywords, and replies carry the codes."""

    by_keyword = True
    wechat_will_fail = wechat_is_away = wechat_says_what_it_has_counted = None

    @rule(outage=st.sampled_from(sorted(OUTAGES)))
    def the_api_is_away(self, outage):
        """Replies need no call: nothing that the model says changes."""
        self.run(self.world.fault(**{"path": "*", **OUTAGES[outage]}))


def machine_of(kind):
    """A machine whose account is of this kind. What undisclosed answers look like is compared within the kind."""
    account = replace(DEFAULT_ACCOUNT, kind=kind)
    return type("KeywordMachine", (KeywordMachine,), {"bodies": {}, "account": account})


MACHINES = {kind: machine_of(kind) for kind in BY_KEYWORD} | {"test": TestAccountMachine}


@bounded
@pytest.mark.parametrize("kind", MACHINES)
def test_each_kind_of_account_keeps_the_promises(kind, valkey, *, store_url, tmp_path, dump, stray_keys):
    examples = int(os.environ.get("CHAOS_EXAMPLES", "60" if LONG else "3"))
    run_machine(MACHINES[kind], examples, valkey, store_url, tmp_path, dump, stray_keys)
