"""Test identities: a fixed code, nothing sent, nothing used up, visible everywhere, and no power in live mode."""

import base64
import json

import pytest

from codesvc.config import ConfigError, parse
from codesvc.domain.keyring import Keyring
from codesvc.domain.proof import Proofs
from tests.world import MASTER, OTHER_KEY, OWN_SECRETS, document, wrong

IDENTITIES = {"e2e-*": "246810", "e2e-slow": "ABCDEFGH"}
TIGHT = {"site_starts": ["2/hour"], "address_starts": ["2/hour"], "site_guesses": ["2/day"], "user_guesses": ["6/hour"]}


@pytest.fixture
async def tested(new_world):
    async with new_world(sites__shop__test_users=IDENTITIES, accounts__main__qr_pool=0) as world:
        yield world


@pytest.fixture
async def tight(new_world):
    async with new_world(sites__shop__test_users=IDENTITIES, sites__shop__limits=TIGHT) as world:
        yield world


def claims_of(proof):
    body = proof.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


async def codes_in(person):
    return [line for text in await person.texts() for line in text.splitlines() if line.isdigit()]


async def spoken_to(world):
    """Calls to WeChat that bring something to somebody, or ask about somebody."""
    calls = (await world.control("GET", "/calls"))["calls"]
    return [call["path"] for call in calls if any(part in call["path"] for part in ("/send", "user/info", "qrcode"))]


