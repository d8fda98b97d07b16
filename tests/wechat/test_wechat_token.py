"""One fetch at a time, across processes; ahead of the end; once after a refusal; never in circles."""

import asyncio
import logging
import time

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from codesvc.domain.secret import Secret
from codesvc.wechat.client import WeChatClient
from codesvc.wechat.errors import (
    TokenRefused,
    TokenUnavailable,
    WeChatError,
    WeChatTimeout,
    WeChatUnreachable,
)
from codesvc.wechat.issuer import IssuedToken, issuer_for
from codesvc.wechat.token import StoredTokens

SECRET = "0123456789abcdef0123456789abcdef"


class Clock:
    def __init__(self):
        self.time = 1_700_000_000.0
        self.slept = 0

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds
        self.slept += 1
        await asyncio.sleep(0)


class MemoryStore:
    def __init__(self, clock):
        self.clock = clock
        self.values = {}
        self.locks = {}

    async def get(self, name):
        await asyncio.sleep(0)
        kept = self.values.get(name)
        return (kept[0], kept[1] - self.clock.now()) if kept and self.clock.now() < kept[1] else None

    async def put(self, name, value, ttl):
        await asyncio.sleep(0)
        assert ttl > 0
        self.values[name] = (value, self.clock.now() + ttl)

    async def lock(self, name, ttl):
        await asyncio.sleep(0)
        if self.locks.get(name, 0) > self.clock.now():
            return False
        self.locks[name] = self.clock.now() + ttl
        return True

    async def unlock(self, name):
        await asyncio.sleep(0)
        self.locks.pop(name, None)


class Mint:
    """Issues T1, T2 …; `gate` holds it up, `fault` makes it fail, `same` makes it repeat itself."""

    def __init__(self):
        self.issued = 0
        self.calls = 0
        self.life = 7200
        self.fault = None
        self.same = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def issue(self):
        self.calls += 1
        await self.gate.wait()
        if self.fault:
            raise self.fault
        self.issued += not (self.same and self.issued)
        return IssuedToken(token=f"T{self.issued}", expires_in=self.life)


