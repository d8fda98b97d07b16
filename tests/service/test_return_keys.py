"""`return_key = true`: a proof from the hosted page is given for what the browser that typed the code brings back."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from tests.people.asks import scan

BACK = "https://shop.example/back?tab=1"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
KEYS = {
    "sites__shop__origins": ["https://shop.example"],
    "sites__shop__purposes": {"reset": {"return_key": True}, "register": {}},
}


@pytest.fixture
async def shop(new_world):
    async with new_world(**KEYS) as world:
        yield world


async def begun(world, purpose="reset", user="victim", **more):
    """A verification of a bound person, and its code."""
    person = await world.bound(user) if purpose == "reset" else await world.person()
    started = await world.start(user, purpose, **{"return_url": BACK} | more)
    await scan(world, person, started)
    return started, await person.code_in_chat()


async def typed(world, started, code, **headers):
    return await world.call(
        "POST", f"/p/{started['page_token']}/check", key=None, data=f"code={code}", headers=FORM | headers
    )


def key_in(address):
    return parse_qs(urlsplit(address.replace("&amp;", "&")).query).get("return_key", [None])[0]


async def read(world, started, key=None):
    return await world.call("GET", f"/v1/verifications/{started['id']}{f'?return_key={key}' if key else ''}")


async def test_the_session_that_began_gets_no_proof_of_what_another_browser_finished(shop):
    """The attack: the attacker began the reset, the victim finishes it on the genuine page that they were sent."""
    started, code = await begun(shop)
    done = await typed(shop, started, code)
    assert (done.status, done.headers["Location"].split("&")[:2]) == (
        303,
        ["https://shop.example/back?tab=1", f"verification={started['id']}"],
    )
    unknown = await read(shop, started)
    assert (unknown["status"], "proof" in unknown.json) == ("approved", False)
    # Nor does the page of the attacker, who has the page token, lead back with the key.
    for path in ("", "/state"):
        page = await shop.page("GET", started, path)
        assert "return_key" not in page.text
    refused = await read(shop, started, "x" * 32)
    assert (refused.status, refused.problem, "proof" in refused.json) == (403, "forbidden", False)
    key = key_in(done.headers["Location"])
    for _ in range(2):  # the site may repeat its call; the proof is spent once
        proof = (await read(shop, started, key))["proof"]
    claims = await shop.call("POST", "/v1/proofs/verify", {"proof": proof})
    assert (claims["sub"], claims["purpose"], claims["basis"]) == ("victim", "reset", "bound")
    assert (await shop.call("POST", "/v1/proofs/verify", {"proof": proof})).status == 410


async def test_the_page_by_script_leads_back_with_it_and_so_does_a_reload(shop):
    started, code = await begun(shop)
    done = await typed(shop, started, code, **{"X-Codesvc-Part": "panel"})
    key = key_in(re.search(r'data-go="([^"]*)"', done.text)[1])
    [cookie] = done.headers.getall("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))
    kept = {"Cookie": cookie.partition(";")[0], "Accept": "text/html"}
    again = await shop.call("GET", f"/p/{started['page_token']}", key=None, headers=kept)
    assert key_in(re.search(r'data-go="([^"]*)"', again.text)[1]) == key
    planted = {"Cookie": cookie.partition("=")[0] + "=" + "y" * 32, "Accept": "text/html"}
    other = await shop.call("GET", f"/p/{started['page_token']}", key=None, headers=planted)
    assert "return_key" not in other.text
    assert (await read(shop, started, key))["proof"]


async def test_the_store_keeps_a_hash_only(shop, store_url):
    started, code = await begun(shop)
    key = key_in((await typed(shop, started, code)).headers["Location"])
    with redis.Redis.from_url(store_url) as valkey:
        kept = b"".join(valkey.dump(name) or b"" for name in valkey.scan_iter(count=1000))
    assert (key.encode() in kept, started["id"].encode() in kept) == (False, True)


async def test_a_wrong_code_makes_no_key(shop):
    started, _ = await begun(shop)
    refused = await typed(shop, started, "000000")
    assert (refused.status, "Set-Cookie" in refused.headers, "return_key" in refused.text) == (422, False, False)


async def test_the_widget_and_the_sites_own_form_take_no_key(shop):
    """Both are in a page of the site, in the browser of its session."""
    for act in ("page", "site"):
        started, code = await begun(shop, user=act)
        if act == "page":
            done = await shop.call("POST", f"/p/{started['page_token']}/check", {"code": code}, key=None)
            assert key_in(done["return_to"]) is None
        else:
            assert (await shop.check(started, code))["proof"]
        assert (await read(shop, started))["proof"]
        # What the site always sends does no harm where there is no key.
        assert (await read(shop, started, "z" * 32))["proof"]


async def test_purposes_without_the_setting_go_on_as_ever(shop):
    started, code = await begun(shop, "register")
    done = await typed(shop, started, code)
    assert done.headers["Location"] == f"{BACK}&verification={started['id']}"
    assert "Set-Cookie" not in done.headers
    assert (await read(shop, started))["proof"]


async def test_without_a_return_url_the_hosted_page_gives_no_proof(shop):
    started, code = await begun(shop, return_url=None)
    assert (await typed(shop, started, code)).status == 303
    assert "proof" not in (await read(shop, started)).json


async def test_a_successor_leads_back_with_its_own_key(shop):
    person = await shop.bound("victim")
    old = await shop.start("victim", "reset", return_url=BACK)
    for _ in range(5):
        await shop.check(old, "000000")
    assert (await shop.call("POST", f"/p/{old['page_token']}/renew", {}, key=None)).status == 200
    new = await shop.call("GET", f"/v1/verifications/{(await shop.get(old))['successor']}")
    await scan(shop, person, new)
    address = (await typed(shop, new, await person.code_in_chat())).headers["Location"]
    assert (f"verification={old['id']}" in address, f"successor={new['id']}" in address) == (True, True)
    assert "proof" not in (await read(shop, new)).json
    assert (await read(shop, new, key_in(address)))["proof"]
