"""The dialogue with a mail server, which a site chooses: its cost, its encryption, and what a failure means."""

import asyncio
import socket
import ssl
import sys
from base64 import b64encode

import pytest
import trustme

from codesvc.config.relay_settings import SmtpGateway
from codesvc.delivery.gateways import smtp, smtp_dialogue
from codesvc.delivery.gateways.gateway import Taken
from codesvc.domain.recipient import email
from codesvc.domain.secret import Secret
from codesvc.runtime.site_names import SiteNames
from tests.raw_server import raw_server
from tests.relay.mail_server import MAIL, mail_server
from tests.relay.test_gateways import handover

LATER = (Taken.LATER, "unreachable")


async def handed(port, text="code 123456", **changes):
    """The result of one call."""
    gateway = smtp.Smtp(SmtpGateway(**{"port": port, "allow_private": True, **MAIL, **changes}), SiteNames())
    answer = await gateway.hand(handover(recipient=email("alice@example.com"), text=text))
    return answer.taken, answer.reason


@pytest.mark.parametrize(
    ("at_once", "drops"),
    [
        (b"220-\n" * 5_200, [b"220-\n"] * 200),
        (b"220-\n" * 90, [b"220-\n"] * 200),
        (b"", [b"220-\n"] * 300),
        (b"220-", [b"a"] * 3_000),
        (b"", [b"2"] * 3_000),
    ],
)
async def test_a_reply_in_drops_costs_no_more_than_its_octets(at_once, drops):
    """The whole was read anew at each drop: 32 kB in drops of five octets took 5.4 s of everybody's event loop."""
    calls, ended = 0, asyncio.Event()

    def count(_, event, __):
        nonlocal calls
        calls += event in {"call", "c_call"}

    async def drip(_, writer):
        try:
            for drop in (at_once, *drops):
                writer.write(drop)
                for _ in range(3):  # turns of the event loop, in which it is read
                    await asyncio.sleep(0)
        finally:
            writer.close()
            ended.set()

    async with raw_server(drip) as port:
        sys.setprofile(count)
        try:
            result = await handed(port)
        finally:
            sys.setprofile(None)
        await ended.wait()
    assert result == LATER
    assert calls < 20_000 + 200 * len(drops)


@pytest.mark.parametrize(
    "greeting",
    [
        "220-" + "\r\n220-" * 700 + "\r\n220 here",
        "220 " + "a" * 5_000,
        "hello",
        "99 here",
        "220_here",
        "",
        "\u0662\u0662\u0660 here",
        "554 no",
    ],
)
async def test_what_is_no_greeting_ends_the_call(greeting):
    async with mail_server(GREETING=greeting) as server:
        assert await handed(server.port) == LATER
    assert server.commands == []


async def test_a_reply_may_have_many_lines_and_codes_of_its_kind():
    long = "250-" + "\r\n250-".join(f"X{number}" for number in range(98)) + "\r\n250 " + "x" * 1_900
    async with mail_server(EHLO=long, RCPT="251 forwarded", END="252 taken\r\n") as server:
        assert await handed(server.port) == (Taken.YES, "")
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize(("each", "result"), [(9, LATER), (4, (Taken.YES, ""))])
async def test_a_whole_mail_has_one_deadline(monkeypatch, each, result):
    """A server that takes nearly ten seconds for each reply held a lane for 70 s."""
    loop, skipped = asyncio.get_running_loop(), 0
    true = loop.time

    def wait(_):
        nonlocal skipped
        skipped += each

    async with mail_server(before=wait) as server:
        monkeypatch.setattr(loop, "time", lambda: true() + skipped)
        assert await handed(server.port) == result


@pytest.mark.parametrize(
    ("says", "result"),
    [
        ({"DATA": "drop"}, LATER),
        ({"DATA": "554 no"}, (Taken.NO, "smtp-554")),
        ({"DATA": "250 what"}, (Taken.LATER, "smtp-250")),
        ({"END": "drop"}, (Taken.UNKNOWN, "broken-off")),
        ({"END": "what"}, (Taken.UNKNOWN, "broken-off")),
        ({"END": "452 full"}, (Taken.LATER, "smtp-452")),
        ({"EHLO": "502 what"}, LATER),
        ({"QUIT": "drop"}, (Taken.YES, "")),
    ],
)
async def test_only_a_mail_whose_content_was_sent_may_have_been_taken(says, result):
    async with mail_server(**says) as server:
        assert await handed(server.port) == result


@pytest.mark.parametrize("text", ["code 1\n.\nend", ".", "..\n.a\r\n.", "a\n\n.\n"])
async def test_a_line_of_one_dot_does_not_end_the_mail(text):
    async with mail_server() as server:
        assert await handed(server.port, text) == (Taken.YES, "")
    [mail] = server.mails
    body = mail.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n.\r\n").split(b"\r\n")
    assert [line.removeprefix(b".") for line in body] == [
        line.encode() for line in text.removesuffix("\n").splitlines()
    ]


