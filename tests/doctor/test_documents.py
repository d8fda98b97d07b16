"""Documents keep their promises: the example runs, links lead somewhere, the two READMEs say the same."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp
import pytest

from codesvc.app import create_app
from codesvc.config import Limits, parse
from codesvc.demo.configuration import Addresses
from codesvc.demo.stack import running
from codesvc.domain.verification import DeliveryStatus
from codesvc.store.key_patterns import KINDS
from codesvc.web.problem_types import PROBLEMS
from tests.doctor.samples import meaning
from tests.stores import free_port
from tests.world import KEY, document

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


def blocks(name, language):
    text = (ROOT / name).read_text(encoding="utf-8")
    return [code for found, code in BLOCK.findall(text) if found == language]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    broken = [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    assert broken == []


def anchor_of(heading):
    """The name of a heading: the one that it is given as `{#name}`, or else made from its words."""
    given = re.search(r"\{#([\w-]+)\}$", heading)
    return given[1] if given else re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_reports_of_weaknesses_have_an_address_that_is_no_placeholder():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "Report a vulnerability" in text
    assert not re.search(r"ADDRESS|TODO|example\.(com|org)|[\w.]+@[\w.]+", text)


def test_pip_installs_into_a_virtual_environment():
    """Debian's own Python refuses anything else (PEP 668). A job of CI, in YAML, has a Python of its own."""
    bare = re.compile(r"(?<![\w/.-])pip3? install")
    found = [
        (str(path.relative_to(ROOT)), code)
        for path in DOCUMENTS
        for language, code in BLOCK.findall(path.read_text(encoding="utf-8"))
        if language != "yaml" and bare.search(code) and "activate" not in code.partition("pip")[0]
    ]
    assert found == []


def test_no_page_names_an_address_of_this_project():
    """It has no public address yet; one that stands on a page would be a stranger's, who could put anything there."""
    invented = re.compile(
        r"https?://(?:[\w-]+\.)*(?:github|gitlab|gitee)\.\w+/[\w.-]*codesvc|pypi\.org/project/codesvc"
    )
    assert [str(path) for path in DOCUMENTS if invented.search(path.read_text(encoding="utf-8"))] == []


def test_a_secret_has_one_file_name_everywhere():
    """The name that `codesvc init` gives it: a reader who met two took them for two secrets."""
    names = {
        "master_key": "master-key",
        "previous_master_keys": "other-master-keys",
        "subject_key": "oidc-subject-key",
        "secret": "app-secret",
        "token": "callback-token",
        "previous_token": "callback-token.old",
        "aes_key": "callback-aes-key",
        "previous_aes_key": "callback-aes-key.old",
    }
    written = [*DOCUMENTS, ROOT / "config.example.toml", *(ROOT / "ops" / "kubernetes").iterdir()]
    option = re.compile(rf"\b({'|'.join(names)})_file = \"[^\"]*?([^/\"]+)\"")
    found = {(path, *each) for path in written for each in option.findall(path.read_text(encoding="utf-8"))}
    assert {which for _, which, _ in found} == {*names}
    assert {(str(path), which, name) for path, which, name in found if names[which] != name} == set()
    undashed = re.compile(r"\bsecrets/(?:[a-z]+_[a-z_]+|appsecret|token|aes)\b(?!/)")
    assert {(str(path), *each) for path in written if (each := undashed.findall(path.read_text("utf-8")))} == set()


def test_both_readmes_are_in_step():
    for language in ("python", ""):
        english, chinese = (
            [meaning(language, code) for code in blocks(f"README{each}.md", language)] for each in ("", ".zh-CN")
        )
        assert english == chinese
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert re.findall(r"^#+", english, re.MULTILINE) == re.findall(r"^#+", chinese, re.MULTILINE)
    chinese = chinese.replace("](docs/zh/", "](docs/en/")
    assert set(LINK.findall(english)) - {"README.zh-CN.md"} == set(LINK.findall(chinese)) - {"README.md"}


def test_every_decision_is_listed_and_short():
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in decisions if path.name not in index] == []
    assert [path.name for path in decisions if len(path.read_text(encoding="utf-8").splitlines()) >= 40] == []


async def scan_and_read(http, addresses, verification, person):
    """What a person does: scan, follow, read the chat."""

    async def ask(method, url, body=None):
        headers = {"Authorization": f"Bearer {KEY}"} if url.startswith(addresses.service) else {}
        async with http.request(method, url, json=body, headers=headers) as response:
            assert response.ok, await response.text()
            return await response.json()

    scan = await ask("GET", f"{addresses.service}/v1/verifications/{verification}/scan")
    users = f"{addresses.sandbox}/sandbox/users"
    path = f"{users}/{(await ask('POST', users, {'person': person}))['openid']}"
    await ask("POST", f"{path}/scan", {"url": scan["url"]})
    await ask("POST", f"{path}/follow")
    for message in (await ask("GET", f"{path}/messages"))["messages"][::-1]:
        if found := re.search(r"^\d{6}$", message.get("content", ""), re.MULTILINE):
            return found[0]
    raise AssertionError("no code in the chat")


