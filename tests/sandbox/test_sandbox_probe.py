"""The walk over an account: what its recording holds, whom it writes to, and what a comparison finds."""

import asyncio
import base64
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesvc.cli import main
from codesvc.sandbox import create_app
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.errcodes import ERRMSG
from codesvc.sandbox.probe.claims import CLAIMS, judge, rows
from codesvc.sandbox.probe.compare_command import run
from codesvc.sandbox.probe.comparison import compare
from codesvc.sandbox.probe.rehearsal import rehearse
from codesvc.sandbox.probe.shapes import NAMES, WORDS, Redaction
from codesvc.sandbox.probe.transcript import Event, Transcript, UnusableTranscript, read
from codesvc.sandbox.probe.walk import STEPS
from codesvc.sandbox.rights import KINDS
from tests.stores import free_port

# Every form of which a text may be said to be.
FORMS = {"openid", "appid", "original_id", "rid", "template_id", "token", "qr_url", "url", "address", "digits", "hex"}
FORMS |= {"base64", "text"}


def texts(form):
    return st.from_regex(form, fullmatch=True)


SECRETS = st.one_of(
    texts(r"o[0-9A-Za-z_-]{27}"),  # openid
    texts(r"o6_[0-9A-Za-z_-]{25}"),  # unionid
    texts(r"wx[0-9a-f]{16}"),
    texts(r"gh_[0-9a-f]{12}"),
    texts(r"[0-9a-f]{32}"),  # AppSecret
    texts(r"[0-9]{2}_[0-9A-Za-z_-]{60}"),  # access token
    texts(r"[0-9A-Za-z]{43}"),  # EncodingAESKey
    # The base64 of a shorter one, such as Ojox of ::1, reads as a name, and no rule can tell it from one.
    st.ip_addresses().map(str).filter(lambda address: "." in address or len(address) > 9),
    texts(r"https://[a-z]{3,12}\.example/[0-9a-z]{4,12}"),
    texts(r"1[3-9][0-9]{9}"),  # a phone number
    texts(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"),  # rid
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=8),  # a person's name
)
PLAIN = st.sampled_from(["ok", "errcode", "errmsg", "openid", "data", "value", "api unauthorized", "system error"])


def dresses(secret):
    """The forms in which an answer may hold a secret."""
    return st.sampled_from(
        [
            secret,
            f"invalid credential {secret} rid: 1",
            f"api unauthorized {secret}",
            f"invalid openid rid: {secret}",
            quote(secret, safe=""),
            base64.b64encode(secret.encode()).decode(),
            json.dumps(secret),
            f"https://e.example/?a={secret}#{secret}",
            secret.upper(),
            f"{secret}\n",
            f"ok {secret}",
        ]
    )


@st.composite
def answers(draw):
    """A JSON answer with secrets in values and in names, and those secrets."""
    secrets = draw(st.lists(SECRETS, min_size=1, max_size=4))
    leaves = st.one_of(
        *(dresses(secret) for secret in secrets),
        PLAIN,
        st.integers(),
        st.booleans(),
        st.none(),
        st.floats(allow_nan=False),
    )
    names = st.one_of(PLAIN, *(dresses(secret) for secret in secrets))
    tree = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )
    return draw(st.dictionaries(names, tree, min_size=1, max_size=4)), secrets


