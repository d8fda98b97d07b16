"""The audit log is kept for each site by itself, and says which of its lines are gone and why."""

import asyncio
import json
from dataclasses import replace

import pytest

from codesvc.domain.audit import REPEATABLE, AuditAct
from codesvc.service.audit_file import AuditFile
from codesvc.service.auditing import AuditLog
from codesvc.store.partitions import PARTITIONS
from codesvc.web.context import SERVICES
from tests.registry.test_admin_api import ADMINS, BAR, ask
from tests.world import OTHER_KEY

DAY = 86_400
SMALL = {"audit_lines": 1_000}


async def flood(world, site, count, act=AuditAct.CLOCK_MOVED):
    """So many lines of a site, as fast as the store takes them."""
    here = world.app[SERVICES]
    entry = here.directory.sites[site] if site else None
    for start in range(0, count, 500):
        several = range(start, min(count, start + 500))
        await asyncio.gather(*(here.auditing.note("key:flood", act, site=entry, detail=f"{n}") for n in several))


async def lines(world, **wanted):
    return (await AuditLog(world.app[SERVICES].store, range(PARTITIONS)).search(**wanted)).lines


async def test_a_neighbour_cannot_push_lines_out(world):
    person = await world.person()
    for number in range(9):
        await world.bind(f"alice-{number}", person)
        await world.call("DELETE", f"/v1/bindings/alice-{number}")
    before = await lines(world, site="shop")
    assert len(before) == 18
    await flood(world, "cafe", 20_640)
    assert await lines(world, site="shop") == before


async def test_a_stranger_cannot_push_the_operators_lines_out(new_world):
    async with new_world(store=SMALL) as world:
        await world.app[SERVICES].auditing.note("admin:lan", AuditAct.LOGIN)
        await flood(world, "", 1_300, AuditAct.LOGIN_FAILED)
        assert [line.actor for line in await lines(world, most=5_000) if line.act == AuditAct.LOGIN] == ["admin:lan"]


@pytest.mark.parametrize("act", sorted(REPEATABLE))
async def test_what_one_can_do_any_number_of_times_pushes_no_line_about_a_binding_out(new_world, act):
    """An operator looks at one person after another, to lose the line of what they did; a visitor replays codes."""
    async with new_world(store=SMALL) as world:
        await world.bound("alice")
        await world.call("DELETE", "/v1/bindings/alice")
        await flood(world, "shop", 1_300, act)
        kept = await lines(world, site="shop", most=5_000)
        told = [line.act for line in kept if line.site == "shop"]
        assert [each for each in told if each.startswith("binding")] == ["binding.removed", "binding.made"]
        [gap] = [line for line in kept if line.act == AuditAct.LINES_MISSING]
        assert (gap.site, gap.detail, gap.missing) == ("shop", "length", 1_300 - told.count(act))


async def test_a_sites_key_pushes_no_look_of_an_operator_out(new_world):
    async with new_world(store=SMALL) as world:
        here = world.app[SERVICES]
        await here.auditing.note("admin:lan", AuditAct.LOOKED_UP, site=here.directory.sites["shop"], user="alice")
        await flood(world, "shop", 1_300, AuditAct.GUESSES_LIFTED)
        kept = await lines(world, site="shop", most=5_000)
        assert [line.actor for line in kept if line.act == AuditAct.LOOKED_UP] == ["admin:lan"]


@pytest.mark.parametrize("act", [AuditAct.LOGIN, AuditAct.LOGOUT])
async def test_sign_ins_push_no_change_of_settings_out(new_world, act):
    async with new_world(store=SMALL, admin__keys=ADMINS) as world:
        await ask(world, "PUT", "/sites/bar", BAR)
        await flood(world, "", 1_300, act)
        kept = await lines(world, most=5_000)
        assert [line.detail for line in kept if line.act == AuditAct.SETTINGS_SET] == ["site/bar"]
        [gap] = [line for line in kept if line.act == AuditAct.LINES_MISSING]
        assert (gap.site, gap.detail, gap.missing) == ("", "length", 1_300 - sum(line.act == act for line in kept))


