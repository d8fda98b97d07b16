"""Reading webhooks: by the client, and by the documentation's own examples in Python, Node, Java and PHP."""

from __future__ import annotations

import base64
import hmac
import json
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from standardwebhooks import Webhook

from codesvc.client import BadWebhook, WebhookReader, schema
from codesvc.web.contract import examples
from tests.programs import program_path
from tests.webhooks.receiver import OTHER_SECRET, SECRET

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "en" / "webhooks.md").read_text(encoding="utf-8")
EVENT = "wh_5b0f6c1e9a3d4e7f8a2b6c9d0e1f2a3b"


def block(language):
    """What reads a webhook; of Express the route stands in a block of its own behind it."""
    found, *_ = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


def test_the_documentation_shows_every_event_as_the_contract_does():
    page = (ROOT / "docs" / "en" / "events.md").read_text(encoding="utf-8")
    shown = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert shown == list(examples.EVENTS.values())
    for kind in schema.EVENT_SHAPES:
        assert f"## `{kind}`" in page


def signed(kind="verification.approved", *secrets, body=None, at=None):
    """Body and headers of an event."""
    body = body if body is not None else json.dumps(examples.EVENTS[kind], ensure_ascii=False).encode()
    moment = datetime.fromtimestamp(at if at is not None else time.time(), UTC)
    signatures = [Webhook(one).sign(EVENT, moment, body.decode("utf-8", "replace")) for one in secrets or [SECRET]]
    stamp = str(int(moment.timestamp()))
    return body, {"Webhook-Id": EVENT, "Webhook-Timestamp": stamp, "Webhook-Signature": " ".join(signatures)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_signature_that_the_documentation_shows_is_right(language):
    """Readers compare the signature that their own code makes with it."""
    page = (ROOT / "docs" / language / "webhooks.md").read_text(encoding="utf-8")
    [secret] = re.findall(r"`(whsec_[^`]+)`", page)
    [head, body] = re.search(r"```\nPOST .*?\n(.*?)```", page, re.DOTALL)[1].rstrip("\n").split("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert headers["webhook-signature"] == Webhook(secret).sign(headers["webhook-id"], moment, body)


@pytest.mark.parametrize("kind", sorted(schema.EVENT_SHAPES))
def test_every_event_is_typed(kind):
    received = WebhookReader(SECRET).read(*signed(kind))
    assert received.id == EVENT
    assert type(received.event) is schema.EVENT_SHAPES[kind]
    assert received.event.type == kind
    assert received.event.timestamp == datetime(2026, 11, 22, 9, 30, 16, 398_000, UTC)


def test_a_type_that_is_not_known_is_read_as_it_is():
    body = json.dumps({"type": "moon.risen", "timestamp": "2026-11-22T09:30:16Z", "data": {"full": True}}).encode()
    received = WebhookReader(SECRET).read(*signed(body=body))
    assert type(received.event) is schema.WebhookEvent
    assert received.event.data == {"full": True}


def test_any_of_the_readers_secrets_and_of_the_senders_will_do():
    for given in ((SECRET,), (OTHER_SECRET,), (SECRET, OTHER_SECRET)):
        assert WebhookReader(OTHER_SECRET, SECRET).read(*signed("webhook.test", *given)).id == EVENT
    assert WebhookReader(SECRET).read(*signed("webhook.test", OTHER_SECRET, SECRET)).id == EVENT


def spoilt():
    body, headers = signed()
    yield "another body", body + b" ", headers
    yield "another id", body, headers | {"Webhook-Id": "wh_other"}
    yield "another time", body, headers | {"Webhook-Timestamp": str(int(time.time()) - 1)}
    yield "too old", *signed(at=time.time() - 3600)
    yield "too new", *signed(at=time.time() + 3600)
    yield "another secret", *signed("webhook.test", OTHER_SECRET)
    for name in headers:
        yield f"without {name}", body, {other: value for other, value in headers.items() if other != name}
    signature = headers["Webhook-Signature"]
    for odd in ("", "v1", "v1,", "v1,!!!", ",,,", "v1,é"):
        yield f"signature {odd!r}", body, headers | {"Webhook-Signature": odd}
    # Named apart: a name with the signature in it would be another in each test process.
    yield "another version's signature", body, headers | {"Webhook-Signature": "v2," + signature[3:]}
    yield "a torn signature", body, headers | {"Webhook-Signature": "v1," + signature[3:-8]}
    yield "a signature without version", body, headers | {"Webhook-Signature": signature[3:]}
    for odd in ("", "x", "nan", "inf", "-1", "1e400", "１７"):
        yield f"time {odd!r}", body, headers | {"Webhook-Timestamp": odd}
    yield "no text", b"\xff\xfe", headers


SPOILT = [pytest.param(body, headers, id=name) for name, body, headers in spoilt()]


@pytest.mark.parametrize(("body", "headers"), SPOILT)
def test_nothing_else_is_believed(body, headers):
    with pytest.raises(BadWebhook):
        WebhookReader(SECRET).read(body, headers)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"type": 1}', b'{"type": "login.approved", "data": {}}', b"nonsense"]
)
def test_signed_nonsense_is_no_event(body):
    with pytest.raises(BadWebhook):
        WebhookReader(SECRET).read(*signed(body=body))


