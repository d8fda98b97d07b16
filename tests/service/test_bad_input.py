"""Bad input: a clear 4xx problem, nothing stored, never a 500."""

import io
import json

import pytest

from tests.world import KEY

GOOD = {"purpose": "register", "user": "alice", "client_ip": "192.0.2.1"}
START = "/v1/verifications"
VF = f"{START}/vf_abcdd6" + "a" * 26


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


BODIES = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "text": b'"x"',
    "cut off": b'{"purpose": "register"',
    "two": b"{}{}",
    "trailing comma": b'{"purpose": "register",}',
    "NaN": b'{"purpose": NaN}',
    "bad UTF-8": b'{"purpose": "\xff\xfe"}',
    "overlong UTF-8": b'{"purpose": "\xc0\xaf"}',
    "UTF-16": '{"purpose": "register"}'.encode("utf-16"),
    "a BOM": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "deep": nested(10_000),
    "deep list": b"[" * 30_000 + b"]" * 30_000,
    "lone surrogate": json.dumps(GOOD | {"user": "a\ud800"}).encode(),
    "single quotes": b"{'purpose': 'register'}",
    "a form": b"purpose=register&user=alice",
}
WRONG = {
    "no purpose": ("/purpose", {"purpose": ...}),
    "no user": ("/user", {"user": ...}),
    "purpose of a number": ("/purpose", {"purpose": 7}),
    "user of a list": ("/user", {"user": ["alice"]}),
    "vouched of text": ("/vouched", {"vouched": "yes"}),
    "metadata of text": ("/metadata", {"metadata": "x"}),
    "unknown field": ("/pourpose", {"pourpose": "register"}),
    "unknown purpose": ("/purpose", {"purpose": "launder"}),
    "purpose with a colon": ("/purpose", {"purpose": "a:b"}),
    "over-long user": ("/user", {"user": "a" * 129}),
    "empty user": ("/user", {"user": ""}),
    "user with a blank": ("/user", {"user": "al ice"}),
    "user with a line break": ("/user", {"user": "alice\n"}),
    "user with NUL": ("/user", {"user": "al\0ice"}),
    "user with a pattern": ("/user", {"user": "*"}),
    "user in another normal form": ("/user", {"user": "jose\u0301"}),
    "user with an invisible letter": ("/user", {"user": "al\u3164ice"}),
    "user that begins with a dot": ("/user", {"user": ".alice"}),
    "user with a percent sign": ("/user", {"user": "a%s"}),
    "no address": ("/client_ip", {"client_ip": "localhost"}),
    "two addresses": ("/client_ip", {"client_ip": "192.0.2.1, 10.0.0.1"}),
    "address of a number": ("/client_ip", {"client_ip": 3221225985}),
    "too much metadata": ("/metadata", {"metadata": {"a": "x" * 4096}}),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_what_is_no_json_object_is_refused_everywhere(world, dump, body):
    before = dump()
    for method, path in [
        ("POST", START),
        ("PUT", "/v1/bindings/alice"),
        ("POST", "/v1/proofs/verify"),
        ("POST", f"{VF}/check"),
    ]:
        answer = await world.call(method, path, data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (400, "application/problem+json")
        assert answer.problem in {"malformed", "invalid"}
    assert dump() == before


@pytest.mark.parametrize(("pointer", "change"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_member_is_named(world, dump, pointer, change):
    before = dump()
    body = {name: value for name, value in (GOOD | change).items() if value is not ...}
    answer = await world.call("POST", START, body)
    assert (answer.status, answer.problem) == (400, "invalid"), answer.text
    assert [error["pointer"] for error in answer["errors"]] == [pointer]
    assert dump() == before


@pytest.mark.parametrize(
    "name", ["x" * 60_000, " - at `$" + ".a[1]" * 9_000 + "`", " - at `" * 8_000, "`" * 60_000, "~/" * 25_000],
    ids=["long", "a path", "many paths", "quotes", "to be escaped"],
)  # fmt: skip
async def test_a_name_of_any_length_is_not_repeated(world, name):
    started = await world.start()
    for path, body in ((START, GOOD), (f"{VF}/check", {"code": "123456"}), ("/v1/proofs/verify", {"proof": "x"})):
        answer = await world.call("POST", path, body | {name: 1})
        assert (answer.status, answer.problem) == (400, "invalid")
        assert len(answer.text) < 2_000
        assert all(len(error["pointer"]) <= 65 for error in answer["errors"])
    answer = await world.call("POST", f"/p/{started['page_token']}/check", {"code": "1", name: 1}, key=None)
    assert answer.status == 400
    assert len(answer.text) < 2_000


async def test_a_long_value_hides_no_place(world):
    answer = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1", "locale": ["x" * 50_000]})
    assert answer["errors"][0]["pointer"] == "/locale"


async def test_what_is_allowed_at_the_edge_is_taken(world):
    for change in (
        {"user": "a" * 128},
        {"user": "A.b_c@d+e:f-0"},
        {"client_ip": "2001:db8::1"},
        {"client_ip": "::ffff:192.0.2.1"},
        {"client_ip": "192.0.2.1:80"},
        {"user_agent": "\u0000\u0007\u202e<script>"},
        {"metadata": {"a": [[[[1]]]], "b": 2**63 - 1, "c": 1e308, "d": "\u0000\u2028😀", "": ""}},
        {"metadata": {"a": "x" * 4000}},
        {"locale": "tlh"},
    ):
        started = await world.call("POST", START, GOOD | change)
        assert started.status == 201, started.text
        read = await world.get(started)
        assert read["metadata"] == change.get("metadata", {})


@pytest.mark.parametrize("depth", [8, 31, 32, 33, 200, 300, 330, 400, 450, 480, 485, 490, 495, 500, 600])
async def test_whatever_depth_is_taken_can_be_read_again(world, depth):
    answer = await world.call(
        "POST", START, data=json.dumps(GOOD).encode()[:-1] + b', "metadata":' + nested(depth) + b"}"
    )
    assert answer.status in {201, 400}
    if answer.status == 201:
        assert (await world.get(answer)).status == 200
        assert (await world.page("GET", answer, "/state")).status == 200


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400, "0." + "1" * 400, "1e-400", "-0"])
async def test_numbers_of_any_size_are_told_or_kept(world, number):
    body = json.dumps(GOOD)[:-1] + f', "metadata": {{"n": {number}}}}}'
    answer = await world.call("POST", START, data=body.encode())
    assert answer.status in {201, 400}
    if answer.status == 201:
        assert (await world.get(answer)).status == 200


async def test_ten_megabytes_are_not_read(world, dump):
    before = dump()
    big = b'{"purpose": "' + b"x" * 10_000_000 + b'"}'
    answer = await world.call("POST", START, data=io.BytesIO(big))
    assert (answer.status, answer.problem) == (413, "too-large")
    answer = await world.call("POST", "/wechat/main", data=io.BytesIO(big), key=None)
    assert answer.status == 413
    assert dump() == before


@pytest.mark.parametrize("path", [START, VF, f"{VF}/check", "/v1/bindings/alice", "/v1/proofs/verify", "/wechat/main"])
async def test_another_method_is_told_which_there_are(world, path):
    answer = await world.call("PATCH", path, {})
    assert (answer.status, answer.problem) == (405, "method-not-allowed")
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/verifications/",
        "/v1/verifications/vf_short",
        "/v1/verifications/VF_ABCDD6" + "A" * 26,
        "/v1/verifications/vf_abcdd6" + "a" * 26,
        "/v1/verifications/%00",
        "/v1/verifications/%ff%fe",
        "/v1/verifications/vf_abcdd6" + "a" * 26 + "%0a",
        "/v1/verifications/../healthz/x",
        "/problems/nothing",
        "/problems/%2e%2e%2f",
        "/p/",
        "/p/x",
        "/wechat/nobody",
        "/nowhere?key=" + "x" * 2000,
    ],
)
async def test_there_is_nothing_there(world, path):
    answer = await world.call("GET", path)
    assert (answer.status, answer.problem) == (404, "not-found")


