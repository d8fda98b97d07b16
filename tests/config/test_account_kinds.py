"""What cannot be configured for a kind of account is said at the start, in words that help."""

import pytest

from codesvc.config import ConfigError
from codesvc.config.one_entry import one_account, one_site

MAIN, SHOP = "accounts.main", "sites.shop"
ALLOWED = (f"{MAIN}.allow_plaintext", True)
ONLY_ANSWER = ("unverified_service", "unverified_subscription")


def test_the_default_is_a_verified_service_account(document):
    assert document.settings().accounts["main"].kind == "verified_service"


def test_a_word_that_is_no_kind(document):
    (line,) = document.set(f"{MAIN}.kind", "unverified_subscribtion").faults()
    assert line.startswith(f"{MAIN}.kind: must be one of verified_service, ")
    assert 'did you mean "unverified_subscription"' in line


@pytest.mark.parametrize("kind", [*ONLY_ANSWER, "verified_subscription"])
def test_the_plain_configuration_fits_every_kind(document, kind):
    settings = document.set(f"{MAIN}.kind", kind).settings()
    assert settings.accounts["main"].kind == kind


@pytest.mark.parametrize(
    ("kind", "channel", "refused"),
    [
        ("unverified_subscription", "template", True),
        ("unverified_service", "subscription", True),
        ("unverified_subscription", "customer_service", True),
        ("verified_subscription", "template", True),
        ("verified_subscription", "customer_service", False),
        ("test", "template", False),
    ],
)
def test_channels(document, kind, channel, refused):
    document.set(f"{MAIN}.kind", kind).set(f"{SHOP}.purposes.reset.channels", [channel])
    if not refused:
        document.settings()
        return
    (line,) = document.faults()
    assert line.startswith(f'{SHOP}.purposes.reset.channels[0]: is "{channel}", which cannot be used: kind = "{kind}"')
    assert "keyword" in line


@pytest.mark.parametrize("channel", ["template", "subscription"])
def test_messages(document, channel):
    document.set(f"{MAIN}.kind", "verified_subscription")
    document.set(f"{MAIN}.messages.code", {"template_id": "T" * 43, "channel": channel})
    (line,) = document.faults()
    assert line.startswith(f"{MAIN}.messages.code: cannot be sent: ")
    assert "a verified service account (服务号, 已认证)" in line


@pytest.mark.parametrize("kind", ONLY_ANSWER)
def test_plaintext_callbacks_leave_no_way_for_a_code(document, kind):
    document.set(f"{MAIN}.kind", kind).set(f"{MAIN}.callback", "plaintext").set(*ALLOWED)
    (line,) = document.faults()
    assert line.startswith(f'{MAIN}.callback: is "plaintext"')
    assert "安全模式" in line


def test_plaintext_is_allowed_where_customer_service_messages_are(document):
    document.set(f"{MAIN}.kind", "test").set(f"{MAIN}.callback", "plaintext").set(*ALLOWED)
    document.settings()


def test_events_handed_in_by_another_back_end(document):
    document.set(f"{MAIN}.kind", "unverified_subscription").set(f"{MAIN}.event_keys", ["sha256:" + "ab" * 32])
    (line,) = document.faults()
    assert line.startswith(f"{MAIN}.event_keys: ")
    assert "forward_to" in line


def test_a_code_behind_a_link_needs_web_authorisation(document):
    document.set(f"{MAIN}.kind", "verified_subscription").set(f"{SHOP}.purposes.register.reveal", "tap")
    (line,) = document.faults()
    assert line.startswith(f'{SHOP}.purposes.register.reveal: is "tap"')
    assert 'reveal = "message"' in line


def test_no_scan_and_no_push_is_no_way_at_all(document):
    document.set(f"{MAIN}.kind", "unverified_subscription").set(f"{SHOP}.purposes.pay", {"name": "支付", "scan": "off"})
    (line,) = document.faults()
    assert line.startswith(f'{SHOP}.purposes.pay.scan: is "off" while kind = "unverified_subscription"')


def test_a_fault_of_the_account_hides_no_fault_of_the_site(document):
    document.set(f"{MAIN}.kind", "nonsense").set(f"{SHOP}.purposes.reset.attempts", 99)
    assert [line.split(":")[0] for line in document.faults()] == [f"{MAIN}.kind", f"{SHOP}.purposes.reset.attempts"]


def test_entries_of_the_store_have_the_same_rules(document):
    settings = document.settings()
    table = {**dict(document.tables["accounts"]["main"].items()), "kind": "unverified_subscription"}
    account = one_account(settings, "other", {**table, "appid": "wx00000000000000ab"})
    site = {"name": "x", "account": "other", "purposes": {"reset": {"channels": ["template"]}}}
    with pytest.raises(ConfigError) as caught:
        one_site(settings, "club", site, {"other": account})
    assert str(caught.value).startswith("purposes.reset.channels[0]: ")
    with pytest.raises(ConfigError) as caught:
        one_account(settings, "other", {**table, "callback": "plaintext", "allow_plaintext": True})
    assert "安全模式" in str(caught.value)
