"""SIGHUP: configuration and templates are taken over without a refused connection, and not at all if they are bad."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys

import aiohttp
import pytest

from codesvc.cli.serve.revision import Revision, UnusableConfiguration, read_successor
from codesvc.config import ConfigError
from codesvc.config.api_keys import hash_line
from codesvc.config.snapshot import ConfigSnapshot
from tests.command_line import codesvc
from tests.process.processes import KEY, alive, caller, children, ready, serving, worker_pids

SECOND = "csk_shop_" + "s" * 43


class Log:
    """What the service has said so far."""

    def __init__(self, path):
        self.path = path

    def lines(self, event):
        # The last line may be half written.
        found = [json.loads(line) for line in self.path.read_text().splitlines() if line.endswith("}")]
        return [line for line in found if line.get("event") == event]

    async def wait(self, event, count=1):
        for _ in range(3000):
            if len(found := self.lines(event)) >= count:
                return found[-1]
            await asyncio.sleep(0.01)
        raise AssertionError(f"never {event}: {self.path.read_text()[-2000:]}")


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log")


@contextlib.asynccontextmanager
async def running(config, log, *more, env=None):
    path, base = config
    with log.path.open("wb") as file:
        async with serving(path, *more, log=file, env=env) as process, caller() as http:
            try:
                await ready(http, base, process)
            except AssertionError as error:
                error.add_note(log.path.read_text()[-2000:])
                raise
            yield process


async def reload(path, pid, **how):
    status, _, said = await codesvc("reload", "--config", path, "--pid", pid, **how)
    return status, said


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def add_key(path):
    change(path, "keys = [", f'keys = [{{ name = "next", hash = "{hash_line(SECOND)}", scopes = ["bindings"] }}, ')


async def status_of(base, key):
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as http,
        http.get(f"{base}/v1/bindings/nobody") as answer,
    ):
        return answer.status


async def call_until(over, base, asked):
    """Callers with a connection for each request, and callers who keep theirs; every one of them must be answered.

    By POST: a GET whose connection was lost would be repeated by the client on its own.
    """

    async def call(http):
        async with http.post(f"{base}/v1/proofs/verify", json={"proof": "none"}) as answer:
            asked.append(answer.status)

    async def fresh():
        while not over.is_set():
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
                await call(http)

    async def keeping():
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
            while not over.is_set():
                await call(http)

    await asyncio.gather(fresh(), fresh(), keeping(), keeping())


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reload_refuses_no_connection_and_answers_every_request(config, log, workers):
    path, base = config
    async with running(config, log, "--workers", str(workers)) as process:
        before = await worker_pids(process.pid, 2) if workers > 1 else []
        over, asked = asyncio.Event(), []
        callers = asyncio.create_task(call_until(over, base, asked))
        add_key(path)
        process.send_signal(signal.SIGHUP)
        done = await log.wait("reload_done")
        count = len(asked)
        for _ in range(3000):
            if callers.done() or len(asked) > count + 50:
                break
            await asyncio.sleep(0.01)
        over.set()
        await callers
        assert done["changed"] == ["sites.shop.keys"]
        assert set(asked) == {422}
        assert [await status_of(base, SECOND) for _ in range(10)] == [404] * 10
        if workers > 1:
            assert not any(alive(pid) for pid in before)
            assert not set(before) & set(await worker_pids(process.pid, 2))
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_bad_configuration_changes_nothing_not_even_for_a_worker_that_crashes_meanwhile(config, log):
    path, base = config
    async with running(config, log, "--workers", "2") as process:
        await log.wait("started", 2)
        first, _ = await worker_pids(process.pid, 2)
        change(path, "[accounts.main]", "[accounts.main]\nnmae = 1")
        process.send_signal(signal.SIGHUP)
        refused = await log.wait("reload_refused")
        assert any("nmae" in reason for reason in refused["reasons"])
        os.kill(first, signal.SIGKILL)
        await worker_pids(process.pid, 2, without=first)
        await log.wait("started", 3)
        assert [await status_of(base, KEY) for _ in range(10)] == [404] * 10
        status, said = await reload(path, process.pid)
        assert status == 2
        assert "nothing was reloaded" in said
        assert len(log.lines("reload_refused")) == 1
        change(path, "nmae = 1", "")
        assert (await reload(path, process.pid))[0] == 0
        await log.wait("reload_done")


async def test_a_generation_that_does_not_start_leaves_the_workers_as_they_were(config, log, tmp_path):
    """What a look at the files cannot tell: the file is sound, and still no worker can run with it."""
    path, base = config
    broken = tmp_path / "broken"
    (broken / "sitecustomize.py").parent.mkdir()
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(broken), os.environ.get("PYTHONPATH"))))}
    async with running(config, log, "--workers", "2", env=env) as process:
        before = await worker_pids(process.pid, 2)
        (broken / "sitecustomize.py").write_text("import os, sys\nos._exit(9)\n")
        add_key(path)
        process.send_signal(signal.SIGHUP)
        refused = await log.wait("reload_refused")
        assert "cannot start" in refused["reasons"][0]
        assert before == await worker_pids(process.pid, 2)
        assert await status_of(base, SECOND) == 401


async def test_templates_are_reloaded_together_and_a_bad_one_is_refused(config, log, tmp_path):
    path, base = config
    page = tmp_path / "mine" / "pages" / "problem.html"
    page.parent.mkdir(parents=True)
    page.write_text("first {{ problem.title.zh if false else '' }}")
    change(path, "[service]", '[service]\ntemplates_dir = "mine"')

    async def shown():
        async with aiohttp.ClientSession() as http, http.get(f"{base}/problems/not-found") as answer:
            return await answer.text()

    async with running(config, log) as process:
        assert (await shown()).strip() == "first"
        page.write_text("second {% if %}")
        assert (await shown()).strip() == "first"
        process.send_signal(signal.SIGHUP)
        assert "problem.html, line 1" in (await log.wait("reload_refused"))["reasons"][0]
        assert (await shown()).strip() == "first"
        page.write_text("third")
        process.send_signal(signal.SIGHUP)
        assert (await log.wait("reload_done"))["changed"] == ["templates"]
        assert (await shown()).strip() == "third"


async def test_what_needs_a_restart_stays_and_is_named(config, log):
    path, base = config
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = str(path.parent / "notify")
        manager.bind(address)
        manager.settimeout(30)
        async with running(config, log, env=os.environ | {"NOTIFY_SOCKET": address}) as process:
            assert manager.recv(4096).startswith(b"READY=1")
            [valkey] = children(process.pid)
            change(path, 'fsync = "always"', 'fsync = "everysec"')
            add_key(path)
            process.send_signal(signal.SIGHUP)
            assert (await log.wait("reload_needs_restart"))["options"] == ["store.fsync"]
            assert log.lines("reload_done")[0]["changed"] == ["sites.shop.keys"]
            assert manager.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(4096) == b"READY=1\nSTATUS=Reloaded. A restart is needed for: store.fsync"
            assert await status_of(base, SECOND) == 404
            assert children(process.pid) == [valkey]


def test_a_live_service_takes_no_test_powers_from_a_reload(tmp_path, config):
    """DESIGN rule 11: what stays and what is new are checked together."""
    path, _ = config
    test = ConfigSnapshot.read(path, {})
    live = tmp_path / "live.toml"
    text = path.read_text().replace('mode = "test"', "").replace('api_url = "http://127.0.0.1:9"', "")
    strong = 'master_key = "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"'
    text, replaced = re.subn(r"(?m)^master_key = .*$", strong, text)
    assert replaced == 1
    live.write_text(text)
    live.chmod(0o600)
    with pytest.raises(ConfigError, match="WeChat's own in mode"):
        test.with_fixed_of(ConfigSnapshot.read(live, {}))
    kept, wanted = ConfigSnapshot.read(live, {}).with_fixed_of(test)
    assert (wanted, kept.settings.mode) == (["mode"], "test")


def test_a_reload_keeps_the_master_key_in_use_known(config):
    """What was sealed or derived with it could not be read from then on, and nobody was asked."""
    path, _ = config
    running, old = Revision.read(path, {}), re.search(r'(?m)^master_key = (".*")$', path.read_text()).group(1)
    change(path, f"master_key = {old}", 'master_key = "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"')
    with pytest.raises(UnusableConfiguration, match="lacks the master key in use"):
        read_successor(running, path, {})
    change(path, 'master_key = "Tq0m', f'previous_master_keys = [{old}]\nmaster_key = "Tq0m')
    walked = read_successor(running, path, {})
    assert walked.changed == ["secrets.master_key", "secrets.previous_master_keys"]
    change(path, f"previous_master_keys = [{old}]\n", "")
    assert read_successor(walked.revision, path, {}).changed == ["secrets.previous_master_keys"]


def test_a_handed_over_configuration_is_the_same(config):
    path, _ = config
    document = ConfigSnapshot.read(path, {})
    assert ConfigSnapshot.unpack(document.packed()).settings == document.settings


async def test_another_configuration_than_the_services_own_is_refused(config, log, tmp_path):
    path, _ = config
    other = tmp_path / "other.toml"
    other.write_text(path.read_text())
    other.chmod(0o600)
    async with running(config, log) as process:
        status, said = await reload(other, process.pid)
        assert status == 2
        assert f"was started with --config {path}" in said
        assert "nothing was reloaded" in said
        link = tmp_path / "link.toml"
        link.symlink_to(path)
        add_key(path)
        assert (await reload("link.toml", process.pid, cwd=tmp_path))[0] == 0
        assert (await log.wait("reload_done"))["changed"] == ["sites.shop.keys"]
        assert len(log.lines("reload_begun")) == 1


async def test_a_process_that_is_no_service_is_left_alone(config):
    path, _ = config
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    status, said = await reload(path, stranger.pid)
    assert (status, "is not `codesvc serve`" in said) == (2, True)
    assert stranger.returncode is None
    stranger.stdin.close()
    await stranger.wait()