@pytest.mark.parametrize("user", ["a%20b", "a%0a", "%00", "%ff", "a" * 129, ".a", "a%2Fb", "%F0%9F%98%80", "*"])
async def test_a_user_in_a_path_has_the_same_form(world, user, dump):
    before = dump()
    for method, body in (("GET", None), ("PUT", {"openid": "o_abcdef"}), ("DELETE", None)):
        assert (await world.call(method, f"/v1/bindings/{user}", body)).status in {400, 404}
    assert (await world.call("DELETE", f"/v1/users/{user}/guesses")).status in {400, 404}
    assert dump() == before


@pytest.mark.parametrize("openid", ["", "short", "a" * 65, "o abcdef", "o_abcdef\n", "o_äöü123", "o:abcdef"])
async def test_what_is_no_openid_binds_nobody(world, openid, dump):
    before = dump()
    answer = await world.call("PUT", "/v1/bindings/alice", {"openid": openid})
    assert (answer.status, answer["errors"][0]["pointer"]) == (400, "/openid")
    assert dump() == before


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"code=\xff\xfe", "application/x-www-form-urlencoded"),
        (b"code=%ff", "application/x-www-form-urlencoded"),
        (b"code=1&other=2", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"code=1", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"code=" + b"1" * 65, "application/x-www-form-urlencoded"),
        (b"&" * 3000, "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b'{"code": 1}', "application/json"),
        (b'{"code": "\\ud800"}', "application/json"),
    ],
)
async def test_a_bad_form_is_a_clear_problem_and_costs_no_attempt_beyond_a_guess(world, data, kind):
    started = await world.start()
    answer = await world.page("POST", started, "/check", data=data, headers={"Content-Type": kind})
    assert 400 <= answer.status < 500
    assert (await world.get(started))["attempts_left"] >= 4