async def test_changes_of_settings_push_no_line_about_a_key_out(new_world):
    """An admin key gives itself a site key, uses it, removes it, and then changes settings on and on."""
    async with new_world(store=SMALL, admin__keys=ADMINS) as world:
        here, key = world.app[SERVICES], "/sites/bar/keys/evil"
        # The store drops lines in blocks of about 100.
        here.store.deployment.retention = replace(here.store.retention, audit_lines=100)
        await ask(world, "PUT", "/sites/bar", BAR)
        assert (await ask(world, "PUT", key, {"scopes": ["verify"]})).status == 201
        assert (await ask(world, "DELETE", key)).status == 204
        for turn in range(320):
            await here.administration.patch("site", "bar", {"origins": [f"https://b{turn}.example"]}, by="admin-key:x")
        kept = await lines(world, most=5_000)
        settings = [(line.act, line.detail) for line in kept if line.act.startswith("settings")]
        made = [("settings.removed", "key/bar/evil"), ("settings.set", "key/bar/evil"), ("settings.set", "site/bar")]
        assert settings[-3:] == made
        assert [line.detail for line in kept if line.act == AuditAct.LINES_MISSING] == ["length"]


async def test_an_admin_key_writes_no_more_in_a_day_than_half_a_log(new_world):
    async with new_world(store=SMALL, admin__keys=ADMINS) as world:
        store = world.app[SERVICES].store
        store.retention = replace(store.retention, audit_lines=10)
        for number in range(4):
            assert (await ask(world, "PUT", f"/sites/bar{number}", BAR)).status == 201
        assert (await ask(world, "DELETE", "/sites/bar0")).status == 204
        refused = await ask(world, "PUT", "/sites/bar9", BAR)
        assert (refused.status, refused.problem, refused["limit"]) == (429, "rate-limited", "admin_writes")
        assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400
        assert (await ask(world, "DELETE", "/sites/bar1")).status == 429
        for turn in range(5):
            assert (await ask(world, "PATCH", "/sites/bar1", {"origins": [f"https://b{turn}.example"]})).status == 200
        assert (await ask(world, "PATCH", "/sites/bar1", {"origins": []})).status == 429
        assert (await ask(world, "GET", "/sites/bar9")).status == 404
        await world.advance(86_401)
        assert (await ask(world, "PUT", "/sites/bar9", BAR)).status == 201


async def test_the_same_look_is_one_line_in_an_hour(world):
    here = world.app[SERVICES]
    shop, cafe = here.directory.sites["shop"], here.directory.sites["cafe"]

    async def look(actor="admin:lan", site=shop, user="alice", detail="person"):
        await here.auditing.note(actor, AuditAct.LOOKED_UP, site=site, user=user, detail=detail)
        return sum(line.act == AuditAct.LOOKED_UP for line in await lines(world))

    assert [await look() for _ in range(3)] == [1, 1, 1]
    assert await look(user="bob") == 2
    assert await look(actor="admin:mei") == 3
    assert await look(site=cafe) == 4
    assert await look(detail="vf_0") == 5
    await world.advance(3_601)
    assert [await look(), await look()] == [6, 6]


async def test_what_the_log_dropped_is_said(new_world):
    async with new_world(store=SMALL) as world:
        await flood(world, "cafe", 1_300)
        kept = await lines(world, site="cafe", most=5_000)
        gap = kept[-1]
        assert (gap.act, gap.site, gap.detail) == (AuditAct.LINES_MISSING, "cafe", "length")
        assert gap.missing == 1_300 - (len(kept) - 1)
        # The store drops in blocks of about 100 lines.
        assert 1_000 <= len(kept) - 1 <= 1_100


async def test_lines_that_are_too_old_are_said_to_be(new_world, valkey):
    async with new_world(store=SMALL | {"audit_retention": 2 * DAY}) as world:
        await flood(world, "cafe", 300)
        # The ids of entries come from the store's clock, which no test moves: the same lines, three days older.
        [name] = valkey.keys("*:audit:cafe")
        aged = [(f"{int(entry.split(b'-')[0]) - 3 * DAY * 1000}-{place}", fields)
                for place, (entry, fields) in enumerate(valkey.xrange(name))]  # fmt: skip
        valkey.delete(name)
        for entry, fields in sorted(aged, key=lambda one: [int(part) for part in one[0].split("-")]):
            valkey.xadd(name, fields, id=entry)
        await flood(world, "cafe", 1)
        kept = await lines(world, site="cafe", most=5_000)
        gaps = [(line.detail, line.missing) for line in kept if line.act == AuditAct.LINES_MISSING]
        assert gaps == [("age", 301 - len(kept) + 1)]
        assert gaps[0][1] >= 200
        # The same after the store dropped the whole log at the end of its life.
        valkey.delete(name)
        assert len(valkey.keys("*:audits")) == 1
        await world.advance(3 * DAY)
        [gap] = await lines(world, site="cafe")
        assert (gap.detail, gap.missing) == ("age", 301)