async def test_a_sign_up_and_a_reset_without_wechat(tested):
    before = await spoken_to(tested)
    started = await tested.start("e2e-1")
    assert (started.status, started["test"], started["scan"]) == (201, True, None)
    assert started["id"].startswith("vf_test_")
    assert started["delivery"] == {"channel": "template", "status": "sent", "reason": "test"}
    assert (await tested.get(started))["test"] is True
    state = await tested.page("GET", started, "/state")
    assert (state["test"], state["code_length"], state["code_digits"]) == (True, 6, True)
    approved = await tested.check(started, "246810")
    assert (approved.status, approved["test"], claims_of(approved["proof"])["basis"]) == (200, True, "test")
    looked = await tested.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": False})
    assert looked["basis"] == "test"
    bound = await tested.call("PUT", "/v1/bindings/e2e-final", {"proof": approved["proof"]})
    assert (bound.status, bound["test"]) == (201, True)
    assert (await tested.call("GET", "/v1/bindings/e2e-final"))["test"] is True
    reset = await tested.start("e2e-final", "reset")
    assert reset["test"] is True
    assert reset["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
    assert (await tested.check(reset, "246810"))["status"] == "approved"
    assert (await tested.call("DELETE", "/v1/bindings/e2e-final")).status == 204
    assert await spoken_to(tested) == before


async def test_nobody_hears_of_it(tested, valkey):
    started = await tested.start("e2e-1")
    await tested.advance(61)
    assert (await tested.resend(started)).status == 200
    approved = await tested.check(started, "246810")
    await tested.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    # The user of a test identity's WeChat is out of reach: nothing is pushed, and nobody else's scan brings the code.
    other = await tested.start("alice")
    assert (other["test"], other["delivery"]["status"], other["delivery"]["reason"]) == (
        False,
        "awaiting_scan",
        "unreachable",
    )
    person = await tested.person()
    await person.say(other["scan"]["keyword"])
    assert await codes_in(person) == []
    assert await person.messages("template") == []
    moved = await tested.bind("alice", person, replace=True)
    assert (moved.status, moved["test"]) == (201, False)
    told = [valkey.hget(key, "openid") for key in valkey.scan_iter("*notice:*")]
    assert not any(openid and openid.startswith(b"test_") for openid in told)
    assert [path for path in await spoken_to(tested) if "template" in path] == []
    assert list(valkey.scan_iter("*pushes*")) == []


async def test_the_right_code_of_somebody_else_is_wrong(tested):
    first, second = await tested.start("e2e-1"), await tested.start("e2e-slow")
    assert (await tested.page("GET", second, "/state"))["code_length"] == 8
    assert (await tested.check(first, "ABCDEFGH")).problem == "malformed-code"
    assert (await tested.check(second, "246810")).problem == "malformed-code"
    assert (await tested.check(second, "abcd-efgh"))["status"] == "approved"
    real = await tested.start("alice")
    assert (await tested.check(real, "246810")).problem == "wrong-code"
    forged = {"id": real["id"].replace("vf_", "vf_test_")}
    assert (await tested.check(forged, "246810")).problem == "not-found"
    assert (await tested.check({"id": started_elsewhere(first)}, "246810")).problem == "not-found"


def started_elsewhere(started):
    """The same id without its mark: a code may not be derived for it either."""
    return started["id"].replace("vf_test_", "vf_")


async def test_attempts_and_guesses_count_as_for_everybody(tight):
    started = await tight.start("e2e-1")
    for left in (4, 3, 2, 1, 0):
        assert (await tight.check(started, wrong("246810")))["attempts_left"] == left
    assert (await tight.check(started, "246810")).problem == "verification-ended"
    fresh = await tight.start("e2e-1")
    assert (await tight.check(fresh, wrong("246810"))).problem == "wrong-code"
    limited = await tight.check(fresh, "246810")
    assert (limited.problem, limited["limit"]) == ("guess-budget", "user_guesses")


async def test_what_is_shared_with_real_users_is_not_used_up(tight):
    for number in range(5):
        started = await tight.start(f"e2e-{number}")
        assert started.status == 201
        await tight.check(started, wrong("246810"))
    for _ in range(2):
        real = await tight.start("alice")
        # Not past site_guesses: the code is no longer than usual.
        assert (await tight.page("GET", real, "/state"))["code_length"] == 6
    assert (await tight.start("alice"))["limit"] == "site_starts"
    assert (await tight.start("e2e-1")).status == 201


async def test_no_real_wechat_is_joined_to_one(tested):
    person, approved = await tested.person(), await tested.approved("attempt-1")
    for answer in (
        await tested.bind("e2e-1", person),
        await tested.call("PUT", "/v1/bindings/e2e-1", {"proof": approved["proof"]}),
        await tested.call("POST", "/v1/bind-intents", {"user": "e2e-1", "client_ip": "192.0.2.1"}),
    ):
        assert (answer.status, answer["errors"][0]["pointer"]) == (400, "/user")
    started = await tested.start("e2e-1")
    assert (await tested.call("GET", f"/v1/verifications/{started['id']}/scan")).problem == "not-found"


async def test_a_site_knows_only_its_own(tested):
    started = await tested.start("e2e-1", key=OTHER_KEY)
    assert (started["test"], started["id"].startswith("vf_test_")) == (False, False)
    assert (await tested.check(started, "246810", key=OTHER_KEY)).problem == "wrong-code"


def test_live_mode_refuses_them_and_their_proofs(tmp_path):
    live = document("https://code.example.com", "https://api.weixin.qq.com", mode="live")
    live["accounts"]["main"] |= OWN_SECRETS | {"open_url": "https://open.weixin.qq.com"}
    live["secrets"]["master_key"] = "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"
    parse(live, env={}, directory=tmp_path)
    live["sites"]["shop"]["test_users"] = IDENTITIES
    with pytest.raises(ConfigError) as caught:
        parse(live, env={}, directory=tmp_path)
    assert str(caught.value).startswith(
        'sites.shop.test_users: must be empty in mode "live": anyone who knows such a name'
    )


async def test_a_live_service_believes_no_proof_of_one(tested):
    approved = await tested.check(await tested.start("e2e-1"), "246810")
    for test, known in ((True, True), (False, False)):
        proofs = Proofs(tested.service, Keyring(MASTER.encode()), test=test)
        assert (proofs.read(approved["proof"], audience="shop") is not None) is known


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("*", "246810", "has a name that is not a user id"),
        ("e2e-*-x", "246810", "has a name that is not a user id"),
        ("e2e 1", "246810", "has a name that is not a user id"),
        ("e2e", "123", "has a code that is neither 4 to 12 digits"),
        ("e2e", "ABC0", "has a code that is neither 4 to 12 digits"),
        ("e2e", 246810, "must have strings as values"),
    ],
)
def test_a_name_or_code_that_could_not_be_is_refused(tmp_path, name, code, said):
    tables = document("http://127.0.0.1:8080", "http://127.0.0.1:8081", sites__shop__test_users={name: code})
    with pytest.raises(ConfigError, match=said):
        parse(tables, env={}, directory=tmp_path)
