"""Clients at run time, rotation of keys, and what operators see."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import jwt
import pytest

from codesvc.config.api_keys import hash_line
from codesvc.domain.clock import unix_ms
from codesvc.domain.oidc_keys import OVERLAP_MS
from codesvc.sites.relying_parties import KeyTooYoung
from codesvc.web.context import SERVICES
from tests.command_line import codesvc
from tests.oidc.parties import CALLBACK, SECRET, SUBJECT_KEY, Browser, pkce, provider, told
from tests.registry.test_admin_api import ADMIN, ADMINS
from tests.registry.test_registry import until
from tests.service.test_admin import ADMIN as OPERATORS
from tests.service.test_admin import signed_in
from tests.world import MASTER

WIKI = {"name": "Moonhill Notes", "redirect_uris": [CALLBACK]}


@pytest.fixture
async def world(new_world):
    async with new_world(**provider(admin__keys=ADMINS)) as made:
        yield made


def admin(world, method, path, body=None, *, key=ADMIN):
    return world.call(method, f"/admin/v1{path}", body, key=key)


async def test_an_app_is_registered_changed_and_removed_while_the_service_runs(world, dump):
    made = await admin(world, "PUT", "/sites/shop/oidc-clients/notes", WIKI)
    assert made.status == 201
    assert made["client"]["settings"]["algorithm"] == "RS256"
    secret, browser = made["client_secret"], Browser(world)
    said = await browser.login(await world.person(), client_id="notes")
    own = {"client_id": "notes", "client_secret": secret}
    assert (await browser.exchange(said["code"], **own)).status == 200
    assert secret not in repr(dump())

    changed = await admin(world, "PUT", "/sites/shop/oidc-clients/notes", WIKI | {"name": "Notes", "pkce": "required"})
    assert (changed.status, changed["client_secret"]) == (200, None)
    assert told(await browser.authorize(client_id="notes"))["error"] == "invalid_request"
    again = await admin(world, "PUT", "/sites/shop/oidc-clients/notes?new_secret=true", WIKI)
    for known in (secret, again["client_secret"]):
        said = await browser.login(await world.person(), client_id="notes")
        assert (await browser.exchange(said["code"], client_id="notes", client_secret=known)).status == 200

    listed = await admin(world, "GET", "/sites/shop/oidc-clients")
    assert listed["issuer"] == f"{world.service}/oidc/shop"
    assert [(each["id"], each["kept"], each["public"]) for each in listed["clients"]] == [
        ("wiki", "file", False),
        ("app", "file", True),
        ("notes", "store", False),
    ]
    assert "sha256" not in listed.text
    said = await browser.login(await world.person(), client_id="notes")
    assert (await admin(world, "DELETE", "/sites/shop/oidc-clients/notes")).status == 204
    assert (await browser.authorize(client_id="notes")).status == 400
    assert (await browser.exchange(said["code"], **own)).status == 401
    lines = (await world.app[SERVICES].auditing.search(site="")).lines
    assert {(line.act, line.detail) for line in lines} >= {
        ("settings.set", "oidc-client/shop/notes"),
        ("settings.removed", "oidc-client/shop/notes"),
    }


@pytest.mark.parametrize("public", [False, True])
async def test_codes_and_tokens_of_a_removed_app_are_worth_nothing_to_the_next_one_of_its_id(world, public):
    """To register an app anew is also how an operator ends a leaked secret at once."""
    path, app = "/sites/shop/oidc-clients/notes", WIKI | ({"public": True} if public else {})
    verifier, challenge = pkce()
    asked = {"client_id": "notes", "code_challenge": challenge, "code_challenge_method": "S256"}

    async def registered(status):
        made = await admin(world, "PUT", path, app)
        assert made.status == status, made.text
        return {"client_id": "notes", "client_secret": made["client_secret"], "code_verifier": verifier}

    async def with_token(own):
        browser = Browser(world)
        answer = await browser.exchange((await browser.login(await world.person(), **asked))["code"], **own)
        assert answer.status == 200, answer.text
        return browser, answer["access_token"]

    own = await registered(201)
    browser, token = await with_token(own)
    assert (await registered(200))["client_secret"] is None
    assert (await browser.userinfo(token)).status == 200, "a change of its settings ends nothing"
    at_hand, confirmed, scanning = Browser(world), Browser(world), Browser(world)
    code = (await at_hand.login(await world.person(), **asked))["code"]
    person, other = await world.person(), await world.person()
    await confirmed.scanned_by(person, await confirmed.authorize(**asked))
    await person.say("确认")
    await scanning.scanned_by(other, await scanning.authorize(**asked))

    assert (await admin(world, "DELETE", path)).status == 204
    assert (await browser.userinfo(token)).status == 401
    own = await registered(201)
    assert (await browser.userinfo(token)).status == 401
    refused = await at_hand.exchange(code, **own)
    assert (refused.status, refused["error"]) == (400, "invalid_grant")
    await other.say("确认")
    for waiting in (confirmed, scanning):
        assert (await waiting.back()).status == 410
    browser, token = await with_token(own)
    assert (await browser.userinfo(token)).status == 200


async def test_what_an_app_in_the_settings_got_goes_with_its_site(world):
    """Such an app has no registration of its own: the next site of the name may set the same id."""
    client = {**WIKI, "id": "wiki", "secrets": [hash_line(SECRET)]}
    site = {"name": "Bar", "account": "main", "oidc": {"clients": [client]}}
    assert (await admin(world, "PUT", "/sites/bar", site)).status == 201
    browser = Browser(world, "bar")
    token = (await browser.exchange((await browser.login(await world.person()))["code"]))["access_token"]
    code = (await browser.login(await world.person()))["code"]
    assert (await browser.userinfo(token)).status == 200
    assert (await admin(world, "DELETE", "/sites/bar")).status == 204
    assert (await admin(world, "PUT", "/sites/bar?again=true", site)).status == 201
    assert (await browser.userinfo(token)).status == 401
    refused = await browser.exchange(code)
    assert (refused.status, refused["error"]) == (400, "invalid_grant")


async def test_a_code_for_an_address_that_was_taken_from_the_app_is_worth_nothing(world):
    path, browser = "/sites/shop/oidc-clients/notes", Browser(world)
    secret = (await admin(world, "PUT", path, WIKI))["client_secret"]
    code = (await browser.login(await world.person(), client_id="notes"))["code"]
    assert (await admin(world, "PUT", path, WIKI | {"redirect_uris": ["https://other.example/callback"]})).status == 200
    refused = await browser.exchange(code, client_id="notes", client_secret=secret)
    assert (refused.status, refused["error"]) == (400, "invalid_grant")


async def test_a_site_that_is_set_up_at_run_time_can_have_an_issuer(world):
    table = {
        "name": "Bar",
        "account": "main",
        "oidc": {"clients": [WIKI | {"id": "notes", "secrets": [hash_line(SECRET)]}]},
    }
    assert (await admin(world, "PUT", "/sites/bar", table)).status == 201
    shown = await admin(world, "GET", "/sites/bar")
    assert "sha256" not in shown.text
    browser = Browser(world, "bar")
    said = await browser.login(await world.person(), client_id="notes")
    assert (await browser.exchange(said["code"], client_id="notes", client_secret=SECRET)).status == 200
    assert (await admin(world, "PUT", "/sites/bar/oidc-clients/more", WIKI)).status == 201
    assert (await admin(world, "DELETE", "/sites/bar")).status == 204
    assert (await browser.get("/oidc/bar/jwks.json")).status == 404
    assert (
        await admin(world, "PUT", "/sites/bar?again=true", {"name": "Bar", "account": "main", "oidc": {}})
    ).status == 201
    assert (await admin(world, "GET", "/sites/bar/oidc-clients"))["clients"] == [], "clients go with their site"


async def test_what_an_app_may_not_be(world):
    for path, body, status in (
        ("/sites/shop/oidc-clients/wiki", WIKI, 409),
        ("/sites/cafe/oidc-clients/notes", WIKI, 409),
        ("/sites/nobody/oidc-clients/notes", WIKI, 404),
        ("/sites/shop/oidc-clients/a.b", WIKI, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"redirect_uris": []}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"redirect_uris": ["https://wiki.example/*"]}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"redirect_uris": ["javascript:alert(1)"]}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"redirect_uris": ["https://wiki.example/#x"]}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"redirect_uris": ["https://a@wiki.example/"]}, 400),
        (
            "/sites/shop/oidc-clients/notes",
            WIKI | {"redirect_uris": ["https://wiki.example,(in).evil.example/"]},
            400,
        ),
        (
            "/sites/shop/oidc-clients/notes",
            WIKI | {"post_logout_redirect_uris": ["https://wiki.example;a/"]},
            400,
        ),
        ("/sites/shop/oidc-clients/notes", WIKI | {"secrets": [hash_line("x")]}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"algorithm": "HS256"}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"algorithm": "none"}, 400),
        ("/sites/shop/oidc-clients/notes", WIKI | {"login_timeout": 10}, 400),
        ("/sites/shop/oidc-clients/notes", {"name": "x"}, 400),
    ):
        assert (await admin(world, "PUT", path, body)).status == status, (path, body)
    assert (await admin(world, "DELETE", "/sites/shop/oidc-clients/notes")).status == 404
    assert (await admin(world, "GET", "/sites/shop/oidc-clients", key="csa_" + "x" * 43)).status == 401


async def test_the_keys_overlap_when_they_are_rotated(world):
    browser, parties = Browser(world), world.app[SERVICES].oidc.parties

    async def kids():
        return [key["kid"] for key in (await browser.get("/oidc/shop/jwks.json")).json["keys"]]

    async def signed():
        said = await browser.login(await world.person())
        tokens = (await browser.exchange(said["code"])).json
        await browser.claims(tokens)
        return jwt.get_unverified_header(tokens["id_token"])["kid"]

    first, second = await kids()
    assert await signed() == first
    await parties.rotate(unix_ms(), by="cli")
    assert (await kids())[:2] == [first, second], "the old key stays, and the next one was published before it signs"
    assert await signed() == second
    # Apps keep the key set for up to a day, so they do not know the next key yet.
    with pytest.raises(KeyTooYoung, match=r"T[0-9:.]+Z"):
        await parties.rotate(unix_ms(), by="cli")
    assert await signed() == second
    await parties.rotate(unix_ms() + OVERLAP_MS, by="cli")
    third = await signed()
    assert third not in {first, second}


async def test_two_processes_share_their_keys(new_world):
    async with new_world(**provider()) as one, new_world(**provider()) as other:
        answers = await asyncio.gather(*(Browser(each).get("/oidc/shop/jwks.json") for each in (one, other)))
        seen = [each for answer in answers for each in answer["keys"]]

        async def alike():
            found = await asyncio.gather(*(Browser(each).get("/oidc/shop/jwks.json") for each in (one, other)))
            return found[0].json == found[1].json

        await until(alike)
        assert len({key["kid"] for key in seen}) == 2


async def counted(world):
    """Logins to the wiki by outcome; other tests in this process count too."""
    metrics = (await world.call("GET", "/metrics", key=ADMIN)).text
    found = re.findall(r'codesvc_oidc_logins_total\{client="wiki",outcome="(\w+)",site="shop"\} ([0-9.]+)', metrics)
    return Counter({outcome: int(float(count)) for outcome, count in found})


async def test_metrics_audit_and_the_operators_page_say_how_apps_fare(world):
    browser, person = Browser(world), await world.person()
    before = await counted(world)
    said = await browser.login(person)
    assert (await browser.exchange(said["code"])).status == 200
    await browser.exchange(said["code"])
    told(await browser.authorize(prompt="none"))
    after = await counted(world)
    assert after - before == {"started": 1, "signed_in": 1, "invalid_grant": 1, "login_required": 1}
    lines = (await world.app[SERVICES].auditing.search(site="shop")).lines
    assert [(line.actor, line.act) for line in lines if line.act.startswith("oidc")] == [
        ("codesvc", "oidc.code_replayed")
    ]


CONFIG = """
mode = "test"
[service]
public_url = "http://127.0.0.1:1"
[store]
url = "{store}"
[secrets]
master_key = "{master}"
[oidc]
subject_key = "{subject}"
[accounts.main]
appid = "wx0123456789abcdef"
name = "茶铺"
secret = "0123456789abcdef0123456789abcdef"
token = "token123"
callback = "plaintext"
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "a", hash = "{hash}", scopes = ["verify"] }}]
oidc = {{}}
"""


async def test_the_commands(store_url, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(store=store_url, master=MASTER, subject=SUBJECT_KEY, hash=hash_line(SECRET)))
    config.chmod(0o600)
    (tmp_path / "wiki.toml").write_text('name = "Moonhill Wiki"\nredirect_uris = ["https://wiki.example/callback"]\n')

    async def run(*words):
        where = ("--config", config) if words != ("secret",) else ()
        status, out, err = await codesvc("oidc", *words, *where, cwd=tmp_path)
        return status, out + err

    status, said = await run("secret")
    assert (status, "sha256:" in said) == (0, True)
    status, said = await run("put", "shop", "wiki", "wiki.toml")
    assert (status, "shown only once" in said) == (0, True), said
    assert re.search(r"issuer +https?://[^\n]+/oidc/shop\n +client id +wiki\n +secret +\S{40,}\n", said), said
    status, said = await run("put", "shop", "wiki", "wiki.toml")
    assert (status, "shown only once" in said) == (0, False), said
    # As the pages of single apps print it: a table on standard input.
    table = (tmp_path / "wiki.toml").read_text()
    status, out, err = await codesvc("oidc", "put", "shop", "wiki", "-", "--config", config, cwd=tmp_path, typed=table)
    assert (status, "client id" in out) == (0, True), err
    status, said = await run("clients")
    assert (status, "https://wiki.example/callback" in said, "sha256" in said) == (0, True, False), said
    status, said = await run("rotate")
    assert (status, said.count("RS256")) == (0, 3), said
    status, said = await run("rotate")
    assert (status, "apps may not have loaded it" in said, "Traceback" in said) == (1, True, False), said
    status, said = await run("remove", "shop", "wiki")
    assert status == 0, said
    status, said = await run("remove", "shop", "wiki")
    assert (status, "has no client wiki" in said) == (1, True)
    written = config.read_text()
    config.write_text(written.replace(SUBJECT_KEY, SUBJECT_KEY[::-1]))
    status, said = await run("rotate")
    assert (status, "put it back" in said) == (1, True)
    # A master key that leaked is replaced in one step, and its successor opens none of the old keys.
    config.write_text(written.replace(MASTER, MASTER[::-1]))
    status, said = await run("rotate")
    assert (status, "oidc-keys/all is encrypted under a master key" in said) == (1, True), said
    status, said = await run("rotate", "--new")
    assert (status, said.count("RS256")) == (0, 2), said
    # Where the keys can be read, `--new` takes none away.
    status, said = await run("rotate", "--new")
    assert (status, said.count("RS256")) == (0, 3), said


async def test_the_operators_page_shows_logins_by_app(new_world):
    async with new_world(**provider(admin=OPERATORS)) as world:
        said = await Browser(world).login(await world.person())
        assert (await Browser(world).exchange(said["code"])).status == 200
        await Browser(world).authorize(prompt="none")
        async with signed_in(world) as operator:
            page = (await operator.get("/admin", **{"Accept-Language": "en"}))[2]
    row = re.search(r'<th scope="row">shop</th><td>wiki</td>(.*?)</tr>', page)[1]
    assert re.findall(r">(\d+)<", row) == ["1", "1", "1"]
