"""Another back end lives on the same account: what is not ours reaches it as it came, and its answer goes back."""

import asyncio
import secrets
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.web.context import SERVICES
from codesvc.wechat import callback_format
from tests.service.callbacks import push_of, sealed, send
from tests.stores import until
from tests.world import wrong

KEYS = callback_format.CallbackKeys(
    appid=DEFAULT_ACCOUNT.appid,
    tokens=(DEFAULT_ACCOUNT.token,),
    aes_keys=(DEFAULT_ACCOUNT.aes_key,),
    original_id=DEFAULT_ACCOUNT.original_id,
)


class OldBackEnd:
    """Checks WeChat's own signature, as it always did."""

    def __init__(self):
        self.heard = []
        self.status = 200
        self.keys = KEYS
        self.blanks = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def answer(self, request):
        from codesvc.domain.clock import unix_ms

        inbound = callback_format.parse(self.keys, request.query, await request.read(), now=unix_ms() / 1000)
        self.heard.append(type(inbound.event).__name__)
        await self.answers.wait()
        if self.status != 200:
            return web.Response(status=self.status)
        said = callback_format.render_text(inbound, "old answer", now=unix_ms() / 1000)
        return web.Response(body=said.replace(b"<xml>", b"<xml>" + b" " * self.blanks))


@pytest.fixture
async def old(aiohttp_server):
    back_end = OldBackEnd()
    app = web.Application()
    app.router.add_post("/wx", back_end.answer)
    back_end.url = str((await aiohttp_server(app)).make_url("/wx"))
    return back_end


async def test_what_is_not_ours_goes_on_and_its_answer_comes_back(new_world, old):
    async with new_world(accounts__main__forward_to=old.url) as world:
        person = await world.person()
        await person.say("菜单")
        assert await person.texts() == ["old answer", "old answer"]
        await person.say("password")
        await person.say("abcdefgh")
        assert old.heard == ["Followed", "Text", "Text", "Text"]


async def test_an_answer_that_comes_in_several_pieces_comes_back_whole(new_world, old):
    # A connection is read 4,096 octets at a time.
    old.blanks = 20_000
    async with new_world(accounts__main__forward_to=old.url) as world:
        person = await world.person()
        await person.say("菜单")
        assert await person.texts() == ["old answer", "old answer"]


async def test_what_is_ours_does_not(new_world, old):
    async with new_world(accounts__main__forward_to=old.url) as world:
        person = await world.person()
        old.heard.clear()
        started = await world.start()
        await person.scan(await world.scan_url(started))
        assert (await world.check(started, await person.code_in_chat())).status == 200
        assert old.heard == []


async def test_a_copy_of_what_is_ours_if_wanted(new_world, old):
    async with new_world(accounts__main__forward_to=old.url, accounts__main__forward_copies=True) as world:
        person = await world.person()
        started = await world.start()
        await person.scan(await world.scan_url(started))
        code = await person.code_in_chat()
        assert (await world.check(started, wrong(code))).status == 422
        # The copy of the scan follows the answer to WeChat.
        await until(lambda: "Scanned" in old.heard)


async def test_the_other_side_failing_costs_silence_only(new_world, old):
    old.status = 500
    async with new_world(accounts__main__forward_to=old.url) as world:
        person = await world.person()
        said = await person.say("菜单")
        assert said["callback"]["status"] == "success"
        assert await person.texts() == []


@pytest.mark.parametrize("mode", ["safe", "plaintext"])
async def test_who_has_read_one_callback_does_not_have_it_handed_on_without_end(new_world, old, mode):
    account, old.keys = replace(DEFAULT_ACCOUNT, mode=mode), replace(KEYS, mode=mode)
    async with new_world(account=account, accounts__main__forward_to=old.url) as world:
        query, body = sealed(account, push_of(account, "o-read-on-its-way-0000000001", text="菜单"), mode=mode)
        for number in range(20):
            more = query | ({"more": str(number)} if number % 2 else {})
            answer = await send(world, more, body)
            # In plaintext mode nobody knows that it is the same event: it is not acted on at all.
            assert answer.status == (403 if mode == "plaintext" and number >= 5 else 200)
        assert len(old.heard) == 5
        # A second timestamp and nonce beside those that are checked changes nothing.
        for number in range(5):
            path = f"/wechat/main?{urlencode(query)}&timestamp=1&nonce={number}"
            await world.call("POST", path, data=body if isinstance(body, bytes) else body.encode(), key=None)
        assert len(old.heard) == 5
        # WeChat's next push has a signature of its own.
        person = await world.person()
        old.heard.clear()
        await person.say("菜单")
        assert old.heard == ["Text"]


PAGE = "<script>document.title = origin</script>"
XML_PAGE = '<x:script xmlns:x="http://www.w3.org/1999/xhtml">document.title = origin</x:script>'


@pytest.mark.parametrize(
    ("said", "text", "passed_on"),
    [
        ("text/html", PAGE, "application/xml"),
        ("text/html", "success", "text/plain"),
        ("text/html", f"hello {PAGE}", "text/plain"),
        ("image/svg+xml", XML_PAGE, "application/xml"),
        ("application/xhtml+xml", XML_PAGE, "application/xml"),
        ("text/javascript", "alert(1)", "text/plain"),
        ("text/xml", " \n<xml></xml>", "application/xml"),
        ("text/plain", "", "text/plain"),
    ],
)
async def test_what_the_other_side_says_is_no_page_of_ours(new_world, aiohttp_server, said, text, passed_on):
    """Another site's form can send a callback that was read, so the answer opens in a browser, on our own origin."""

    async def answer(_):
        return web.Response(text=text, content_type=said)

    app = web.Application()
    app.router.add_post("/wx", answer)
    url = str((await aiohttp_server(app)).make_url("/wx"))
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_world(account=account, accounts__main__forward_to=url) as world:
        query, body = sealed(account, push_of(account, "o-who-writes-something-0000001", text="菜单"), mode="plaintext")
        heard = await send(world, query, body)
        assert (heard.status, heard.text) == (200, text)
        assert heard.headers["Content-Type"].partition(";")[0] == passed_on
        assert heard.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert heard.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_back_end_that_does_not_answer_holds_so_many_callbacks_and_no_more(new_world, old):
    """The owner of an account signs callbacks as fast as it likes, and the copies go on after their answers."""
    account = DEFAULT_ACCOUNT
    async with new_world(accounts__main__forward_to=old.url, accounts__main__forward_copies=True) as world:
        forwarding = world.app[SERVICES].callback_forwarding
        forwarding.most_copies, forwarding.most_under_way, forwarding.timeout_seconds = 4, 8, 300

        async def say(text):
            query, body = sealed(account, push_of(account, "o" + secrets.token_hex(14)[:27], text=text))
            assert (await send(world, query, body)).status == 200

        old.answers.clear()
        with capture_logs() as lines:
            for _ in range(7):
                await say("不是我")
        # One line at once; the others are counted for the next.
        said = [line for line in lines if line["event"] == "callback_not_forwarded"]
        assert [(line["account"], line["why"]) for line in said] == [("main", "too many")]
        await until(lambda: len(old.heard) >= 4)
        # What a person waits for has room that copies do not take.
        waiting = [asyncio.create_task(say("菜单")) for _ in range(4)]
        await until(lambda: len(old.heard) >= 8)
        await say("菜单")
        old.answers.set()
        await asyncio.gather(*waiting)
        await say("菜单")
        assert len(old.heard) == 9
