"""No call takes a compressed body: inflating one costs a thousand times what sending it costs."""

import gzip
import json
import time
import zlib

import pytest

from tests.attacks.test_raw_requests import BODY, request, sent
from tests.world import KEY

BOMB = gzip.compress(b"\0" * 60_000_000)
ROUTES = [
    ("POST", "/v1/verifications"),
    ("PUT", "/v1/bindings/alice"),
    ("POST", "/wechat/main"),
    ("POST", "/wechat/nobody"),
    ("POST", "/v1/wechat/events"),
    ("POST", "/p/nothing/check"),
    ("POST", "/admin/login"),
    ("PUT", "/admin/v1/sites/x"),
    ("POST", "/no/such/address"),
    ("DELETE", "/v1/bindings/alice"),
    ("GET", "/healthz"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_refuses_every_compression(world, dump, method, path):
    before = dump()
    for coding in ("gzip", "GZip", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "nothing-known"):
        headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
        answer = await world.call(method, path, data=gzip.compress(BODY), headers=headers)
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (415, "application/problem+json")
        assert answer.problem == "compressed"
        assert answer.headers["Accept-Encoding"] == "identity"
    assert dump() == before


@pytest.mark.parametrize("coding", ["identity", "Identity", "identity, identity", ""])
async def test_identity_is_no_compression(world, coding):
    answer = await world.call(
        "POST", "/v1/verifications", data=BODY, headers={"Content-Encoding": coding, "Content-Type": "application/json"}
    )
    assert answer.status == 201, answer.text


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Encoding: identity", b"Content-Encoding: gzip", b"Content-Length: 4"),
        (b"Content-Encoding: gzip", b"Content-Encoding: identity", b"Content-Length: 4"),
        (b"Transfer-Encoding: gzip, chunked",),
    ],
)
async def test_repeated_headers_and_codings_of_the_transfer_hide_nothing(world, headers):
    body = b"abcd" if any(b"Length" in header for header in headers) else b"4\r\nabcd\r\n0\r\n\r\n"
    answer = await sent(world, request(*headers, b"Connection: close", body=body))
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"/problems/compressed" in answer


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_costs_no_more_than_its_bytes(world, coding):
    bomb = BOMB if coding == "gzip" else zlib.compress(b"\0" * 60_000_000)
    await world.call("POST", "/v1/verifications", data=b"x")
    began = time.process_time()
    for _ in range(10):
        answer = await world.call("POST", "/wechat/main", data=bomb, key=None, headers={"Content-Encoding": coding})
        assert answer.status == 415
    assert time.process_time() - began < 0.5


async def test_the_refusal_says_what_to_do(world):
    answer = await world.call("POST", "/v1/verifications", data=BODY, key=KEY, headers={"Content-Encoding": "gzip"})
    assert json.loads(answer.text)["detail"] == ("Content-Encoding can only be identity; send the body uncompressed.")