@settings(max_examples=300)
@given(answers(), st.booleans())
@example(made=({"gh_abcdefabcdef": {"GH_ABCDEFABCDEF": 1}}, ["gh_abcdefabcdef"]), known=False)
def test_no_secret_of_an_answer_is_in_its_shape(made, known):
    answer, secrets = made
    shown = json.dumps(Redaction(secrets if known else ()).shape(answer), ensure_ascii=False)
    for secret in secrets:
        forms = {secret, secret.upper(), quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
        assert not [form for form in forms if form in shown], (secret, shown)


@settings(max_examples=300)
@given(st.text(min_size=1), st.sampled_from(["", "errmsg", "openid", "Content"]))
@example("000000000000000A", "")  # of the form `base64`, the only one with digits in its name
@example("<text:8>", "")  # a text that reads as its own shape
@example("invalid openid, and more", "errmsg")
def test_a_text_is_kept_only_if_it_is_of_the_vocabulary(text, name):
    shown = Redaction().text(text, name)
    if name == "errmsg":
        known, _, rest = shown.partition(" <")
        assert known in ERRMSG.values() or shown == f"<text:{len(text)}>"
        assert re.fullmatch(r"|rid>|text:\d+>", rest) or shown == f"<text:{len(text)}>"
    elif text in WORDS:
        assert shown == text
    else:
        assert shown in {f"<{form}:{len(text)}>" for form in FORMS}


@settings(max_examples=200)
@given(texts(r"[0-9A-Za-z]{3,32}"))
def test_a_callback_token_that_is_a_word_is_in_no_name_and_no_word(token):
    redaction = Redaction([token])
    for word in (token, f"my_{token}", f"{token}_a", *sorted(WORDS), *sorted(NAMES)):
        assert token.lower() not in redaction.name(word).lower() or redaction.name(word).startswith("<name:")
        assert token.lower() not in redaction.text(word).lower() or redaction.text(word).startswith("<")


@pytest.mark.parametrize("mode", ["safe", "compatible", "plaintext"])
async def test_a_recording_holds_nothing_of_the_account_and_the_person(mode):
    seen = []

    async def serve(platform):
        runner, url = await serving(platform)
        seen.append(platform)
        return runner, url

    transcript = await rehearse("verified_service", mode, serve=serve)
    [platform] = seen
    text = transcript.write()
    account = platform.accounts[DEFAULT_ACCOUNT.appid]
    secrets = [
        account.spec.appid,
        account.spec.secret,
        account.spec.token,
        account.spec.aes_key,
        account.spec.original_id,
        account.spec.name,
    ]
    secrets += [item for contact in account.contacts.values() for item in (contact.openid, contact.unionid)]
    secrets += [*account.templates, "127.0.0.1", "probe_", "operator", "106.55."]
    for entry in [*platform.journal.entries("api"), *platform.journal.entries("callback")]:
        for body in (entry.query, entry.request, entry.response):
            secrets += re.findall(r"[0-9A-Za-z_-]{20,}", body)
    words = {word for kept in WORDS for word in re.findall(r"[0-9A-Za-z_-]{20,}", kept)} | {"getStableAccessToken"}
    public = {
        name for name in set(secrets) if re.fullmatch(r"[A-Za-z]+(?:_[A-Za-z]+)*", name) and len(name) < 28
    } | words
    assert len(set(secrets) - public) > 25
    assert [secret for secret in set(secrets) - public if secret in text] == []
    assert read(text) == transcript


async def serving(platform, alter=None):
    """A sandbox whose answers a function may change: `alter(path, answer)`, and callbacks by the platform itself."""

    @web.middleware
    async def change(request, handler):
        response = await handler(request)
        if (
            alter is not None
            and not request.path.startswith("/sandbox")
            and response.body
            and response.body[:1] == b"{"
        ):
            changed = alter(request.path, json.loads(response.body))
            if changed is not None:
                return web.Response(
                    body=json.dumps(changed).encode(), headers={"Content-Type": response.headers["Content-Type"]}
                )
        return response

    app = create_app(platform)
    app.middlewares.append(change)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_sandbox_differs_in_nothing_from_itself(kind):
    first = await rehearse(kind, "safe", patience=1.0)
    second = await rehearse(kind, "safe", first.steps(), patience=1.0)
    assert compare(first, second) == []
    assert first.steps() == second.steps()
    judged = judge(first)
    assert not [name for name, held in judged.items() if held is False]
    if kind == "verified_service":
        assert [name for name, held in judged.items() if held is None] == ["qr-right"]
        assert first.steps() == list(STEPS)


def without(name):
    return lambda answer: {key: value for key, value in answer.items() if key != name}


SEND, QR = "/cgi-bin/message/template/send", "/cgi-bin/qrcode/create"
DEVIATIONS = {
    "a member is missing": (QR, without("expire_seconds"), "further member", "expire_seconds"),
    "a member is new": ("/cgi-bin/stable_token", lambda a: a | {"further": "x"}, "missing member", "further"),
    "a member is larger than what arrives at once": (
        QR,
        lambda a: a | {"further": "x" * 500_000},
        "missing member",
        "further",
    ),
    "a nested member is new": (
        "/cgi-bin/openapi/quota/get",
        lambda a: a | {"quota": a.get("quota", {}) | {"monthly": 1}},
        "missing member",
        "quota.monthly",
    ),
    "a number is a text": ("/cgi-bin/stable_token", lambda a: a | {"expires_in": "7200"}, "other type", "expires_in"),
    "a text is an object": (
        "/cgi-bin/user/info",
        lambda a: a | {"openid": {"id": a["openid"]}},
        "other type",
        "openid",
    ),
    "a list is an object": ("/cgi-bin/getcallbackip", lambda a: a | {"ip_list": {}}, "other type", "ip_list"),
    "an openid is a url": ("/sns/oauth2/access_token", lambda a: a | {"openid": "https://e/"}, "other type", "openid"),
    "another errcode": (
        SEND,
        lambda a: a | {"errcode": 40035} if a["errcode"] == 47003 else None,
        "other errcode",
        "errcode",
    ),
    "an errcode where none is": (QR, lambda a: a | {"errcode": 0}, "missing member", "errcode"),
    "no errcode where one is": (
        SEND,
        lambda a: without("errcode")(a) if a["errcode"] == 0 else None,
        "other errcode",
        "errcode",
    ),
    "another errmsg": (
        "/cgi-bin/codesvc_probe",
        lambda a: a | {"errmsg": "system error rid: 1"},
        "other value",
        "errmsg",
    ),
    "another word": (
        "/sns/oauth2/access_token",
        lambda a: a | {"scope": "snsapi_userinfo"} if "scope" in a else None,
        "other value",
        "scope",
    ),
}


@pytest.mark.parametrize("name", DEVIATIONS)
async def test_a_planted_answer_is_found(name):
    path, change, sort, member = DEVIATIONS[name]

    def alter(asked, answer):
        return change(answer) if asked == path else None

    recorded = await rehearse("verified_service", "safe", serve=lambda platform: serving(platform, alter), patience=2.0)
    found = compare(recorded, await rehearse("verified_service", "safe", recorded.steps()))
    assert (sort, member) in {(difference.sort, difference.member) for difference in found}
    assert {difference.event.split()[2].split("#")[0] for difference in found} == {path}
    assert all(difference.line() for difference in found)


async def planted(*, patience=6.0, **changes):
    async def serve(platform):
        for name, value in changes.items():
            platform.put_settings(type(platform.settings)(**{name: value}))
        return await serving(platform)

    recorded = await rehearse("verified_service", "safe", serve=serve, patience=patience)
    return recorded, await rehearse("verified_service", "safe", recorded.steps())


async def test_a_receipt_that_comes_later_is_found():
    late = await planted(receipt_delay=2.0)
    assert [(each.sort, each.event) for each in compare(*late)] == [("other time", "callback TEMPLATESENDJOBFINISH")]
    assert compare(*late, seconds=5.0) == []


async def test_another_label_and_another_receipt_are_found():
    found = compare(*await planted(content_type="application/json; charset=utf-8"))
    assert {(each.sort, each.member) for each in found} == {("other value", "content_type")}
    found = compare(*await planted(receipt_status="failed:user block"))
    assert ("other value", "Status") in {(each.sort, each.member) for each in found}


async def test_a_receipt_that_never_comes_is_found():
    recorded, sandbox = await planted(receipt_status="none", patience=1.0)
    found = compare(recorded, sandbox)
    assert ("further event", "callback TEMPLATESENDJOBFINISH") in {(each.sort, each.event) for each in found}


async def test_another_order_of_elements_and_of_events_is_found():
    recorded = await rehearse("verified_service", "safe")
    sandbox = read(recorded.write())
    scan = next(event for event in recorded.events if event.kind == "callback")
    scan.elements[0], scan.elements[1] = scan.elements[1], scan.elements[0]
    places = [place for place, event in enumerate(recorded.events) if event.step == "template"]
    events = recorded.events
    events[places[1]], events[places[2]] = events[places[2]], events[places[1]]
    found = compare(recorded, sandbox)
    assert [(each.step, each.sort) for each in found] == [("qrcode", "other order"), ("template", "other order")]


async def test_the_walk_writes_to_nobody_else():
    platforms = []

    async def serve(platform):
        account = platform.accounts[DEFAULT_ACCOUNT.appid]
        for name in ("alice", "bob"):  # followers, one with an open window
            contact = platform.ensure_contact(platform.person(name), account)
            contact.follow(platform.clock.now())
            contact.windows.open("message", platform.clock.now())
        platforms.append(platform)
        return await serving(platform)

    await rehearse("verified_service", "safe", serve=serve)
    [platform] = platforms
    written = {c.person.name: len(c.messages) for c in platform.accounts[DEFAULT_ACCOUNT.appid].contacts.values()}
    assert written.pop("operator") == 3
    assert set(written.values()) == {0}
    paths = {entry.path for entry in platform.journal.entries("api")}
    assert not paths & {"/cgi-bin/user/get", "/cgi-bin/user/info/batchget", "/cgi-bin/user/tag/get", "/cgi-bin/token"}
    named = {
        body["touser"]
        for entry in platform.journal.entries("api")
        if entry.path.endswith("send")
        for body in [json.loads(entry.request)]
    }
    assert named == {
        platform.people["operator"] and c.openid
        for c in platform.accounts[DEFAULT_ACCOUNT.appid].contacts.values()
        if c.person.name == "operator"
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_documentation_has_a_row_for_every_claim(language):
    page = (Path(__file__).parents[2] / "docs" / language / "claims.md").read_text(encoding="utf-8")
    table = page.partition("<!-- claims -->")[2].partition("<!-- end -->")[0]
    shown = [row for row in table.splitlines() if row.startswith("| `")]
    made = rows(Transcript("test", "safe", "2026-11-29"), "", language=language)
    assert [row.split(" | ")[:2] for row in shown] == [row.split(" | ")[:2] for row in made]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "{",
        '{"format": "codesvc-probe/2"}',
        '{"format": "codesvc-probe/1"}',
        '{"format": "codesvc-probe/1", "kind": "no", "mode": "safe", "recorded_on": "", "events": []}',
        '{"format": "codesvc-probe/1", "kind": "test", "mode": "safe", "recorded_on": "", "events": [{"step": 1}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_transcript_is_refused(text, tmp_path, capsys):
    with pytest.raises(UnusableTranscript):
        read(text)
    file = tmp_path / "t.json"
    file.write_text(text)
    assert run(file, seconds=1.0, table=None, by="") == 2
    assert "transcript" in capsys.readouterr().err


def test_a_file_that_is_missing_is_said_in_words(tmp_path, capsys):
    assert run(tmp_path / "t.json", seconds=1.0, table=None, by="") == 2
    assert capsys.readouterr().err == f"codesvc sandbox compare: {tmp_path}/t.json: No such file or directory\n"


def test_a_recording_that_was_edited_by_hand_is_compared():
    events = [Event("qrcode", "callback", "SCAN", shape={"query": query}) for query in ([1, "a"], ["b"])]
    found = compare(*(Transcript("test", "safe", "", events=[event]) for event in events))
    assert [(each.member, each.recorded, each.sandbox) for each in found] == [("query", "1, a", "b")]


async def record(tmp_path, **deviation):
    recorded = await rehearse("test", "safe", serve=lambda platform: serving(platform, deviation.get("alter")))
    recorded.save(tmp_path / "t.json")
    return tmp_path / "t.json"


async def test_the_command_prints_differences_and_the_rows_of_the_table(tmp_path):
    file = await record(tmp_path, alter=lambda path, a: a | {"extra": 1} if path == QR else None)
    assert file.stat().st_mode & 0o777 == 0o600
    command = [sys.executable, "-m", "codesvc.cli", "sandbox", "compare", str(file)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"missing member  qrcode: call POST /cgi-bin/qrcode/create extra: recorded 1, sandbox none" in output
    process = await asyncio.create_subprocess_exec(
        *command, "--table", "zh", "--by", "me", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert len(output.decode().splitlines()) == len(CLAIMS)
    assert "| `no-token` | 没有 token 是 41001 | 是 | 20" in output.decode()
    assert "me, test |" in output.decode()


async def test_rows_name_what_was_not_borne_out():
    recorded = await rehearse(
        "test",
        "safe",
        serve=lambda platform: serving(platform, lambda path, a: a | {"errcode": 1} if path == SEND else None),
        patience=1.0,
    )
    [row] = [row for row in rows(recorded, "x", language="en") if row.startswith("| `missing-field`")]
    assert "| **no** |" in row
    [row] = [row for row in rows(recorded, "x", language="en") if row.startswith("| `qr-right`")]
    assert row.endswith("|  | | |")


MASTER_KEY = base64.b64encode(bytes(range(48))).decode()
CONFIG = """
mode = "test"
[service]
port = {port}
public_url = "http://127.0.0.1:{port}"
[store]
data_dir = "{tmp}/data"
[accounts.main]
appid = "{appid}"
name = "x"
secret = "{secret}"
token = "{token}"
aes_key = "{aes}"
api_url = "{url}"
open_url = "{url}"
"""


def configured(tmp_path, spec, url, port):
    file = tmp_path / "config.toml"
    file.write_text(
        CONFIG.format(
            port=port,
            tmp=tmp_path,
            appid=spec.appid,
            secret=spec.secret,
            token=spec.token,
            aes=spec.aes_key,
            url=url,
        )
    )
    return file


@pytest.mark.parametrize(
    "case",
    [
        ("192.0.2.1:8080", "walk.json", "cannot listen on 192.0.2.1:8080: "),  # RFC 5737: no machine has it
        ("127.0.0.1:0", "no/walk.json", "no/walk.json: No such file or directory"),
    ],
)
def test_a_walk_that_cannot_begin_says_why_and_leaves_no_file(tmp_path, monkeypatch, capsys, case):
    listen, file, words = case
    monkeypatch.setenv("CODESVC_SECRETS_MASTER_KEY", MASTER_KEY)
    config, record = configured(tmp_path, DEFAULT_ACCOUNT, "http://127.0.0.1:9", 8080), tmp_path / file
    command = ["codesvc", "probe", "--config", str(config), "--record", str(record), "--listen", listen]
    monkeypatch.setattr(sys, "argv", command)  # the parser reads it, to load the options of one command only
    assert main(command[1:]) == 2
    assert words in capsys.readouterr().err
    assert not record.exists()


async def test_an_operator_walks(tmp_path, wechat):
    """The command as a person uses it: every answer typed, and the phone in the other hand."""
    port = free_port()
    config = configured(tmp_path, wechat.spec, wechat.url, port)
    await wechat.callback_at(f"http://127.0.0.1:{port}/wechat/main")
    openid, file = await wechat.user("me", follow=False), tmp_path / "walk.json"
    command = [
        sys.executable,
        "-u",
        "-m",
        "codesvc.cli",
        "probe",
        "--config",
        str(config),
        "--record",
        str(file),
        "--kind",
        "test",
    ]
    pipe, environment = asyncio.subprocess.PIPE, os.environ | {"CODESVC_SECRETS_MASTER_KEY": MASTER_KEY}
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)

    async def until(*words):
        text = b""
        async with asyncio.timeout(60):
            while not any(word in text for word in words):
                part = await process.stdout.read(4096)
                assert part, (text.decode(), (await process.stderr.read()).decode())
                text += part
        return text.decode()

    steps = []
    try:
        for name in STEPS:
            await until(f"{name}:".encode())
            steps.append(name)
            process.stdin.write(b"n\n" if name == "menu" else b"y\n")
            if name == "qrcode":
                shown = await until(b"waiting for the scan")
                assert (await wechat.act(openid, "scan", url=re.search(r"http://weixin\S+", shown)[0]))[
                    "outcome"
                ] == "awaiting_follow"
                await wechat.act(openid, "follow")
            if name == "template":
                await until(b"arrive?")
                process.stdin.write(b"y\n")
            if name == "keyword":
                shown = await until(b"waiting for the message")
                said = await wechat.act(openid, "send", text=re.search(r"^ {4}(\w{8})$", shown, re.MULTILINE)[1])
                assert said["messages"][0]["content"].startswith("codesvc probe ")
                await until(b"arrive?")
                process.stdin.write(b"y\n")
            if name == "authorisation":
                shown = await until(b"scan it with WeChat")
                await wechat.act(openid, "open", url=re.search(r"http\S+#wechat_redirect", shown)[0])
        rest = await until(b"sandbox compare")
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "10 of 11 steps" in rest
    recorded = read(file.read_text())
    assert recorded.steps() == [name for name in STEPS if name != "menu"]
    assert compare(recorded, await rehearse("test", "safe", recorded.steps()), seconds=30.0) == []
    assert openid not in file.read_text()
    again = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    assert b"already exists; name a new file" in (await again.communicate())[1]
