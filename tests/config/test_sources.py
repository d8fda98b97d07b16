"""Secrets: three ways to give them, never two at once, and none in which they can be seen."""

from __future__ import annotations

import codecs
import copy
import json
import os
import pickle
from pathlib import Path

import pytest

from codesvc.config import ConfigError, Secret, Settings, load
from codesvc.config.settings import Account, Secrets, Store
from codesvc.config.sources import variable
from codesvc.config.structure import secret_options

OTHER_KEY = "B7kD2pWq9sXc4vZn8mLj3hGf6tRy1uEa"
THIRD_KEY = "T5yGh8uJm2nBv4cXz7aSd1fQw9eRp3kL"


def secret_file(directory, text, *, mode=0o600, name="key"):
    path = directory / name
    path.write_text(text)
    path.chmod(mode)
    return path


def key_from_file(document, path):
    return document.drop("secrets.master_key").set("secrets.master_key_file", str(path))


def test_a_value_a_file_and_the_environment_all_do(document, tmp_path):
    assert document.settings().accounts["main"].token == Secret("Zk3mQ9vX2sLw7RtB")
    document.drop("accounts.main.token")
    document.env = {"CODESVC_ACCOUNTS_MAIN_TOKEN": "fromenv1\n"}
    assert document.settings().accounts["main"].token == Secret("fromenv1")
    secret_file(tmp_path, "fromfile\n", name="token")
    document.env = {"CODESVC_ACCOUNTS_MAIN_TOKEN": ""}
    assert document.set("accounts.main.token_file", "token").settings().accounts["main"].token == Secret("fromfile")


def test_the_environment_alone_can_hold_them_all(document):
    document.drop("secrets").drop("accounts.main.secret")
    document.env = {
        "CODESVC_SECRETS_MASTER_KEY": OTHER_KEY,
        "CODESVC_SECRETS_PREVIOUS_MASTER_KEYS": f"{THIRD_KEY} {OTHER_KEY[::-1]}",
        "CODESVC_ACCOUNTS_MAIN_SECRET": "f" * 32,
        "CODESVC_STORE_URL": "redis://:pw@db.example:6379/0",
    }
    settings = document.settings()
    assert settings.secrets == Secrets(
        master_key=Secret(OTHER_KEY), previous_master_keys=(Secret(THIRD_KEY), Secret(OTHER_KEY[::-1]))
    )
    assert settings.store.url == Secret("redis://:pw@db.example:6379/0")


def test_two_ways_at_once_are_a_fault(document, tmp_path):
    document.env = {"CODESVC_SECRETS_MASTER_KEY": OTHER_KEY}
    document.set("secrets.master_key_file", str(secret_file(tmp_path, OTHER_KEY)))
    (line,) = document.faults()
    assert line.startswith("secrets.master_key: is set more than once, by a value and master_key_file and $CODESVC_")


def test_a_missing_secret_names_all_three_ways(document):
    (line,) = document.drop("accounts.main.secret").faults()
    assert line.startswith("accounts.main.secret: is missing; set it, name a file with secret_file, or set ")
    assert line.endswith(" CODESVC_ACCOUNTS_MAIN_SECRET")


def test_no_url_means_none(document):
    assert document.set("store.url", "").settings().store.url is None


def test_a_variable_that_two_accounts_could_mean_is_refused(document):
    for name, appid in (("a-b", "a" * 16), ("a_b", "b" * 16)):
        document.set(f"accounts.{name}", {**document.tables["accounts"]["main"], "appid": f"wx{appid}"})
    assert set(document.settings().accounts) == {"main", "a-b", "a_b"}
    for name in ("a-b", "a_b"):
        document.drop(f"accounts.{name}.token")
    document.env = {"CODESVC_ACCOUNTS_A_B_TOKEN": "token123"}
    (line,) = document.faults()
    assert line.startswith("accounts.a_b.token: is matched by $CODESVC_ACCOUNTS_A_B_TOKEN, and so is accounts.a-b")


