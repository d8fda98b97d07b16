"""A list that is cut says so, a filter goes before the cut, and a list that is empty was read to its end."""

import asyncio
import re

import pytest
import pytest_asyncio

from codesvc.domain.audit import AuditAct
from codesvc.service.auditing import AuditLog
from codesvc.service.webhooks import Webhooks
from codesvc.store.partitions import PARTITIONS
from codesvc.web.context import SERVICES
from tests.command_line import codesvc
from tests.service.test_admin import ADMIN, signed_in
from tests.service.test_audit import CONFIG
from tests.service.test_audit_retention import DAY, flood
from tests.webhooks.receiver import SECRET

EMPTY = re.compile(r'class="empty">([^<]*)')
OLDER = re.compile(r'class="more" href="([^"]*)"')
HOOK = {"url": "http://127.0.0.1:9/hook", "secrets": [SECRET], "allow_private": True, "allow_http": True}


@pytest_asyncio.fixture
async def lan(new_world):
    async with new_world(admin=ADMIN) as world, signed_in(world) as operator:
        yield operator


async def walk(operator, path):
    """The pages from this one on, as a person goes through them by the link to older lines."""
    while path:
        status, _, text = await operator.get(path)
        assert status == 200
        yield text
        path = link[1].replace("&amp;", "&") if (link := OLDER.search(text)) else ""


async def unbound(world, user="alice"):
    await world.bound(user)
    await world.call("DELETE", f"/v1/bindings/{user}")


@pytest.mark.parametrize("site", ["", "shop"])
async def test_the_audit_page_finds_an_act_behind_a_thousand_others(lan, site):
    await unbound(lan.world)
    await flood(lan.world, "shop", 1_100)
    pages = [text async for text in walk(lan, f"/admin/audit?act=binding.removed&site={site}")]
    assert (len(pages), "al***ce" in pages[0] or "a***e" in pages[0], EMPTY.findall(pages[0])) == (1, True, [])
    # Nothing more is kept, so nothing more is offered; and an empty list says that it was read.
    [nothing] = [text async for text in walk(lan, f"/admin/audit?act=binding.moved&site={site}")]
    assert EMPTY.findall(nothing) == ["没有符合条件的记录。"]


async def test_a_list_that_was_not_read_to_its_end_is_not_called_empty(lan):
    lan.world.app[SERVICES].auditing.read_at_once = 500
    await unbound(lan.world)
    await lan.world.advance(1)
    await flood(lan.world, "shop", 1_100)
    pages = [text async for text in walk(lan, "/admin/audit?act=binding.removed")]
    assert len(pages) > 1
    assert all("没有符合条件的记录" not in text and "尚未查看" in text for text in pages[:-1])
    assert sum(text.count('<th scope="row">') for text in pages) == 1


async def test_lines_of_one_moment_are_each_on_one_page(lan, valkey):
    """An import writes hundreds of lines in one millisecond: the end of a page falls between them."""
    await flood(lan.world, "shop", 250)
    await flood(lan.world, "cafe", 120)
    for name in (*valkey.keys("*:audit:shop"), *valkey.keys("*:audit:cafe")):
        entries = valkey.xrange(name)
        moment = entries[0][0].split(b"-")[0]
        at = re.compile(rb'"at":"\d+"')
        valkey.delete(name)
        for number, (_, fields) in enumerate(entries):
            line = at.sub(b'"at":"' + moment + b'"', fields[b"line"])
            valkey.xadd(name, {b"line": line}, id=moment + b"-%d" % number)
        valkey.expire(name, DAY)
    shown = []
    async for text in walk(lan, "/admin/audit?act=clock.moved"):
        rows = re.findall(r"<small>(\d+)</small></td><td>(\w+)", text)
        assert len(rows) <= 100
        shown += rows
    assert sorted(shown) == sorted([(f"{n}", "shop") for n in range(250)] + [(f"{n}", "cafe") for n in range(120)])


async def test_lines_that_are_gone_show_through_a_filter(new_world):
    """They may have been such lines."""
    async with new_world(admin=ADMIN, store={"audit_lines": 1_000}) as world, signed_in(world) as operator:
        await unbound(world)
        await flood(world, "shop", 1_300)
        _, _, text = await operator.get("/admin/audit?act=binding.removed")
        assert "store.audit_lines" in text


async def test_the_command_says_that_there_are_more(world, store_url, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(url=store_url), encoding="utf-8")
    config.chmod(0o600)
    await flood(world, "cafe", 30)
    status, out, told = await codesvc("audit", "--config", config, "--most", "10")
    assert (status, len(out.splitlines())) == (0, 10)
    assert "the newest 10" in told
    assert "--most" in told
    status, out, told = await codesvc("audit", "--config", config, "--most", "30")
    assert (status, len(out.splitlines()), told) == (0, 30, "")
    status, out, told = await codesvc("audit", "--config", config, "--act", "binding.removed")
    assert (status, out) == (0, "")
    assert "no matching lines" in told


async def test_no_log_is_left_out_and_each_is_read_to_where_it_is_wanted(world):
    for turn in range(6):
        await flood(world, ("cafe", "shop", "")[turn % 3], 40)
        await world.advance(1)
    log = AuditLog(world.app[SERVICES].store, range(PARTITIONS))
    whole = (await log.search(most=1_000)).lines
    assert len([line for line in whole if line.act == AuditAct.CLOCK_MOVED]) == 240
    found, place = [], None
    while True:
        part = await log.search(place, most=33)
        found += part.lines
        if part.next is None:
            break
        place = part.next
    assert found == whole


async def test_verifications_with_problems_are_found_behind_those_without(lan):
    """Fifty are shown, and sixty newer ones have no problem."""
    world = lan.world
    person = await world.bound("alice")
    await person.unfollow()
    failed = await world.start("alice", "reset")
    await until(lambda: lan.get("/admin/verifications?only=trouble"), failed["id"])
    await world.advance(1)
    for number in range(60):
        assert (await world.start(f"attempt-{number}", ip=f"192.0.{number}.1")).status == 201
    _, _, text = await lan.get("/admin/verifications?only=trouble")
    assert failed["id"] in text
    _, _, text = await lan.get("/admin/verifications")
    assert failed["id"] not in text
    assert "还有更早的" in text
    _, _, text = await lan.get("/admin/verifications?only=trouble&purpose=register")
    assert EMPTY.findall(text) == ["已查看的 60 个验证都没有问题。"]


async def until(read, text):
    """Read a page until it has the text."""
    for _ in range(300):
        if text in (await read())[2]:
            return
    raise AssertionError(text)


async def test_failed_events_are_found_behind_a_thousand_others(new_world, valkey):
    async with new_world(admin=ADMIN, sites__shop__webhook=HOOK, service__deliver=False) as world:
        here = world.app[SERVICES]
        hooks, site = Webhooks(here.store), here.directory.sites["shop"]
        first = (await hooks.test(site)).hook.id
        [name] = [key for key in valkey.scan_iter() if first.encode() in key]
        valkey.hset(name, mapping={"status": "failed", "reason": "attempts"})
        await world.advance(1)
        for _ in range(11):
            await asyncio.gather(*(hooks.test(site) for _ in range(100)))
        async with signed_in(world) as operator:
            _, _, text = await operator.get("/admin/webhooks?status=failed")
            assert first in text
            assert "还有更早的" not in text
            _, _, text = await operator.get("/admin/webhooks")
            assert "还有更早的" in text
