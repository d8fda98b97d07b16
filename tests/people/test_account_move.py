"""`codesvc bindings move`: an account moves to another appid, and everybody stays who they are."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.service.auditing import AuditLog
from codesvc.store.keys import Keys
from codesvc.store.partitions import PARTITIONS, partition_of
from codesvc.web.context import SERVICES
from tests.command_line import begin, codesvc
from tests.world import KEY, MASTER, OTHER_KEY, Person, running_world

OLD = DEFAULT_ACCOUNT.appid
CONFIG = """
mode = "test"
[service]
public_url = "http://127.0.0.1:1"
[store]
url = "{store}"
[secrets]
master_key = "{master}"
[accounts.main]
appid = "{appid}"
name = "茶铺"
secret = "{secret}"
token = "token123"
callback = "plaintext"
api_url = "{sandbox}"
open_url = "{sandbox}"
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "a", hash = "{hash}", scopes = ["verify", "bindings", "openids"] }}]
[sites.cafe]
name = "Cafe"
account = "main"
keys = [{{ name = "a", hash = "{other}", scopes = ["verify"] }}]
"""


def new_appid(*, inside):
    """Another appid, in the old one's partition or not."""
    wanted = partition_of(OLD)
    return next(appid for n in range(1000) if ((partition_of(appid := f"wx{n:016x}")) == wanted) == inside)


class Move:
    """A service under the old appid, its account's move, and the commands under the new one."""

    def __init__(self, before, world, store_url, directory, *, inside):
        self.before, self.world, self.store_url, self.directory = before, world, store_url, directory
        self.account = replace(DEFAULT_ACCOUNT, appid=new_appid(inside=inside), original_id="gh_0123456789ab")
        self.config = directory / "new.toml"
        self.report = directory / "lost.jsonl"

    async def migrate(self, **how):
        spec = {"appid": self.account.appid, "original_id": self.account.original_id}
        await self.world.control("POST", "/accounts", spec | {"secret": self.account.secret})
        await self.world.control("POST", f"/accounts/{self.account.appid}/migrate", {"from": OLD} | how)
        self.configure(self.world.sandbox)

    def configure(self, sandbox):
        text = CONFIG.format(
            store=self.store_url,
            master=MASTER,
            appid=self.account.appid,
            secret=self.account.secret,
            sandbox=sandbox,
            hash=hash_line(KEY),
            other=hash_line(OTHER_KEY),
        )
        self.config.write_text(text)
        self.config.chmod(0o600)

    async def successor(self, person):
        """The person under the new appid."""
        old = await self.world.control("GET", f"/users/{person.openid}")
        made = await self.world.control("POST", "/users", {"person": old["person"], "account": self.account.appid})
        return made["openid"]

    async def stranger(self, world):
        """A follower of the new account."""
        made = await world.control("POST", "/users", {"account": self.account.appid})
        person = Person(world, made["openid"])
        await person.follow()
        return person

    async def codesvc(self, *words, env=None):
        status, out, err = await codesvc("bindings", *words, "--config", self.config, cwd=self.directory, **(env or {}))
        assert "Traceback" not in err, err
        assert status != 2, err
        return status, out, err

    async def move(self, *more):
        return await self.codesvc("move", self.report, "--from-appid", OLD, *more)

    def lost(self):
        return [json.loads(line) for line in self.report.read_text().splitlines()]

    @asynccontextmanager
    async def after(self, **changes):
        """The service under the new appid in the place of the old one, with the same people."""
        await self.before.aclose()
        async with running_world(
            self.store_url, self.directory, account=self.account, platform=self.world.platform, **changes
        ) as world:
            spec = {"callback_url": f"{world.service}/wechat/main", "token": self.account.token}
            spec |= {"aes_key": self.account.aes_key, "mode": self.account.mode}
            await world.control("PATCH", f"/accounts/{self.account.appid}", spec)
            self.world = world
            yield world

    async def calls(self):
        return (await self.world.control("GET", "/calls?path=/cgi-bin/changeopenid"))["calls"]


@pytest.fixture(params=[False, True], ids=["another partition", "the same partition"])
async def move(request, store_url, tmp_path):
    async with AsyncExitStack() as before:
        world = await before.enter_async_context(running_world(store_url, tmp_path))
        yield Move(before, world, store_url, tmp_path, inside=request.param)


ELSEWHERE = pytest.mark.parametrize("move", [False], ids=["another partition"], indirect=True)
"""For what is the same wherever the new account lies."""


async def bind_many(world, count):
    people = []
    for number in range(count):
        people.append(await world.person())
        assert (await world.bind(f"u-{number}", people[-1])).status == 201
    return people