async def followed(code, addresses, http, *, person):
    """Run the README's example, and do on its page what it asks for; returns its exit status, output and errors."""
    customer = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-W", "ignore::ResourceWarning", "-c", code,
        env=os.environ | {"CODESVC_URL": addresses.service, "CODESVC_API_KEY": KEY},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    while not (told := (await customer.stdout.readline()).decode()).startswith("http"):
        assert told, (await customer.stderr.read()).decode()
    page = told.strip()
    shown = re.search(r"vf_\w+", decoded(page.rpartition("/p/")[2]))[0]
    async with http.get(page) as answer, http.get(f"{page}/qr.svg") as picture:
        assert (answer.status, picture.status) == (200, 200)
    await until_the_phone_lists(addresses, http, "山月茶铺 · 注册 · ")
    code_in_chat = await scan_and_read(http, addresses, shown, person)
    for typed in ("000000" if code_in_chat != "000000" else "111111", code_in_chat):  # mistyped first
        async with http.post(f"{page}/check", data={"code": typed}) as answer:
            assert answer.status < 500
    out, err = await customer.communicate()
    return customer.returncode, out.decode(), err.decode()


async def until_the_phone_lists(addresses, http, title):
    """The code on the page stands first in the phone's camera, and says whose it is; the stock is marked as such."""
    for _ in range(200):
        async with http.get(f"{addresses.sandbox}/sandbox/qrcodes") as answer:
            first, *others = (await answer.json())["qrcodes"]
        if first["shown"] and first["scanned_at"] is None:
            break
        await asyncio.sleep(0.02)
    assert first["shown"].startswith(title)
    assert sum(1 for code in others if not code["stock"]) <= 1  # one that was used


async def test_the_readmes_example_is_a_sign_up_that_a_person_can_follow(tmp_path):
    addresses = Addresses(free_port(4))
    (code,) = blocks("README.md", "python")
    async with running(addresses, api_key=KEY, data_dir=tmp_path / "data"), aiohttp.ClientSession() as http:
        status, out, err = await followed(code, addresses, http, person="ann")
        assert (status, err) == (0, "")
        assert re.search(r"^Bound: user-\w+$", out, re.MULTILINE)
        # The same WeChat again is refused in words.
        status, out, err = await followed(code, addresses, http, person="ann")
        assert (status, "Bound" in out, "Traceback" in err) == (1, False, False)
        assert "WeChat" in err


def decoded(token):
    """What a page token is about; its first part is base64 of JSON."""
    import base64

    body = token.partition(".")[0]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_data_names_every_kind_of_key(language):
    text = (ROOT / "docs" / language / "stored-data.md").read_text(encoding="utf-8")
    table = text.partition("{#kinds}")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`([a-z-]+)`", table))
    assert documented == KINDS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_limits_names_every_limit(language):
    text = (ROOT / "docs" / language / "limits.md").read_text(encoding="utf-8")
    assert [name for name in Limits.__slots__ if f"`{name}`" not in text] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_delivery_state_is_explained(language):
    text = (ROOT / "docs" / language / "limits.md").read_text(encoding="utf-8")
    assert [status for status in DeliveryStatus if f"| `{status}`" not in text] == []


def test_every_problem_is_explained():
    text = (ROOT / "docs" / "en" / "problems.md").read_text(encoding="utf-8")
    assert [name for name in PROBLEMS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_call_is_in_the_api_document(new_app, language):
    text = (ROOT / "docs" / language / "api-calls.md").read_text(encoding="utf-8")
    resources = {route.resource.canonical for route in new_app.router.routes() if route.resource is not None}
    # Bind intents and logins share one pattern, which is described in words.
    calls = {path for path in resources if path.startswith("/v1/") and "{_}" not in path}
    assert sorted(path for path in calls if f"{path}`" not in text) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_variable_event_and_option_of_the_widget_is_explained(language):
    text = (ROOT / "docs" / language / "widget-reference.md").read_text(encoding="utf-8")
    style = (ROOT / "templates" / "pages" / "widget.css").read_text(encoding="utf-8")
    types = (ROOT / "codesvc" / "web" / "static" / "widget.d.ts").read_text(encoding="utf-8")
    promised = {*re.findall(r"--codesvc-[a-z-]+", style), *re.findall(r'"(codesvc:\w+)"', types)}
    options = types.partition("CodesvcOptions {")[2].partition("}")[0]
    promised |= set(re.findall(r"^  (\w+)\??:", options, re.MULTILINE))
    assert len(promised) > 20
    assert [name for name in sorted(promised) if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)] == []


@pytest.fixture
def new_app(tmp_path):
    settings = parse(document("http://127.0.0.1:1", "http://127.0.0.1:2"), env={}, directory=tmp_path)
    return create_app(settings, "unix:///nowhere")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_anchor_names_a_heading(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", text):
        other = (path.parent / target) if target else path
        headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", other.read_text(encoding="utf-8")), re.MULTILINE)
        slugs = {anchor_of(heading) for heading in headings}
        assert anchor in slugs, f"{target}#{anchor}"
