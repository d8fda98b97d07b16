"""Each gateway: what it sends, its vendor's signature, and what each answer means."""

import asyncio
import json
import re
from base64 import b64encode
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from pathlib import Path
from threading import Event
from urllib.parse import parse_qsl

import pytest
from standardwebhooks import Webhook

from codesvc.config.relay_settings import (
    PLACEHOLDERS,
    AliyunGateway,
    ShapedGateway,
    SignedGateway,
    SmtpGateway,
    TencentGateway,
    TwilioGateway,
)
from codesvc.delivery.gateways import aliyun, shaped, signed, smtp, tencent, twilio
from codesvc.delivery.gateways.gateway import Handover, Taken
from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
from codesvc.domain.errors import Invalid
from codesvc.domain.recipient import email, phone
from codesvc.domain.secret import Secret
from codesvc.runtime.public_sockets import AddressRule
from codesvc.runtime.site_names import SiteNames
from tests.raw_server import raw_server
from tests.relay.conftest import SECRET
from tests.relay.mail_server import MAIL, mail_server

NOW = 1_700_000_000
REASON = re.compile(r"[a-z0-9.-]*")


def handover(**changes):
    made = {
        "id": "ms_4f7qk2m5x3zj6w7d2n5y4c3a2e",
        "site": "shop",
        "user": "ph_x",
        "recipient": phone("+8613800138000"),
        "code": '48"13&',
        "text": '【山月茶铺】code 48"13&\n{to}',
        "subject": "山月茶铺：验证码",
        "purpose": "register",
        "locale": "zh",
        "reason": "no-binding",
        "created": NOW * 1000,
        "expires": NOW * 1000 + 300_000,
        "minutes": 5,
    }
    return Handover(**made | changes)


@pytest.fixture
async def sessions():
    made = GuardedSessions(timeout=2, keep=False)
    async with made.open():
        yield made


def test_the_signature_is_that_of_the_vector():
    headers = signed.signature("msg_1", b'{"x":1}', [Secret(SECRET)], NOW)
    assert headers["webhook-signature"] == "v1,5H52tprYVu3QOaGQc2hUf0UdyajnEc0K2UhFrJSz5gA="


def test_aliyuns_signature_is_that_of_their_documentation():
    query = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert aliyun.signature("GET", query, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_tencents_signature_is_that_of_their_documentation():
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    header = tencent.authorization(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
        "Gu5t9xGARNpq86cd98joQYCN3*******",
        host="cvm.tencentcloudapi.com",
        body=body,
        now=1_551_113_065,
        service="cvm",
    )
    assert header == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    )


async def test_the_signed_webhook_signs_with_every_secret(sessions, stub):
    other = "whsec_" + b64encode(b"o" * 32).decode()
    config = SignedGateway(url=stub.url, secrets=(Secret(SECRET), Secret(other)), allow_private=True)
    answer = await signed.Signed(config, sessions).hand(handover())
    assert answer.taken is Taken.YES
    [(request, body)] = stub.requests
    for secret in (SECRET, other):
        assert Webhook(secret).verify(body, dict(request.headers))["data"]["code"] == '48"13&'


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (200, "yes"), (204, "yes"), (409, "yes"), (400, "no"), (404, "no"), (408, "later"), (429, "later"),
        (503, "later"), (500, "unknown"), (502, "unknown"), (302, "no"), ("drop", "unknown"),
    ],
)  # fmt: skip
async def test_what_an_answer_means(sessions, stub, status, taken):
    stub.answers = [(status, "{}")]
    config = SignedGateway(url=stub.url, secrets=(Secret(SECRET),), allow_private=True)
    assert (await signed.Signed(config, sessions).hand(handover())).taken == taken


async def test_a_gateway_that_does_not_listen_certainly_took_nothing(sessions, unused_tcp_port):
    config = SignedGateway(url=f"http://127.0.0.1:{unused_tcp_port}", secrets=(Secret(SECRET),), allow_private=True)
    assert (await signed.Signed(config, sessions).hand(handover())).taken is Taken.LATER


