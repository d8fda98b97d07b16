"""Mistakes at the command line: each ends with a sentence and a status, never with a traceback."""

import os
import subprocess
import sys

import pytest

from codesvc.cli import main
from tests.registry.test_key_uses import configuration

NOT_TEXT = "a\udcff"  # what Python makes of an octet that is not UTF-8
SHOP = ("--site", "shop")


@pytest.fixture
def run(store_url, tmp_path, monkeypatch, capsys):
    """Runs a command in this process; its exit status and everything that it wrote."""
    path = tmp_path / "config.toml"
    path.write_text(configuration(store_url))
    monkeypatch.chdir(tmp_path)

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["codesvc", *words])
        try:
            status = main()
        except SystemExit as ended:
            status = ended.code
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return status, said.out + said.err

    return called


CONFIG = ("--config", "config.toml")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("person", "export", *CONFIG, *SHOP, "--user", NOT_TEXT), "user is not UTF-8 text"),
        (("audit", *CONFIG, "--site", NOT_TEXT), "site is not UTF-8 text"),
        (("webhooks", "resend", *CONFIG, *SHOP, NOT_TEXT), "id is not UTF-8 text"),
        (("keys", "add", "shop", NOT_TEXT, *CONFIG), "name is not UTF-8 text"),
        (("serve", *CONFIG, "--workers", "-3"), "from 0 to 64"),
        (("serve", *CONFIG, "--workers", "100000000"), "from 0 to 64"),
        (("serve", *CONFIG, "--workers", "two"), "from 0 to 64"),
        (("audit", *CONFIG, "--most", "-1"), "from 1 to"),
        (("audit", *CONFIG, "--most", "99999999999999999999"), "from 1 to"),
        (("webhooks", "list", *CONFIG, *SHOP, "--most", "0"), "from 1 to"),
        (("reload", *CONFIG, "--pid", "99999999999999999999"), "there is no process"),
        (("reload", *CONFIG, "--pid", "-1"), "there is no process"),
        (("send", *CONFIG, *SHOP, "--purpose", "reset", "--user", "u", "--wait", "nan"), "a number of seconds"),
        (("send", *CONFIG, *SHOP, "--purpose", "reset", "--user", "u", "--wait", "-1"), "a number of seconds"),
        (("sandbox", "--port", "70000"), "a port from 0 to 65535"),
        (("sandbox", "--port", "-1"), "a port from 0 to 65535"),
        (("sandbox", "--tls", "--tls-port", "1e3"), "a port from 0 to 65535"),
        (("sandbox", "--tls", "--proxy-port", "9" * 5000), "a port from 0 to 65535"),
    ],
    ids=lambda value: " ".join(value)[:60].encode("ascii", "replace").decode() if isinstance(value, tuple) else "",
)
def test_a_wrong_argument(run, words, named):
    status, said = run(*words)
    assert (status, named in said) == (2, True), said


