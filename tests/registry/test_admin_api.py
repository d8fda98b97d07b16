"""The admin API: who may, what is refused, what is in force at once, and what nobody reads again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import get_args, get_origin, get_type_hints

import pytest

from codesvc.config import Account, LocalText, Site
from codesvc.config.api_keys import hash_line
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID
from codesvc.store.change_notifier import EVERYBODY
from codesvc.web.context import SERVICES
from tests.registry.test_registry import until
from tests.service.streams import events_of, listening, page_events_of
from tests.world import KEY, document

ADMIN = "csa_" + "a" * 43
READER = "csa_" + "r" * 43
ADMINS = [
    {"name": "provisioning", "hash": hash_line(ADMIN), "scopes": ["read", "sites", "accounts", "keys"]},
    {"name": "dashboard", "hash": hash_line(READER), "scopes": ["read"]},
]
BAR = {"name": {"zh": "酒吧", "en": "Bar"}, "account": "main", "origins": ["https://bar.example"]}
SECRET, TOKEN, AES_KEY = "s3cret" * 5, "token0123456789", "k" * 43
ACCOUNT = {"appid": "wx" + "7" * 16, "name": "第二", "secret": SECRET, "token": TOKEN, "aes_key": AES_KEY}


@pytest.fixture
async def office(new_world):
    async with new_world(admin__keys=ADMINS) as world:
        yield world


def ask(world, method, path, body=None, *, key=ADMIN, **more):
    return world.call(method, f"/admin/v1{path}", body, key=key, **more)


async def a_site(world, name="bar", **more):
    """A new site with one key; the key."""
    assert (await ask(world, "PUT", f"/sites/{name}", BAR | more)).status == 201
    made = await ask(world, "PUT", f"/sites/{name}/keys/server", {"scopes": ["verify", "bindings"]})
    assert made.status == 201, made.text
    return made["key"]


CALLS = [
    ("GET", "/sites", "read"),
    ("GET", "/sites/shop", "read"),
    ("PUT", "/sites/bar", "sites"),
    ("PATCH", "/sites/bar", "sites"),
    ("DELETE", "/sites/bar", "sites"),
    ("GET", "/accounts", "read"),
    ("GET", "/accounts/main", "read"),
    ("PUT", "/accounts/second", "accounts"),
    ("PATCH", "/accounts/second", "accounts"),
    ("DELETE", "/accounts/second", "accounts"),
    ("GET", "/sites/shop/keys", "read"),
    ("PUT", "/sites/shop/keys/new", "keys"),
    ("DELETE", "/sites/shop/keys/new", "keys"),
]


async def test_every_call_wants_an_admin_key_and_its_own_scope(new_world, dump):
    keys = {scope: f"csa_{scope[0] * 43}" for scope in ("read", "sites", "accounts", "keys")}
    admins = [{"name": s, "hash": hash_line(key), "scopes": [s]} for s, key in keys.items()]
    async with new_world(admin__keys=admins) as world:
        before = dump()
        for method, path, wanted in CALLS:
            for key in (None, KEY, keys[wanted][:-1], ""):
                answer = await ask(world, method, path, {}, key=key)
                assert (answer.status, answer.problem) == (401, "unauthenticated"), (method, path, key)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            for scope, key in keys.items():
                answer = await ask(world, method, path, {}, key=key)
                assert (answer.status == 403) is (scope != wanted), (method, path, scope, answer.text)
        assert {k: v for k, v in dump().items() if "registry" in k} == {
            k: v for k, v in before.items() if "registry" in k
        }
        for key in keys.values():
            assert (await world.start(key=key)).problem == "unauthenticated", "no site's key"


async def test_without_an_admin_key_in_the_configuration_nobody_gets_in(world):
    for key in (ADMIN, KEY, "", None):
        assert (await ask(world, "GET", "/sites", key=key)).problem == "unauthenticated"


async def test_a_site_from_nothing_to_its_end(office):
    key = await a_site(office)
    started = await office.start(key=key, return_url="https://bar.example/back")
    assert started.status == 201
    read = await ask(office, "GET", "/sites/bar")
    assert read.json == {"name": "bar", "kept": "store", "settings": BAR, "secrets": []}
    changed = await ask(office, "PATCH", "/sites/bar", {"purposes": {"reset": {"code_length": 8}}, "origins": None})
    assert changed["settings"] == {"name": BAR["name"], "account": "main", "purposes": {"reset": {"code_length": 8}}}
    reset = await office.start("alice", "reset", key=key)
    assert (await office.page("GET", reset, "/state"))["code_length"] == 8
    assert (await office.start(key=key, return_url="https://bar.example/back")).problem == "invalid"
    assert (await ask(office, "PUT", "/sites/bar", BAR)).status == 200
    assert (await ask(office, "DELETE", "/sites/bar")).status == 204
    assert (await office.start(key=key)).problem == "unauthenticated"
    assert (await ask(office, "GET", "/sites/bar")).problem == "not-found"
    assert (await ask(office, "DELETE", "/sites/bar")).problem == "not-found"


async def test_a_removed_sites_name_is_not_given_away_with_its_bindings(office):
    key = await a_site(office)
    approved = await office.approved(key=key)
    assert (await office.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]}, key=key)).status == 201
    await ask(office, "DELETE", "/sites/bar")
    refused = await ask(office, "PUT", "/sites/bar", BAR)
    assert (refused.status, refused.problem) == (409, "registry-conflict")
    assert (await ask(office, "PUT", "/sites/bar?again=true", BAR)).status == 201
    assert (await ask(office, "GET", "/sites/bar/keys"))["keys"] == [], "its keys are gone all the same"
    key = (await ask(office, "PUT", "/sites/bar/keys/next", {"scopes": ["bindings"]}))["key"]
    assert (await office.call("GET", "/v1/bindings/alice", key=key)).status == 200


async def test_the_files_own_is_changed_in_the_file(office):
    for method, path, body in (
        ("PUT", "/sites/shop", BAR),
        ("PATCH", "/sites/shop", {"origins": []}),
        ("DELETE", "/sites/shop", None),
        ("PUT", "/accounts/main", ACCOUNT),
        ("PATCH", "/accounts/main", {"name": "x"}),
        ("DELETE", "/accounts/main", None),
        ("DELETE", "/sites/shop/keys/server", None),
        ("PUT", "/sites/shop/keys/server", {"scopes": ["verify"]}),
    ):
        answer = await ask(office, method, path, body)
        assert (answer.status, answer.problem) == (409, "registry-conflict"), (method, path)
    assert (await ask(office, "GET", "/sites/shop")).json == {
        "name": "shop",
        "kept": "file",
        "settings": None,
        "secrets": [],
    }
    assert (await office.start()).status == 201


async def test_a_site_of_the_file_gets_keys_too(office):
    made = await ask(office, "PUT", "/sites/shop/keys/second", {"scopes": ["verify"]})
    assert made["key"].startswith("csk_shop_")
    assert (await office.start(key=made["key"])).status == 201
    refused = await office.call("GET", "/v1/bindings/alice", key=made["key"])
    assert (refused.problem, refused["scope"]) == ("forbidden", "bindings")
    assert (await ask(office, "DELETE", "/sites/shop/keys/second")).status == 204
    assert (await office.start(key=made["key"])).problem == "unauthenticated"
    assert (await office.start()).status == 201


async def test_a_stream_shows_nothing_more_once_its_key_was_removed(office):
    second = (await ask(office, "PUT", "/sites/shop/keys/second", {"scopes": ["verify"]}))["key"]
    started = await office.start()
    path = f"/v1/verifications/{started['id']}/events"
    async with listening(office, path, key=second) as removed, listening(office, path) as kept:
        assert (await removed.next())["status"] == (await kept.next())["status"] == "pending"
        assert (await ask(office, "DELETE", "/sites/shop/keys/second")).status == 204
        assert (await office.cancel(started)).status == 200
        assert await removed.next() is None
        assert (await kept.next())["status"] == "canceled"


@pytest.mark.parametrize(
    ("start", "scope"), [("/verifications", "verify"), ("/bind-intents", "bindings"), ("/logins", "verify")]
)
@pytest.mark.parametrize(("site", "keeps_scope"), [("shop", False), ("bar", True)])
async def test_a_stream_ends_once_its_key_could_not_open_it_again(office, start, scope, site, keeps_scope):
    await a_site(office)
    every = {"verify", "bindings"}
    key = (await ask(office, "PUT", "/sites/shop/keys/second", {"scopes": sorted(every)}))["key"]
    bodies = {
        "/verifications": {"purpose": "register", "user": "u-1", "client_ip": "192.0.2.1"},
        "/bind-intents": {"user": "u-1", "client_ip": "192.0.2.1"},
        "/logins": {"client_ip": "192.0.2.1"},
    }
    started = await office.call("POST", f"/v1{start}", bodies[start], key=key)
    assert started.status == 201, started.text
    path = f"/v1{start}/{started['id']}"
    async with listening(office, f"{path}/events", key=key) as changed, listening(office, f"{path}/events") as kept:
        await changed.next()
        await kept.next()
        assert (await ask(office, "DELETE", "/sites/shop/keys/second")).status == 204
        again = {"scopes": sorted(every if keeps_scope else every - {scope}), "hash": hash_line(key)}
        assert (await ask(office, "PUT", f"/sites/{site}/keys/second", again)).status == 201
        assert (await office.call("GET", path, key=key)).status == (404 if keeps_scope else 403)
        assert (await office.call("POST", f"{path}/cancel", {})).status == 200
        assert await changed.next() is None
        assert (await kept.next())["status"] == "canceled"


async def test_streams_end_once_their_site_is_made_anew_at_another_account(office):
    key = await a_site(office)
    assert (await ask(office, "PUT", "/accounts/second", ACCOUNT)).status == 201
    started = await office.start(key=key)
    path = f"/v1/verifications/{started['id']}"
    async with listening(office, f"{path}/events", key=key) as one, page_events_of(office, started) as page:
        for each in (one, page):
            await each.next()
        assert (await ask(office, "DELETE", "/sites/bar")).status == 204
        assert (await ask(office, "PUT", "/sites/bar?again=true", BAR | {"account": "second"})).status == 201
        same = {"scopes": ["verify"], "hash": hash_line(key)}
        assert (await ask(office, "PUT", "/sites/bar/keys/server", same)).status == 201
        assert (await office.get(started, key=key)).status == 404
        office.app[SERVICES].change_notifier.wake(EVERYBODY)
        assert await one.next() is None
        assert await page.next() is None


async def test_streams_of_a_removed_site_end(office, capfd):
    key = await a_site(office)
    started, other = await office.start(key=key), await office.start()
    path = f"/v1/verifications/{started['id']}/events"
    async with (
        listening(office, path, key=key) as one,
        page_events_of(office, started) as page,
        events_of(office, other) as kept,
    ):
        for each in (one, page, kept):
            await each.next()
        assert (await ask(office, "DELETE", "/sites/bar")).status == 204
        office.app[SERVICES].change_notifier.wake(EVERYBODY)
        assert await one.next() is None
        assert await page.next() is None
        await office.cancel(other)
        assert (await kept.next())["status"] == "canceled"
    assert "stream_failed" not in "".join(capfd.readouterr())


async def test_a_key_is_shown_once_and_kept_as_its_hash(office, dump, capfd):
    key = await a_site(office)
    own = "csk_bar_" + "w" * 43
    given = await ask(office, "PUT", "/sites/bar/keys/own", {"scopes": ["verify"], "hash": hash_line(own)})
    assert (given.status, given["key"]) == (201, None)
    assert (await office.start(key=own)).status == 201
    listed = await ask(office, "GET", "/sites/bar/keys", key=READER)
    assert [(k["name"], k["scopes"], k["kept"]) for k in listed["keys"]] == [
        ("own", ["verify"], "store"),
        ("server", ["bindings", "verify"], "store"),
    ]
    assert all(k["last_used_at"] is None or k["last_used_at"].startswith("20") for k in listed["keys"])
    for line in (own, {"scopes": ["verify"], "hash": hash_line(own)}):
        again = await ask(office, "PUT", "/sites/shop/keys/stolen", line if isinstance(line, dict) else None)
        assert again.status in {400, 409}
    admins = await ask(office, "PUT", "/sites/bar/keys/x", {"scopes": ["verify"], "hash": hash_line(ADMIN)})
    assert admins.problem == "registry-conflict"
    everything = repr(dump()) + listed.text + "".join(capfd.readouterr())
    for secret in (key, own, ADMIN):
        assert secret not in everything


async def test_secrets_are_encrypted_and_nobody_reads_them_again(office, dump, capfd):
    assert (await ask(office, "PUT", "/accounts/second", ACCOUNT)).status == 201
    hook = {"url": "https://hooks.example/x", "secrets": ["whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    site = await ask(office, "PUT", "/sites/bar", BAR | {"account": "second", "webhook": hook})
    assert site.status == 201, site.text
    answers = [
        site,
        await ask(office, "GET", "/accounts/second"),
        await ask(office, "PATCH", "/accounts/second", {"name": "新名"}),
        await ask(office, "PATCH", "/accounts/second", {"secret": "!"}),
        await ask(office, "GET", "/sites/bar"),
    ]
    assert answers[1]["secrets"] == ["aes_key", "secret", "token"]
    assert answers[1]["settings"] == {"appid": ACCOUNT["appid"], "name": "第二"}
    assert answers[2]["settings"]["name"] == "新名"
    assert answers[4]["secrets"] == ["webhook.secrets"]
    everything = repr(dump()) + "".join(answer.text for answer in answers)
    everything += "".join(capfd.readouterr())
    for secret in (SECRET, TOKEN, AES_KEY, hook["secrets"][0]):
        assert secret not in everything


async def test_keys_that_stand_in_addresses_headers_and_fields_are_not_shown(office):
    """Receivers and gateways take keys there too, and a key of scope read is no reason to see them."""
    hook = {"url": "https://hooks.example/x?token=key-1", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    shaped = {
        "url": "https://sms.example/send?key=key-2",
        "fields": {"mobile": "{to_national}", "msg.text": "code {code}", "password": "key-3"},
        "headers": {"X-Key": "key-4"},
        "authorization": "key-5",
    }
    signed = {"url": "https://sms.example/", "secrets": hook["secrets"], "headers": {"X-Key": "key-6"}}
    settings = {"webhook": hook, "relay": {"sms": "a", "purpose": "reset"}}
    gateways = {"a": {"shaped": shaped}, "b": {"signed": signed}}
    put = await ask(office, "PUT", "/sites/bar", BAR | settings | {"gateways": gateways})
    assert put.status == 201, put.text
    patched = await ask(office, "PATCH", "/sites/bar", {"name": "新名"})
    seen = await ask(office, "GET", "/sites/bar")
    assert "key-" not in put.text + patched.text + seen.text
    shown = seen["settings"]
    assert shown["webhook"]["url"] == "https://hooks.example/x?…"
    assert shown["gateways"]["a"]["shaped"] == {
        "url": "https://sms.example/send?…",
        "fields": {"mobile": "{to_national}", "msg.text": "…{code}", "password": "…"},
        "headers": {"X-Key": "…"},
    }
    assert shown["gateways"]["b"]["signed"] == {"url": "https://sms.example/", "headers": {"X-Key": "…"}}
    account = ACCOUNT | {"token_source": "https://tokens.example/get?key=key-7"}
    assert (await ask(office, "PUT", "/accounts/second", account)).status == 201
    source = (await ask(office, "GET", "/accounts/second"))["settings"]["token_source"]
    assert source == "https://tokens.example/get?…"
    # What is shown is no setting: the parts that stand for hidden ones are refused.
    again = await ask(office, "PUT", "/sites/bar", {**BAR, "webhook": {**hook, "url": shown["webhook"]["url"]}})
    assert again.status == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_table_that_is_nested_deeply_is_no_fault_of_the_program(office, method):
    """Tables that could just be read, some 940 in one another, were too deep for what judges them."""
    await a_site(office)
    for depth in (17, *range(900, 1000)):
        text = '{"a":' * depth + "1" + "}" * depth
        sent = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}
        address = f"{office.service}/admin/v1/sites/bar"
        async with office.http.request(method, address, data=text.encode(), headers=sent) as answer:
            assert (answer.status, (await answer.json())["type"].rpartition("/")[2]) == (400, "malformed"), depth


async def test_a_whole_account_at_run_time(office):
    """A second account on the sandbox, set up over HTTP in both places: its callback answers, its pushes arrive."""
    sandboxed = await office.control("POST", "/accounts", {"callback_url": f"{office.service}/wechat/second"})
    settings = {
        **document(office.service, office.sandbox)["accounts"]["main"],
        "appid": sandboxed["appid"],
        "name": sandboxed["name"],
        "secret": sandboxed["secret"],
        "token": sandboxed["token"],
        "aes_key": sandboxed["aes_key"],
        "messages": {"code": {"template_id": CATEGORY_TEMPLATE_ID}},
    }
    settings.pop("original_id")
    made = await ask(office, "PUT", "/accounts/second", settings)
    assert made.status == 201, made.text
    key = await a_site(office, account="second")
    person = (await office.control("POST", "/users", {"account": sandboxed["appid"]}))["openid"]
    await office.control("POST", f"/users/{person}/follow")
    started = await office.start(key=key)
    await office.control("POST", f"/users/{person}/send", {"text": started["scan"]["keyword"]})
    said = await office.control("GET", f"/users/{person}/messages")
    code = next(line for m in said["messages"] for line in m.get("content", "").splitlines() if line.isdigit())
    approved = await office.check(started, code, key=key)
    assert approved["status"] == "approved", approved.text
    assert (await office.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]}, key=key)).status == 201
    reset = await office.start("alice", "reset", key=key)

    async def pushed():
        found = (await office.control("GET", f"/users/{person}/messages"))["messages"]
        return any(m["type"] == "template" for m in found)

    # The stream of a partition that no account had before is read too.
    await until(pushed, tries=400)
    assert (await ask(office, "DELETE", "/accounts/second")).problem == "registry-conflict", "it has a site"
    moved = await ask(office, "PATCH", "/sites/bar", {"account": "main"})
    assert moved.problem == "registry-conflict", "its bindings lie with the other account"
    assert (await office.get(reset, key=key)).status == 200


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/sites/bar", BAR | {"colour": 1}, "/colour"),
        ("/sites/bar", BAR | {"account": "nowhere"}, "/account"),
        ("/sites/bar", BAR | {"keys": []}, "/keys"),
        ("/sites/bar", BAR | {"purposes": {"reset": {"code_length": 3}}}, "/purposes/reset/code_length"),
        ("/sites/bar", BAR | {"purposes": {"a/b~": {}}}, "/purposes/a~1b~0"),
        ("/sites/bar", BAR | {"limits": {"site_starts": ["1/fortnight"]}}, "/limits/site_starts"),
        ("/sites/bar", BAR | {"chat": {"bind_url": "https://evil.example/"}}, "/chat/bind_url"),
        ("/sites/bar", {"account": "main"}, "/name"),
        ("/sites/bar", BAR | {"name": None}, "/name"),
        ("/sites/bar", [], ""),
        ("/sites/Bar", BAR, ""),
        ("/accounts/second", ACCOUNT | {"secret_file": "/etc/passwd"}, "/secret_file"),
        ("/accounts/second", {k: v for k, v in ACCOUNT.items() if k != "secret"}, "/secret"),
        ("/accounts/second", ACCOUNT | {"api_url": "ftp://x"}, "/api_url"),
        ("/accounts/second", ACCOUNT | {"aes_key": "short"}, "/aes_key"),
        (
            "/accounts/second",
            ACCOUNT | {"messages": {"code": {"template_id": "x", "fields": {"thing1": "{{ cycler.__init__ }}"}}}},
            "/messages",
        ),
        (
            "/accounts/second",
            ACCOUNT | {"messages": {"code": {"template_id": "x", "fields": "../../secret.toml"}}},
            "/messages/code/fields",
        ),
        (
            "/accounts/second",
            ACCOUNT | {"messages": {"code": {"template_id": "x", "fields": {"first": "{{ code }}"}}}},
            "/messages",
        ),
        ("/accounts/second", ACCOUNT | {"name": "第\u202e二"}, "/name"),
        ("/sites/second", {"name": '<a href="https://evil.example">店</a>', "account": "main"}, "/name"),
        ("/sites/second", {"name": {"zh": "店", "en": "Shop\x07"}, "account": "main"}, "/name"),
        ("/sites/shop/keys/x", {"scopes": ["root"]}, "/scopes/0"),
        ("/sites/shop/keys/x", {"scopes": []}, "/scopes"),
        ("/sites/shop/keys/x", {"scopes": ["verify"], "hash": "sha256:0"}, "/hash"),
        ("/sites/shop/keys/X%20Y", {"scopes": ["verify"]}, ""),
    ],
)
async def test_what_the_file_would_refuse_is_refused_by_name(office, path, body, pointer):
    answer = await ask(office, "PUT", path, body)
    assert (answer.status, answer.problem) == (400, "invalid"), answer.text
    assert pointer in {error["pointer"] for error in answer["errors"]}, answer.text
    assert (await ask(office, "GET", path.partition("/keys")[0])).status == (200 if "shop" in path else 404)


async def test_an_entry_does_not_grow_without_an_end_by_changes_in_part(office):
    """Each change is as small as a request may be, and has no list with more than its bound."""
    await a_site(office)
    for number in range(8):
        gateway = {"shaped": {"url": "https://x.example/", "fields": {"to": "{to}"}, "success_value": "x" * 60_000}}
        answer = await ask(office, "PATCH", "/sites/bar", {"gateways": {f"g{number}": gateway}})
        if answer.status != 200:
            break
    assert (number, answer.status, answer.problem) == (4, 400, "invalid"), answer.text
    assert "more than 262144 characters" in answer.text
    many = {f"p{number}": {} for number in range(49)}
    answer = await ask(office, "PATCH", "/sites/bar", {"purposes": many})
    assert (answer.status, answer["errors"][0]["pointer"]) == (400, "/purposes"), answer.text
    assert "more than 50 entries" in answer.text
    assert len((await ask(office, "GET", "/sites/bar"))["settings"]["gateways"]) == 4


def tables_of(cls, *path):
    """The paths of all options that are tables, at any depth; "one" is a table whose name is of one's own choice."""
    for name, hint in get_type_hints(cls).items():
        here, kinds = (*path, name), [hint, *get_args(hint)] if get_origin(hint) is not tuple else []
        named = next((kind for kind in kinds if get_origin(kind) is Mapping), None)
        if named is not None:
            yield here
            here, kinds = (*here, "one"), get_args(named)
        for kind in kinds:
            if is_dataclass(kind) and kind is not LocalText:
                yield here
                yield from tables_of(kind, *here)