def test_the_options_that_are_secrets():
    assert secret_options(Store) == ("url",)
    assert secret_options(Secrets) == ("master_key", "previous_master_keys")
    assert secret_options(Account) == ("secret", "token", "previous_token", "aes_key", "previous_aes_key")
    assert variable("accounts", "my-shop", "aes_key") == "CODESVC_ACCOUNTS_MY_SHOP_AES_KEY"


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (OTHER_KEY, 0o620, "can be written by group or others; to fix it: chmod 600 {file}"),
        (OTHER_KEY, 0o602, "can be written by group or others; to fix it: chmod 600 {file}"),
        ("", 0o600, "is empty"),
        ("a" * 65_537, 0o600, "is longer than 65536 bytes"),
    ],
)
def test_a_file_that_cannot_be_trusted_or_used(document, tmp_path, text, mode, message):
    file = secret_file(tmp_path, text, mode=mode)
    key_from_file(document, file)
    assert document.faults() == [f"secrets.master_key: master_key_file {message.format(file=file)}"]


def test_a_file_that_is_none(document, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    said = {
        "nothing": "cannot be read: No such file or directory",
        ".": "cannot be read: Is a directory",
        "pipe": "is not a regular file",
        "binary": "is not UTF-8 text (line 1, column 1); save it as UTF-8",
        "a\0b": "must be the name of a file, not a string",
        "": "must be the name of a file, not a string",
        7: "must be the name of a file, not a whole number",
    }
    for name, message in said.items():
        document.tables["secrets"] = {"master_key_file": name}
        assert document.faults() == [f"secrets.master_key: master_key_file {message}"]


def test_a_file_that_others_can_read_is_used_but_noted(document, tmp_path):
    settings = key_from_file(document, secret_file(tmp_path, OTHER_KEY, mode=0o644)).settings()
    assert [str(notice) for notice in settings.notices] == [
        "secrets.master_key_file: can be read by every user of the machine"
    ]


def test_no_secret_lies_with_the_data_it_protects(document, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")
    secret_file(tmp_path / "data", OTHER_KEY)
    document.set("store.data_dir", "data")
    for path in ("data/key", "elsewhere/key", str(tmp_path / "data" / ".." / "data" / "key")):
        (line,) = key_from_file(copy.deepcopy(document), path).faults()
        assert line.startswith("secrets.master_key: master_key_file is inside store.data_dir")


def write_toml(path, tables):
    """The test's configuration as a file: keys and strings of TOML and JSON look alike."""
    lines = [f"mode = {json.dumps(tables['mode'])}"]
    for name in ("service", "secrets", "store", "admin"):
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in tables.get(name, {}).items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_file_is_read_with_names_relative_to_itself(document, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    document.set("service.templates_dir", "mine")
    document.set("admin.audit_file", "log/audit.jsonl")
    settings = load(write_toml(tmp_path / "config.toml", document.tables), {})
    assert settings.store.data_dir == tmp_path / "codesvc-data"
    assert settings.service.templates_dir == tmp_path / "mine"
    assert settings.admin.audit_file == tmp_path / "log" / "audit.jsonl"
    assert settings.notices == ()


def test_a_readable_file_with_secrets_is_noted(document, tmp_path):
    path = write_toml(tmp_path / "config.toml", document.tables)
    path.chmod(0o644)
    assert [str(notice) for notice in load(path, {}).notices] == [
        "every user of the machine can read this file, which contains secrets.master_key"
    ]


def test_a_file_in_the_data_directory_holds_no_master_key(document, tmp_path):
    document.set("store.data_dir", ".")
    with pytest.raises(ConfigError, match=r"^secrets: are inside store\.data_dir"):
        load(write_toml(tmp_path / "config.toml", document.tables), {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*: No such file or directory .*/config.toml.*--config"),
        (b"mode = ", "is not TOML: Invalid value"),
        (b"mode = '\xff'", "is not UTF-8 text"),
        (b"mode = " + b"9" * 5_000, "has a value that is out of range"),
        (b"mode = " + b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path, content, message):
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load(path, {})


def test_a_secret_shows_itself_to_nobody_but_who_asks(document):
    settings = document.settings()
    for secret in (settings.secrets.master_key, settings.accounts["main"].secret, settings.accounts["main"].aes_key):
        for shown in (repr(settings), str(settings), f"{secret}", f"{secret!r}", str([secret]), "%s" % secret):  # noqa: UP031  # one more way
            assert secret.reveal() not in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(settings.secrets)
    assert copy.deepcopy(settings.secrets) == settings.secrets == copy.copy(settings.secrets)


def test_secrets_compare_with_secrets_alone():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("\ud800")}) == 2
    assert Secret("\ud800") != Secret("a")


def test_faults_show_no_value(document):
    document.set("accounts.main.token", "p@ssw0rd!").set("store.url", "redis//:p@ssw0rd!").set("mode", "p@ssw0rd!")
    assert not any("p@ssw0rd!" in line for line in document.faults())


def test_an_error_can_travel_between_processes(document):
    with pytest.raises(ConfigError) as caught:
        document.set("mode", "x").settings()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # our own pickle


def test_settings_from_code_may_hold_ready_values(document, tmp_path):
    document.set("secrets.master_key", Secret(OTHER_KEY)).set("store.data_dir", Path(tmp_path / "data"))
    settings = document.settings()
    assert isinstance(settings, Settings)
    assert settings.store.data_dir == tmp_path / "data"


def test_a_webhooks_secrets_from_the_environment_and_from_a_file(document, tmp_path):
    two = [
        "whsec_" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_" + "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA=",
    ]
    document.set("sites.shop.webhook", {"url": "https://shop.example/hook"})
    document.env = {"CODESVC_SITES_SHOP_WEBHOOK_SECRETS": " ".join(two)}
    assert [secret.reveal() for secret in document.settings().sites["shop"].webhook.secrets] == two
    document.env = {}
    document.set("sites.shop.webhook.secrets_file", str(secret_file(tmp_path, "\n".join(two))))
    assert [secret.reveal() for secret in document.settings().sites["shop"].webhook.secrets] == two
    (line,) = document.drop("sites.shop.webhook.secrets_file").faults()
    assert line.endswith("or set CODESVC_SITES_SHOP_WEBHOOK_SECRETS")


@pytest.mark.parametrize("octets", [codecs.BOM_UTF8 + OTHER_KEY.encode(), f"\r\n{OTHER_KEY} \r\n".encode()])
def test_a_byte_order_mark_is_no_part_of_a_secret(document, tmp_path, octets):
    (tmp_path / "key").write_bytes(octets)
    (tmp_path / "key").chmod(0o600)
    assert key_from_file(document, tmp_path / "key").settings().secrets.master_key == Secret(OTHER_KEY)
    document.drop("secrets.master_key_file")
    document.env = {"CODESVC_SECRETS_MASTER_KEY": octets.decode()}
    assert document.settings().secrets.master_key == Secret(OTHER_KEY)


@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", "“{}”", "‘{}’", "＂{}＂", '\ufeff"{}"\n'])
@pytest.mark.parametrize("way", ["file", "environment", "value"])
def test_quotes_around_a_secret_are_named(document, tmp_path, quoted, way):
    text = quoted.format(OTHER_KEY)
    if way == "file":
        key_from_file(document, secret_file(tmp_path, text))
    elif way == "environment":
        document.drop("secrets.master_key").env = {"CODESVC_SECRETS_MASTER_KEY": text}
    else:
        document.set("secrets.master_key", text)
    (line,) = document.faults()
    assert "is in quotes, which would be part of the value; remove the first and the last character" in line
    assert OTHER_KEY not in line


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("# the key\n{}", "has several lines"),
        ("{}\r\nold", "has several lines"),
        ("\ufeff{}\0", "U+0000, at position"),
        ("{}\ufeff.", "U+FEFF, at position"),
        ("a\u200b{}", "U+200B, at position 2"),
        ("\x1b[0m{}", "U+001B, at position 1"),
        ("{}\u00a0x", "U+00A0, at position"),
    ],
)
@pytest.mark.parametrize("way", ["file", "environment", "value"])
def test_what_nobody_sees_in_a_secret_is_named(document, tmp_path, pasted, said, way):
    text = pasted.format(OTHER_KEY)
    if way == "file":
        key_from_file(document, secret_file(tmp_path, text))
    elif way == "environment":
        document.drop("secrets.master_key").env = {"CODESVC_SECRETS_MASTER_KEY": text}
    else:
        document.set("secrets.master_key", text)
    (line,) = document.faults()
    assert said in line
    assert OTHER_KEY not in line


def test_a_secret_as_powershell_writes_it_is_named(document, tmp_path):
    (tmp_path / "key").write_bytes(codecs.BOM_UTF16_LE + OTHER_KEY.encode("utf-16-le"))
    (line,) = key_from_file(document, tmp_path / "key").faults()
    assert "is UTF-16 text, as saved by some editors and PowerShell; save it as UTF-8" in line


def test_a_byte_order_mark_of_the_configuration_is_dropped(document, tmp_path):
    path = write_toml(tmp_path / "config.toml", document.tables)
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(path, {}).mode == "live"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (codecs.BOM_UTF16_LE + "mode".encode("utf-16-le"), "is UTF-16 text"),
        ("mode = 'live'\n# 张".encode("gbk"), "is not UTF-8 text (line 2, column 3); save it as UTF-8"),
        ("mode = “live”\n".encode(), "line 1 has"),
        ("mode\u00a0= 'live'\n".encode(), "(U+00A0) at column 5"),
        ("a = 1\nmode ＝ 'live'\n".encode(), "line 2 has"),
    ],
)
def test_what_editors_do_to_a_configuration_is_named(tmp_path, octets, said):
    path = tmp_path / "config.toml"
    path.write_bytes(octets)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert said in str(caught.value)


