"""What is kept of one person is shown and erased, as the guide says it, and nobody else is touched."""

import contextlib
import json
import signal
import subprocess
import time

import pytest
import redis

from codesvc.store.binary import shipped_server
from codesvc.store.personal_traces import Claim, Person, claim_of
from tests.command_line import codesvc
from tests.process.processes import KEY, caller, ready, serving, write_config
from tests.process.walks import steps, walk
from tests.stores import contents, free_port

OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
OTHER = "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"


def everything(directory):
    """The whole embedded store as text, by key."""
    client = redis.Redis(unix_socket_path=(directory / "data" / "server.lock").read_text().strip())
    return contents(client)


async def live(http, base, user, openid):
    """Everything that leaves a trace: two bindings, verifications, a wrong guess, a resend, an intent."""

    async def call(method, path, body):
        async with http.request(method, base + path, json=body) as answer:
            return await answer.json() if answer.status != 204 else None

    name = f"Name of {user.partition('.')[0]}"
    await call("PUT", f"/v1/bindings/{user}", {"openid": openid})
    await call("DELETE", f"/v1/bindings/{user}", None)
    await call("PUT", f"/v1/bindings/{user}", {"openid": openid, "display": name})
    about = {"user": user, "client_ip": "192.0.2.1", "user_agent": "iPhone"}
    started = await call("POST", "/v1/verifications", about | {"purpose": "register", "metadata": {"mail": user}})
    await call("POST", f"/v1/verifications/{started['id']}/check", {"code": "000000"})
    await call("POST", "/v1/verifications", about | {"purpose": "reset"})
    assert (await call("POST", "/v1/bind-intents", about | {"display": name}))["user"] == user


async def test_a_person_is_shown_and_erased(config):
    path, base = config
    show, erase = steps("A person asks what you keep, or wants it gone")
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        await live(http, base, "alice", OPENID)
        await live(http, base, "alice2", OTHER)
        await walk(show, path.parent)
        told = json.loads((path.parent / "alice.json").read_text())
        assert told["openid"] == OPENID
        assert {"binding", "history", "vf", "window", "user", "recent", "intent"} <= {e["kind"] for e in told["kept"]}
        kept = {e["kind"]: e["content"] for e in told["kept"]}
        [earlier, later] = kept["user"]["verifications"]
        assert kept["recent"]["verifications"] == [earlier, later]
        assert len(kept["recent"]["times"]) == len(kept["user"]["times"]) == 2
        assert len(kept["window"]["times"]) == 1
        assert "alice2" not in json.dumps(told)
        before = everything(path.parent)
        assert "entries erased" in await walk(erase, path.parent)
        after = everything(path.parent)
        traces = {key for key, value in after.items() if OPENID in key + value or "alice'" in value + "'"}
        assert {key.split(":")[2] for key in traces} <= {"audit", "audits"}
        assert [key for key, value in after.items() if "Name of alice'" in value] == []
        assert [key for key, value in after.items() if "Name of" in value and "audit" in key] == []
        assert not [key for key in after if key.endswith(":alice")]
        assert {key for key in before if key.endswith("alice2")} <= after.keys()
        async with http.get(f"{base}/v1/bindings/alice2") as answer:
            assert (await answer.json())["openid"] == OTHER
        with pytest.raises(AssertionError, match="0 entries erased"):
            await walk(erase, path.parent)


async def test_the_command_says_what_it_kept_for_another_user(config):
    path, base = config
    path.write_text(path.read_text().replace("[sites.shop]\n", '[sites.shop]\nusers_per_wechat = "many"\n'))
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        for user in ("alice", "alice2"):
            async with http.put(f"{base}/v1/bindings/{user}", json={"openid": OPENID}) as answer:
                assert answer.status == 201
        said = await walk(steps("A person asks what you keep, or wants it gone")[1], path.parent)
        assert "entries kept: 1; they name the WeChat account" in said
        async with http.get(f"{base}/v1/bindings/alice2") as answer:
            assert (await answer.json())["openid"] == OPENID


GONE = "erin.is-gone@example.com"
GONE_OPENID = "oZYXWVUTSRQPONMLKJIHGFEDCBA9"