TABLES = {"/sites/bar": set(tables_of(Site)), "/accounts/second": set(tables_of(Account))}


def test_tables_are_found_at_any_depth():
    assert {("webhook",), ("oidc",), ("gateways", "one", "signed"), ("brand",)} <= TABLES["/sites/bar"]
    assert ("messages", "one") in TABLES["/accounts/second"]


async def test_null_is_no_table(office):
    for place, body in (("/sites/bar", BAR), ("/accounts/second", ACCOUNT)):
        for path in sorted(TABLES[place]):
            inner = None
            for step in reversed(path):
                inner = {step: inner}
            answer = await ask(office, "PUT", place, body | inner)
            assert (answer.status, answer.problem) == (400, "invalid"), (path, answer.text)
            told = {error["pointer"]: error["detail"] for error in answer["errors"]}
            assert "not null" in told["/" + "/".join(path)], (path, told)
            assert (await ask(office, "GET", place)).status == 404


async def test_the_same_appid_twice_is_refused(office):
    taken = document("x", "y")["accounts"]["main"]["appid"]
    answer = await ask(office, "PUT", "/accounts/second", ACCOUNT | {"appid": taken})
    assert answer["errors"][0]["pointer"] == "/appid"
    assert (await ask(office, "PUT", "/accounts/second", ACCOUNT)).status == 201
    answer = await ask(office, "PUT", "/accounts/third", ACCOUNT)
    assert answer["errors"] == [{"pointer": "/appid", "detail": "is the appid of the account second"}]


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff", b'{"name": 1e999}', b'"x"', b"null"])
async def test_hostile_bodies(office, data):
    for path in ("/sites/bar", "/accounts/second", "/sites/shop/keys/x"):
        for method in ("PUT", "PATCH"):
            answer = await ask(office, method, path, data=data, headers={"Content-Type": "application/json"})
            assert answer.status in {400, 404, 405, 413}, answer.text


