"""What a log line may show: nothing under a name that could be a secret's, and no local variables of a traceback."""

import subprocess
import sys

import pytest

from codesvc.logs import blot_out

STORY = """
import structlog
from codesvc.logs import configure
configure(human={human})

def check(typed):
    the_code = "123" + "456"
    raise RuntimeError("told")

try:
    check("654" + "321")
except RuntimeError:
    structlog.get_logger().exception("failed", note="seen", code="1" * 6, user_agent="Mozilla")
"""


@pytest.mark.parametrize("human", [True, False])
def test_a_traceback_shows_no_local_variables(human):
    run = subprocess.run(
        [sys.executable, "-c", STORY.format(human=human)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "RuntimeError" in run.stderr
    assert "told" in run.stderr
    assert "check" in run.stderr
    assert "seen" in run.stderr
    assert "Mozilla" in run.stderr
    for secret in ("123456", "654321", "111111"):
        assert secret not in run.stderr


@pytest.mark.parametrize(
    "name", ["code", "api_key", "openid", "user", "page_token", "proof", "Authorization", "appsecret_secret"]
)
def test_values_under_names_of_secrets_are_blotted_out(name):
    assert blot_out(None, "info", {"event": "x", name: "value"})[name] == "…"


@pytest.mark.parametrize("name", ["verification", "user_agent", "site", "monkey", "decoded", "keyboard"])
def test_other_names_are_left_alone(name):
    assert blot_out(None, "info", {name: "value"})[name] == "value"
