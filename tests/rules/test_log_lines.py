"""What a log line may show: what is on the list, in its shape; however somebody tries to get a secret into one."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import codesvc
from codesvc.config import Secret
from codesvc.domain.errors import CodesvcError
from codesvc.domain.traceparent import trace_of
from codesvc.runtime.log_redaction import HIDDEN, SHAPES, only_shapes, text

ROOT = Path(codesvc.__file__).parent
CODE, OPENID, USER = "482913", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "alice@example.com"
KEY = "csk_shop_" + "Qm3" * 14
TOKEN = "76_Xk9pQ2vLr8TnYw3ZsJ5bHd7FgC1mAeR4uKoNxVtIyEqWzBcDlSjMhPfGaU0iO6"
PROOF = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS1wcm9vZg"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ALL = (CODE, OPENID, USER, KEY, TOKEN, PROOF, AES_KEY)


def ways(secret):
    """Every way to put something into a line that anybody here could think of."""
    yield {"event": "sent", "code": secret}
    yield {"event": "sent", "note": secret}
    yield {"event": f"sent {secret}"}
    yield {"event": f"sent_{secret}"}
    yield {"event": secret}
    yield {"event": "sent", secret: 1}
    yield from ({"event": "sent", name: secret} for name in SHAPES if name not in FREE)
    for holder in (
        [secret],
        (secret,),
        {"a": secret},
        {secret: 1},
        {secret},
        secret.encode(),
        bytearray(secret, "utf8"),
    ):
        yield from ({"event": "sent", name: holder} for name in ("note", "error", "site", "reasons", "options", "why"))
    yield {"event": "sent", "error": Holder(secret)}
    yield {"event": "sent", "site": Holder(secret)}
    yield {"event": "sent", "error": Secret(secret)}
    yield {"event": "sent", "exc_info": ValueError(f"wrong code {secret}")}
    yield {"event": "sent", "exc_info": chained(secret)}


class Holder:
    def __init__(self, secret):
        self.secret = secret

    def __repr__(self):
        return f"Holder({self.secret})"

    __str__ = __repr__


def chained(secret):
    try:
        try:
            {}[secret]
        except KeyError as error:
            raise RuntimeError(f"no {secret}") from error
    except RuntimeError as error:
        error.add_note(secret)
        return error


FREE = {"request_id", "store"}
"""Names whose shape such a text can have: what a caller calls his request, and where the operator's store is."""


@pytest.mark.parametrize("secret", ALL)
def test_no_way_leads_a_secret_into_a_line(secret):
    tried = 0
    for event in ways(secret):
        if event.keys() & FREE:
            continue
        tried += 1
        assert secret not in repr(only_shapes(None, "info", dict(event))), event
    assert tried > 80


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("call", "/cgi-bin/message/template/send"),
        ("route", "/v1/verifications/{id}/check"),
        ("route", "/p/{page_token}/qr.svg"),
        ("verification", "vf_3rqfd6rcfq7on6gfjskm7aupij7boreb"),
        ("webhook", "wh_0123456789abcdef0123456789abcdef"),
        ("channel", "customer_service"),
        ("detail", "refused.45009"),
        ("reason", "minute-quota"),
        ("result", "-1"),
        ("result", "bad-certificate"),
        ("type", "verification.fell_back"),
        ("status", -9),
        ("store", "127.0.0.1:6379,[::1]:6380/codes"),
        ("where", "web_protocol:431"),
        ("changed", ["accounts.main.token", "templates"]),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("outcome", "stale-proof"),
    ],
)
def test_what_is_to_be_seen_is_seen(name, value):
    assert only_shapes(None, "info", {"event": "told", name: value})[name] == value