async def test_lines_that_were_taken_out_of_the_store_are_missed(world, valkey):
    await flood(world, "cafe", 5)
    [name] = valkey.keys("*:audit:cafe")
    entries = [entry for entry, _ in valkey.xrange(name)]
    valkey.xdel(name, *entries[1:3])
    told = [(line.act, line.missing, line.detail) for line in await lines(world, site="cafe")]
    assert told[2] == (AuditAct.LINES_MISSING, 2, "unknown")
    assert [act for act, _, _ in told].count(AuditAct.LINES_MISSING) == 1
    valkey.xdel(name, entries[0])
    told = [(line.act, line.missing, line.detail) for line in await lines(world, site="cafe")]
    assert told[-1] == (AuditAct.LINES_MISSING, 3, "unknown")
    valkey.xdel(name, entries[-1])
    assert [line.missing for line in await lines(world, site="cafe")] == [1, 0, 3]
    valkey.delete(name)
    told = [(line.act, line.missing, line.detail) for line in await lines(world, site="cafe")]
    assert told == [(AuditAct.LINES_MISSING, 5, "unknown")]


async def test_the_newest_lines_are_of_all_sites(world):
    await flood(world, "cafe", 3)
    await world.advance(1)
    await flood(world, "shop", 2)
    await world.advance(1)
    await world.app[SERVICES].auditing.note("admin:lan", AuditAct.LOGIN)
    newest = await lines(world, most=4)
    assert [line.site for line in newest] == ["", "shop", "shop", "cafe"]
    assert len({line.id for line in await lines(world)}) == 6


async def test_each_line_of_the_file_has_its_number_and_a_gap_is_a_line(new_world, tmp_path):
    async with new_world(store=SMALL) as world:
        path = tmp_path / "audit.jsonl"
        file = AuditFile(world.app[SERVICES].store, lambda: range(PARTITIONS), path)
        await flood(world, "cafe", 2)
        while await file.write_new():
            pass
        await flood(world, "shop", 1)
        await flood(world, "cafe", 1_300)
        while await file.write_new():
            pass
        told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        cafe = [line for line in told if line.get("site") == "cafe"]
        assert [line.get("number") for line in cafe[:2]] == [1, 2]
        gap = cafe[2]
        assert gap["act"] == "lines.missing"
        assert gap["missing"] == cafe[3]["number"] - 3
        assert [line["number"] for line in cafe[3:]] == list(range(cafe[3]["number"], 1_303))


async def test_bindings_are_written_as_fast_as_the_key_may(new_world):
    limits = {"binding_writes": ["4/hour"]}
    async with new_world(sites__shop__limits=limits) as world:
        alice, bob, carol = [await world.person() for _ in range(3)]
        assert (await world.bind("alice", alice)).status == 201
        for _ in range(3):
            # Nothing is written, so nothing is counted.
            assert (await world.bind("alice", alice)).status == 200
            assert (await world.call("DELETE", "/v1/bindings/nobody")).status == 404
        assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
        assert (await world.bind("alice", alice)).status == 201
        assert (await world.bind("bob", bob)).status == 201
        for answer in (
            await world.bind("alice", carol, replace=True),
            await world.call("DELETE", "/v1/bindings/bob"),
        ):
            assert (answer.status, answer.problem, answer["limit"]) == (429, "rate-limited", "binding_writes")
            assert 3_500 < int(answer.headers["Retry-After"]) <= 3_600
        assert (await world.bind("alice", alice)).status == 200
        # A neighbour's key has its own.
        assert (await world.bind("carol", bob, key=OTHER_KEY)).status == 201
        # So has an operator, who takes a binding away by hand.
        here = world.app[SERVICES]
        assert (await here.bindings.unbind(here.directory.sites["shop"], "bob", actor="admin:lan")).outcome == "done"
        await world.advance(3_601)
        assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204


async def test_the_default_lets_no_key_flush_its_own_log_in_a_day(world):
    here = world.app[SERVICES]
    rates = here.directory.sites["shop"].config.limits.binding_writes
    assert min(rate.count * 86_400 / rate.seconds for rate in rates) * 1 <= here.settings.store.audit_lines
