"""Acts that are asked for together leave together, and each hears what became of it alone."""

import asyncio

import msgspec
import pytest

from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.store.batcher import MOST_TOGETHER, Batcher


class Store:
    """Answers every act with its own name in capitals; `bad` fails wherever it stands."""

    def __init__(self):
        self.calls, self.fault = [], None
        self.called, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def run(self, packed):
        names = [name for (name,) in msgspec.msgpack.decode(packed)]
        self.calls.append(names)
        self.called.set()
        await self.gate.wait()
        if self.fault:
            raise self.fault
        if names == ["bad"]:
            raise ScriptError("bad")
        return [b"done", 0, [b"again" if name == "bad" else name.upper().encode() for name in names]]


@pytest.fixture
def store():
    return Store()


def asked(store, *names):
    gathered = Batcher(store.run, read=bytes)
    return asyncio.gather(*(gathered.ask([name]) for name in names), return_exceptions=True)


async def test_one_turn_is_one_call_and_everybody_gets_his_own_answer(store):
    assert await asked(store, "a", "b", "c") == [b"A", b"B", b"C"]
    assert store.calls == [["a", "b", "c"]]


async def test_an_act_alone_does_not_wait_for_others(store):
    store.gate.clear()
    waiting = asked(store, "a")
    for _ in range(5):
        await asyncio.sleep(0)
    assert store.calls == [["a"]]
    store.gate.set()
    assert await waiting == [b"A"]


async def test_a_call_holds_so_many_acts_and_no_more(store):
    names = [f"n{number}" for number in range(2 * MOST_TOGETHER + 1)]
    assert await asked(store, *names) == [name.upper().encode() for name in names]
    assert [len(call) for call in store.calls] == [MOST_TOGETHER, MOST_TOGETHER, 1]
    assert [name for call in store.calls for name in call] == names


async def test_what_fails_among_others_is_asked_again_alone_and_harms_nobody(store):
    first, bad, last = await asked(store, "a", "bad", "c")
    assert (first, last) == (b"A", b"C")
    assert isinstance(bad, ScriptError)
    assert store.calls == [["a", "bad", "c"], ["bad"]]


@pytest.mark.parametrize("fault", [StoreUnavailable("gone"), RuntimeError("unforeseen")])
async def test_an_error_of_the_call_is_everybodys(store, fault):
    store.fault = fault
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    assert await asyncio.wait_for(asked(store, "a", "b"), 60) == [fault, fault]


async def test_who_gives_up_takes_nothing_from_the_others(store):
    gathered = Batcher(store.run, read=bytes)
    store.gate.clear()
    left, stays = (asyncio.create_task(gathered.ask([name])) for name in "ab")
    await store.called.wait()
    left.cancel()
    await asyncio.wait([left])
    store.gate.set()
    assert await asyncio.wait_for(stays, 60) == b"B"


async def test_a_call_that_is_ended_leaves_nobody_waiting(store):
    store.gate.clear()
    gathered = Batcher(store.run, read=bytes)
    waiting = [asyncio.create_task(gathered.ask([name])) for name in "ab"]
    await store.called.wait()
    [call] = gathered._calls
    call.cancel()
    done, _ = await asyncio.wait(waiting, timeout=60)
    assert {task.cancelled() for task in done} == {True}
    assert len(done) == 2