def test_a_reader_shows_no_secret_and_wants_one():
    assert SECRET not in repr(WebhookReader(SECRET))
    with pytest.raises(ValueError, match="needed"):
        WebhookReader()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_QQ", "whsec_$$$$", "password", SECRET[6:], SECRET[:-16], "é"])
def test_a_reader_refuses_a_secret_that_was_lost_or_cut(secret):
    with pytest.raises(ValueError, match="24 bytes") as refused:
        WebhookReader(SECRET, secret)
    assert not secret or secret not in str(refused.value).replace("whsec_ and", "")


def test_the_python_example(monkeypatch, capsys):
    monkeypatch.setenv("WEBHOOK_SECRETS", f"{OTHER_SECRET} {SECRET}")
    module = ModuleType("shown")
    exec(compile(block("python"), "docs/en/webhooks.md", "exec"), module.__dict__)  # noqa: S102  our own documentation
    done = set()
    assert module.receive(*signed(), done) == 204
    assert module.receive(*signed(), done) == 204
    assert module.receive(*signed("webhook.test", body=b'{"type": "x"}'), done) == 400
    body, headers = signed()
    assert module.receive(body + b" ", headers, set()) == 400
    assert capsys.readouterr().out.count("approved: ") == 1


def test_the_python_example_is_typed(tmp_path):
    pytest.importorskip("mypy", reason="NOT TESTED: types of the documentation's examples need the lint group")
    path = tmp_path / "shown.py"
    path.write_text(block("python"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", tmp_path / "cache", path],
        capture_output=True, text=True, check=False, cwd=ROOT, env={"MYPYPATH": str(ROOT)},
    )  # fmt: skip
    assert checked.stdout + checked.stderr == ""


def cases():
    """What an example in another language is asked: body, headers in lower case, and the id if it is to be believed."""
    genuine = [signed(), signed("binding.created", OTHER_SECRET), signed("webhook.test", OTHER_SECRET, SECRET)]
    told = [(body, headers, EVENT) for body, headers in genuine]
    # Another secret is no fault here: both are given.
    told += [
        (body, headers, None)
        for name, body, headers in spoilt()
        if name != "another secret" and body.isascii() and all(map(str.isascii, headers.values()))
    ]
    return [
        {"body": body.decode(), "headers": {name.lower(): value for name, value in headers.items()}, "id": wanted}
        for body, headers, wanted in told
    ]


NODE = """
const { readFileSync } = require("node:fs");
const { cases, secrets } = JSON.parse(readFileSync(0));
const idOf = ({ body, headers }) => {
  try {
    return readWebhook(Buffer.from(body), headers, secrets)?.id ?? null;
  } catch (fault) {
    return String(fault);
  }
};
console.log(JSON.stringify(cases.map(idOf)));
"""
PHP = """
$given = json_decode(file_get_contents('php://stdin'), true);
echo json_encode(array_map(function ($case) use ($given) {
    try {
        return read_webhook($case['body'], $case['headers'], $given['secrets'])['id'] ?? null;
    } catch (Exception $fault) {
        return "$fault";
    }
}, $given['cases']));
"""


def answers_of_a_script(tmp_path, language, asked, secrets):
    """The id of each event that the example in Node or PHP believes, None, or the text of the fault that it raises."""
    program, ending, more = {"js": ("node", "cjs", NODE), "php": ("php", "php", PHP)}[language]
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"NOT TESTED: the {program} example of docs/en/webhooks.md needs {program}")
    path = tmp_path / f"shown.{ending}"
    path.write_text(block(language) + more, encoding="utf-8")
    said = subprocess.run(
        [found, path], input=json.dumps({"cases": asked, "secrets": secrets}), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert said.stderr == ""
    return json.loads(said.stdout)


@pytest.mark.parametrize("language", ["js", "php"])
@pytest.mark.parametrize("secrets", [f"{SECRET} {OTHER_SECRET}", f" {OTHER_SECRET}\n  {SECRET} "])
def test_the_examples_in_other_languages(tmp_path, language, secrets):
    asked = cases()
    assert sum(case["id"] is not None for case in asked) == 3
    assert len(asked) > 15
    assert answers_of_a_script(tmp_path, language, asked, secrets) == [case["id"] for case in asked]


CUT = ["", " ", "whsec_", SECRET[:20], f"{SECRET} whsec_", f"whsec_ {SECRET}", f"{SECRET} {SECRET[:20]}", "whsec_$$$$"]
"""What stands in a variable whose secrets were lost or cut: an unset part, a copy without its end, a shell's dollar."""


def forged(secrets):
    """Events signed with what a lenient receiver makes of a secret: the key of nobody, or a short one."""
    for secret in {"", *secrets.split(" ")} - {SECRET}:
        key = base64.b64decode(re.sub("[^A-Za-z0-9+/]", "", secret.removeprefix("whsec_")) + "==")
        body, headers = signed()
        text = f"{EVENT}.{headers['Webhook-Timestamp']}.{body.decode()}".encode()
        signature = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
        lower = {name.lower(): value for name, value in headers.items()}
        yield {"body": body.decode(), "headers": lower | {"webhook-signature": f"v1,{signature}"}, "id": None}


@pytest.mark.parametrize("secrets", CUT)
@pytest.mark.parametrize("language", ["js", "php"])
def test_the_examples_believe_nobody_by_a_secret_that_was_lost(tmp_path, language, secrets):
    for said in answers_of_a_script(tmp_path, language, list(forged(secrets)), secrets):
        assert "WEBHOOK_SECRETS" in said


JAVA = """
class Cases {
    /** Each line: whether it is to be believed, then body and the three headers in base64; `-` is a missing header. */
    public static void main(String[] secrets) throws Exception {
        var lines = new java.io.BufferedReader(new java.io.InputStreamReader(System.in)).lines().toList();
        for (String line : lines) {
            String[] parts = line.split(" ");
            UnaryOperator<String> header = name -> {
                int place = java.util.List.of("webhook-id", "webhook-timestamp", "webhook-signature").indexOf(name);
                String part = parts[place + 2];
                return part.equals("-") ? null : new String(Base64.getDecoder().decode(part), StandardCharsets.UTF_8);
            };
            byte[] body = parts[1].equals("-") ? new byte[0] : Base64.getDecoder().decode(parts[1]);
            boolean said = false;
            try {
                said = Webhook.genuine(body, header, secrets[0], System.currentTimeMillis() / 1000);
            } catch (IllegalStateException fault) {
                System.out.println(fault.getMessage());
            }
            if (said != Boolean.parseBoolean(parts[0])) System.out.println(line);
        }
        System.out.println(lines.size());
    }
}
"""


def answer_of_java(tmp_path, asked, secrets):
    """The lines of each event that was judged wrongly, the texts of faults, and the number of all."""
    java = program_path("java", "default-jdk-headless")
    path = tmp_path / "Cases.java"
    code = block("java")
    beginning, class_and_rest = code.split("public class Webhook", 1)
    path.write_text(f"{beginning}{JAVA}class Webhook{class_and_rest}", encoding="utf-8")
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    lines = []
    for case in asked:
        texts = (case["body"], *(case["headers"].get(name, "") for name in names))
        parts = [base64.b64encode(text.encode()).decode() or "-" for text in texts]
        lines.append(" ".join([str(case["id"] is not None).lower(), *parts]))
    said = subprocess.run(
        [java, path, secrets],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert said.stderr == ""
    return said.stdout.splitlines()


def test_the_java_example(tmp_path):
    asked = cases()
    assert answer_of_java(tmp_path, asked, f" {SECRET}  {OTHER_SECRET}\n") == [str(len(asked))]


@pytest.mark.parametrize("secrets", ["", SECRET[:20], f"{SECRET} whsec_"])
def test_the_java_example_believes_nobody_by_a_secret_that_was_lost(tmp_path, secrets):
    asked = list(forged(secrets))
    *faults, count = answer_of_java(tmp_path, asked, secrets)
    assert len(faults) == int(count) == len(asked)
    assert all("WEBHOOK_SECRETS" in fault for fault in faults)
