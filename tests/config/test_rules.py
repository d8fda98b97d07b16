"""Rules for whole tables and between options; and what comes out where nothing is broken."""

from __future__ import annotations

import pytest

from codesvc.config import LocalText, Rate
from codesvc.config.faults import kind_of
from codesvc.sandbox.account import DEFAULT_ACCOUNT

SHOP, MAIN = "sites.shop", "accounts.main"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("service.prot", 'service.prot: unknown key; did you mean "port"?'),
        (f"{SHOP}.orgins", f'{SHOP}.orgins: unknown key; did you mean "origins"?'),
        (f"{SHOP}.limits.zzz", f"{SHOP}.limits.zzz: unknown key"),
        ("stroe", 'stroe: unknown key; did you mean "store"?'),
        ("notices", "notices: unknown key"),
        (f"{MAIN}.secret_fil", f'{MAIN}.secret_fil: unknown key; did you mean "secret_file"?'),
        ("service.a key\n", 'service."a key\\n": unknown key'),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known(document, path, line):
    assert document.set(path, 1).faults() == [line]


@pytest.mark.parametrize(
    "path", ["service.public_url", f"{MAIN}.appid", f"{MAIN}.name", f"{SHOP}.account", f"{SHOP}.keys", f"{SHOP}.name"]
)
def test_what_must_be_given_is_asked_for(document, path):
    assert document.drop(path).faults() == [f"{path}: is missing"]


@pytest.mark.parametrize(
    ("mode", "url", "allowed"),
    [
        ("live", "https://sh.api.weixin.qq.com", True),
        ("live", "http://api.weixin.qq.com", False),
        ("live", "https://api.weixin.qq.com.evil.example", False),
        ("live", "https://api.weixin.qq.com:8443", False),
        ("live", "http://127.0.0.1:8081", False),
        ("test", "http://127.0.0.1:8081", True),
    ],
)
def test_the_platform_is_wechats_unless_in_test_mode(document, mode, url, allowed):
    document.set("mode", mode).set(f"{MAIN}.api_url", url)
    if allowed:
        assert document.settings().accounts["main"].api_url == url
    else:
        (line,) = document.faults()
        assert line.startswith(f'{MAIN}.api_url: must be WeChat\'s own in mode "live"')


def test_the_browser_side_of_the_platform_is_wechats_too(document):
    (line,) = document.set(f"{MAIN}.open_url", "https://open.weixin.example").faults()
    assert line == f'{MAIN}.open_url: must be WeChat\'s own in mode "live": https://open.weixin.qq.com'


def test_plaintext_callbacks_need_a_yes_when_live_and_no_aes_key(document):
    document.set(f"{MAIN}.callback", "plaintext").drop(f"{MAIN}.aes_key")
    (line,) = document.faults()
    assert line.startswith(f'{MAIN}.callback: is "plaintext", which anyone who has seen one callback can forge')
    assert document.set(f"{MAIN}.allow_plaintext", value=True).settings().accounts["main"].aes_key is None
    document.drop(f"{MAIN}.allow_plaintext").set("mode", "test")
    assert document.settings().accounts["main"].callback == "plaintext"


def test_no_two_accounts_share_an_appid_nor_two_keys_a_hash_nor_two_of_a_site_a_name(document):
    document.set("accounts.other", dict(document.tables["accounts"]["main"]))
    key = document.tables["sites"]["shop"]["keys"][0]
    document.set("sites.shop.keys", [key, {**key, "hash": "sha256:" + "f" * 64}])
    document.set("sites.club", {"name": "club", "account": "other", "keys": [key]})
    assert document.faults() == [
        "accounts.other.appid: is also the appid of accounts.main",
        "sites.club.keys[0].hash: is also the hash of sites.shop.keys[0]",
        "sites.shop.keys[1].name: is the name of another key of this site",
    ]


def test_a_master_key_and_its_predecessors_differ(document):
    key = document.tables["secrets"]["master_key"]
    assert document.set("secrets.previous_master_keys", [key, key]).faults() == [
        "secrets.previous_master_keys: has the same key twice",
        "secrets.previous_master_keys: contains the current master_key",
    ]


def test_an_old_aes_key_differs_from_the_present_one(document):
    document.set(f"{MAIN}.previous_aes_key", document.tables["accounts"]["main"]["aes_key"])
    assert document.faults() == [f"{MAIN}.previous_aes_key: is the same as aes_key"]


@pytest.mark.parametrize("option", ["token", "previous_token", "aes_key", "previous_aes_key"])
def test_the_callback_secrets_of_the_sandbox_are_for_tests_alone(document, option):
    """`codesvc init --sandbox` writes them, the documentation prints them: everybody can sign callbacks with them."""
    published = DEFAULT_ACCOUNT.aes_key if "aes_key" in option else DEFAULT_ACCOUNT.token
    (line,) = document.set(f"{MAIN}.{option}", published).faults()
    assert line.startswith(f"{MAIN}.{option}: is the sandbox's")
    document.set("mode", "test").settings()


@pytest.mark.parametrize("option", ["aes_key", "previous_aes_key"])
@pytest.mark.parametrize("key", ["A" * 43, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "changeme" * 5 + "abc"])
def test_an_aes_key_that_can_be_guessed_is_refused(document, option, key):
    (line,) = document.set(f"{MAIN}.{option}", key).faults()
    assert line.startswith(f"{MAIN}.{option}: ")
    assert "基本配置" in line