@pytest.mark.parametrize("advance", [-1, "1", 1e12, None, [], True])
async def test_the_test_clock_moves_forward_and_within_reason(world, advance):
    answer = await world.call("POST", "/test/clock", {"advance": advance})
    assert (answer.status, answer.problem) == (400, "invalid")


async def test_a_problem_says_what_and_where_and_explains_itself(world):
    answer = await world.call("POST", START, {"purpose": "register"})
    assert answer["status"] == 400
    assert answer["title"]
    assert answer["request_id"] == answer.headers["X-Request-Id"]
    page = await world.call("GET", answer["type"].removeprefix(world.service), key=None)
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (200, "text/html")


async def test_a_request_id_of_the_callers_is_kept_if_it_can_do_no_harm(world):
    kept = await world.call("GET", "/healthz", headers={"X-Request-Id": "order-17.abc"})
    assert kept.headers["X-Request-Id"] == "order-17.abc"
    for bad in ("short", "x" * 65, "a b c d e f", "<script>alert(1)"):
        made = await world.call("GET", "/healthz", headers={"X-Request-Id": bad})
        assert made.headers["X-Request-Id"] != bad


async def test_headers_nobody_should_send(world):
    for headers in (
        {"Accept-Language": "," * 5000},
        {"Accept-Language": "en;q=nan, zh;q=-1, en;q=1e999"},
        {"Cookie": "a" * 4000},
        {"Authorization": "Bearer " + "x" * 4000},
        {"Content-Type": "\u00e9"},
        {"X-Forwarded-For": "1.2.3.4, evil, ::1"},
    ):
        started = await world.start()
        answer = await world.page("GET", started, "/state", headers=headers)
        assert answer.status == 200
    assert KEY not in answer.text


@pytest.mark.parametrize("length", [1_024, 1_025, 20_000])
async def test_no_length_of_a_browsers_header_refuses_a_start(world, length):
    """A site passes it on; its beginning names the device."""
    agent = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) " + "x" * length)[:length]
    assert (await world.start(user_agent=agent)).status == 201
    body = {"client_ip": "192.0.2.1", "user_agent": agent, "locale": "zh-CN," * (length // 6)}
    assert (await world.call("POST", "/v1/logins", body)).status == 201
    assert (await world.call("POST", "/v1/bind-intents", body | {"user": "alice"})).status == 201