async def test_lists_go_on_where_they_ended(office):
    for number in range(5):
        await ask(office, "PUT", f"/sites/s{number}", BAR)
    first = await ask(office, "GET", "/sites?limit=3", key=READER)
    assert first.json == {"names": ["cafe", "s0", "s1"], "next": "s1"}
    rest = await ask(office, "GET", "/sites?limit=100&after=s1", key=READER)
    assert rest.json == {"names": ["s2", "s3", "s4", "shop"], "next": None}
    assert (await ask(office, "GET", "/accounts", key=READER)).json == {"names": ["main"], "next": None}
    for query in ("limit=0", "limit=1001", "limit=x", "limit=٣", "colour=1"):
        assert (await ask(office, "GET", f"/sites?{query}")).problem == "invalid"


async def test_keys_are_replaced_without_a_gap(new_world):
    async with new_world(admin__keys=ADMINS) as one, new_world(admin__keys=ADMINS) as other:
        old = await a_site(one)

        def good(world, key, status=201):
            async def asked():
                return (await world.start(key=key)).status == status

            return asked

        await until(good(other, old))
        new = (await ask(other, "PUT", "/sites/bar/keys/2027", {"scopes": ["verify"]}))["key"]
        for world in (one, other):
            await until(good(world, new))
            assert (await world.start(key=old)).status == 201
        await ask(one, "DELETE", "/sites/bar/keys/server")
        for world in (one, other):
            await until(good(world, old, 401))
            assert (await world.start(key=new)).status == 201


