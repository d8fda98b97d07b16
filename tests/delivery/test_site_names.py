"""Names that sites choose are looked up beside everybody else's."""

import asyncio
import socket
from threading import Event

import pytest
from yarl import URL

from codesvc.config.relay_settings import SmtpGateway
from codesvc.delivery.gateways import smtp
from codesvc.delivery.gateways.gateway import Taken
from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
from codesvc.runtime.site_names import SiteNames
from tests.relay.test_gateways import MAIL, handover
from tests.stores import until

CROWD = 64


@pytest.fixture
def asked(monkeypatch):
    """The names that were looked up; those under `silent` are not answered before the end of the test."""
    names, end, real = [], Event(), socket.getaddrinfo

    def look_up(host, *rest, **more):
        names.append(host)
        if str(host).endswith("silent"):
            end.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield names
    end.set()


async def mails(names):
    gateway = smtp.Smtp(SmtpGateway(port=25, **MAIL | {"host": "mail.silent"}), names)
    await gateway.hand(handover())


async def requests(number, sessions):
    url = URL(f"https://receiver-{number}.silent/")
    async with sessions.request("POST", url, body=b"", headers={}, allow_private=False):
        raise AssertionError


async def test_names_without_an_answer_keep_no_other_from_being_looked_up(asked):
    sessions = GuardedSessions(timeout=60)
    async with sessions.open():
        waiting = [asyncio.create_task(mails(sessions.names)) for _ in range(CROWD)]
        waiting += [asyncio.create_task(requests(number, sessions)) for number in range(CROWD)]
        await until(lambda: len([name for name in asked if name.endswith("silent")]) == CROWD + 1)
        # WeChat's names are looked up by the event loop.
        assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        assert await sessions.names.addresses("localhost", 80)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_gives_up_ends_no_look_up_that_others_wait_for():
    go, calls = Event(), []

    def look_up(host, port, **_):
        calls.append(host)
        go.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    names = SiteNames(look_up)
    first, second = (asyncio.create_task(names.addresses("shop.example", 25)) for _ in range(2))
    await until(lambda: calls)
    first.cancel()
    go.set()
    assert [address for *_, address in await second] == [("192.0.2.1", 25)]
    assert calls == ["shop.example"]


async def test_a_name_that_fails_is_looked_up_anew():
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    names = SiteNames(look_up)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await names.resolve("shop.example", 443)


async def test_addresses_are_taken_as_they_are():
    def look_up(*_, **__):
        raise AssertionError

    names = SiteNames(look_up)
    assert [address for *_, address in await names.addresses("192.0.2.1", 25)] == [("192.0.2.1", 25)]
    assert (await names.addresses("2001:db8::1", 25))[0][4][:2] == ("2001:db8::1", 25)


async def test_a_name_is_given_in_the_family_that_is_asked_for():
    def look_up(_, port, **__):
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port)),
        ]

    names = SiteNames(look_up)
    both = await names.resolve("shop.example", 443, socket.AF_UNSPEC)
    assert [each["host"] for each in both] == ["2001:db8::1", "192.0.2.1"]
    assert [each["host"] for each in await names.resolve("shop.example", 443, socket.AF_INET)] == ["192.0.2.1"]


async def test_what_is_no_name_cannot_be_looked_up():
    with pytest.raises(socket.gaierror):
        await SiteNames().resolve("a" * 70 + ".example", 443)


@pytest.mark.usefixtures("asked")
async def test_a_mail_server_without_a_name_server_is_tried_later():
    gateway = smtp.Smtp(SmtpGateway(port=25, **MAIL | {"host": "mail.silent"}), SiteNames(), connect_seconds=0.05)
    answer = await gateway.hand(handover())
    assert (answer.taken, answer.reason) == (Taken.LATER, "unreachable")