@contextlib.contextmanager
def running_server(directory, *options):
    """A server that is not the service's own; its address."""
    directory.mkdir()
    port = free_port()
    command = [shipped_server(), "--port", str(port), "--dir", str(directory), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with redis.Redis.from_url(url) as client:
            for _ in range(1_000):
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    break
                time.sleep(0.005)
        yield url
    finally:
        process.kill()
        process.wait()


def files_with(directory, *texts):
    """The files that hold one of these texts."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path.name for path in files for text in texts if text.encode() in path.read_bytes()}


@pytest.mark.parametrize("running", [True, False])
async def test_what_was_erased_is_no_longer_on_the_disk(config, running):
    path, base = config
    data = path.parent / "data"
    command = f"codesvc person erase --config config.toml --site shop --user {GONE}"
    async with serving(path, forked=True) as process, caller(KEY) as http:
        await ready(http, base, process)
        await live(http, base, GONE, GONE_OPENID)
        await live(http, base, "alice2", OTHER)
        assert files_with(data, GONE, GONE_OPENID)
        if running:
            said = await walk(command, path.parent)
        process.send_signal(signal.SIGTERM)
        await process.wait()
    if not running:
        assert files_with(data, GONE, GONE_OPENID)
        said = await walk(command, path.parent)
    assert "the append-only file of the embedded store was rewritten and no longer contains" in said
    assert files_with(data, GONE, GONE_OPENID) == set()
    assert files_with(data, "alice2")
    assert "alice2" in await walk("codesvc person export --config config.toml --site shop --user alice2", path.parent)
    (data / "cut-off-20270131T040000Z.aof").touch()
    again = await walk(f"! {command}", path.parent)
    assert f"NOT YET, {data}/cut-off-20270131T040000Z.aof has the end that was cut off" in again


@pytest.mark.parametrize(
    ("options", "acl", "said", "status"),
    [
        (["--appendonly", "yes"], "", "was rewritten", 3),
        (["--appendonly", "no", "--save", ""], "", "has no append-only file", 3),
        (["--appendonly", "yes"], "-bgrewriteaof", "run there: valkey-cli -h 127.0.0.1 -p", 1),
        (["--appendonly", "yes"], "-info", "run there: valkey-cli -h 127.0.0.1 -p", 1),
    ],
)
async def test_another_server_is_rewritten_or_the_command_is_told(tmp_path, options, acl, said, status):
    path, _ = write_config(tmp_path)
    with running_server(tmp_path / "store", *options) as url:
        if acl:
            with redis.Redis.from_url(url) as client:
                client.execute_command("ACL", "SETUSER", "default", acl)
        path.write_text(path.read_text().replace('data_dir = "data"\nfsync = "always"', f'url = "{url}"'))
        ended, out, err = await codesvc("person", "erase", "--config", path, "--site", "shop", "--user", "nobody")
        assert said in out, err
        assert ended == status


@pytest.mark.parametrize(
    ("name", "kind", "value", "claim"),
    [
        ("cs:{p01}:binding:shop:1", "binding", {b"openid": b"o1"}, Claim.USER),
        ("cs:{p01}:binding:shop:11", "binding", {b"openid": b"o2"}, None),
        ("cs:{p01}:binding:shop:11", "binding", {b"openid": b"o1"}, Claim.SECOND_USER),
        ("cs:{p01}:binding:club:1", "binding", {b"openid": b"o2"}, None),
        ("cs:{p01}:binding:club:1", "binding", {b"openid": b"o1"}, Claim.NEIGHBOUR),
        ("cs:{p01}:live:shop:reset:2001-db8--:1", "live", [], Claim.USER),
        ("cs:{p01}:user:shop:1", "user", b"\0\0", Claim.USER),
        ("cs:{p01}:user:shop:11", "user", b"\0\0", None),
        ("cs:{p01}:long-user:shop:1", "long-user", [b"5"], Claim.USER),
        ("cs:{p01}:long-window:user_guesses:shop:1", "long-window", [b"5"], Claim.USER),
        ("cs:{p01}:window:address_starts:shop:1", "window", [], None),
        ("cs:{p01}:window:user_pushes:shop:a:1", "window", [], None),
        ("cs:{p01}:wx0123456789abcdef:muted:o1", "muted", b"5", Claim.ACCOUNT),
        ("cs:{p01}:vf:vf_1", "vf", b'{"site":"shop","user":"1"}', Claim.USER),
        ("cs:{p01}:vf:vf_1", "vf", b'{"site":"club","user":"1"}', None),
        ("cs:{p01}:vf:vf_1", "vf", b'{"site":"shop","user":"7","sent_to":"o1"}', Claim.SITE),
        ("cs:{p01}:vf:vf_1", "vf", b'{"site":"club","user":"1","sent_to":"o1"}', Claim.NEIGHBOUR),
        ("cs:{p01}:wx0123456789abcdef:login-code:club:n", "login-code", b"m 1 o1", Claim.NEIGHBOUR),
        ("cs:{p01}:window:site_guesses:shop:1", "window", [], None),
        ("cs:{p01}:window:gateway_messages:shop:1", "window", [], None),
        ("cs:{p01}:webhook:shop:5", "webhook", {b"facts": b'{"data":{"user":"1"}}'}, Claim.USER),
        ("cs:{p01}:notice:nt", "notice", {b"openid": b"o9", b"about": b'{"site":"shop","user":"1"}'}, Claim.USER),
        ("cs:{p01}:owners:shop:o1", "owners", [b"1", b"11"], None),
    ],
)
def test_a_trace_is_a_value_of_its_own(name, kind, value, claim):
    assert claim_of(Person("shop", "1", "o1"), name, kind, value) is claim