async def until(condition):
    """Let the other tasks run; no time passes."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return MemoryStore(clock)


@pytest.fixture
async def mint():
    return Mint()


@pytest.fixture
def make(clock, store, mint):
    def process():
        return StoredTokens(name="token:wx1", issuer=mint, store=store, now=clock.now, sleep=clock.sleep)

    return process


async def test_many_callers_in_many_processes_cause_one_fetch(make, mint, store):
    processes = [make() for _ in range(4)]
    got = await asyncio.gather(*(p.get() for p in processes for _ in range(250)))
    assert set(got) == {"T1"}
    assert mint.calls == 1
    assert not store.locks


async def test_renewed_ahead_and_not_before(make, mint, clock):
    tokens = make()
    assert await tokens.get() == "T1"
    clock.time += 6899
    assert await tokens.get() == "T1"
    clock.time += 1
    assert await tokens.get() == "T2"
    assert await make().get() == "T2"
    assert mint.calls == 2


async def test_of_a_short_rest_half_is_used(make, mint, clock):
    mint.life = 345
    tokens = make()
    await tokens.get()
    clock.time += 172
    assert await tokens.get() == "T1"
    clock.time += 1
    assert await tokens.get() == "T2"


async def test_while_one_renews_the_others_go_on_with_the_present_token(make, mint, clock):
    here, there = make(), make()
    assert (await here.get(), await there.get()) == ("T1", "T1")
    clock.time += 6950
    mint.gate.clear()
    renewing = asyncio.create_task(here.get())
    await until(lambda: mint.calls == 2)
    assert await here.get() == "T1"
    assert await there.get() == "T1"
    mint.gate.set()
    assert await renewing == "T2"
    assert await there.get() == "T2"
    assert mint.calls == 2


async def test_where_there_is_none_the_others_wait_for_it(make, mint, clock):
    mint.gate.clear()
    fetching, waiting = asyncio.create_task(make().get()), asyncio.create_task(make().get())
    await until(lambda: clock.slept >= 5)
    mint.gate.set()
    assert [await fetching, await waiting] == ["T1", "T1"]
    assert mint.calls == 1


async def test_a_lock_whose_holder_died_runs_out(make, mint, store, clock):
    await store.lock("token:wx1", 3)
    assert await make().get() == "T1"
    assert clock.slept >= 30
    assert mint.calls == 1


async def test_a_lock_that_never_ends_is_an_error_not_a_hang(make, mint, store):
    await store.lock("token:wx1", 9999)
    with pytest.raises(TokenUnavailable, match="another process"):
        await make().get()
    assert mint.calls == 0


async def test_a_thousand_refusals_cause_one_fetch(make, mint, clock):
    processes = [make(), make()]
    await asyncio.gather(*(p.get() for p in processes))
    clock.time += 60
    got = await asyncio.gather(*(p.replace("T1") for p in processes for _ in range(500)))
    assert set(got) == {"T2"}
    assert mint.calls == 2
    assert [await p.get() for p in processes] == ["T2", "T2"]


async def test_a_refusal_that_comes_late_uses_what_is_there(make, mint, clock):
    here, there = make(), make()
    await here.get()
    await there.get()
    clock.time += 60
    assert await here.replace("T1") == "T2"
    assert await there.get() == "T1"
    assert await there.replace("T1") == "T2"
    assert mint.calls == 2


async def test_refusals_in_a_row_wait_longer_each_time(make, mint, clock):
    tokens = make()
    await tokens.get()
    # The first refusal is answered at once, however young the token: somebody else may have replaced it.
    assert await tokens.replace("T1") == "T2"
    for number, pause in enumerate((1, 3, 9, 27, 60, 60), start=2):
        clock.time += pause - 0.1
        with pytest.raises(TokenRefused):
            await tokens.replace(f"T{number}")
        assert mint.calls == number
        clock.time += 0.2
        assert await tokens.replace(f"T{number}") == f"T{number + 1}"
    clock.time += 601
    assert await tokens.replace("T8") == "T9"
    clock.time += 1.1
    assert await tokens.replace("T9") == "T10"


async def test_the_same_token_again_is_an_error_and_starts_the_cool_down(make, mint, store, clock):
    here, there = make(), make()
    await here.get()
    mint.same = True
    clock.time += 60
    for tokens in (here, there, here):
        with pytest.raises(TokenRefused) as caught:
            await tokens.replace("T1")
        assert "T1" not in str(caught.value)
    assert mint.calls == 2
    assert not store.locks
    clock.time += 10
    mint.same = False
    assert await there.replace("T1") == "T2"


@pytest.mark.parametrize(
    ("fault", "errcode", "pause"),
    [
        (WeChatError(40164, "not in whitelist"), 40164, 10),
        (WeChatError(-1, "system error"), -1, 1),
        (WeChatUnreachable("no connection"), None, 1),
        (WeChatTimeout("too slow"), None, 1),
    ],
)
async def test_a_failed_fetch_is_remembered_for_a_while(make, mint, store, clock, fault, errcode, pause):  # noqa: PLR0917 - fixtures
    tokens = make()
    mint.fault = fault
    failures = await asyncio.gather(*(tokens.get() for _ in range(100)), return_exceptions=True)
    assert {type(failure) for failure in failures} == {TokenUnavailable}
    assert {failure.errcode for failure in failures} == {errcode}
    assert len({id(failure) for failure in failures}) == 100
    assert all(failure.__context__ is None for failure in failures)
    assert mint.calls == 1
    assert not store.locks
    mint.fault = None
    clock.time += pause
    assert await tokens.get() == "T1"


async def test_a_failed_renewal_harms_nobody_while_the_present_token_works(make, mint, clock):
    tokens = make()
    await tokens.get()
    mint.fault = WeChatError(-1, "system error")
    clock.time += 6950
    with capture_logs() as logged:
        assert [await tokens.get() for _ in range(20)] == ["T1"] * 20
    assert mint.calls == 2
    assert [line["event"] for line in logged] == ["token_not_renewed"]
    clock.time += 250
    with pytest.raises(TokenUnavailable):
        await tokens.get()


async def test_a_refused_token_is_no_spare(make, mint, clock):
    tokens = make()
    await tokens.get()
    mint.fault = WeChatError(40164, "x")
    clock.time += 6950
    with pytest.raises(TokenUnavailable):
        await tokens.replace("T1")


async def test_a_cancelled_fetch_gives_the_lock_back(make, mint, store):
    tokens = make()
    mint.gate.clear()
    fetching = asyncio.create_task(tokens.get())
    await until(lambda: mint.calls)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not store.locks
    mint.gate.set()
    assert await tokens.get() == "T1"


async def test_a_value_of_another_version_is_fetched_anew(make, mint, store):
    await store.put("token:wx1", "something else entirely", 100)
    assert await make().get() == "T1"
    await store.put("token:wx1", "not numbers T9", 100)
    assert await make().get() == "T2"
    assert mint.calls == 2


# --- where tokens come from


def issuer(source, peer, http):
    return issuer_for(source, appid="wx1", secret=Secret(SECRET), http=http, api_url=peer.url)


async def test_stable_is_never_forced(peer, http):
    peer.answers = [{"access_token": "57_abc", "expires_in": 345}]
    issued = await issuer("stable", peer, http).issue()
    assert (issued.token, issued.expires_in) == ("57_abc", 345)
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/cgi-bin/stable_token", {})
    assert asked.json == {
        "grant_type": "client_credential",
        "appid": "wx1",
        "secret": SECRET,
        "force_refresh": False,
    }


async def test_ordinary(peer, http):
    peer.answers = [{"access_token": "57_abc", "expires_in": 7200}]
    assert (await issuer("ordinary", peer, http).issue()).expires_in == 7200
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("GET", "/cgi-bin/token")
    assert asked.query == {"grant_type": "client_credential", "appid": "wx1", "secret": SECRET}


async def test_central(peer, http):
    peer.answers = [{"access_token": "57_abc", "expires_in": 60}]
    issuing = issuer(f"{peer.url}/tokens?key=k3y", peer, http)
    assert (await issuing.issue()).token == "57_abc"
    assert (peer.asked[0].path, peer.asked[0].query) == ("/tokens", {"key": "k3y"})
    assert "k3y" not in repr(issuing)


@pytest.mark.parametrize("life", [7201, 10**21, 10**400], ids=["longer", "longer-than-a-ttl", "no-float"])
async def test_a_token_lives_two_hours_at_most_whatever_a_token_service_says(peer, http, store, clock, life):
    peer.answers = [{"access_token": "57_abc", "expires_in": life}]
    issuing = issuer(f"{peer.url}/tokens", peer, http)
    assert (await issuing.issue()).expires_in == 7200
    tokens = StoredTokens(name="token:wx1", issuer=issuing, store=store, now=clock.now, sleep=clock.sleep)
    assert await tokens.get() == "57_abc"


@pytest.mark.parametrize("source", ["stable", "ordinary", "central"])
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "", "expires_in": 7200},
        {"access_token": "a b", "expires_in": 7200},
        {"access_token": "ü", "expires_in": 7200},
        {"access_token": 5, "expires_in": 7200},
        {"access_token": "57_abc"},
        {"access_token": "57_abc", "expires_in": 0},
        {"access_token": "57_abc", "expires_in": True},
        {"errcode": 40125, "errmsg": f"invalid appsecret {SECRET}"},
    ],
)
async def test_no_token_and_no_secret_shown(peer, http, store, clock, caplog, source, answer):  # noqa: PLR0917 - fixtures
    caplog.set_level(logging.DEBUG)
    peer.answers = [answer]
    issuing = issuer(peer.url if source == "central" else source, peer, http)
    tokens = StoredTokens(name="token:wx1", issuer=issuing, store=store, now=clock.now, sleep=clock.sleep)
    with pytest.raises(TokenUnavailable) as caught:
        await tokens.get()
    assert caught.value.errcode == answer.get("errcode")
    shown = repr(caught.value) + caplog.text + repr(issuing) + repr(IssuedToken(token="57_abc", expires_in=1))
    assert SECRET not in shown
    assert "57_abc" not in shown


# --- all of it together


async def test_a_token_revoked_under_load_loses_and_doubles_nothing(peer, http, make, mint, clock):
    valid = {"token": "T1"}
    sent = []

    async def send(request):
        if request.query["access_token"] != valid["token"]:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        sent.append((await request.json())["client_msg_id"])
        if len(sent) == 100:
            clock.time += 60
            valid["token"] = "T2"
        return web.json_response({"errcode": 0, "msgid": len(sent)})

    peer.answers = [send]
    clients = [
        WeChatClient(appid="wx1", secret=Secret(SECRET), http=http, tokens=make(), api_url=peer.url) for _ in range(2)
    ]
    ids = [f"dl_{n}" for n in range(300)]
    msgids = await asyncio.gather(
        *(
            clients[n % 2].send_template(openid="oU", template_id="T", data={}, url=None, client_msg_id=each)
            for n, each in enumerate(ids)
        )
    )
    assert sorted(sent) == sorted(ids)
    assert len(set(msgids)) == 300
    assert mint.calls == 2


async def test_a_wall_clock_that_is_set_back_by_a_day_prolongs_neither_a_failure_nor_a_token(
    mint, store, clock, monkeypatch
):
    """At a start the clock may be ahead and is then put right; processes on two machines may differ as well."""
    wall = [1_800_086_400.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    tokens = StoredTokens(name="token:wx1", issuer=mint, store=store, now=clock.now, sleep=clock.sleep)
    mint.fault = WeChatTimeout("no network yet")
    with pytest.raises(TokenUnavailable):
        await tokens.get()
    mint.fault = None
    wall[0] -= 86_400
    clock.time += 5
    assert await tokens.get() == "T1"
    clock.time += 7200
    assert await tokens.get() == "T2"


async def test_a_token_that_the_store_would_keep_longer_than_it_lives_is_fetched_anew(make, store):
    """The store's clock was set back: its TTL says nothing of the token's age."""
    assert await make().get() == "T1"
    value, ends = store.values["token:wx1"]
    store.values["token:wx1"] = (value, ends + 86_400)
    other = make()
    assert await other.ages() is None
    assert await other.replace("T1") == "T2"


async def test_the_age_of_a_shared_token_is_read_from_its_ttl(make, clock):
    await make().get()
    clock.time += 100
    assert await make().ages() == (100, 7100)