async def test_everybody_is_who_they_were(move):
    world = move.world
    alice, bob, carol = await world.bound("alice"), await world.bound("bob"), await world.bound("carol")
    # carol's WeChat is bound on both sites; bob has left; alice has been bound by a proof, and has said "not me" once.
    assert (await world.bind("c-1", carol, key=OTHER_KEY)).status == 201
    approved = await world.approved("dave")
    assert (await world.call("PUT", "/v1/bindings/dave", {"proof": approved["proof"]})).status == 201
    await alice.say("不是我")
    await carol.unfollow()
    history = (await world.call("GET", "/v1/bindings/dave/history"))["history"]
    before = {
        user: (await world.call("GET", f"/v1/bindings/{user}")).json for user in ("alice", "bob", "carol", "dave")
    }
    started = await world.start("bob", "reset", ip="192.0.2.7")
    for _ in range(3):
        await world.check(started, "000000")
    await bob.wait_for_push()
    await carol.follow()
    await move.migrate()
    status, out, err = await move.move()
    assert (status, out.splitlines()[0].split(",")[0]) == (0, "5 bindings moved"), out + err
    assert not move.report.exists()
    assert not list(move.directory.glob("*.part"))

    async with move.after() as world:
        for user, person in (("alice", alice), ("bob", bob), ("carol", carol)):
            found = (await world.call("GET", f"/v1/bindings/{user}")).json
            assert found["openid"] == await move.successor(person)
            assert found["openid"] != person.openid
            assert {name: found[name] for name in ("made_by", "bound_at", "unionid")} == {
                name: before[user][name] for name in ("made_by", "bound_at", "unionid")
            }
            look_up = await world.call("GET", f"/v1/bindings?openid={found['openid']}")
            assert [each["user"] for each in look_up["bindings"]] == [user]
            old = await world.call("GET", f"/v1/bindings?openid={person.openid}")
            assert old["bindings"] == []
        assert (await world.call("GET", "/v1/bindings/c-1", key=OTHER_KEY)).status == 200
        found = (await world.call("GET", "/v1/bindings/dave")).json
        lines = (await world.call("GET", "/v1/bindings/dave/history"))["history"]
        assert lines[:-1] == history
        assert (lines[-1]["event"], lines[-1]["by"], lines[-1]["from"], lines[-1]["wechat"]) == (
            "moved",
            "migration",
            history[-1]["wechat"],
            world.app[SERVICES].store.tag_of("shop", found["openid"]),
        )
        # The reset that is the point of it all: pushed to the new openid, approved, told.
        again = await world.start("bob", "reset", ip="192.0.2.8")
        person = Person(world, await move.successor(bob))
        code = await person.wait_for_push()
        assert (await world.check(again, code)).status == 200
        # alice has pushes muted for a day still.
        await world.start("alice", "reset", ip="192.0.2.8")
        muted = Person(world, await move.successor(alice))
        assert await muted.pushed_codes() == []


async def test_whoever_has_no_successor_is_listed_and_can_be_bound_anew(move):
    world = move.world
    gone, stays = await world.bound("gone"), await world.bound("stays")
    await gone.unfollow()
    await move.migrate()
    dry = await move.move("--dry-run")
    assert (dry[0], dry[1].split(",")[:2]) == (3, ["1 bindings would be moved", " 1 without a successor"])
    assert (await world.call("GET", "/v1/bindings/stays"))["openid"] == stays.openid
    status, out, _ = await move.move()
    assert (status, out.split(",")[:2]) == (3, ["1 bindings moved", " 1 without a successor"])
    assert [(each["site"], each["user"], each["openid"]) for each in move.lost()] == [("shop", "gone", gone.openid)]
    assert move.report.stat().st_mode & 0o077 == 0
    async with move.after(sites__shop__purposes={"open": {"scan": "open"}, "reset": {}}) as world:
        found = await world.call("GET", "/v1/bindings/gone")
        assert (found["reachable"], found["unreachable_reason"]) == (False, "unknown-openid")
        # A reset still trusts no stranger.
        stranger, reset = await move.stranger(world), await world.start("gone", "reset")
        await stranger.say(reset["scan"]["keyword"])
        assert (await world.get(reset))["status"] == "pending"
        # What lets an unbound user in by a scan lets this one in, and binding anew needs no replacing.
        started = await world.start("gone", "open", ip="192.0.2.9")
        await stranger.say(started["scan"]["keyword"])
        checked = await world.check(started, await stranger.code_in_chat())
        assert checked.status == 200, checked.text
        assert (await world.call("PUT", "/v1/bindings/gone", {"proof": checked["proof"]})).status == 201
        found = await world.call("GET", "/v1/bindings/gone")
        assert (found["reachable"], found["openid"]) == (True, stranger.openid)


