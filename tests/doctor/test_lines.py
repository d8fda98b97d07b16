"""The lines of `codesvc check`: short, and with the command that mends what they name."""

import pytest

from codesvc.config.faults import Fault
from codesvc.doctor.authorisation import authorize_url
from codesvc.doctor.callback_probe import CallbackAnswer, judge
from codesvc.doctor.config_remedies import remedy_of
from codesvc.doctor.finding import warn
from codesvc.doctor.report import line


def test_no_line_is_long():
    text = line(warn("accounts.main: credentials", "word " * 100, "remedy " * 100))
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://code.example.com"])
def test_the_longest_line_is_an_address_of_wechat_and_can_be_copied_whole(url):
    sandbox = "http://127.0.0.1:8081" if url.startswith("http:") else "https://open.weixin.qq.com"
    address = authorize_url(sandbox, "wx3f1c5a9e7b2d4860", f"{url}/wechat/main/oauth")
    lines = line(
        warn("accounts.main: web-authorisation domain", "only a person", f"Open: {address} (10003)")
    ).splitlines()
    assert address in lines
    assert max(map(len, lines)) < 200


def test_a_missing_secret_has_its_command():
    assert "openssl rand -base64 48" in remedy_of(Fault(("secrets", "master_key"), "is missing"))
    assert "openssl rand -hex 16" in remedy_of(Fault(("accounts", "main", "token"), "is missing"))
    assert "EncodingAESKey" in remedy_of(Fault(("accounts", "main", "aes_key"), "is missing"))
    assert "codesvc keys new" in remedy_of(Fault(("sites", "shop", "keys"), "is missing"))


def test_a_readable_file_has_its_chmod():
    assert remedy_of(Fault((), "can be read", "chmod 600 config.toml")) == "chmod 600 config.toml"


def test_a_wrong_aes_key_is_named():
    answer = CallbackAnswer(400, "the envelope does not open with this account's keys")
    found = judge("main", "https://code.example.com/wechat/main", "event (POST)", answer, wanted="success")
    assert "EncodingAESKey" in found.remedy
