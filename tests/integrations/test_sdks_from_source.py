"""SDKs that no registry of the suite's machine has: easywechat (PHP) and silenceper/wechat (Go), unmodified.

Without the environment variables they are skipped, so they are run by hand (docs/decisions/sandbox-sdks.md):

    SANDBOX_PHP_VENDOR: easywechat 6 with its autoload.php, as `composer require w7corp/easywechat` makes it;
    SANDBOX_GO_MODULE: a directory whose go.mod requires github.com/silenceper/wechat/v2; GO names another `go`.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integrations.test_sandbox_sdks import DATA, called, known_calls, prepared, refusals
from tests.sandbox.test_sandbox_sdk import finish, guarded, keys, read_line, start  # noqa: F401 - a fixture

SDKS = Path(__file__).parent / "sdks"
MODES = ("safe", "compatible", "plaintext")


def named(variable, program):
    """The directory that an environment variable names."""
    if not os.environ.get(variable):
        pytest.skip(f"NOT TESTED: set {variable}, see docs/decisions/sandbox-sdks.md")
    found = shutil.which(program)
    assert found, f"{program} is not on the PATH"
    return Path(os.environ[variable]).resolve(), found


async def given(wechat, tmp_path, **more):
    """Somebody who has written and accepts the notice; what a driver has to know."""
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    openid = await prepared(wechat)
    notice = wechat.spec.templates[3].template_id
    await wechat.act(openid, "notice", template_id=notice)
    facts = {"token": wechat.spec.token, "aes_key": wechat.spec.aes_key, "picture": str(picture), "data": DATA}
    return openid, keys(wechat, openid, **facts, **more)


async def authorised(wechat, openid, process):
    """Opens the link that a driver prints, and gives it the code."""
    link = (await read_line(process))["link"]
    back = await wechat.act(openid, "open", url=link)
    answer = parse_qs(urlsplit(back["url"]).query)
    assert answer["state"] == ["a-b"]
    process.stdin.write(answer["code"][0].encode() + b"\n")
    return await read_line(process)


async def answers(wechat, openid, url, mode):
    """The console's verification, a message and a menu's click, in one mode."""
    await wechat.settings(callback_timeout=5.0)
    await wechat.callback_at(url, mode=mode)
    assert (await wechat.control("POST", f"/accounts/{wechat.spec.appid}/verify-callback"))["ok"]
    for said, expected in (
        (await wechat.act(openid, "send", text="你好 <&>"), "收到 text   你好 <&>"),
        (await wechat.act(openid, "click", key="CODE"), "收到 event CLICK CODE"),
    ):
        assert [message["content"].rstrip() for message in said["messages"]] == [expected], said


async def test_easywechat(guarded, tmp_path):  # noqa: F811 - the fixture
    vendor, php = named("SANDBOX_PHP_VENDOR", "php")
    wechat, proxy, authority = guarded
    driver, trust = (
        SDKS / "drive_easywechat.php",
        ("-d", f"curl.cainfo={authority}", "-d", f"openssl.cafile={authority}"),
    )
    facts = {"autoload": str(vendor / "autoload.php"), "mode": "safe"}
    openid, text = await given(wechat, tmp_path, **facts)
    process = await start(php, *trust, str(driver), text, HTTPS_PROXY=proxy)
    try:
        results = (await authorised(wechat, openid, process))["results"]
    finally:
        await finish(process)
    assert refusals(results) == {}
    assert results["person"] == {"openid": openid}
    asked = set(re.findall(r"'(/(?:cgi-bin|sns)/[\w/]+)'", driver.read_text())) | {"/cgi-bin/ticket/getticket"}
    assert asked | {"/cgi-bin/token", "/cgi-bin/stable_token", "/sns/userinfo"} <= await called(wechat)
    for mode in MODES:
        text = json.dumps(json.loads(text) | {"mode": mode})
        server = await start(php, "-S", "127.0.0.1:0", str(driver), GIVEN=text)
        try:
            line = (await server.stderr.readline()).decode()
            await answers(wechat, openid, re.search(r"http://[\d.]+:\d+", line)[0], mode)
        finally:
            server.terminate()
            await finish(server)


def built(module, go, tmp_path):
    """The driver, compiled, and where the SDK's source lies. Nothing is written into the module."""
    program, overlay = tmp_path / "driver", tmp_path / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(module / "drive" / "main.go"): str(SDKS / "drive_silenceper.go")}}))
    words = [go, "build", "-mod=mod", f"-overlay={overlay}", "-o", str(program), "./drive"]
    done = subprocess.run(words, cwd=module, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    where = [go, "list", "-mod=mod", "-m", "-f", "{{.Dir}}", "github.com/silenceper/wechat/v2"]
    source = subprocess.run(where, cwd=module, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    return program, Path(source)


async def test_silenceper(guarded, tmp_path):  # noqa: F811 - the fixture
    wechat, proxy, authority = guarded
    program, source = built(*named("SANDBOX_GO_MODULE", os.environ.get("GO", "go")), tmp_path)
    await wechat.api("/cgi-bin/getcallbackip")
    rid = (await wechat.control("GET", "/calls"))["calls"][-1]["rid"]
    openid, text = await given(wechat, tmp_path, rid=rid)
    process = await start(str(program), text, HTTPS_PROXY=proxy, SSL_CERT_FILE=str(authority), NO_PROXY="127.0.0.1")
    try:
        done = await authorised(wechat, openid, process)
        for mode in MODES:
            await answers(wechat, openid, f"http://127.0.0.1:{done['port']}/", mode)
    finally:
        await finish(process)
    refused = refusals(done["results"])
    # It reads `kf_id` as a number, where every copy of the platform's sample has a text; of permanent material it takes
    # articles, which the sandbox has not; and nothing migrates.
    assert refused.keys() == {"agents", "online", "material_get", "moved"}, refused
    assert done["results"]["known"] == openid
    assert known_calls(source, ".go") - await called(wechat) == set()
