"""After a person's data is erased nothing in the store names them, whatever kind of key it was in."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from codesvc.service.personal_data import Erased, PersonalData
from codesvc.store.key_patterns import place_of
from codesvc.store.personal_traces import Person, claim_of, readable
from codesvc.web.context import SERVICES
from tests.people.asks import bind_by_scan, bind_intent, login, reply, scan
from tests.people.browsers import WITH_CHAT, browser
from tests.people.test_tickets import arrive, link_for
from tests.stores import contents, until
from tests.webhooks.receiver import hook, receiving

USER = "alice.0001@example.com"
TABLE = Path(__file__).parents[2] / "docs" / "en" / "stored-data.md"
MASKED = {"audit"}


def personal_kinds():
    """The kinds of keys that the documentation says a user or an openid is in."""
    rows = re.findall(r"^\| `([a-z-]+)` \|[^|]*\|([^|]*)\|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {kind for kind, personal in rows if re.search(r"\b(user|users|openid)\b(?!, encrypted)", personal)} - MASKED


def naming(client, *texts):
    """The keys that name one of these, by kind."""
    found = {}
    for key, value in contents(client).items():
        if any(text in key + value for text in texts):
            found.setdefault(place_of(key)[1], []).append(key)
    return found


def data_of(world):
    here = world.app[SERVICES]
    return PersonalData(here.store, here.directory.sites["shop"])


async def erase(world, user=USER):
    data = data_of(world)
    return await data.erase(await data.person(user))


def pack(fields):
    return msgspec.msgpack.encode([fields])


def seed(client, keys, openid):
    """What only unusual sites have, in the form in which the scripts write it."""
    about = {"site": "shop", "user": USER, "status": "open"}
    texts = {
        keys.login_code("shop", "n"): f"mark 1 2 {openid}",
        keys.oidc_first(openid): openid,
        keys.unknown(openid): "1",
        keys.gone(openid): "1",
        keys.muted(openid): "1",
        f"{keys.account}disowned:{openid}": "1",
        keys.moving(openid): "bi_1",
        keys.message("m_1"): pack(about | {"user": "other", "alias": USER, "sent_to": ""}),
        keys.sealed("m_1"): b"sealed",
        keys.intent("lg_1"): pack({"site": "shop", "user": "", "choices": f"other {USER}"}),
        f"{keys.root}asked-again:shop:{USER}": "1",
    }
    for name, value in texts.items():
        client.set(name, value, ex=600)
    hashes = {
        keys.oidc_code("shop", "d"): {"user": USER, "first": openid},
        keys.oidc_token("shop", "d"): {"content": json.dumps({"user": USER, "sub": "x"})},
        keys.notice("nt_1"): {"openid": "other", "about": json.dumps({"site": "shop", "user": USER})},
        keys.visit("b", "ti_1"): {"openid": openid, "unionid": "u"},
    }
    for name, fields in hashes.items():
        client.hset(name, mapping=fields)
        client.expire(name, 600)
    long = [
        keys.recent(openid).replace("recent", "long-recent"),
        keys.lately("shop", USER).replace("user", "long-user"),
    ]
    for name in (*long, keys.live("shop", "reset", "-", USER)):
        client.rpush(name, "1")
        client.expire(name, 600)
    client.zadd(keys.leavers, {openid: 1})
    sent = f"{keys.account}sent:{openid}"
    client.zadd(sent, {"1": 1})
    client.expire(sent, 600)


@pytest.fixture
async def receiver():
    async with receiving() as made:
        yield made


async def test_nothing_names_a_person_after_their_data_was_erased(new_world, receiver, valkey):
    async with new_world(**WITH_CHAT, sites__shop__webhook=hook(receiver)) as world:
        keys = world.app[SERVICES].directory.sites["shop"].store_keys
        earlier, person, bob = await world.person(), await world.person(), await world.person()
        await bind_by_scan(world, "bob", bob)
        await bind_by_scan(world, USER, earlier)
        assert (await world.call("DELETE", f"/v1/bindings/{USER}")).status == 204
        await bind_by_scan(world, USER, person)
        await receiver.of("binding.created", 3)
        started = await world.start(USER, metadata={"mail": USER}, headers={"Idempotency-Key": "k"})
        await person.wait_for_push()
        await world.check(started, "000000")
        await scan(world, await world.person(), await bind_intent(world, USER))
        await scan(world, person, await login(world))
        await arrive(person, await link_for(person, "重置密码"))
        async with browser() as elsewhere:
            await elsewhere.show_digits(await link_for(person, "重置密码"))
        await reply(person, "你好")
        seed(valkey, keys, person.openid)
        receiver.answers = [500] * 100
        assert (await world.start(USER, "reset")).status == 201
        await world.call("PUT", f"/v1/bindings/{USER}", {"openid": person.openid, "display": "New name"})

        named = naming(valkey, USER, person.openid)
        assert named.keys() == personal_kinds()
        before = naming(valkey, "bob", bob.openid)

        erased = await erase(world)
        assert erased.entries > 20
        left = naming(valkey, USER, person.openid)
        assert {kind: len(names) for kind, names in left.items()} == {"webhook": erased.waiting}
        assert valkey.exists(keys.sealed("m_1")) == 0
        # The next erasing finds nothing but what waits, and nothing of another person is gone.
        assert await erase(world) == Erased(0, erased.waiting)
        after = naming(valkey, "bob", bob.openid)
        assert {name for names in before.values() for name in names} <= {n for names in after.values() for n in names}

        receiver.answers = []
        for name in left["webhook"]:
            assert (await world.call("POST", f"/v1/webhooks/deliveries/{name.rpartition(':')[2]}/resend")).status == 200
        await until(lambda: not naming(valkey, USER))
        listed = (await world.call("GET", "/v1/webhooks/deliveries")).text
        assert USER not in listed
        assert await erase(world) == Erased(0, 0)


RECORD = [None, "shop", "7", "register", "-", '{"metadata":{"user":"1","site":"shop"}}']


@pytest.mark.parametrize(
    ("name", "value", "theirs"),
    [
        ("cs:{p01}:vf:k", msgspec.msgpack.encode(RECORD), False),
        ("cs:{p01}:vf:k", msgspec.msgpack.encode([None, "shop", "1", "register"]), True),
        ("cs:{p01}:vf:k", msgspec.msgpack.encode([{"disarmed": "1"}, "shop", "7", "register"]), False),
        ("cs:{p01}:vf:k", msgspec.msgpack.encode([None, "club", "1", "register"]), False),
        ("cs:{p01}:webhook:shop:e", {b"attempts": b"1", b"facts": b'{"user":"7","attempts_left":"1"}'}, False),
        ("cs:{p01}:webhook:shop:e", {b"facts": json.dumps({"user": "7", "fixed": RECORD[-1]}).encode()}, False),
        ("cs:{p01}:webhook:shop:e", {b"attempts": b"7", b"facts": b'{"user":"1"}'}, True),
        ("cs:{p01}:webhook:club:e", {b"facts": b'{"user":"1"}'}, False),
        ("cs:{p01}:intent:e", pack({"site": "shop", "user": "7", "replace": "1", "confirm": "1"}), False),
        ("cs:{p01}:intent:e", pack({"site": "shop", "user": "", "choices": "11 12"}), False),
        ("cs:{p01}:intent:e", pack({"site": "shop", "user": "", "choices": "11 1"}), True),
        ("cs:{p01}:ticket:e", pack({"site": "shop", "user": "7", "tries_left": "1"}), False),
        ("cs:{p01}:message:e", pack({"site": "shop", "user": "7", "number": "1"}), False),
        ("cs:{p01}:notice:e", {b"openid": b"o9", b"about": b'{"site":"shop","user":"7","now":"1"}'}, False),
        ("cs:{p01}:oidc-code:shop:e", {b"user": b"7", b"claimed": b"1"}, False),
        ("cs:{p01}:history:shop:7", [b'{"by":"1"}'], False),
        ("cs:{p01}:wx0123456789abcdef:login-code:shop:n", b"m 1 2 o1-x", False),
        ("cs:{p01}:wx0123456789abcdef:login-code:shop:n", b"m 1 2 o1", True),
        ("cs:{p01}:wx0123456789abcdef:muted:o2", b"1", False),
    ],
)
def test_a_user_is_found_where_users_stand_and_nowhere_else(name, value, theirs):
    claim = claim_of(Person("shop", "1", "o1"), name, place_of(name)[1], value)
    assert bool(claim) is theirs


@pytest.mark.parametrize("depth", [300, 600, 950, 1_300])
async def test_what_others_have_nested_deep_keeps_nobody_from_their_data(world, valkey, depth):
    await world.bound(USER)
    keys = world.app[SERVICES].directory.sites["shop"].store_keys
    for number, text in enumerate(("[" * depth, "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth)):
        intent = pack({"site": "shop", "user": "", "state": text})
        valkey.set(keys.intent(f"lg_{number}"), intent, ex=600)
        valkey.set(keys.message(f"m_{number}"), text, ex=600)
    data = data_of(world)
    traces = (await data.found(await data.person(USER))).theirs
    found = [(kind, readable(content.value)) for _, kind, content in traces]
    assert "binding" in dict(found)
    json.dumps(found)
    assert (await erase(world)).entries
    assert naming(valkey, USER) == {}


async def test_a_verification_with_deep_metadata_is_its_users(world, valkey):
    await world.start(USER, metadata=json.loads('{"a":' * 300 + "1" + "}" * 300))
    assert naming(valkey, USER)
    await erase(world)
    assert naming(valkey, USER) == {}
