"""Entries of the registry that were written under laxer rules: named, not used, kept, and no harm to the others."""

from __future__ import annotations

import pytest

from codesvc.config import Account, Site, parse
from codesvc.config.structure import options
from codesvc.doctor.binding_state import check
from codesvc.doctor.finding import Status
from codesvc.service.misplaced_bindings import find_misplaced
from codesvc.web.context import SERVICES
from tests.registry.test_admin_api import ACCOUNT, ADMINS, ask
from tests.registry.test_registry import BAR, NEW_KEY, directory_of, key_table, put, until
from tests.service.test_admin import ADMIN, signed_in

OLD_RULE = r"(?<!\d)\d{6}(?!\d)"
"""A rule for codes of Python's engine, which was once taken. RE2 has no look-arounds."""
INBOUND = {"logto": {"adapter": "logto", "secrets": ["a-token-of-ours"], "code_pattern": OLD_RULE}}
GATEWAY = {"signed": {"url": "https://a.example/", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}
RELAY = {"inbound": INBOUND, "gateways": {"a": GATEWAY}, "relay": {"purpose": "register", "sms": "a"}}
_TRIES = 3_000
"""The registry is looked at in the background, beside everything else that the machine does."""
BROKEN = {
    "site__strict": BAR | RELAY,
    "site__old": BAR | {"an_option_that_has_gone": 1},
    "site__bare": {"name": "Bare"} | {"account": "second"},
    "account__second": ACCOUNT | {"kind": "no kind any more"},
    "key__bar__server": key_table(NEW_KEY, "verify", "a scope that has gone"),
    "key__bar__short": {"hash": "short", "scopes": ["verify"]},
    "oidc-client__bar__wiki": {"name": "Wiki", "redirect_uris": ["javascript:alert(1)"]},
}
NAMED = {
    "site/strict", "site/old", "account/second", "key/bar/server", "key/bar/short", "oidc-client/bar/wiki",
}  # fmt: skip


def test_what_breaks_a_rule_does_not_exist_and_the_others_do(tmp_path):
    directory = directory_of(tmp_path, site__bar=BAR, **BROKEN)
    assert sorted(site.name for site in directory.sites.values()) == ["bar", "cafe", "shop"]
    assert sorted(name for name, _ in directory.sites.items()) == ["bar", "cafe", "shop"]
    assert [account.name for account in directory.accounts.values()] == ["main"]
    assert directory.caller(NEW_KEY) is None
    assert directory.key("bar", "short") is None
    for name in ("strict", "old", "bare"):
        assert directory.sites.get(name) is None
    for name in list(directory.kept.texts):
        directory.judge(name)
    assert set(directory.judgement.broken) == NAMED
    assert "code_pattern" in directory.judgement.broken["site/strict"]


def test_judging_takes_no_account_into_use(tmp_path):
    """Tokens are fetched and QR codes made for accounts in use: of ten thousand, few are."""
    directory = directory_of(tmp_path, account__second=ACCOUNT, site__bar=BAR, site__pub=BAR | {"account": "second"})
    for name in list(directory.kept.texts):
        directory.judge(name)
    assert directory.judgement.broken == {}
    assert (directory.accounts.made, directory.sites.made) == ([], [])


def test_a_broken_entry_is_judged_once_however_often_it_is_asked_for(tmp_path, capfd):
    directory = directory_of(tmp_path, **BROKEN)
    for _ in range(50):
        assert directory.sites.get("old") is None
        assert directory.accounts.get("second") is None
        assert directory.caller(NEW_KEY) is None
    said = capfd.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if "registry_entry_unusable" in line]
    assert len(lines) == 3, lines


@pytest.fixture
async def aged(new_world):
    """A service whose registry holds entries that nobody could write today."""
    async with new_world(admin=ADMIN | {"keys": ADMINS}) as world:
        await put(world, site__bar=BAR, **BROKEN)
        yield world


async def named(world):
    return set(world.app[SERVICES].directory.judgement.broken) == NAMED


async def test_the_service_goes_on_and_names_them(capfd, aged):
    said = ""

    async def all_logged():
        nonlocal said
        said += "".join(capfd.readouterr())
        return all(f"entry={entry}" in said for entry in NAMED)

    await until(all_logged, _TRIES)
    assert await named(aged)
    assert (await aged.call("GET", "/readyz", key=None)).status == 200
    assert (await aged.start()).status == 201
    async with signed_in(aged) as operator:
        for page in ("", "/accounts", "/verifications", "/webhooks", "/relay", "/relay.csv"):
            assert (await operator.get(f"/admin{page}"))[0] == 200, page
        overview = (await operator.get("/admin"))[2]
        for entry in NAMED:
            assert entry in overview


