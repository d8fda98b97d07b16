"""Channels in the policy's order, and what happens where one cannot bring the code."""

import asyncio
import functools
from types import SimpleNamespace

import msgspec
import pytest
from structlog.testing import capture_logs

from codesvc.delivery.breaker import FAILURES
from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.channel_list import make_channels
from codesvc.delivery.channels.means import Means
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.charged_calls import CIRCUIT_OPEN, ChargedCalls
from codesvc.delivery.circuits import Circuit
from codesvc.delivery.pace import Pace
from codesvc.domain import channels as table
from codesvc.domain.channels import WECHAT, Channel
from codesvc.domain.message import ledger_reason
from codesvc.sandbox.account import NOTICE_TEMPLATE_ID
from codesvc.web.admin import peers_affected
from codesvc.wechat.errors import TokenUnavailable, WeChatUnreachable
from tests.stores import until

CHANNELS = "sites__shop__purposes"


async def test_without_a_code_template_everything_works_by_scan_and_reply(new_world):
    async with new_world(**{CHANNELS: {"reset": {"channels": []}}, "accounts__main__messages": {}}) as world:
        owner = await world.bound("alice")
        started = await world.start("alice", "reset")
        await owner.scan(await world.scan_url(started))
        assert (await world.get(started))["delivery"] == {"channel": "reply", "status": "sent", "reason": None}
        assert (await world.check(started, await owner.code_in_chat())).status == 200
        assert await owner.messages("template") == []


async def test_customer_service_only_inside_its_window(new_world):
    async with new_world(**{CHANNELS: {"register": {"channels": ["customer_service", "template"]}}}) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        first = await world.start("alice")
        assert (await world.delivery(first, "sent", "delivered"))["channel"] == "customer_service"
        assert (await world.check(first, await owner.code_in_chat())).status == 200

        stranger = await world.person(follows=False)
        assert (await world.bind("bob", stranger)).status == 201
        second = await world.start("bob")
        found = await world.delivery(second, "awaiting_scan")
        assert found == {"channel": "scan", "status": "awaiting_scan", "reason": "not-following"}


CUSTOM = "/cgi-bin/message/custom/send"
ONLY_CHAT = {CHANNELS: {"register": {"channels": ["customer_service"]}}}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("image", {"PicUrl": "https://e/p.jpg", "MediaId": "m"}),
        ("voice", {"MediaId": "m", "Format": "amr"}),
        ("location", {"Location_X": "1", "Location_Y": "2", "Scale": "3", "Label": "x"}),
    ],
)
async def test_every_message_of_a_person_opens_the_window(new_world, kind, fields):
    """WECHAT.md 8: a message is a message, whatever it holds."""
    async with new_world(**ONLY_CHAT) as world:
        owner = await world.bound("alice")
        await world.advance(61)  # following has opened the short one
        await world.control("POST", f"/users/{owner.openid}/send", {"type": kind, "fields": fields})
        assert (await world.delivery(await world.start("alice"), "sent"))["channel"] == "customer_service"


async def test_the_window_closes_by_the_clock_of_the_service(new_world):
    """DESIGN rule 3: no TTL decides whether something is over."""
    async with new_world(**ONLY_CHAT) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        await world.advance(47 * 3600 - 60)
        assert (await world.delivery(await world.start("alice"), "sent"))["channel"] == "customer_service"
        before = len(world.platform.journal.entries("api", path=CUSTOM))
        await world.advance(120)
        assert (await world.delivery(await world.start("alice"), "awaiting_scan"))["reason"] == "no-channel"
        assert len(world.platform.journal.entries("api", path=CUSTOM)) == before


async def test_who_leaves_closes_the_window(new_world):
    """Following again opens the short one alone, so that after it no call is made that WeChat refuses."""
    async with new_world(**ONLY_CHAT) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        await owner.unfollow()
        await owner.follow()
        await world.advance(61)
        await world.delivery(await world.start("alice"), "awaiting_scan")
        assert [entry.errcode for entry in world.platform.journal.entries("api", path=CUSTOM)] == []


NOTICE = {
    "template_id": NOTICE_TEMPLATE_ID,
    "channel": "subscription",
    "fields": {"character_string1": "{{ code }}", "thing2": "{{ reference }}", "time3": "{{ expires_time }}"},
}


async def test_subscription_notice_when_the_template_is_refused(new_world):
    changes = {
        CHANNELS: {"register": {"channels": ["template", "subscription"]}},
        "accounts__main__messages__code_notice": NOTICE,
    }
    async with new_world(**changes) as world:
        owner = await world.bound("alice")
        await world.control("POST", f"/users/{owner.openid}/notice", {"template_id": NOTICE_TEMPLATE_ID})
        await world.control(
            "POST", "/faults", {"kind": "errcode", "path": "/cgi-bin/message/template/send", "errcode": 43101}
        )
        started = await world.start("alice")
        assert (await world.delivery(started, "sent", "delivered"))["channel"] == "subscription"


async def test_a_quota_that_is_gone_leads_to_the_scan_and_spares_wechat(world):
    owner = await world.bound("alice")
    send = "/cgi-bin/message/template/send"
    await world.control("POST", "/faults", {"kind": "errcode", "path": send, "errcode": 45009})
    first = await world.start("alice")
    assert (await world.delivery(first, "awaiting_scan"))["reason"] == "quota"
    calls = len(world.platform.journal.entries("api", path=send))
    second = await world.start("alice")
    assert (await world.delivery(second, "awaiting_scan"))["reason"] == "quota"
    assert len(world.platform.journal.entries("api", path=send)) == calls
    await owner.scan(await world.scan_url(second))
    assert (await world.check(second, await owner.code_in_chat())).status == 200


