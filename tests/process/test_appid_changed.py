"""A changed appid, a renamed or removed account, while bindings lie in the store: told, never silent."""

import asyncio
import json
import signal

import pytest

from codesvc.store.partitions import partition_of
from tests.command_line import codesvc
from tests.process.processes import KEY, caller, ready, serving
from tests.process.test_reload import Log

OLD = "wx3f1c5a9e7b2d4860"
OPENID = "o{:027}"


def appids(*, same):
    """Another appid, in the partition of the old one or not."""
    wanted = partition_of(OLD)
    return next(appid for number in range(1000) if ((partition_of(appid := f"wx{number:016x}")) == wanted) == same)


def change(path, *pairs):
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def command(path, *words):
    return codesvc(*words, "--config", path, cwd=path.parent)


async def bind(base, count=3):
    async with caller(KEY) as http:
        for number in range(count):
            async with http.put(f"{base}/v1/bindings/u{number}", json={"openid": OPENID.format(number)}) as answer:
                assert answer.status == 201


async def stop(process):
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


@pytest.fixture
async def bound(config):
    """A store with bindings, and no service."""
    path, base = config
    async with serving(path, forked=True) as process, caller() as http:
        await ready(http, base, process)
        await bind(base)
        await stop(process)
    return path, base


async def refused_start(path, *more):
    log = path.parent / "log"
    with log.open("wb") as file:
        async with serving(path, *more, log=file, forked=True) as process:
            async with asyncio.timeout(60):
                status = await process.wait()
    return status, log.read_text()


@pytest.mark.parametrize(
    ("same", "workers"), [(False, "1"), (True, "2")], ids=["another partition", "the same partition, two workers"]
)
async def test_a_start_with_a_changed_appid_is_refused(bound, same, workers):
    path, base = bound
    new = appids(same=same)
    change(path, (OLD, new))
    status, said = await refused_start(path, "--workers", workers)
    assert status == 1
    assert OLD in said
    assert new in said
    assert f"codesvc bindings move --from-appid {OLD}" in said
    assert "Traceback" not in said
    # Put back, everything is as it was.
    change(path, (new, OLD))
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        async with http.get(f"{base}/v1/bindings/u1") as answer:
            assert (await answer.json())["openid"] == OPENID.format(1)


@pytest.mark.parametrize("same", [False, True], ids=["another partition", "the same partition"])
async def test_the_commands_say_it_and_fail(bound, same):
    path, _ = bound
    change(path, (OLD, appids(same=same)))
    status, out, _ = await command(path, "check", "--json")
    found = [each for each in json.loads(out)["findings"] if each["what"] == "bindings"]
    assert [each["status"] for each in found] == ["fail"]
    assert OLD in found[0]["found"]
    assert "bindings move" in found[0]["remedy"]
    assert status != 0
    status, out, err = await command(path, "bindings", "export", path.parent / "out.jsonl", "--site", "shop")
    assert status == 1
    assert OLD in err
    (path.parent / "in.jsonl").write_text(json.dumps({"user": "new", "openid": OPENID.format(99)}) + "\n")
    status, _, err = await command(path, "bindings", "import", path.parent / "in.jsonl", "--site", "shop")
    assert status == 1
    assert OLD in err
    for act in ("export", "erase"):
        status, _, err = await command(path, "person", act, "--site", "shop", "--user", "u1")
        assert status == 1
        assert OLD in err


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_reload_with_a_changed_appid_is_refused(config, tmp_path, workers):
    path, base = config
    log, new = Log(tmp_path / "log"), appids(same=False)
    with log.path.open("wb") as file:
        async with serving(path, "--workers", workers, log=file) as process, caller(KEY) as http:
            await ready(http, base, process)
            await bind(base)
            change(path, (OLD, new))
            status, _, err = await command(path, "reload", "--pid", process.pid)
            assert status == 2
            assert OLD in err
            assert log.lines("reload_begun") == []
            process.send_signal(signal.SIGHUP)
            refused = await log.wait("reload_refused")
            assert OLD in refused["reasons"][0]
            async with http.get(f"{base}/v1/bindings/u1") as answer:
                assert answer.status == 200
            change(path, (new, OLD))
            status, _, _ = await command(path, "reload", "--pid", process.pid)
            assert status == 0
            await log.wait("reload_done")


async def test_a_renamed_account_keeps_its_bindings(bound):
    path, base = bound
    change(path, ("[accounts.main]", "[accounts.wechat]"), ('account = "main"', 'account = "wechat"'))
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        async with http.get(f"{base}/v1/bindings/u1") as answer:
            assert answer.status == 200


async def test_a_site_that_moves_to_another_account_is_refused(bound):
    path, _ = bound
    second = appids(same=False)
    text = path.read_text()
    main = text[text.index("[accounts.main]") : text.index("[sites.shop]")]
    path.write_text(
        text.replace("[sites.shop]", main.replace("main", "second").replace(OLD, second) + "[sites.shop]").replace(
            'account = "main"', 'account = "second"'
        )
    )
    status, said = await refused_start(path)
    assert status == 1
    assert OLD in said


async def test_bindings_of_a_removed_site_are_told_and_refuse_nothing(bound, tmp_path):
    path, base = bound
    change(path, ("[sites.shop]", "[sites.store]"))
    log = Log(tmp_path / "log2")
    with log.path.open("wb") as file:
        async with serving(path, log=file, forked=True) as process, caller() as http:
            await ready(http, base, process)
            told = await log.wait("bindings_of_no_site")
            assert told["site"] == "shop"
            assert OLD in told["error"]
            await stop(process)
    _, out, _ = await command(path, "check", "--json")
    found = [each for each in json.loads(out)["findings"] if each["what"] == "bindings"]
    assert [each["status"] for each in found] == ["warn"]
    assert "shop" in found[0]["found"]


async def test_without_bindings_an_appid_may_change(config):
    path, base = config
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        await bind(base, 1)
        async with http.delete(f"{base}/v1/bindings/u0") as answer:
            assert answer.status == 204
        await stop(process)
    change(path, (OLD, appids(same=False)))
    async with serving(path, forked=True) as process, caller() as http:
        await ready(http, base, process)