async def test_a_private_address_is_not_called(sessions, stub):
    config = SignedGateway(url=stub.url, secrets=(Secret(SECRET),))
    answer = await signed.Signed(config, sessions).hand(handover())
    assert (answer.taken, answer.reason) == (Taken.NO, "private-address")
    assert stub.requests == []


async def test_a_gateway_that_does_not_answer_in_time_may_have_taken_it(stub):
    stub.held = asyncio.Event()
    made = GuardedSessions(timeout=0.2, keep=False)
    config = SignedGateway(url=stub.url, secrets=(Secret(SECRET),), allow_private=True)
    async with made.open():
        assert (await signed.Signed(config, made).hand(handover())).taken is Taken.UNKNOWN


async def test_a_gateway_whose_name_is_not_answered_in_time_has_certainly_not_taken_it():
    asked, end = Event(), Event()

    def look_up(*_, **__):
        asked.set()
        end.wait()
        return []

    made = GuardedSessions(timeout=0.2, keep=False, resolver=SiteNames(look_up))
    config = ShapedGateway(url="https://sms.example/", fields={"to": "{to}"})
    async with made.open():
        answer = await shaped.Shaped(config, made).hand(handover())
    end.set()
    assert asked.is_set()
    assert (answer.taken, answer.reason) == (Taken.LATER, "unreachable")


async def test_a_gateway_that_hangs_before_it_proves_who_it_is_has_certainly_not_taken_it():
    async def hang(reader, _):
        await reader.read()

    made = GuardedSessions(timeout=0.3, keep=False)
    async with raw_server(hang) as port, made.open():
        config = ShapedGateway(url=f"https://127.0.0.1:{port}/", fields={"to": "{to}"}, allow_private=True)
        answer = await shaped.Shaped(config, made).hand(handover())
    assert (answer.taken, answer.reason) == (Taken.LATER, "unreachable")


FIELDS = {"mobile": "{to_national}", "msg.body": "{text}", "msg.n": "{minutes}", "ref": "{id}"}


@pytest.mark.parametrize(
    ("method", "encoding"), [("POST", "json"), ("PUT", "json"), ("POST", "form"), ("POST", "query"), ("GET", "json")]
)
async def test_a_shaped_call_says_everything_in_its_encoding(sessions, stub, method, encoding):
    config = ShapedGateway(
        url=f"{stub.url}/sms?a=b",
        method=method,
        encoding=encoding,
        fields=FIELDS,
        headers={"X-Api": "1"},
        authorization=Secret("App 1"),
        allow_private=True,
    )
    sent = handover()
    assert (await shaped.Shaped(config, sessions).hand(sent)).taken is Taken.YES
    [(request, body)] = stub.requests
    assert (request.method, request.headers["Authorization"], request.headers["X-Api"]) == (method, "App 1", "1")
    if encoding == "query" or method == "GET":
        flat = dict(request.query)
    elif encoding == "form":
        flat = dict(parse_qsl(body.decode()))
    else:
        whole = json.loads(body)
        flat = {
            "mobile": whole["mobile"],
            "msg.body": whole["msg"]["body"],
            "msg.n": whole["msg"]["n"],
            "ref": whole["ref"],
        }
    # What is put in is not looked at again: the text's own {to} stays.
    expected = {"mobile": "13800138000", "msg.body": sent.text, "msg.n": "5", "ref": sent.id}
    assert {name: flat[name] for name in expected} == expected
    assert request.query.get("a") == "b"


@pytest.mark.parametrize(("always", "taken"), [(False, "yes"), (True, "unknown")])
async def test_an_answer_is_asked_for_as_it_is_read(sessions, stub, always, taken):
    """A proxy before a gateway compresses for whoever says that they read it; some do so for everybody."""
    stub.compresses, stub.answers = lambda asked: always or "gzip" in asked, [(200, '{"data":{"code":"0"}}')]
    assert (await shaped.Shaped(by_code(stub.url), sessions).hand(handover())).taken == taken


