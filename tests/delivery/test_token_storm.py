"""Two whole services on one store, as two processes are, and WeChat takes their token away amid a thousand sends."""

import asyncio
from collections import Counter

from aiohttp import web

from codesvc.app import create_app
from codesvc.config import parse
from tests.http_servers import shut_down
from tests.world import document

SENDS = 1_000
USERS = 20
LIFTED = dict.fromkeys(("site_starts", "address_starts", "user_pushes", "openid_pushes"), "none")


async def _second_process(world, store_url, directory):
    tables = document(world.service, world.sandbox, sites__shop__limits=LIFTED)
    runner = web.AppRunner(create_app(parse(tables, env={}, directory=directory), store_url), access_log=None)
    await runner.setup()
    return runner


def _token_fetches(world):
    return {entry.number for entry in world.platform.journal.entries("api") if "token" in entry.path}


async def test_no_message_is_lost_none_doubled_and_tokens_are_fetched_a_handful_of_times(
    new_world, store_url, tmp_path
):
    async with new_world(sites__shop__limits=LIFTED) as world:
        second = await _second_process(world, store_url, tmp_path)
        try:
            people = [await world.bound(f"user-{number}") for number in range(USERS)]
            started, fetches = [], set()
            for batch in range(0, SENDS, 100):
                started += await asyncio.gather(
                    *(
                        world.start(f"user-{n % USERS}", ip=f"10.0.{n >> 8}.{n & 255}")
                        for n in range(batch, batch + 100)
                    )
                )
                if batch in {200, 600}:
                    await world.control("POST", "/faults", {"kind": "revoke_token"})
                fetches |= _token_fetches(world)
            for answer in started:
                assert answer.status == 201
                assert (await world.delivery(answer, "sent", "delivered"))["channel"] == "template"
            fetches |= _token_fetches(world)
            messages = [message for person in people for message in await person.messages("template")]
        finally:
            await shut_down(second)
    sent = Counter(message["client_msg_id"] for message in messages)
    assert len(sent) == SENDS
    assert set(sent.values()) == {1}
    assert 1 <= len(fetches) <= 6
