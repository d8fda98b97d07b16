"""A slot whose keys are moved one by one: no script runs by halves, callers get 503, and it is over when it is over."""

from __future__ import annotations

import asyncio

import pytest

from codesvc.store.cluster import SLOTS


class Move:
    """Moves a partition's slot as `valkey-cli --cluster reshard` does, step by step."""

    def __init__(self, nodes, partition):
        self.slot = SLOTS[partition]
        self.source = nodes.holder(f"{{p{partition:02d}}}")
        self.target = next(node for node in nodes.primaries if node is not self.source)
        self.nodes = nodes

    def set_slot(self, node, *what):
        node.client.execute_command("CLUSTER", "SETSLOT", self.slot, *what)

    def identity(self, node):
        return node.client.execute_command("CLUSTER", "MYID")

    def begin(self):
        self.set_slot(self.target, "IMPORTING", self.identity(self.source))
        self.set_slot(self.source, "MIGRATING", self.identity(self.target))

    def carry(self, count):
        """So many keys; whether there were any."""
        keys = self.source.client.execute_command("CLUSTER", "GETKEYSINSLOT", self.slot, count)
        if keys:
            self.source.client.execute_command(
                "MIGRATE", "127.0.0.1", self.target.port, "", 0, 5000, "REPLACE", "KEYS", *keys
            )
        return bool(keys)

    def end(self):
        while self.carry(100):
            pass
        for node in [self.target, self.source, *self.nodes.primaries]:
            self.set_slot(node, "NODE", self.identity(self.target))

    def back(self):
        self.source, self.target = self.target, self.source
        self.begin()
        self.end()


def dumped(node, key):
    """A key's value, also on a node that only takes it over."""
    with node.client.pipeline(transaction=False) as pipe:
        pipe.execute_command("ASKING")
        pipe.dump(key)
        return pipe.execute()[1]


def contents(nodes):
    """Everything on every node but what the service keeps for itself."""
    background = (b":probe", b":pool", b":outbox")
    return {
        (node.port, key): dumped(node, key)
        for node in nodes.primaries
        for key in node.client.keys("*")
        if not key.endswith(background) and b":token:" not in key and b":quota:" not in key
    }


@pytest.fixture
def move(nodes, ground):
    move = Move(nodes, ground.keys.partition)
    yield move
    move.end()
    move.back()


async def test_nothing_happens_by_halves_while_keys_are_moved_and_all_is_well_after(ground, nodes, move):
    world = ground.world
    person = await world.bound("alice")
    first = await ground.start()
    await person.say(first["scan"]["keyword"])
    code = await person.code_in_chat()
    # Callbacks are counted in memory and written once a second: by now all of them are written, and no more come.
    await ground.here.readiness.callbacks.write()
    move.begin()
    for carried in (0, 1, 2):
        move.carry(carried)
        before = contents(nodes)
        assert (await ground.start()).status == 503
        for path, body in [("/check", {"code": code}), ("/resend", {}), ("/cancel", {})]:
            answer = await world.call("POST", f"/v1/verifications/{first['id']}{path}", body)
            assert (answer.status, answer.problem) == (503, "unavailable")
        answer = await world.call("PUT", "/v1/bindings/bob", {"openid": "o_somebody_else_0000000000000"})
        assert answer.status == 503
        assert (await world.get(first)).status == 503
        assert contents(nodes) == before
    assert await ground.until_unready("moving") == "moving"
    move.end()
    await ground.until_ready()
    assert (await world.check(first, code)).status == 200
    assert (await ground.start()).status == 201


async def test_a_move_that_is_over_in_a_moment_is_waited_for(ground, move):
    await ground.start()
    move.begin()
    waiting = asyncio.create_task(ground.start())
    await asyncio.sleep(0.05)
    move.end()
    assert (await waiting).status == 201


async def test_a_slot_that_moves_in_one_piece_costs_nothing(ground, move):
    """Valkey 9's CLUSTER MIGRATESLOTS: what callers notice is at most a pause."""
    for _ in range(20):
        await ground.start()
    target = move.identity(move.target)
    move.source.client.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", move.slot, move.slot, "NODE", target)
    for _ in range(300):
        await ground.start()
        if ground.here.store.servers.at(ground.keys.partition).shown.endswith(str(move.target.port)):
            break
    else:
        raise AssertionError("it never moves")
    assert [answer.status for answer in ground.started] == [201] * len(ground.started)
    for answer in ground.started:
        assert (await ground.world.get(answer)).status == 200
