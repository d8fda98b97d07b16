"""The kept corpus, replayed: each input within its bounds, and each genuine one believed.

`make fuzz` finds further inputs (docs/en/contributing/fuzzing.md). One that broke a promise is kept here as `found-…`.
"""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from tests.fuzz import callbacks, headers, tokens
from tests.fuzz.bounds import ActedOutside, Steps, TooManySteps
from tests.fuzz.target import CORPUS, Target
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_every_kept_input_and_every_seed_holds(name):
    target = TARGETS[name]
    for path in target.kept():
        try:
            target.hold(path.read_bytes())
        except BaseException as error:
            error.add_note(f"the input is {path}")
            raise
    for seed in target.seeds():
        target.hold(seed)


def test_every_target_has_a_corpus_and_every_corpus_a_target():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(target.kept() for target in TARGETS.values())


def broken(read, **more):
    return Target("broken", read, (ValueError,), list, **more)


def test_an_exception_that_is_not_declared_comes_out():
    broken(lambda _: int("x")).hold(b"")
    with pytest.raises(KeyError):
        broken(lambda _: {}["x"]).hold(b"")


def test_a_loop_without_end_is_ended():
    def forever(_):
        while True:
            tokens.is_ticket("")

    with pytest.raises(TooManySteps):
        broken(forever).hold(b"")


def test_steps_are_the_same_on_every_run():
    taken = {TARGETS["token"].hold(b"\0" + b"x" * 20) for _ in range(3)}
    assert len(taken) == 1
    with Steps(10) as steps:
        pass
    assert steps.taken <= 1


@pytest.mark.parametrize(
    "act",
    [
        lambda path: path.write_text("x"),
        lambda path: path.mkdir(),
        lambda path: path.unlink(missing_ok=True),
        lambda path: os.open(path, os.O_CREAT | os.O_RDWR),
        lambda _: os.system("true"),  # noqa: S605, S607  it is refused
        lambda _: socket.create_connection(("127.0.0.1", 9)),
    ],
)
def test_an_act_outside_is_refused_even_if_the_refusal_is_caught(act, tmp_path):
    def hidden(_):
        with contextlib.suppress(BaseException):
            act(tmp_path / "outside")

    with pytest.raises(ActedOutside):
        broken(hidden).hold(b"")
    assert list(tmp_path.iterdir()) == []


def test_genuine_inputs_get_through_so_that_the_targets_reach_what_lies_behind():
    assert all(reader(make()) == signed for reader, signed, make in tokens.READERS.values())
    for data in callbacks._messages():
        callbacks.read_message(data)
    callbacks.read_envelope(callbacks._envelopes()[0])
    for data in headers._heads():
        headers.read_head(data)