async def test_many_at_once_all_happen(office):
    answers = await asyncio.gather(*(ask(office, "PUT", f"/sites/m{number}", BAR) for number in range(20)))
    assert {answer.status for answer in answers} <= {201, 503}
    made = sum(answer.status == 201 for answer in answers)
    listed = await ask(office, "GET", "/sites?limit=1000")
    assert len(listed["names"]) == 2 + made
    assert made == 20


async def test_the_audit_log_says_who_did_it(office, valkey):
    await a_site(office)
    await ask(office, "DELETE", "/sites/bar")
    lines = [line for key in valkey.scan_iter("*:audit") for _, line in valkey.xrange(key)]
    told = [json.loads(line[b"line"]) for line in lines]
    ours = [(line["actor"], line["act"], line["detail"]) for line in told if line["act"].startswith("settings")]
    assert sorted(ours) == [
        ("admin-key:provisioning", "settings.removed", "key/bar/server"),
        ("admin-key:provisioning", "settings.removed", "site/bar"),
        ("admin-key:provisioning", "settings.set", "key/bar/server"),
        ("admin-key:provisioning", "settings.set", "removed/bar"),
        ("admin-key:provisioning", "settings.set", "site/bar"),
    ]


async def test_admin_keys_fill_no_more_of_the_store_than_they_may(office):
    registry = office.app[SERVICES].registry
    await a_site(office)
    size = sum(map(len, office.app[SERVICES].directory.kept.texts.values()))
    registry.most_bytes = 2 * size
    assert size < 2_048
    assert (await ask(office, "PUT", "/sites/tea", BAR)).status == 201
    more = [f"https://b{number}.example" for number in range(50)]
    for method, path, body in (
        ("PUT", "/sites/wine", BAR | {"origins": more}),
        ("PATCH", "/sites/tea", {"origins": more}),
    ):
        refused = await ask(office, method, path, body)
        assert (refused.status, refused.problem) == (409, "registry-conflict")
        assert "all entries together" in refused["detail"]
    # What is there stays of use: it may be made shorter, and go.
    registry.most_bytes = 0
    assert (await ask(office, "PATCH", "/sites/tea", {"origins": []})).status == 200
    assert (await ask(office, "DELETE", "/sites/tea")).status == 204
    assert (await ask(office, "DELETE", "/sites/bar/keys/server")).status == 204
    assert (await office.app[SERVICES].administration.put("site", "beer", BAR, by="cli")) is True