@pytest.mark.usefixtures("aged")
async def test_a_start_after_an_update_names_them_too(new_world):
    async with new_world() as again:
        await until(lambda: named(again), _TRIES)
        assert (await again.start()).status == 201


async def test_nothing_is_lost_and_each_can_be_mended_or_removed(aged):
    await until(lambda: named(aged), _TRIES)
    kept = aged.app[SERVICES].directory.kept
    assert set(kept.texts) >= NAMED
    shown = await ask(aged, "GET", "/sites/old")
    assert (shown.status, shown["settings"]["an_option_that_has_gone"]) == (200, 1)
    # A change of something else does not let the old fault through.
    refused = await ask(aged, "PATCH", "/sites/old", {"name": "Old"})
    assert (refused.status, "an_option_that_has_gone" in refused.text) == (400, True), refused.text
    assert (await ask(aged, "PATCH", "/sites/old", {"an_option_that_has_gone": None})).status == 200
    usual = {"inbound": {"logto": {"code_pattern": None}}}
    assert (await ask(aged, "PATCH", "/sites/strict", usual)).status == 200
    assert (await ask(aged, "PATCH", "/accounts/second", {"kind": None})).status == 200
    assert (await ask(aged, "DELETE", "/sites/bar/keys/short")).status == 204
    assert (await ask(aged, "DELETE", "/sites/bar/keys/server")).status == 204
    here = aged.app[SERVICES].directory
    await until(lambda: only(here, {"oidc-client/bar/wiki"}), _TRIES)
    assert {"old", "strict", "bare"} <= {site.name for site in here.sites.values()}


@pytest.mark.parametrize("value", [None, 1, "x", [], [None], {}, {"one": None}, {"one": {"signed": None}}], ids=repr)
async def test_an_entry_of_any_form_can_be_read(new_world, value):
    async with new_world(admin=ADMIN | {"keys": ADMINS}) as world:
        sites = {f"site__s-{n}": BAR | {option: value} for n, option in enumerate(options(Site))}
        accounts = {f"account__a-{n}": ACCOUNT | {option: value} for n, option in enumerate(options(Account))}
        await put(world, **sites, **accounts)
        for entry in (*sites, *accounts):
            kind, _, name = entry.partition("__")
            answer = await ask(world, "GET", f"/{kind}s/{name}")
            assert answer.status == 200, (entry, answer.text)
        for page in ("/sites", "/accounts"):
            assert (await ask(world, "GET", page)).status == 200


async def only(directory, left):
    return set(directory.judgement.broken) == left


async def test_the_doctor_names_them(aged):
    await until(lambda: named(aged), _TRIES)
    here = aged.app[SERVICES]
    directory, store = here.directory, here.store
    assert await find_misplaced(store, directory) == []

    class Place:
        servers, lasting = store.servers, True

    found = await check(here.settings, Place())
    told = {finding.what: finding for finding in found}
    for entry in NAMED:
        assert told[f"registry: {entry}"].status is Status.FAIL
    assert "Nothing was deleted" in told["registry: site/strict"].remedy


async def test_an_account_is_not_changed_so_that_its_sites_break_a_rule(aged):
    """The site would work until the next start, and then be gone."""
    assert (await ask(aged, "PATCH", "/accounts/second", {"kind": None})).status == 200
    purposes = {"register": {"name": "Sign-up", "channels": ["template"]}}
    assert (await ask(aged, "PATCH", "/sites/bare", {"purposes": purposes})).status == 200
    refused = await ask(aged, "PATCH", "/accounts/second", {"kind": "unverified_subscription"})
    assert (refused.status, "would leave the site bare unusable" in refused.text) == (400, True), refused.text
    assert aged.app[SERVICES].directory.sites.get("bare") is not None


def test_the_rule_is_one_that_is_refused_today(tmp_path):
    from codesvc.config import ConfigError
    from tests.world import document

    full = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    full["sites"]["shop"] |= RELAY
    with pytest.raises(ConfigError, match="code_pattern"):
        parse(full, env={}, directory=tmp_path)
