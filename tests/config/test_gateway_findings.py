"""`codesvc check` looks at the sites' own gateways, sends nothing, and says what it has not tried."""

from dataclasses import replace

import pytest

from codesvc.config.relay_settings import Gateway, Inbound, Relay, ShapedGateway, SignedGateway, SmtpGateway
from codesvc.doctor import gateways, inbound_sources
from codesvc.doctor.finding import Status
from codesvc.domain.secret import Secret
from codesvc.runtime.public_sockets import AddressRule
from tests.raw_server import raw_server
from tests.stores import free_port, until

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def with_site(document):
    """The settings with another shop: `with_site(gateways=…, relay=…)`."""

    def change(**changes):
        settings = document.settings()
        sites = dict(settings.sites) | {"shop": replace(settings.sites["shop"], **changes)}
        return replace(settings, sites=sites)

    return change


def signed(url, **more):
    return Gateway(signed=SignedGateway(url=url, secrets=(Secret(WHSEC),), **more))


@pytest.fixture
async def server():
    """A server that keeps what it is sent."""
    said = []

    async def receive(reader, writer):
        said.append(await reader.read())
        writer.close()

    async with raw_server(receive) as port:
        yield port, said


async def test_a_gateway_is_reached_and_nothing_is_sent(with_site, server):
    port, said = server
    made = {
        "hook": signed(f"http://127.0.0.1:{port}/sms", allow_private=True, allow_http=True),
        "mail": Gateway(smtp=SmtpGateway(host="127.0.0.1", port=port, sender="a@shop.example", allow_private=True)),
    }
    found = await gateways.findings(with_site(gateways=made))
    assert [each.status for each in found] == [Status.OK, Status.OK]
    assert all("nothing was sent, so credentials" in each.found for each in found)
    await until(lambda: len(said) == 2)
    assert said == [b"", b""]


async def test_a_private_address_is_refused_as_the_service_refuses_it(with_site, server):
    port, said = server
    [found] = await gateways.findings(with_site(gateways={"hook": signed(f"https://127.0.0.1:{port}/sms")}))
    assert found.status is Status.FAIL
    assert "refuses to call it" in found.found
    assert "allow_private" in found.remedy
    assert said == []


async def test_an_address_of_this_machine_is_called_as_a_website_only(with_site, server):
    """And the operator reads what to do."""
    port, said = server
    own = AddressRule(lambda _: True, lambda _: True)
    made = {
        "hook": signed(f"https://127.0.0.1:{port}/sms"),
        "mail": Gateway(smtp=SmtpGateway(host="127.0.0.1", port=443, sender="a@shop.example")),
    }
    for found in await gateways.findings(with_site(gateways=made), own):
        assert found.status is Status.FAIL
        assert "is an address of this machine, so the service refuses to call it" in found.found
        assert "allow_private = true" in found.remedy
        assert "https at port 443" in found.remedy
    assert said == []
    [website] = await gateways.findings(with_site(gateways={"hook": signed("https://127.0.0.1/sms")}), own)
    assert "refuses" not in website.found


async def test_an_address_that_nobody_listens_at_is_said(with_site):
    made = ShapedGateway(url=f"http://127.0.0.1:{free_port()}/", fields={"to": "{to}"}, allow_private=True)
    [found] = await gateways.findings(with_site(gateways={"hook": Gateway(shaped=made)}))
    assert found.status is Status.FAIL
    assert "cannot be reached (ConnectionRefusedError)" in found.found


async def test_a_server_without_a_certificate_is_said(with_site, server):
    made = signed(f"https://127.0.0.1:{server[0]}/", allow_private=True)
    [found] = await gateways.findings(with_site(gateways={"hook": made}))
    assert found.status is Status.FAIL


def test_a_missing_price_and_an_unused_gateway_are_said(with_site):
    made = {"main": signed("https://a.example/"), "old": signed("https://b.example/")}
    unused, priced = gateways.settled(with_site(gateways=made, relay=Relay(sms="main")))
    assert "not used: old" in unused.found
    assert (priced.status, "no price" in priced.found) == (Status.WARN, True)
    [fine] = gateways.settled(
        with_site(gateways={"main": made["main"]}, relay=Relay(sms="main", price=0.05, shadow=True), keys=())
    )
    assert (fine.status, "shadow mode" in fine.found) == (Status.OK, True)
    register = Relay(sms="main", price=0.05, purpose="register")
    [never] = gateways.settled(with_site(gateways={"main": made["main"]}, relay=register))
    assert (never.status, "sign-up" in never.found) == (Status.WARN, True)


@pytest.mark.parametrize(
    ("secret", "status"),
    [(f"v1,{WHSEC}", Status.OK), ("v1,whsec_not base64", Status.FAIL), (f"v1,{WHSEC}|", Status.FAIL)],
)
def test_a_secret_of_another_form_is_said_and_not_shown(with_site, secret, status):
    source = Inbound(adapter="supabase", secrets=(Secret(secret),), purpose="register")
    made = {"main": signed("https://a.example/")}
    [found] = inbound_sources.findings(with_site(gateways=made, relay=Relay(sms="main"), inbound={"auth": source}))
    assert found.status is status
    assert "MfKQ" not in f"{found.found} {found.remedy}"
