"""How many messages a site's gateway is given in a day: it costs money, and a public sign-up names any number."""

from structlog.testing import capture_logs

from tests.relay.conftest import ended, send
from tests.relay.test_contacts import delivery, outbox, start, told
from tests.service.test_admin import ADMIN
from tests.service.test_metrics import numbers, value
from tests.stores import until

LIMIT = {"sites__shop__limits": {"gateway_messages": ["2/day"], "address_starts": "none"}}


async def test_past_it_the_gateway_is_not_called_and_everybody_concerned_hears_why(new_relay, stub, admin):
    webhook = {"url": f"{stub.url}/events", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    webhook |= {"allow_private": True, "allow_http": True}
    with capture_logs() as lines:
        async with new_relay(admin=ADMIN, sites__shop__webhook=webhook, **LIMIT) as world:
            operator = await admin(world)
            before = value(await numbers(world), "codesvc_refused_total", site="shop", limit="gateway_messages")
            for number in range(2):
                await ended(world, await send(world, phone=f"+861380013800{number}"), "handed_over")
            kept_back = await ended(world, await send(world, phone="+8613800138002"), "failed")
            assert (kept_back["channel"], kept_back["reason"]) == ("gateway", "gateway-limit")
            # A verification has a scan left, and says so.
            started = await start(world, "alice")
            await delivery(world, started, ("scan", "awaiting_scan"))
            await until(lambda: told(stub, "message.failed"))
            [event] = told(stub, "message.failed")
            assert event["reason"] == "gateway-limit"
            after = value(await numbers(world), "codesvc_refused_total", site="shop", limit="gateway_messages")
            assert after - before == 2
            _, _, page = await operator.get("/admin")
            assert "网关消息额度已用完，有 2 条没有发出" in page
            # A day later it goes on.
            await world.advance(86_401)
            await ended(world, await send(world, phone="+8613800138003"), "handed_over")
        assert sum(request.path == "/hook" for request, _ in stub.requests) == 3
    written = [line for line in lines if line["event"] == "gateway_limit_reached"]
    assert {line["log_level"] for line in written} == {"error"}
    assert sum(line["count"] for line in written) == 2


async def test_a_message_that_is_handed_again_counts_once(new_relay, stub):
    stub.answers = [(503, ""), (503, ""), (200, "{}")]
    async with new_relay(**LIMIT) as world:
        await ended(world, await send(world, phone="+8613800138000"), "handed_over")
        await ended(world, await send(world, phone="+8613800138001"), "handed_over")
        await ended(world, await send(world, phone="+8613800138002"), "failed")
        assert len(stub.requests) == 4


async def test_who_is_reached_by_wechat_takes_nothing_of_it(new_relay, stub, valkey):
    async with new_relay(skip=False, **LIMIT) as world:
        for number in range(3):
            person = await world.person()
            assert (await world.bind(f"user-{number}", person)).status == 201
            reached = await start(world, f"user-{number}", contact={"phone": f"+861380013800{number}"})
            await person.wait_for_push()
            await delivery(world, reached, ("template", "delivered"))
        started = await start(world, "nobody")
        await delivery(world, started, ("gateway", "sent"))
        world.clock.go.set()
        await until(lambda: outbox(valkey) == 0)
        assert len(stub.requests) == 1