def test_a_configuration_that_everybody_can_write_is_refused(document, tmp_path):
    path = write_toml(tmp_path / "config.toml", document.tables)
    path.chmod(0o646)
    with pytest.raises(ConfigError, match=f"can be written by every user .*: chmod o-w {path}$"):
        load(path, {})
    path.chmod(0o640)
    assert load(path, {}).mode == "live"


def configured_in(directory, document):
    """A configuration in a directory, with its master key in `secrets/` beside it."""
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    key_from_file(document, secret_file(secrets, OTHER_KEY))
    return write_toml(directory / "config.toml", document.tables), secrets


@pytest.mark.parametrize("of_secret", [False, True])
def test_a_directory_in_which_everybody_can_replace_files_is_noted(document, tmp_path, of_secret):
    path, secrets = configured_in(tmp_path, document)
    assert load(path, {}).notices == ()
    place = secrets if of_secret else tmp_path
    place.chmod(0o777)
    [notice] = load(path, {}).notices
    assert str(notice) == f"{place} can be written by every user of the machine, who could replace the files in it"
    assert notice.remedy == f"chmod o-w {place}"
    place.chmod(0o1777)  # as /tmp: nobody replaces another one's files there
    assert load(path, {}).notices == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("names", [["secrets/key"], ["secrets"], ["secrets", "secrets/key"]])
