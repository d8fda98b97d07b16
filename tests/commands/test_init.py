"""`codesvc init`: what it writes, what it refuses, and what it says."""

from __future__ import annotations

import argparse
import os
import pty
import re
import stat
import subprocess
import sys
import tomllib

import pytest

from codesvc.cli.texts import speech, terminal_language
from codesvc.config import load
from codesvc.config.api_keys import hash_line
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.passwords import is_password
from codesvc.sandbox import sandbox_command
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.web.texts.catalogue import values_in

LIVE = (
    "--yes", "--public-url", "https://code.example.com/auth/", "--kind", "service", "--appid", "wx0123456789abcdef",
    "--name", '山月 "Tea" \\', "--site", "tea", "--origin", "https://tea.example.com/",
)  # fmt: skip


def init(directory, *arguments, language="en_US.UTF-8", **more):
    command = (sys.executable, "-m", "codesvc.cli", "init", *arguments)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        command, cwd=directory, env=environment | {"LANG": language}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, **more,
    )  # fmt: skip


def secrets_in(directory):
    return {path.name: path.read_text().strip() for path in (directory / "secrets").iterdir()}


def test_a_live_configuration_is_short_and_keeps_secrets_in_files_of_their_own(tmp_path):
    (tmp_path / "from-wechat").write_text("5d41402abc4b2a76b9719d911017c592\n")
    done = init(tmp_path, *LIVE, "--app-secret-file", "from-wechat")
    assert done.returncode == 0, done.stderr
    text, kept = (tmp_path / "config.toml").read_text(), secrets_in(tmp_path)
    assert len(text.splitlines()) < 40
    assert not [name for name, secret in kept.items() if secret in text]
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "config.toml", *(tmp_path / "secrets").iterdir()]
    }
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    settings = load(tmp_path / "config.toml", {})
    assert (settings.mode, settings.notices) == ("live", ())
    assert settings.service.public_url == "https://code.example.com/auth"
    assert settings.accounts["main"].name == '山月 "Tea" \\'
    assert settings.accounts["main"].secret.reveal() == "5d41402abc4b2a76b9719d911017c592"
    assert settings.sites["tea"].origins == ("https://tea.example.com",)
    assert [key.hash for key in settings.sites["tea"].keys] == [hash_line(kept["api-key-tea"])]
    assert is_password(settings.admin.operators["admin"].password, kept["password-admin"])
    # What the console needs is printed; what it does not need is not.
    for shown in ("https://code.example.com/auth/wechat/main", kept["callback-token"], kept["callback-aes-key"]):
        assert shown in done.stdout
    for hidden in ("master-key", "api-key-tea", "password-admin", "app-secret"):
        assert kept[hidden] not in done.stdout + done.stderr
    assert "code.example.com, without scheme" in done.stdout
    # The proxies' files answer 404 there, so it is not printed as the address of the operator's pages.
    [pages] = [line for line in done.stdout.splitlines() if "https://code.example.com/auth/admin" in line]
    assert "admin.listen" in pages
    assert "block" in pages
    assert max(map(len, done.stdout.splitlines())) <= 200