@pytest.mark.parametrize("secret", ALL)
@pytest.mark.parametrize(
    "said",
    [
        "{}",
        "cannot send {} to WeChat",
        "key={} is wrong",
        "https://api.weixin.qq.com/cgi-bin/token?access_token={}&a=1",
        "redis://user:{}@store.example.com:6379/0",
        "'{}'",
        '{{"code": "{}"}}',
        "({},)",
    ],
)
def test_text_of_errors_is_cleaned(secret, said):
    told = said.format(secret)
    assert secret not in text(told)
    ours = only_shapes(
        None, "error", {"event": "failed", "exc_info": CodesvcError(told), "error": told, "reasons": [told]}
    )
    assert secret not in repr(ours)


def test_text_keeps_what_it_is_read_for():
    said = (
        "WeChat says errcode 45009 for vf_abcdefghij234567 at https://api.weixin.qq.com/cgi-bin/token?secret=x, line 12"
    )
    kept = text(said)
    assert "errcode 45009" in kept
    assert "vf_abcdefghij234567" in kept
    assert "https://api.weixin.qq.com/…" in kept


def test_an_exception_shows_types_and_places():
    shown = only_shapes(None, "error", {"event": "failed", "exc_info": chained("x")})["exception"]
    assert [outline["type"] for outline in shown] == ["RuntimeError", "KeyError"]
    assert re.fullmatch(r"rules/test_log_lines\.py:\d+ chained", shown[0]["frames"][0])


STORY = """
import structlog
from codesvc.runtime.logging import configure
configure(human={human})

def check(typed):
    the_code = "123" + "456"
    raise RuntimeError("told" + typed)

try:
    check("654" + "321")
except RuntimeError:
    structlog.get_logger().exception("failed", site="shop", code="1" * 6)
"""


@pytest.mark.parametrize("human", [True, False])
def test_lines_for_people_and_for_machines_show_the_same(human):
    run = subprocess.run(
        [sys.executable, "-c", STORY.format(human=human)], capture_output=True, text=True, check=True, timeout=60
    )
    for shown in ("failed", "shop", "RuntimeError", "check"):
        assert shown in run.stderr
    for secret in ("123456", "654321", "111111", "told"):
        assert secret not in run.stderr
    if not human:
        assert json.loads(run.stderr)["code"] == HIDDEN


QUIET = """
import logging
from codesvc.runtime import logging as lines
lines.configure(human={human}, level=logging.WARNING)
lines.log_request(method="GET", route="/livez", status=200, site=None, seconds=0.1)
lines.log_steps("vf_x", "shop", "reset", [("started", "")])
common = dict(verification="vf_x", site="shop", account="main", channel="template", reason="")
lines.log_attempt(ending="sent", **common)
lines.log_attempt(ending="failed", alarm=True, **common)
"""


@pytest.mark.parametrize("human", [True, False])
def test_frequent_lines_keep_to_the_level_too(human):
    run = subprocess.run(
        [sys.executable, "-c", QUIET.format(human=human)], capture_output=True, text=True, check=True, timeout=60
    )
    assert len(run.stderr.strip().splitlines()) == 1
    assert "delivery_attempt" in run.stderr


_LOGGING = r"_?(?:log|logger|requests|steps|deliveries)\.(?:debug|info|warning|error|exception)"


def logged():
    """Every call of a logger in the source: where, its event, and the names it gives."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or path.is_relative_to(ROOT / "sandbox"):
                continue
            called = ast.unparse(node.func)
            if called == "log" or re.fullmatch(_LOGGING, called):
                yield path.name, node.args[0], {keyword.arg for keyword in node.keywords}


def test_everything_that_the_service_logs_is_on_the_list():
    calls = list(logged())
    assert len(calls) > 40
    for where, event, names in calls:
        assert isinstance(event, ast.Constant), f"{where}: an event is a word, not put together: {ast.unparse(event)}"
        assert re.fullmatch(r"[a-z_]+", event.value), where
        assert names <= SHAPES.keys() | {"exc_info"}, (
            f"{where}, {event.value}: say in codesvc/runtime/log_redaction.py what it looks like"
        )


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
        ("", None),
        (None, None),
    ],
)
def test_a_trace_is_followed_where_its_header_is_sound(header, trace):
    assert trace_of(header) == trace