@ELSEWHERE
@pytest.mark.parametrize("name", ["lost.jsonl", "lost.jsonl.part"])
async def test_a_report_that_others_may_write_is_not_believed(move, name):
    """What it lists already is not listed again, and cannot be found later."""
    await (await move.world.bound("gone")).unfollow()
    await move.migrate()
    laid = move.directory / name
    laid.write_text('{"site": "shop", "user": "gone", "openid": "x", "why": "x"}\n')
    laid.chmod(0o666)
    status, _, err = await move.move("--resume")
    assert (status, "remove it" in err) == (1, True), err
    laid.unlink()
    assert (await move.move("--resume"))[0] == 3
    assert [each["user"] for each in move.lost()] == ["gone"]


async def test_a_move_that_was_killed_goes_on(move):
    world = move.world
    people = await bind_many(world, 250)
    for person in people[::50]:
        await person.unfollow()
    await move.migrate()
    await world.fault("slow", path="/cgi-bin/changeopenid", delay=0.3)
    process = await begin("bindings", "move", move.report, "--from-appid", OLD, "--config", move.config)
    for _ in range(6000):
        if len(await move.calls()) >= 2:
            break
        await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    await world.control("DELETE", "/faults")
    # Killed, it is neither here nor there: a start is refused, and so is a second move that does not know of the first.
    status, _, err = await move.codesvc("export", move.directory / "x.jsonl", "--site", "shop")
    assert status == 1
    assert OLD in err
    status, _, err = await move.move()
    assert (status, "--resume" in err) == (1, True)
    status, _, err = await move.move("--resume")
    assert status == 3, err
    assert sorted(each["user"] for each in move.lost()) == sorted(f"u-{n}" for n in range(0, 250, 50))
    async with move.after() as world:
        for number, person in enumerate(people):
            found = await world.call("GET", f"/v1/bindings/u-{number}")
            lost = number % 50 == 0
            assert found["openid"] == (person.openid if lost else await move.successor(person))
            assert found["reachable"] is not lost
    assert (await move.move())[:2] == (0, f"no bindings are stored under the appid {OLD}; nothing was done\n")


async def _evicted_meanwhile(world, fresh, users, done):
    """The support unbinds and replaces people under the old appid, one after the other, until the move is over."""
    told = {}
    while not done.is_set():
        for user in users:
            if user in told or done.is_set():
                continue
            if int(user.split("-")[1]) % 4:
                answer = await world.call("DELETE", f"/v1/bindings/{user}")
            else:
                answer = await world.call("PUT", f"/v1/bindings/{user}", {"openid": fresh.openid, "replace": True})
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
                await asyncio.sleep(0.002)
                break
            told[user] = answer.status
            await asyncio.sleep(0.01)
        # All are told. Without a pause this would keep a core busy until the move is over.
        await asyncio.sleep(0.01)
    return told


@pytest.mark.parametrize("killed", [False, True], ids=["in one go", "killed in between"])
async def test_an_eviction_under_the_old_appid_is_done_or_refused_and_never_undone(move, killed):
    """The old service runs on while the bindings move. What it says is done is so under the new appid, too."""
    world = move.world
    people = dict(zip((f"u-{n}" for n in range(110)), await bind_many(world, 110), strict=True))
    newcomer, fresh = await world.person(), await world.person()
    await move.migrate()
    await world.fault("slow", path="/cgi-bin/changeopenid", delay=0.3)
    done = asyncio.Event()
    evictions = asyncio.create_task(_evicted_meanwhile(world, fresh, list(people)[::-1], done))
    process = await begin("bindings", "move", move.report, "--from-appid", OLD, "--config", move.config)
    if killed:
        for _ in range(6000):
            if await move.calls():
                break
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        # Interrupted, it is refused still: a user who has been moved already would read as not bound.
        started = await world.start("u-1", "register", ip="192.0.2.7")
        assert (await world.check(started, "000000")).status == 503
        assert (await world.bind("u-new", newcomer)).status == 503
        status, _, err = await move.move("--resume")
        assert status in {0, 3}, err
    else:
        assert await process.wait() in {0, 3}
    # Afterwards, too.
    for answer in (
        await world.bind("u-1", newcomer),
        await world.call("DELETE", "/v1/bindings/u-1"),
        await world.call("DELETE", "/v1/bindings/nobody"),
    ):
        assert answer.status == 503
    done.set()
    told = await evictions
    assert set(told.values()) <= {200, 201, 204, 409}
    assert 204 in told.values()
    async with move.after() as world:
        for user, person in people.items():
            found = await world.call("GET", f"/v1/bindings/{user}")
            if told.get(user) == 204:
                assert found.status == 404, user
            elif told.get(user) == 201:
                assert found["openid"] == await move.successor(fresh), user
            else:
                assert found["openid"] == await move.successor(person), user
        assert (await world.bind("u-new", await move.stranger(world))).status == 201