def by_code(url):
    return ShapedGateway(url=url, fields=FIELDS, success_path="data.code", success_value="0", allow_private=True)


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ('{"data":{"code":"0"}}', "yes"), ('{"data":{"code":0}}', "yes"), ('{"data":{"code":"1"}}', "no"), ("{}", "no"),
        # What cannot be read does not say that the message was not taken.
        ("no json", "unknown"), ("", "unknown"), ('{"data":{"c', "unknown"), ("[" * 5000, "unknown"),
        # Longer than one read of a connection, and longer than what is read of an answer.
        (json.dumps({"trace": "x" * 6_000, "data": {"code": "0"}}), "yes"),
        (json.dumps({"trace": "x" * 6_000, "data": {"code": "1"}}), "no"),
        (json.dumps({"trace": "x" * 70_000, "data": {"code": "0"}}), "unknown"),
    ],
)  # fmt: skip
async def test_the_rule_of_success_reads_the_answer(sessions, stub, body, taken):
    stub.answers = [(200, body)]
    assert (await shaped.Shaped(by_code(stub.url), sessions).hand(handover())).taken == taken


@pytest.mark.parametrize(
    ("status", "body", "by_body", "by_status"),
    [
        (200, '{"data":', "unknown", "yes"),
        (400, "{", "no", "no"),
        (429, "", "later", "later"),
        (500, "", "unknown", "unknown"),
    ],
)
async def test_an_answer_that_breaks_off_is_judged_by_its_status_where_that_says_enough(
    sessions, status, body, by_body, by_status
):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 100\r\n\r\n{body}".encode())
        writer.close()

    async with raw_server(serve) as port:
        url = f"http://127.0.0.1:{port}"
        assert (await shaped.Shaped(by_code(url), sessions).hand(handover())).taken == by_body
        config = SignedGateway(url=url, secrets=(Secret(SECRET),), allow_private=True)
        assert (await signed.Signed(config, sessions).hand(handover())).taken == by_status


