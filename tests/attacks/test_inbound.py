"""The addresses of identity systems, tried by strangers, by neighbours, and by people who can write into a message."""

import json
import time

import pytest

from codesvc.config.relay_settings import Inbound
from codesvc.domain.secret import Secret
from codesvc.web.inbound.adapter import Call, Unreadable
from codesvc.web.inbound.adapter_list import ADAPTERS
from tests.relay.conftest import SECRET, new_relay, stub  # noqa: F401  fixtures
from tests.stores import until

TOKEN, NEIGHBOURS = "token-of-an-identity-system", "token-of-the-neighbour"
JSON = {"Content-Type": "application/json"}


async def ask(world, path, body=b"", method="POST", **headers):
    async with world.http.request(method, world.service + path, data=body, headers=JSON | headers) as answer:
        return answer.status, await answer.read()


@pytest.fixture
def shops(new_relay, stub):  # noqa: F811
    """Two sites, each with an identity system, on one account."""
    gateway = {"main": {"signed": {"url": f"{stub.url}/hook", "secrets": [SECRET], "allow_private": True}}}
    return new_relay(
        sites__shop__inbound={"own": {"adapter": "generic", "secrets": [TOKEN]}},
        sites__cafe__inbound={"own": {"adapter": "generic", "secrets": [NEIGHBOURS]}},
        sites__cafe__relay={"sms": "main", "purpose": "register", "region": "CN"},
        sites__cafe__gateways=gateway,
    )


async def test_strangers_and_neighbours_are_answered_alike_and_send_nothing(shops, stub, caplog):  # noqa: F811
    body = json.dumps({"recipient": "+8613800138000", "code": "482913"}).encode()
    async with shops as world:
        refused = await ask(world, "/inbound/generic/shop", body)
        assert refused[0] == 401
        for path, token in [
            ("/inbound/generic/shop", NEIGHBOURS),
            ("/inbound/generic/cafe", TOKEN),
            ("/inbound/logto/shop", TOKEN),
            ("/inbound/generic/nobody", TOKEN),
            ("/inbound/%00/shop", TOKEN),
            ("/inbound/generic/%E5%95%86%E5%BA%97", TOKEN),
            ("/inbound/generic/SHOP", TOKEN),
            ("/inbound/generic/shop?key=" + NEIGHBOURS, ""),
            ("/inbound/generic/shop/login", NEIGHBOURS),
        ]:
            assert await ask(world, path, body, Authorization=token) == refused, path
        # Dot segments make an address unknown on every route (test_read_alike.py), with the right token too.
        for token in (TOKEN, NEIGHBOURS):
            assert (await ask(world, "/inbound/generic/..%2fshop", body, Authorization=token))[0] == 404
        for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            status, _ = await ask(world, "/inbound/generic/shop", body, method, Authorization=TOKEN)
            assert status == 405
        assert stub.requests == []
        assert (await ask(world, "/inbound/generic/shop", body, Authorization=TOKEN))[0] == 200
        await until(lambda: stub.requests)
    for secret in (TOKEN, NEIGHBOURS, "482913", "13800138000"):
        assert secret not in caplog.text


async def test_nothing_that_is_written_into_a_message_is_a_500(shops):
    async with shops as world:
        for number, value in enumerate(
            ["\0", "x" * 9_000, "\ud800", "482 913", "４８２９１３", "<b>", "\r\nX: y", "", None, 10**400, [], {}, True]
        ):  # fmt: skip
            for member in (
                "recipient",
                "code",
                "text",
                "subject",
                "purpose",
                "locale",
                "expires_in",
                "client_ip",
                "id",
            ):
                said = {"recipient": f"+86138001{number:05}", "code": "482913", "text": "x", member: value}
                raw = json.dumps(said).encode()
                status, answer = await ask(world, "/inbound/generic/shop", raw, Authorization=TOKEN)
                assert status in {200, 400}, (member, value)
                assert b"\r\n" not in answer


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 10_000, b"&=" * 30_000, b"%", b"\xff\xfe", b'{"to":NaN}'])
@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_an_authentic_body_without_sense_is_refused_quickly(name, body):
    source = Inbound(adapter=name, secrets=(Secret(TOKEN),))
    with pytest.raises(Unreadable):
        ADAPTERS[name].read(source, Call(body, {}, {}, time.time()))


def test_a_header_of_many_signatures_is_not_compared_with_all_of_them():
    source = Inbound(adapter="supabase", secrets=(Secret("v1," + SECRET),))
    headers = {"webhook-id": "a", "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA " * 100_000}
    assert not ADAPTERS["supabase"].authenticate(source, Call(b"{}", headers, {}, 1_700_000_000))