def test_in_plaintext_the_token_is_all_that_keeps_forgers_out(document):
    document.set(f"{MAIN}.callback", "plaintext").set(f"{MAIN}.allow_plaintext", value=True).set(
        f"{MAIN}.token", "weixin"
    )
    (line,) = document.faults()
    assert line.startswith(f"{MAIN}.token: can be found out from one callback")
    document.set(f"{MAIN}.callback", "safe").settings()


def test_ten_faults_are_ten_lines(document):
    """Also those between options, in tables that have other faults."""
    document.set("service.prot", 1).set("service.public_url", "http://code.example.com").set("store.fsync", "no")
    document.set("secrets.master_key", "x").set(f"{MAIN}.qr_pool", "many").drop(f"{MAIN}.secret")
    document.set(f"{MAIN}.api_url", "https://evil.example").set(f"{SHOP}.account", "nobody")
    document.set(f"{SHOP}.limits.site_starts", ["many"]).set(f"{SHOP}.purposes.pay.code_life", 900)
    paths = [line.split(": ")[0] for line in document.faults()]
    assert sorted(paths) == sorted([
        "service.prot",
        "service.public_url",
        "store.fsync",
        "secrets.master_key",
        f"{MAIN}.qr_pool",
        f"{MAIN}.secret",
        f"{MAIN}.api_url",
        f"{SHOP}.account",
        f"{SHOP}.limits.site_starts",
        f"{SHOP}.purposes.pay.code_max_life",
    ])  # fmt: skip


def test_what_depends_on_the_purpose(document):
    document.set(f"{SHOP}.purposes.register.attempts", 3).set(f"{SHOP}.purposes.pay.code_length", 10)
    purposes = document.settings().sites["shop"].purposes
    assert {key: (found.scan, found.disclose_binding, found.name) for key, found in purposes.items()} == {
        "register": ("open", True, LocalText("注册", "Sign-up")),
        "reset": ("bound", False, LocalText("重置密码", "Password reset")),
        "pay": ("bound", False, LocalText("pay", "pay")),
    }
    assert purposes["register"].attempts == 3
    assert purposes["pay"].long_code_length == 10


def test_limits_as_the_design_has_them_and_lifted(document):
    limits = (
        document.set(f"{SHOP}.limits", {"address_starts": "none", "site_starts": "7/90s"})
        .settings()
        .sites["shop"]
        .limits
    )
    assert limits.user_guesses == (Rate(10, 3_600), Rate(100, 2_592_000))
    assert limits.address_starts == ()
    assert limits.site_starts == (Rate(7, 90),)
    assert [str(rate) for rate in (*limits.user_guesses, *limits.site_starts)] == ["10/hour", "100/30d", "7/90s"]


def test_settings_do_not_change(document):
    settings = document.settings()
    with pytest.raises(TypeError):
        settings.accounts["other"] = settings.accounts["main"]
    with pytest.raises(AttributeError):
        settings.mode = "test"


def test_a_kind_has_a_name_for_people():
    assert [kind_of(value) for value in (True, 1, 1.0, "", [], {}, None)] == [
        "true or false", "a whole number", "a number", "a string", "a list", "a table", "null",
    ]  # fmt: skip


SIGNING = "whsec_" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_a_webhook_with_what_it_must_have(document):
    document.set(f"{SHOP}.webhook", {"url": "https://shop.example/hook?from=codesvc", "secrets": [SIGNING]})
    webhook = document.settings().sites["shop"].webhook
    assert webhook.secrets[0].reveal() == SIGNING
    assert SIGNING not in repr(webhook)
    assert (len(webhook.events), webhook.allow_private, webhook.allow_http) == (15, False, False)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("url", "ftp://shop.example", "must begin with https://"),
        ("url", "https://u:p@shop.example/", "must not contain a user name"),
        ("url", "https://shop.example/#x", "must not have a fragment"),
        ("url", "http://shop.example/", "must be https in mode"),
        ("secrets", [], "must not be empty"),
        ("secrets", [SIGNING, SIGNING], "has the same value twice"),
        ("secrets", [SIGNING.replace("AAEC", f"AAE{n}") for n in range(5)], "has more than 4 entries"),
        ("secrets", ["sesame"], "must be whsec_"),
        ("secrets", ["whsec_" + "A" * 32], "must be whsec_"),
        ("secrets", ["whsec_!" + SIGNING[7:]], "must be whsec_"),
        ("secrets", None, "is missing"),
        ("events", ["verification.aproved"], 'did you mean "verification.approved"'),
        ("events", [], "must not be empty"),
    ],
)
def test_a_webhook_at_fault(document, option, value, told):
    table = {"url": "https://shop.example/hook", "secrets": [SIGNING]} | {option: value}
    document.set(f"{SHOP}.webhook", {name: given for name, given in table.items() if given is not None})
    (fault,) = document.faults()
    assert fault.startswith(f"{SHOP}.webhook.{option}")
    assert told in fault


def test_a_webhook_may_be_plain_http_in_test_mode_or_where_that_is_said(document):
    document.set(f"{SHOP}.webhook", {"url": "http://shop.example/hook", "secrets": [SIGNING], "allow_http": True})
    assert document.settings().sites["shop"].webhook.allow_http
    assert document.set(f"{SHOP}.webhook.allow_http", value=False).set("mode", "test").settings()