def test_a_secret_that_another_user_owns_is_noted(document, tmp_path, names):
    path, _ = configured_in(tmp_path, document)
    for name in names:
        os.chown(tmp_path / name, 65533, -1)
    notices = load(path, {}).notices
    assert sorted(map(str, notices)) == [
        f"{tmp_path / name} belongs to another user (65533), who can change it" for name in names
    ]
    assert {notice.remedy for notice in notices} == {f"chown -h --reference={path} {tmp_path / name}" for name in names}
    # What belongs to the service, as its configuration does, is fine for root, who looks after it.
    os.chown(path, 65533, -1)
    assert load(path, {}).notices == ()


@pytest.mark.parametrize("option", ["outbound_proxy", "webhook_proxy"])
def test_a_proxy_and_its_login_are_a_secret(document, tmp_path, option):
    address = "http://leaver:p%40ss@proxy.example:3128"
    assert getattr(document.set(f"service.{option}", address).settings().service, option) == Secret(address)
    document.drop(f"service.{option}").env = {f"CODESVC_SERVICE_{option.upper()}": address}
    settings = document.settings()
    assert getattr(settings.service, option) == Secret(address)
    assert "p%40ss" not in repr(settings)
    document.env = {}
    secret_file(tmp_path, f"{address}\n", name="proxy")
    settings = document.set(f"service.{option}_file", "proxy").settings()
    assert settings.service.proxy_to_receivers.address == "http://proxy.example:3128"


def test_webhooks_have_the_proxy_of_all_unless_they_have_their_own(document):
    assert document.settings().service.proxy_to_wechat is None
    service = document.set("service.outbound_proxy", "http://one.example").settings().service
    assert service.proxy_to_wechat == service.proxy_to_receivers
    service = document.set("service.webhook_proxy", "none").settings().service
    assert (service.proxy_to_wechat.host, service.proxy_to_receivers) == ("one.example", None)


@pytest.mark.parametrize("text", ["proxy.example:3128", "socks5://proxy.example", "http://u:s3#cret@proxy.example"])
def test_what_is_no_proxy_is_a_fault_without_its_value(document, text):
    [fault] = document.set("service.outbound_proxy", text).faults()
    assert fault.startswith("service.outbound_proxy: ")
    assert "s3" not in fault


def test_a_relay_is_refused_with_the_remedy(document):
    [fault] = document.set("accounts.main.api_url", "https://relay.example.com/wechat").faults()
    assert "service.outbound_proxy" in fault
    assert "AppSecret" in fault