def test_no_two_runs_share_a_secret(tmp_path):
    for name in ("one", "two"):
        assert init(tmp_path, *LIVE, "--directory", name).returncode == 0
    one, two = (secrets_in(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert not [name for name in one if one[name] == two[name] != ""]


def test_an_app_secret_may_come_later_and_until_then_the_service_says_which_file_waits(tmp_path):
    done = init(tmp_path, *LIVE)
    assert "secrets/app-secret" in done.stdout
    check = subprocess.run(
        (sys.executable, "-m", "codesvc.cli", "check", "--config", "config.toml"),
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 2
    assert "accounts.main.secret: secret_file is empty" in check.stdout
    assert "accounts.main.secret: secret_file is empty" in done.stdout  # init said so


def test_a_test_account_has_no_encoding_key(tmp_path):
    done = init(tmp_path, *LIVE, "--kind", "测试号")
    assert done.returncode == 0, done.stderr
    table = tomllib.loads((tmp_path / "config.toml").read_text())["accounts"]["main"]
    assert (table["callback"], table["allow_plaintext"]) == ("plaintext", True)
    assert "EncodingAESKey  " not in done.stdout
    assert "callback-aes-key" not in secrets_in(tmp_path)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("订阅号", "unverified_subscription"),
        ("verified_subscription", "verified_subscription"),
        ("5", "unverified_service"),
    ],
)
def test_an_account_that_can_only_answer(tmp_path, said, kind):
    """A person with a personal subscription account is led to a keyword, and past templates and domains."""
    done = init(tmp_path, *LIVE, "--kind", said)
    assert done.returncode == 0, done.stderr
    table = tomllib.loads((tmp_path / "config.toml").read_text())["accounts"]["main"]
    assert table["kind"] == kind
    assert "callback" not in table
    assert "EncodingAESKey  " in done.stdout
    assert "keyword" in done.stdout
    assert "网页授权域名" not in done.stdout
    assert "template" not in done.stdout


@pytest.mark.parametrize("there", ["config.toml", "secrets/"])
def test_nothing_is_overwritten(tmp_path, there):
    if there.endswith("/"):
        (tmp_path / there).mkdir()
    else:
        (tmp_path / there).write_text("mine")
    done = init(tmp_path, *LIVE)
    assert (done.returncode, done.stdout) == (1, "")
    assert there.rstrip("/") in done.stderr
    assert "never overwritten" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [there.rstrip("/")]
    assert there.endswith("/") or (tmp_path / there).read_text() == "mine"


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere")
    assert init(tmp_path, *LIVE).returncode == 1
    assert not (tmp_path / "elsewhere").exists()


def test_where_nothing_can_be_written_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    done = init(tmp_path, *LIVE, "--directory", "file/below")
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_scripts_hear_of_every_missing_answer_at_once(tmp_path):
    done = init(tmp_path, "--yes", "--appid", "WX1")
    assert done.returncode == 2
    for flag in ("--kind", "--public-url", "--appid", "--name"):
        assert flag in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--kind", "企业号", "verified_service (服务号, 已认证), unverified_subscription"),
        ("--public-url", "http://code.example.com", "https://"),
        ("--public-url", "code.example.com", "https://"),
        ("--appid", "wx0123456789ABCDEF", "a to f"),
        ("--site", "Tea Shop", "a-z"),
        ("--site", "../x", "a-z"),
        ("--operator", "root.admin", "a-z"),
        ("--origin", "https://tea.example.com/path", "without a path"),
        ("--name", "x" * 65, "64"),
        ("--app-secret-file", "nowhere", "cannot be read"),
    ],
)
def test_a_wrong_answer_is_named_with_its_rule(tmp_path, flag, value, said):
    done = init(tmp_path, *LIVE, flag, value)
    assert done.returncode == 2
    assert flag in done.stderr
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_terminal_it_says_how_scripts_answer(tmp_path):
    done = init(tmp_path)
    assert (done.returncode, "--yes" in done.stderr) == (2, True)


def typed(directory, answers, language):
    """A person at a terminal: what they see."""
    leader, follower = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    process = subprocess.Popen(
        (sys.executable, "-m", "codesvc.cli", "init"), cwd=directory, env=environment | {"LANG": language},
        stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    seen, left = b"", list(answers)
    try:
        while piece := os.read(leader, 65_536):
            seen += piece
            # A hidden question throws away what was typed before it, as `getpass` does.
            if seen.endswith(b": ") and left:
                os.write(leader, f"{left.pop(0)}\n".encode())
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(leader)
    return process.wait(), seen.decode()


def test_a_person_is_asked_and_asked_again_where_an_answer_breaks_its_rule(tmp_path):
    answers = [
        "9",
        "2",
        "http://x",
        "https://code.example.com",
        "wx0123456789abcdef",
        "茶",
        "",
        "",
        "",
        "",
        "short",
        "",
    ]
    status, seen = typed(tmp_path, answers, "zh_CN.UTF-8")
    assert status == 0, seen
    assert "可选 verified_service" in seen
    assert "公众号类型" in seen
    settings_text = (tmp_path / "config.toml").read_text()
    assert '[sites.shop]\nname = "shop"' in settings_text
    assert "第一个验证码" in seen


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({}, "en"), ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "de_DE"}, "en"),
        ({"LANG": "zh_TW", "LC_ALL": "C"}, "en"), ({"LANG": "C", "LC_MESSAGES": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)  # fmt: skip
def test_the_terminal_decides_the_language(env, language):
    assert terminal_language(env) == language


def test_both_languages_have_every_text_with_the_same_values():
    english, chinese = (speech(language) for language in ("en", "zh"))
    for _, key in english.places:
        assert values_in(str(english.forms(key))) == values_in(str(chinese.forms(key))), key
        assert re.search("[\u4e00-\u9fff]", str(chinese.forms(key))), key


def test_a_terminal_without_chinese_is_no_crash(tmp_path):
    done = init(tmp_path, *LIVE, language="C")
    assert done.returncode == 0
    command = (sys.executable, "-m", "codesvc.cli", "init", "--sandbox", "--directory", "山")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "LANG": "zh_CN"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, b"cd '\\u5c71'" in done.stdout) == (0, True), "and not the command of another directory"


