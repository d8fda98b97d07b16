"""The sandbox as a library, a pytest plugin, a program, and behind TLS."""

import argparse
import asyncio
import os
import signal
import ssl
import sys
from urllib.parse import quote

import pytest

from codesvc.sandbox import AccountSpec, Platform, Settings, TemplateSpec, create_app
from codesvc.sandbox.bind_guard import UnsafeBind, check_bind
from codesvc.sandbox.certificate import Authority
from codesvc.sandbox.sandbox_command import add_arguments, run
from codesvc.sandbox.server import start_server
from codesvc.sandbox.test_client import ControlCallError, Sandbox
from tests.http_servers import shut_down

pytest_plugins = ["pytester"]


def test_package_offers_what_it_names():
    assert all(callable(thing) for thing in (AccountSpec, Platform, Settings, TemplateSpec, create_app))
    with pytest.raises(AttributeError):
        _ = sys.modules["codesvc.sandbox"].nothing


def test_guest_in_a_synchronous_test():
    with Sandbox() as wechat:
        alice = wechat.person("王小明")
        assert alice.follow()["outcome"] == "followed"
        query = f"grant_type=client_credential&appid={wechat.account.appid}&secret={wechat.account.secret}"
        assert "access_token" in wechat.control("GET", f"/cgi-bin/token?{query}")
        assert [call["path"] for call in wechat.calls()] == ["/cgi-bin/token"]
        wechat.advance(60)
        wechat.fault("errcode", path="/cgi-bin/token", times=1)
        assert wechat.control("GET", f"/cgi-bin/token?{query}")["errcode"] == -1
        alice.change(blocks=True)
        assert alice.messages() == []
        with pytest.raises(ControlCallError, match="unknown"):
            alice.scan(f"http://weixin.qq.com/q/{quote('没有')}")
        wechat.reset()
        wechat.settle()


def test_plugin_gives_a_fresh_wechat_to_every_test(pytester):
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        pytest_plugins = ["codesvc.sandbox.pytest_plugin"]

        def test_one(wechat_sandbox):
            wechat_sandbox.person("alice").follow()

        def test_two(wechat_sandbox):
            assert wechat_sandbox.control("GET", "/sandbox/users")["users"] == []
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def parse(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "give --token"),
        (["--host", "::"], "give --token"),
        (["--host", "example.com"], "give --token"),
        (["--callback-url", "nonsense"], "absolute"),
        (["--appid", "x"], "appid"),
    ],
)
def test_command_refuses(words, said, capsys):
    assert run(parse(*words)) == 2
    assert said in capsys.readouterr().err


async def test_exposure_and_taken_port():
    for host in ("127.0.0.1", "localhost", "::1", "127.8.9.1"):
        check_bind(host, None)
    check_bind("0.0.0.0", "t")
    with pytest.raises(UnsafeBind):
        await start_server(Platform(), host="0.0.0.0")
    runner, url = await start_server(Platform())
    with pytest.raises(OSError, match="address already in use"):
        await start_server(Platform(), port=int(url.rpartition(":")[2]))
    await shut_down(runner)


async def test_command_prints_serves_and_ends(tmp_path):
    code = (
        "import argparse, sys; from codesvc.sandbox.sandbox_command import add_arguments, run;"
        "p = argparse.ArgumentParser(); add_arguments(p); sys.exit(run(p.parse_args()))"
    )
    words = ["--port", "0", "--tls", "--tls-port", "0", "--proxy-port", "0", "--tls-dir", str(tmp_path / "tls")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *words, stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    seen = ""
    async with asyncio.timeout(60):
        while "authority" not in seen:
            seen += (await process.stdout.readline()).decode()
        for word in ("http://127.0.0.1:", "wx3f1c5a9e7b2d4860", "sandboxtoken", "safe", "proxy"):
            assert word in seen
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    process._transport.close()


def test_authority_is_kept_and_its_key_private(tmp_path):
    first = Authority(tmp_path / "tls")
    text = first.certificate.read_bytes()
    again = Authority(tmp_path / "tls")
    assert again.certificate.read_bytes() == text
    assert (tmp_path / "tls" / "ca-key.pem").stat().st_mode & 0o077 == 0
    assert isinstance(again.server_context(), ssl.SSLContext)