async def test_a_move_that_could_not_begin_leaves_the_old_service_as_it_was(move):
    world = move.world
    person = await world.bound("alice")
    # WeChat has moved nothing yet.
    spec = {"appid": move.account.appid, "secret": move.account.secret}
    await world.control("POST", "/accounts", spec | {"original_id": move.account.original_id})
    move.configure(world.sandbox)
    status, _, err = await move.move()
    assert (status, "knows of no move" in err) == (1, True)
    assert not list(move.directory.glob("*.part"))
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    assert (await world.bind("alice", person)).status == 201


@ELSEWHERE
async def test_calls_hold_the_limits_and_say_what_is_wrong(move):
    world = move.world
    await bind_many(world, 101)
    await move.migrate(confirmed=False)
    status, _, err = await move.move()
    assert (status, "administrators" in err) == (1, True)
    await move.migrate(named_by="original_id")
    status, _, err = await move.move("--resume")
    assert (status, "--from-original-id" in err) == (1, True)


@ELSEWHERE
async def test_the_old_original_id_is_the_second_name(move):
    world = move.world
    people = await bind_many(world, 101)
    await move.migrate(named_by="original_id")
    status, out, err = await move.move("--from-original-id", DEFAULT_ACCOUNT.original_id)
    assert (status, out.split(",")[0]) == (0, "101 bindings moved"), err
    sizes = [len(json.loads(call["request"])["openid_list"]) for call in await move.calls() if not call["errcode"]]
    assert sorted(sizes) == [1, 100]
    async with move.after() as world:
        assert (await world.call("GET", "/v1/bindings/u-7"))["openid"] == await move.successor(people[7])


async def test_without_any_successors(move):
    world = move.world
    await bind_many(world, 3)
    move.configure(world.sandbox)
    status, out, err = await move.move("--no-successors")
    assert (status, out.split(",")[:2]) == (3, ["0 bindings moved", " 3 without a successor"]), err
    assert await move.calls() == []
    assert len(move.lost()) == 3
    await world.control("POST", "/accounts", {"appid": move.account.appid, "secret": move.account.secret})
    async with move.after() as world:
        found = await world.call("GET", "/v1/bindings/u-1")
        assert found["reachable"] is False
        assert (await world.bind("u-1", await move.stranger(world))).status == 201


async def test_what_was_bound_anew_meanwhile_stays(move, valkey):
    world = move.world
    alice = await world.bound("alice")
    await move.migrate()
    if move.account.appid == new_appid(inside=True):
        return  # there is one key for both
    keys = Keys("cs", move.account.appid)
    valkey.hset(keys.binding("shop", "alice"), mapping={"openid": "o" + "N" * 27, "made_by": "proof", "at": "1"})
    valkey.sadd(keys.owners("shop", "o" + "N" * 27), "alice")
    status, out, _ = await move.move()
    assert (status, "1 bound again since" in out) == (0, True)
    assert [each["openid"] for each in move.lost()] == [alice.openid]
    assert valkey.hget(keys.binding("shop", "alice"), "openid") == b"o" + b"N" * 27


async def test_nothing_is_left_under_the_old_appid(move, dump):
    world = move.world
    people = await bind_many(world, 5)
    await people[0].unfollow()
    await (await world.person()).unfollow()
    await move.migrate()
    await move.move()
    left = [key for key in dump() if any(person.openid in key for person in people)]
    allowed = {f"owners:shop:{people[0].openid}", f"unknown:{people[0].openid}", f"gone:{people[0].openid}"}
    assert {key.split(":", 2)[2].removeprefix(f"{move.account.appid}:") for key in left} <= allowed
    assert not [key for key in dump() if f":{OLD}:gone" in key or f":{OLD}:leavers" in key]


@ELSEWHERE
async def test_a_move_is_two_lines_of_the_audit_log_so_that_an_interrupted_one_has_the_first(move):
    await move.world.bound("alice")
    await move.migrate()
    assert (await move.move())[0] == 0
    here = move.world.app[SERVICES]
    found = (await AuditLog(here.store, range(PARTITIONS)).search(act="binding.moved")).lines
    assert [(line.actor, line.site, line.reason.partition(":")[0]) for line in found] == [
        ("cli", "shop", "done"),
        ("cli", "shop", "begun"),
    ]