@pytest.mark.parametrize(
    "flag", ["--public-url=http://127.0.0.1:25010", "--appid=wx00", "--name=X", "--origin=http://a.test"]
)
def test_no_flag_is_given_in_vain_for_the_sandbox(tmp_path, flag):
    done = init(tmp_path, "--sandbox", flag)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert f"{flag.partition('=')[0]} cannot be used with --sandbox" in done.stderr


def test_the_sandboxs_configuration_fits_a_sandbox_without_options(tmp_path):
    assert init(tmp_path, "--sandbox").returncode == 0
    assert len((tmp_path / "config.toml").read_text().splitlines()) < 40
    settings = load(tmp_path / "config.toml", {})
    account = settings.accounts["main"]
    assert (account.appid, account.token.reveal()) == (DEFAULT_ACCOUNT.appid, DEFAULT_ACCOUNT.token)
    assert account.aes_key.reveal() == DEFAULT_ACCOUNT.aes_key
    assert "http://127.0.0.1:8000" in settings.sites["shop"].origins


@pytest.mark.parametrize("kind", AccountKind)
def test_each_kind_of_account_has_a_configuration_for_the_sandbox(tmp_path, kind):
    """The sandbox's account is of the same kind by the command that the steps name, and nothing else has to fit."""
    done = init(tmp_path, "--sandbox", "--kind", kind)
    assert done.returncode == 0, done.stderr
    command = next(line for line in done.stdout.splitlines() if line.strip().startswith("codesvc sandbox")).split()
    parser = argparse.ArgumentParser()
    sandbox_command.add_arguments(parser)
    of_the_sandbox = sandbox_command.account_of(parser.parse_args(command[2:]))
    settings = load(tmp_path / "config.toml", {})
    account = settings.accounts["main"]
    assert settings.mode == "test"
    assert (account.kind, of_the_sandbox.kind) == (kind, kind)
    assert (account.appid, account.secret.reveal()) == (of_the_sandbox.appid, of_the_sandbox.secret)
    assert (account.token.reveal(), account.aes_key.reveal()) == (of_the_sandbox.token, of_the_sandbox.aes_key)
    assert (account.callback, account.original_id) == (of_the_sandbox.mode, of_the_sandbox.original_id)
    assert ("code" in account.messages) == (Right.TEMPLATE in kind.rights)
    assert (account.qr_picture is None) == (Right.QR_CODES in kind.rights), "only where no other code is shown"
    assert ("scan" in done.stdout) == (Right.QR_CODES in kind.rights)


@pytest.mark.parametrize(("said", "kind"), [("个人订阅号", "unverified_subscription"), ("service", "verified_service")])
def test_the_sandbox_understands_the_same_words_for_a_kind(tmp_path, said, kind):
    assert init(tmp_path, "--sandbox", "--kind", said).returncode == 0
    assert load(tmp_path / "config.toml", {}).accounts["main"].kind == kind


def test_a_wrong_kind_is_named_with_its_rule_for_the_sandbox_too(tmp_path):
    done = init(tmp_path, "--sandbox", "--kind", "企业号")
    assert (done.returncode, "unverified_subscription" in done.stderr, list(tmp_path.iterdir())) == (2, True, [])


def test_a_picture_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "qrcode.jpg").write_text("mine")
    done = init(tmp_path, "--sandbox", "--kind", "unverified_subscription")
    assert (done.returncode, "qrcode.jpg" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["qrcode.jpg"]
    assert (tmp_path / "qrcode.jpg").read_text() == "mine"