@pytest.mark.parametrize(
    "words",
    [
        ("bindings", "import", "none.csv", *CONFIG, *SHOP),
        ("bindings", "export", "file/out.csv", *CONFIG, *SHOP),
        ("person", "export", *CONFIG, *SHOP, "--user", "u", "--output", "file/out.json"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_used_is_named_in_words(run, tmp_path, words):
    (tmp_path / "file").touch()
    status, said = run(*words)
    assert status in {1, 2}, said
    assert "Errno" not in said
    assert "file" in said or "none.csv" in said


def test_a_directory_of_the_demo_that_cannot_be_made_is_named_in_words(tmp_path):
    """In a process of its own, because the demo configures the logging of its process."""
    (tmp_path / "file").touch()
    done = ended(("demo", "--check", "--data-dir", "file/data", "--port-base", "21040"), subprocess.PIPE, tmp_path)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode in {1, 2}, said
    assert "Traceback" not in said
    assert "Errno" not in said
    assert "file" in said


def test_an_address_that_the_machine_has_not_is_said_in_words(run):
    status, said = run("sandbox", "--host", "192.0.2.7", "--port", "0", "--token", "t" * 32)
    assert (status, "Errno" in said) == (1, False), said
    assert "this machine has no address 192.0.2.7 (--host)" in said


def test_a_copy_of_a_store_that_does_not_exist(run, tmp_path):
    target = f"embedded:{tmp_path / 'new'}"
    for source in (f"embedded:{tmp_path / 'misspelt'}", "embedded:", f"embedded:{tmp_path}"):
        status, said = run("store", "migrate", "--from", source, "--to", target)
        assert status == 1
        assert "alike" not in said
        assert "embedded" in said
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("name", "octets", "named"),
    [
        ("site.toml", b"\xef\xbb\xbfname = 'x'\r\naccount = 'main'\r\n", ""),
        ("site.json", b'\xef\xbb\xbf{"name": "x", "account": "main"}', ""),
        ("site.toml", "name = '山月'\n".encode("gb18030"), "is not UTF-8 text (line 1"),
        ("site.json", '{"name": "x"}'.encode("utf-16"), "is UTF-16 text"),
        ("site.json", b'{"a": ' + b"[" * 100_000, "is nested too deeply"),
        ("site.toml", b"a = " + b"[" * 5_000, "is nested too deeply"),
    ],
)
def test_a_table_as_an_editor_wrote_it(run, tmp_path, name, octets, named):
    (tmp_path / name).write_bytes(octets)
    status, said = run("sites", "put", "bar", name, *CONFIG)
    assert (status, named in said) == (1 if named else 0, True), said


def test_the_audit_of_a_site_that_does_not_exist(run):
    status, said = run("audit", *CONFIG, "--site", "shpo")
    assert status == 0
    assert "there is no site of that name; there are shop" in said


@pytest.mark.parametrize("encoding", ["unicode_escape", "utf-7"])
def test_an_import_in_an_encoding_that_gives_half_characters(run, tmp_path, encoding):
    half = "\\ud800" if encoding == "unicode_escape" else "+2AA-"
    (tmp_path / "all.csv").write_text(f"user,openid\n{half},oxxx\n")
    status, said = run("bindings", "import", "all.csv", *CONFIG, *SHOP, "--encoding", encoding)
    assert status == 1
    assert "nothing was imported" in said


def ended(words, output, tmp_path, **more):
    return subprocess.run(
        [sys.executable, "-m", "codesvc.cli", *words],
        stdout=output,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        check=False,
        **more,
    )


@pytest.mark.parametrize("words", [("keys", "new", "shop"), ("admin", "password", "--generate")])
def test_nobody_reads_the_output(words, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    done = ended(words, writing, tmp_path)
    os.close(writing)
    assert (done.returncode != 0, done.stderr) == (True, b"")


def test_the_output_is_full(tmp_path):
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = ended(("keys", "new", "shop"), full, tmp_path)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["codesvc keys new: No space left on device"]


def test_a_password_whose_input_ends(tmp_path):
    done = ended(("admin", "password"), subprocess.PIPE, tmp_path, start_new_session=True)
    assert done.returncode == 2
    assert (
        done.stderr.decode()
        .splitlines()[-1]
        .endswith("the input ended before the answer was complete; nothing was done")
    )
    assert b"Traceback" not in done.stderr


def test_a_terminal_without_chinese(store_url, tmp_path):
    (tmp_path / "config.toml").write_text(configuration(store_url))
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = ended(("person", "export", *CONFIG, *SHOP, "--user", "张三"), subprocess.PIPE, tmp_path, env=environment)
    assert (done.returncode, b"Traceback" in done.stderr) == (3, False), done.stderr
    assert b"\\u5f20\\u4e09" in done.stdout


def test_a_secret_of_the_environment_that_is_not_text(run, monkeypatch):
    monkeypatch.setenv("CODESVC_ACCOUNTS_MAIN_PREVIOUS_TOKEN", NOT_TEXT)
    status, said = run("sites", "list", *CONFIG)
    assert (status, "$CODESVC_ACCOUNTS_MAIN_PREVIOUS_TOKEN is not UTF-8 text" in said) == (2, True), said