ALIYUN = {
    "access_key_id": "testId",
    "access_key_secret": Secret("testSecret"),
    "sign_name": "山月茶铺",
    "template": "SMS_1",
    "templates": {"register": "SMS_2"},
    "params": {"code": "{code}", "min": "{minutes}"},
    "allow_private": True,
}


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ((200, '{"Code":"OK","BizId":"1"}'), "yes"),
        ((200, '{"Code":"isv.BUSINESS_LIMIT_CONTROL"}'), "no"),
        ((400, '{"Code":"InvalidAccessKeyId.NotFound"}'), "no"),
        ((503, '{"Code":"Throttling.User"}'), "later"),
        ((200, "nothing"), "unknown"),
        ((500, ""), "unknown"),
        ((200, '{"Code":"验证码 isv.A_B"}'), "no"),
    ],
)
async def test_aliyun(sessions, stub, answer, taken):
    stub.answers = [answer]
    gateway = aliyun.Aliyun(AliyunGateway(endpoint=stub.url, **ALIYUN), sessions, now=lambda: NOW)
    said = await gateway.hand(handover())
    assert said.taken == taken
    assert REASON.fullmatch(said.reason), said
    [body] = stub.bodies
    sent = dict(parse_qsl(body.decode()))
    given = sent.pop("Signature")
    assert given == aliyun.signature("POST", sent, "testSecret")
    assert sent["Timestamp"] == "2023-11-14T22:13:20Z"
    assert (sent["PhoneNumbers"], sent["TemplateCode"], sent["SignName"]) == ("13800138000", "SMS_2", "山月茶铺")
    assert json.loads(sent["TemplateParam"]) == {"code": '48"13&', "min": "5"}


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ((200, '{"Response":{"SendStatusSet":[{"Code":"Ok"}]}}'), "yes"),
        ((200, '{"Response":{"SendStatusSet":[{"Code":"FailedOperation.SignatureIncorrectOrUnapproved"}]}}'), "no"),
        ((200, '{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure"}}}'), "no"),
        ((200, '{"Response":{"Error":{"Code":"RequestLimitExceeded"}}}'), "later"),
        ((200, '{"Response":{"Error":{"Code":"InternalError.Timeout"}}}'), "unknown"),
        ((200, "{}"), "unknown"),
        ((200, '{"Response":{"Error":{"Code":"未知 Code"}}}'), "no"),
    ],
)
async def test_tencent(sessions, stub, answer, taken):
    stub.answers = [answer]
    config = TencentGateway(
        secret_id="AKID1",
        secret_key=Secret("key"),
        sdk_app_id="1400006666",
        sign_name="山月茶铺",
        template="1110",
        endpoint=stub.url,
        allow_private=True,
    )
    said = await tencent.Tencent(config, sessions, now=lambda: NOW).hand(handover())
    assert said.taken == taken
    assert REASON.fullmatch(said.reason), said
    [(request, body)] = stub.requests
    expected = tencent.authorization("AKID1", "key", host=stub.url.partition("//")[2], body=body, now=NOW)
    assert request.headers["Authorization"] == expected
    assert request.headers["Host"] == stub.url.partition("//")[2]
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    sent = json.loads(body)
    assert sent["PhoneNumberSet"] == ["+8613800138000"]
    assert sent["TemplateParamSet"] == ['48"13&', "5"]


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ((201, '{"sid":"SM1","status":"queued"}'), "yes"),
        ((201, '{"sid":"SM1","status":"failed"}'), "no"),
        ((400, '{"code":21211}'), "no"),
        ((429, '{"code":20429}'), "later"),
        ((500, ""), "unknown"),
        ((201, ""), "unknown"),
        ((400, '{"code":"13800138000"}'), "no"),
        ((400, '{"code":"٣"}'), "no"),
    ],
)
async def test_twilio(sessions, stub, answer, taken):
    stub.answers = [answer]
    sid = "AC" + "0" * 32
    config = TwilioGateway(
        account_sid=sid, auth_token=Secret("t"), sender="+15005550006", endpoint=stub.url, allow_private=True
    )
    said = await twilio.Twilio(config, sessions).hand(handover())
    assert said.taken == taken
    assert REASON.fullmatch(said.reason), said
    assert "13800138000" not in said.reason
    [(request, body)] = stub.requests
    assert request.path == f"/2010-04-01/Accounts/{sid}/Messages.json"
    assert request.headers["Authorization"] == "Basic " + b64encode(f"{sid}:t".encode()).decode()
    assert dict(parse_qsl(body.decode())) == {"To": "+8613800138000", "From": "+15005550006", "Body": handover().text}


LONG_REPLY = "\r\n".join(["250-5 octets"] * 400 + ["250 end"])
"""Longer than any server's."""


async def test_a_mail_says_who_when_and_that_no_machine_answers():
    async with mail_server() as server:
        gateway = smtp.Smtp(SmtpGateway(port=server.port, allow_private=True, **MAIL), SiteNames())
        answer = await gateway.hand(handover(recipient=email("alice@example.com")))
    assert answer.taken is Taken.YES
    [mail] = server.mails
    assert "RCPT TO:<alice@example.com>" in server.commands
    for line in (b"Auto-Submitted: auto-generated", b"Date: Tue, 14 Nov 2023 22:13:20", b"@shop.example>"):
        assert line in mail


HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip
_LINES = b64encode(b"\r\nReply-To: x@evil.example\r\nContent-Type: text/html\r\n\r\n<b>hello</b>").decode()


