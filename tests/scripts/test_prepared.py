"""Prepared calls: the same bytes as a call that is put together each time, and no caller who counts positions."""

import hiredis
import pytest

from codesvc.store.prepared import Prepared
from codesvc.store.script import load

SCRIPT = load("check")
FIXED_KEYS = {"outbox": "cs:{p01}:outbox"}
FIXED = {name: f"<{name}>" for name in SCRIPT.args[SCRIPT.args.index("root") :]}
KEYS = {name: f"cs:{{p01}}:{name}" for name in SCRIPT.keys if name not in FIXED_KEYS}
ARGS = {name: number for number, name in enumerate(SCRIPT.args) if name not in FIXED}


@pytest.mark.parametrize("guard", [[], ["cs:{p01}:never"]])
def test_it_is_the_command_that_would_be_sent_anyway(guard):
    prepared = Prepared.of(SCRIPT, 1, FIXED_KEYS, FIXED, guard)
    words = SCRIPT.pack(KEYS | FIXED_KEYS, ARGS | FIXED, guard)
    whole = hiredis.pack_command(("EVALSHA", SCRIPT.sha, len(SCRIPT.keys) + len(guard), *words))
    assert prepared.command(KEYS, ARGS) == whole


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
        Prepared.of(SCRIPT, 1, FIXED_KEYS, FIXED).command(keys, args)


def test_what_never_varies_stands_behind_what_does():
    with pytest.raises(ValueError, match="in front"):
        Prepared.of(SCRIPT, 1, {"record": "cs:{p01}:vf:x"}, FIXED)


async def test_a_server_that_has_forgotten_its_scripts_is_taught_them_and_nothing_runs_twice(world, valkey):
    await world.start("alice", ip="192.0.2.7")
    valkey.script_flush()
    started = await world.start("alice", ip="192.0.2.7")
    assert started.status == 201
    assert started.headers["RateLimit"].count('"address_starts";r=58') == 1
