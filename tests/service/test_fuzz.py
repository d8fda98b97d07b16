"""Whatever is sent, the service answers with a problem it knows, and never with a 500."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from codesvc.web.problem_types import PROBLEMS

briefly = settings(max_examples=60)
VF = "/v1/verifications/{vf}"
CALLS = {
    ("POST", "/v1/verifications"): [
        "purpose",
        "user",
        "client_ip",
        "user_agent",
        "locale",
        "vouched",
        "return_url",
        "metadata",
    ],
    ("POST", f"{VF}/check"): ["code", "client_ip"],
    ("POST", f"{VF}/resend"): [],
    ("POST", "/v1/proofs/verify"): ["proof", "consume"],
    ("PUT", "/v1/bindings/alice"): ["proof", "handle", "openid", "replace"],
    ("POST", "/p/{page}/check"): ["code"],
    ("POST", "/p/{page}/resend"): [],
    ("POST", "/test/clock"): ["advance"],
}
plausible = st.sampled_from(
    ["register", "reset", "alice", "192.0.2.1", "::1", "zh", "123456", "https://shop.example/", "o_abcdef"]
)
leaves = st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-9, 9) | st.text(max_size=40) | plausible
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def requests(draw):
    method, path = draw(st.sampled_from(sorted(CALLS)))
    known = CALLS[method, path]
    names = st.sampled_from(known) | st.text(max_size=10) if known else st.text(max_size=10)
    body = draw(st.dictionaries(names, values, max_size=6))
    if draw(st.booleans()):
        body = {name: draw(plausible) for name in known[:3]} | body
    text = json.dumps(body).encode()
    if draw(st.integers(0, 5)) == 0:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.binary(max_size=6)) + text[place + draw(st.integers(0, 3)) :]
    return method, path, text


def is_well_told(answer):
    if answer.status < 400:
        return True
    return 400 <= answer.status < 500 and answer.json["status"] == answer.status and answer.problem in PROBLEMS


@briefly
@given(sent=requests())
async def test_any_body_for_any_call(world, sent):
    method, path, body = sent
    # Freed of limits: a 429 would hide what comes after it.
    started = await world.start("fuzz")
    if started.status == 429:
        await world.advance(3601)
        started = await world.start("fuzz")
    path = path.format(vf=started["id"], page=started["page_token"])
    answer = await world.call(method, path, data=body, headers={"Content-Type": "application/json"})
    assert is_well_told(answer), (method, path, body, answer.text)


segments = st.sampled_from(
    ["v1", "p", "wechat", "verifications", "bindings", "users", "main", "problems", "check", "events", "state"]
)
odd = st.text(max_size=12).map(lambda t: "".join(f"%{b:02x}" for b in t.encode("utf-8", "surrogatepass")))
raw = st.text("abc%./-_~:@!$&'()*+,;=09", max_size=10)


@briefly
@given(
    parts=st.lists(segments | odd | raw, max_size=5),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
)
async def test_any_path(world, parts, method):
    import yarl

    url = yarl.URL(world.service + "/" + "/".join(parts), encoded=True)
    body = b"{}" if method in {"POST", "PUT"} else None
    headers = {"Authorization": "Bearer x"}
    async with world.http.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
        await response.read()
        assert response.status < 500, url


@briefly
@given(
    query=st.dictionaries(
        st.sampled_from(["signature", "timestamp", "nonce", "msg_signature", "encrypt_type", "echostr"]),
        st.text(max_size=20),
    ),
    body=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: f"<xml><Encrypt>{t}</Encrypt></xml>".encode("utf-8", "replace")),
)
async def test_any_callback(world, query, body):
    import yarl

    for method, data in (("POST", body), ("GET", None)):
        url = yarl.URL(f"{world.service}/wechat/main").with_query(
            {k: v.encode("utf-8", "replace").decode() for k, v in query.items()}
        )
        async with world.http.request(method, url, data=data) as response:
            assert response.status in {400, 403}