async def test_a_sender_of_another_script_is_written_in_ascii():
    async with mail_server() as server:
        assert await handed(server.port, sender="codes@m\u00fcnchen.example") == (Taken.YES, "")
    assert "MAIL FROM:<codes@xn--mnchen-3ya.example>" in server.commands


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    smtp_dialogue.trust.cache_clear()
    yield made
    smtp_dialogue.trust.cache_clear()


def served_by(authority, name="127.0.0.1"):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


LOGIN = {"user": "shop", "password": Secret("pass word")}
SECRET = b64encode(b"\0shop\0pass word").decode()
OFFERS = "250-here\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"


@pytest.mark.parametrize(
    ("security", "says"),
    [("tls", {"EHLO": OFFERS}), ("starttls", {"EHLO": OFFERS, "STARTTLS": "220 go"})],
)
async def test_a_login_goes_through_tls(authority, security, says):
    async with mail_server(tls=served_by(authority), AUTH="235 in", **says) as server:
        assert await handed(server.port, security=security, **LOGIN) == (Taken.YES, "")
    assert server.secret[server.commands.index(f"AUTH PLAIN {SECRET}")]
    assert server.secret[-1]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_of_another_name_is_told_nothing(authority, security):
    says = {"STARTTLS": "220 go", "EHLO": OFFERS} if security == "starttls" else {}
    async with mail_server(tls=served_by(authority, "mail.example"), **says) as server:
        assert await handed(server.port, security=security, **LOGIN) == LATER
    assert not any(command.startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize("answer", ["454 not now", "502 what", "drop"])
async def test_without_the_encryption_that_is_wanted_nothing_is_said(answer):
    async with mail_server(EHLO=OFFERS, STARTTLS=answer) as server:
        assert await handed(server.port, security="starttls", **LOGIN) == LATER
    assert server.commands[-1] == "STARTTLS"


async def test_what_came_in_plaintext_is_no_reply_of_the_encrypted_server(authority):
    """A man in the middle wrote it behind the reply to STARTTLS (CVE-2011-0411): a reply to EHLO without AUTH."""
    says = {"EHLO": OFFERS, "STARTTLS": "220 go\r\n250 planted"}
    async with mail_server(tls=served_by(authority), AUTH="235 in", **says) as server:
        result = await handed(server.port, security="starttls", **LOGIN)
    assert (result, f"AUTH PLAIN {SECRET}" in server.commands) == ((Taken.YES, ""), True)


@pytest.mark.parametrize(
    ("says", "result"),
    [
        ({"EHLO": OFFERS, "AUTH": "535 no"}, (Taken.NO, "login")),
        ({"EHLO": OFFERS, "AUTH": "454 not now"}, (Taken.LATER, "smtp-454")),
        ({"EHLO": "250 here"}, LATER),
        ({"EHLO": "250-here\r\n250 AUTH GSSAPI"}, LATER),
        ({"EHLO": "250-here\r\n250 AUTH=PLAIN", "AUTH": "235 in"}, (Taken.YES, "")),
    ],
)
async def test_what_an_answer_to_the_login_means(says, result):
    async with mail_server(**says) as server:
        assert await handed(server.port, **LOGIN) == result


@pytest.mark.parametrize("offered", ["LOGIN", "XOAUTH2 login"])
async def test_the_older_login_is_spoken_too(offered):
    user, password = (b64encode(each).decode() for each in (b"shop", b"pass word"))
    says = {"AUTH": "334 VXNlcm5hbWU6", user.upper(): "334 UGFzc3dvcmQ6", password.upper(): "235 in"}
    async with mail_server(EHLO=f"250-here\r\n250 AUTH {offered}", **says) as server:
        assert await handed(server.port, **LOGIN) == (Taken.YES, "")
    assert server.commands[1:4] == ["AUTH LOGIN", user, password]


async def test_another_login_is_tried_where_the_server_cannot_do_the_one_it_offers():
    user, password = (b64encode(each).decode() for each in (b"shop", b"pass word"))
    auth = ["504 what", "334 VXNlcm5hbWU6"]
    says = {user.upper(): "334 UGFzc3dvcmQ6", password.upper(): "235 in"}
    async with mail_server(EHLO=OFFERS, AUTH=auth, **says) as server:
        assert await handed(server.port, **LOGIN) == (Taken.YES, "")
    assert [line.split()[0] for line in server.commands[1:5]] == ["AUTH", "AUTH", user, password]


async def test_the_server_gets_a_whole_name_or_an_address(monkeypatch):
    for name, said in (("host", "[127.0.0.1]"), ("mx.shop.example", "mx.shop.example"), ("a b.example", "[127.0.0.1]")):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        async with mail_server() as server:
            assert await handed(server.port) == (Taken.YES, "")
        assert server.commands[0] == f"EHLO {said}"