def test_every_channel_that_sends_has_a_module_and_no_other():
    channels = make_channels(Means(None, {}, None))
    assert channels.keys() == {channel for channel in Channel if channel.traits.sends}
    assert {channel for channel in Channel if channel.traits.listed} <= channels.keys()
    for channel, sender in channels.items():
        assert type(sender).__module__ == f"codesvc.delivery.channels.{channel}"


class OtherMessenger:
    """A channel whose calls another service than WeChat answers."""

    async def send(self, _):
        return Attempt(Ending.SENT, Channel.CUSTOMER_SERVICE)


@pytest.mark.parametrize(("silent", "reason"), [(WECHAT, ""), ("other", CIRCUIT_OPEN)])
async def test_the_silence_of_a_service_stops_its_own_channels_only(monkeypatch, silent, reason):
    channel = Channel.CUSTOMER_SERVICE
    monkeypatch.setitem(table._TRAITS, channel, msgspec.structs.replace(channel.traits, platform="other"))
    circuits = {
        service: {"main": Circuit("main", trials=(60, 60), clock=lambda: 0, sleep=asyncio.sleep)}
        for service in (WECHAT, "other")
    }
    for _ in range(FAILURES):
        assert circuits[silent]["main"].allows()
        circuits[silent]["main"].ended(Attempt(Ending.LATER, channel, blocked=True))
    calls = ChargedCalls(None, {channel: OtherMessenger()}, {}, circuits, None)
    begun = SimpleNamespace(shown=None, openid="", template_quota="")
    attempt = await calls.make(SimpleNamespace(name="main"), SimpleNamespace(client_msg_id="1"), begun, channel)
    assert attempt.reason == reason
    assert circuits[silent]["main"].allows() is False


@pytest.fixture
def notices_of_another_service(monkeypatch):
    """The sandbox's subscription notices play the other service, as if they were not WeChat's."""
    other = msgspec.structs.replace(Channel.SUBSCRIPTION.traits, platform="other")
    monkeypatch.setitem(table._TRAITS, Channel.SUBSCRIPTION, other)
    return {
        CHANNELS: {"register": {"channels": ["template", "subscription"]}},
        "accounts__main__messages__code_notice": NOTICE,
    }


async def wechat_silent(world):
    """The verdict on this errcode is that nothing of the account can be sent."""
    await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=40001)


@pytest.mark.parametrize("pace", [Pace(pauses=(0.05,), trials=(60, 60)), Pace(pauses=(60,))], ids=["open", "closed"])
async def test_a_code_goes_by_another_service_while_wechat_is_silent(new_world, notices_of_another_service, pace):
    """Without a pause: where the circuit is open, and where this job is the first to find WeChat silent."""
    async with new_world(pace=pace, **notices_of_another_service) as world:
        owner = await world.bound("alice")
        await world.control("POST", f"/users/{owner.openid}/notice", {"template_id": NOTICE_TEMPLATE_ID})
        await wechat_silent(world)
        if pace.trials[0] == 60:
            await world.bound("bob")
            with capture_logs() as logs:
                await world.start("bob", "reset")
                await until(lambda: any(line["event"] == "circuit" for line in logs))
        started = await world.start("alice")
        assert (await world.delivery(started, "sent", "delivered"))["channel"] == "subscription"
        assert await owner.messages("template") == []


async def test_a_code_that_no_other_service_sends_waits_for_wechat(new_world, notices_of_another_service):
    pace = Pace(pauses=(0.05,), trials=(0.1, 0.1))
    async with new_world(pace=pace, **notices_of_another_service) as world:
        owner = await world.bound("alice")  # without her consent to a notice
        await wechat_silent(world)
        started = await world.start("alice")
        notices = functools.partial(world.platform.journal.entries, "api", path="/cgi-bin/message/subscribe/bizsend")
        await until(lambda: len(notices()) > FAILURES)
        assert (await world.get(started))["delivery"]["status"] == "queued"
        await world.control("DELETE", "/faults")
        assert (await world.check(started, await owner.wait_for_push())).status == 200


async def test_an_errcode_of_another_service_says_nothing_of_an_openid(new_world, monkeypatch):
    """40003 is WeChat's: the account has no such openid."""
    other = msgspec.structs.replace(Channel.TEMPLATE.traits, platform="other")
    monkeypatch.setitem(table._TRAITS, Channel.TEMPLATE, other)
    async with new_world() as world:
        await world.bound("alice")
        send = "/cgi-bin/message/template/send"
        await world.control("POST", "/faults", {"kind": "errcode", "path": send, "errcode": 40003})
        await world.delivery(await world.start("alice"), "awaiting_scan")
        assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is True


@pytest.mark.parametrize("fault", [WeChatUnreachable("refused"), TokenUnavailable("none")])
def test_no_answer_of_wechat_is_not_called_as_people_are_that_no_message_reaches(fault):
    attempt = wechat_answers.failed(Channel.TEMPLATE, fault)
    assert ledger_reason(attempt.reason) == "wechat-down"
    assert attempt.reason in peers_affected._UNANSWERED
    assert "unreachable" not in peers_affected._UNANSWERED  # of a person: `why_no_push`
