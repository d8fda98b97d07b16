"""A job whose worker died is taken over, and done under the same client_msg_id (DESIGN rule 4)."""

from urllib.parse import urlsplit

from codesvc.store.keys import Keys
from codesvc.store.outbox import GROUP

SEND = "/cgi-bin/message/template/send"


async def test_a_worker_that_ended_in_the_middle_of_a_send_leaves_nothing_lost_and_nothing_doubled(new_world, valkey):
    """WeChat has the message already, and the answer never came: the next process asks again, WeChat delivers once."""
    async with new_world() as first:
        owner = await first.bound("alice")
        await first.fault("slow", path=SEND, delay=60, times=1)
        started = await first.start("alice")
        code = await owner.wait_for_push()
        assert (await first.get(started))["delivery"]["status"] == "queued"
    outbox = Keys("cs", first.platform.default_account.appid).outbox
    [job] = valkey.xpending_range(outbox, GROUP, "-", "+", 10)
    # Time passes for the stream: nobody has touched the job for half a minute.
    valkey.xclaim(outbox, GROUP, job["consumer"], 0, [job["message_id"]], idle=30_000, justid=True)

    port = urlsplit(first.service).port
    async with new_world(platform=first.platform, service_port=port) as second:
        found = await second.delivery(started, "sent", "delivered")
        assert (found["channel"], found["reason"]) == ("template", None)
        owner.world = second
        assert await owner.pushed_codes() == [code]
        sends = second.platform.journal.entries("api", path=SEND)
        assert len(sends) == 2
        assert len({call.request for call in sends}) == 1
        assert valkey.xlen(outbox) == 0
        assert (await second.check(started, code)).status == 200