@pytest.mark.parametrize(
    "subject",
    [
        "山月茶铺：验证码",
        "Your code",
        "code " * 40,
        "验" * 200,
        f"Hi =?utf-8?b?{_LINES}?=, your code",
        f"你好 =?utf-8?b?{_LINES}?=",
        "=?utf-8?q?=0D=0AReply-To:_x@evil.example?=",
        "=?us-ascii?q?half",
    ],
)
@pytest.mark.parametrize("text", ["code 123456", "验证码 123456\n.\n", "a" * 2_000])
async def test_a_subject_and_a_text_are_read_as_they_were_and_write_no_header(subject, text):
    async with mail_server() as server:
        gateway = smtp.Smtp(SmtpGateway(port=server.port, allow_private=True, **MAIL), SiteNames())
        await gateway.hand(handover(recipient=email("alice@example.com"), subject=subject, text=text))
    [mail] = server.mails
    head, _, _ = mail.partition(b"\r\n\r\n")
    assert {line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")} == HEADERS
    assert all(len(line) < 1_000 for line in mail.split(b"\r\n"))
    # A reader that is not Python's own, which decodes what is within a decoded word.
    read = message_from_bytes(mail, policy=compat32)
    assert " ".join(str(make_header(decode_header(read["Subject"]))).split()) == " ".join(subject.split())
    assert read.get_payload(decode=True).decode().removesuffix("\r\n.\r\n").splitlines()[:1] == text.splitlines()[:1]


@pytest.mark.parametrize("local", ["=?utf-8?q?=0D=0ASubject=3A?=", "a=?b", "a.=?utf-8?b?aa?="])
def test_the_local_part_of_an_address_is_no_encoded_word(local):
    with pytest.raises(Invalid):
        email(f"{local}@example.com")


@pytest.mark.parametrize(
    ("says", "taken"),
    [
        ({"RCPT": "550 nobody"}, "no"),
        ({"RCPT": "450 later"}, "later"),
        ({"MAIL": "drop"}, "later"),
        ({"DATA": "451 later"}, "later"),
        ({"END": "554 no"}, "no"),
        ({"END": "drop"}, "unknown"),
        ({"EHLO": "drop"}, "later"),
        ({"EHLO": LONG_REPLY}, "later"),
        ({"RCPT": LONG_REPLY}, "later"),
        ({"RCPT": "no reply of SMTP"}, "later"),
        ({"END": LONG_REPLY}, "unknown"),
        ({"END": "no reply of SMTP"}, "unknown"),
    ],
)
async def test_what_a_mail_servers_answer_means(says, taken):
    async with mail_server(**says) as server:
        gateway = smtp.Smtp(SmtpGateway(port=server.port, allow_private=True, **MAIL), SiteNames())
        assert (await gateway.hand(handover(recipient=email("alice@example.com")))).taken == taken


@pytest.mark.parametrize(
    ("says", "taken"),
    [({"EHLO": "silence"}, "later"), ({"RCPT": "silence"}, "later"), ({"END": "silence"}, "unknown")],
)
async def test_a_mail_server_has_one_deadline_for_the_whole_mail(says, taken):
    async with mail_server(**says) as server:
        config = SmtpGateway(port=server.port, allow_private=True, **MAIL)
        gateway = smtp.Smtp(config, SiteNames(), mail_seconds=0.3)
        assert (await gateway.hand(handover(recipient=email("alice@example.com")))).taken == taken


async def test_a_mail_server_with_a_private_address_is_not_called():
    gateway = smtp.Smtp(SmtpGateway(port=25, **MAIL), SiteNames())
    answer = await gateway.hand(handover(recipient=email("alice@example.com")))
    assert (answer.taken, answer.reason) == (Taken.NO, "private-address")


async def test_a_mail_server_on_this_machine_is_not_called():
    """It often takes mail from its own machine without a login."""
    async with mail_server() as server:
        own = AddressRule(lambda _: True, lambda _: True)
        gateway = smtp.Smtp(SmtpGateway(port=server.port, **MAIL), SiteNames(), rule=own)
        answer = await gateway.hand(handover(recipient=email("alice@example.com")))
        assert (answer.taken, answer.reason) == (Taken.NO, "private-address")
        assert server.commands == []


def test_the_placeholders_are_those_that_the_configuration_knows():
    assert handover().placeholders({}).keys() == set(PLACEHOLDERS)


def test_a_handover_and_a_recipient_do_not_show_themselves():
    assert "48" not in repr(handover()).replace("ms_4f7qk2m", "")
    assert "138" not in repr(handover()) + repr(phone("+8613800138000"))


def test_every_gateway_has_its_page_in_the_documentation():
    for language in ("zh", "en"):
        text = Path(f"docs/{language}/relay.md").read_text(encoding="utf-8")
        for name in ("signed", "shaped", "smtp", "aliyun", "tencent", "twilio"):
            assert name in text
