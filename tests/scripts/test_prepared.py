"""Prepared calls: the same bytes as a call that is put together each time, and no caller who counts positions."""

from types import SimpleNamespace

import hiredis
import pytest

from codesvc.domain.clock import Offset
from codesvc.store.act import Act, Deployment
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.keys import Keys
from codesvc.store.retention import Retention
from codesvc.store.script import load
from codesvc.store.verifications import Checked

SCRIPT, NAMES = load("check"), Keys("cs", "wx3f1c5a9e7b2d4860")
ADDED = {"root": NAMES.root, "account": NAMES.account, "appid": NAMES.appid, "topic": "cs:changed"}
FIXED = {name: f"<{name}>" for name in ("site", "user_guesses", "address_guesses", "site_guesses", "return_purposes")}
KEYS = {"record": NAMES.record("vf_x"), "idem": NAMES.idempotency("shop", "")}
ARGS = {name: number for number, name in enumerate(SCRIPT.args) if name not in FIXED | ADDED}


def act(*, several=False):
    return Act(Deployment(SimpleNamespace(several=several), Offset(movable=False), "cs", Retention()), "check", Checked)


@pytest.mark.parametrize("several", [False, True])
def test_it_is_the_command_that_would_be_sent_anyway(several):
    guard = [PartitionKeys("cs", NAMES.partition).never] if several else []
    words = SCRIPT.pack(KEYS | {"outbox": NAMES.outbox}, ARGS | FIXED | ADDED, guard)
    whole = hiredis.pack_command(("EVALSHA", SCRIPT.sha, len(SCRIPT.keys) + len(guard), *words))
    assert act(several=several).prepare(NAMES, {}, FIXED).command(KEYS, ARGS) == whole


@pytest.mark.parametrize(
    ("keys", "args"),
    [
        (KEYS, {name: value for name, value in ARGS.items() if name != "verdict"}),
        (KEYS, {**ARGS, "another": 1}),
        (KEYS, {**{name: value for name, value in ARGS.items() if name != "verdict"}, "another": 1}),
        ({**KEYS, "another": ""}, ARGS),
    ],
)
def test_names_that_are_missing_or_too_many_are_refused(keys, args):
    with pytest.raises(TypeError):
        act().prepare(NAMES, {}, FIXED).command(keys, args)


def test_what_never_varies_stands_behind_what_does():
    with pytest.raises(ValueError, match="in front"):
        act().prepare(NAMES, {"record": NAMES.record("vf_x")}, FIXED)


async def test_a_server_that_has_forgotten_its_scripts_is_taught_them_and_nothing_runs_twice(world, valkey):
    await world.start("alice", ip="192.0.2.7")
    valkey.script_flush()
    started = await world.start("alice", ip="192.0.2.7")
    assert started.status == 201
    assert started.headers["RateLimit"].count('"address_starts";r=58') == 1
