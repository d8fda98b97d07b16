"""The certificate of the public address, which only a look can show: a handshake with a real server says its state."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import trustme

from codesvc.doctor import public_certificate as doctor
from codesvc.doctor.finding import Status
from codesvc.domain.service_address import ServiceAddress
from codesvc.runtime.peer_certificate import CertificateProbe
from codesvc.service.public_certificate import PublicCertificate
from codesvc.web.context import SERVICES
from tests.ops.nginx import free_port
from tests.raw_server import raw_server
from tests.service.test_admin import ADMIN, Operator
from tests.world import OPERATOR_KEY

LONG_AGO, LATELY = timedelta(days=90), timedelta(minutes=5)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that this machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


@asynccontextmanager
async def answering(leaf):
    """A server of TLS with this certificate; without one, of plain HTTP. Gives its port."""
    context = None
    if leaf is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with raw_server(answer, tls=context) as port:
        yield port


def leaf_of(authority, state):
    now = datetime.now(UTC)
    match state:
        case "expired":
            return authority.issue_cert("localhost", not_before=now - LONG_AGO, not_after=now - LATELY)
        case "not yet valid":
            return authority.issue_cert("localhost", not_before=now + LATELY, not_after=now + LONG_AGO)
        case "ends soon":
            return authority.issue_cert("localhost", not_before=now - LONG_AGO, not_after=now + LATELY)
        case "wrong name":
            return authority.issue_cert("elsewhere.example.com")
        case "not trusted":
            return trustme.CA().issue_cert("localhost")
        case "no certificate":
            return None
        case _:
            return authority.issue_cert("localhost")


STATES = ["ok", "expired", "not yet valid", "ends soon", "wrong name", "not trusted", "no certificate"]


@pytest.mark.parametrize("state", STATES)
async def test_what_a_handshake_shows(authority, state):
    async with answering(leaf_of(authority, state)) as port:
        seen = await CertificateProbe().look("localhost", port)
        assert seen is not None
        assert seen.state(int(datetime.now(UTC).timestamp() * 1000)) == state
        [found] = await doctor.findings(f"https://localhost:{port}")
    wanted = {"ok": Status.OK, "ends soon": Status.WARN}.get(state, Status.FAIL)
    assert found.status is wanted
    assert len(found.found) < 200
    assert bool(found.remedy) == (state != "ok")


class OfVersion7:
    """A certificate whose version is none of X.509's: OpenSSL sends it, and no library reads it."""

    def __init__(self, leaf, directory):
        self._certificate, self._key = directory / "odd.pem", directory / "odd.key"
        leaf.private_key_pem.write_to_path(self._key)
        octets = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
        odd = octets.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"), 1)
        self._certificate.write_text(ssl.DER_cert_to_PEM_cert(odd), encoding="ascii")

    def configure_cert(self, context):
        context.load_cert_chain(self._certificate, self._key)


async def test_a_certificate_that_cannot_be_read_is_none(authority, tmp_path):
    async with answering(OfVersion7(leaf_of(authority, "ok"), tmp_path)) as port:
        seen = await CertificateProbe().look("localhost", port)
        assert seen is not None
        assert seen.fault == "no certificate"


async def test_an_address_that_is_not_reached_says_nothing_of_a_certificate():
    port = free_port()
    assert await CertificateProbe().look("localhost", port) is None
    [found] = await doctor.findings(f"https://localhost:{port}")
    assert found.status is Status.SKIPPED


async def test_plain_http_has_none():
    assert await doctor.findings("http://localhost:8080") == []


@asynccontextmanager
async def watched(new_world, port):
    listen, own = free_port(), free_port()
    async with (
        new_world(
            service_port=own,
            service__public_url=f"https://localhost:{port}",
            admin=ADMIN | {"listen": f"127.0.0.1:{listen}"},
        ) as world,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        lan = Operator(replace(world, service=f"http://127.0.0.1:{listen}"), http)
        assert (await lan.sign_in())[0] == 303
        await world.app[SERVICES].readiness.certificate.look()
        yield world, lan


@pytest.mark.parametrize(("state", "said"), [("expired", "证书已过期"), ("ends soon", "到期")])
async def test_every_place_names_it(new_world, authority, state, said):
    async with answering(leaf_of(authority, state)) as port, watched(new_world, port) as (world, lan):
        ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
        [component] = [each for each in ready["components"] if each["component"] == "certificate"]
        assert component["state"] == state
        assert ready.status == 200, "the process stays in rotation"
        page = (await lan.get("/admin"))[2]
        assert said in page
        assert "一切正常" not in page
        assert page.index(said) < page.index('id="tile-'), "it stands before the figures"
        metrics = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    assert f'codesvc_certificate{{state="{state}"}} 1.0' in metrics
    assert 'codesvc_certificate{state="ok"} 0.0' in metrics
    assert "codesvc_certificate_ends_seconds 1." in metrics


async def test_a_renewed_one_is_seen_and_one_that_cannot_be_seen_is_no_state(authority):
    async with answering(leaf_of(authority, "expired")) as port:
        watch = PublicCertificate(f"https://localhost:{port}")
        await watch.look()
        assert watch.state == "expired"
        watch._address = ServiceAddress(f"https://localhost:{free_port()}")
        await watch.look()
        assert watch.conditions == []
        async with answering(leaf_of(authority, "ok")) as renewed:
            watch._address = ServiceAddress(f"https://localhost:{renewed}")
            await watch.look()
        assert watch.state == "ok"
