"""Requests in the forms of the identity systems, made from the facts about each, and the sources that take them."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "token-of-an-identity-system"
OTHER = "another-token-that-nobody-has"
WEBHOOK = "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_WEBHOOK = "v1,whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()


def bearer(secret, _body, _now):
    return {"Authorization": f"Bearer {secret}"}


def verbatim(secret, _body, _now):
    return {"Authorization": secret}


def basic(secret, _body, _now):
    return {"Authorization": "Basic " + base64.b64encode(f"codesvc:{secret}".encode()).decode()}


def standard_webhooks(secret, body, now):
    key, identifier = base64.b64decode(secret.removeprefix("v1,whsec_")), str(uuid.uuid4())
    signed = f"{identifier}.{int(now)}.".encode() + body
    made = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {"webhook-id": identifier, "webhook-timestamp": str(int(now)), "webhook-signature": f"v1,{made}"}


def stamped(secret, body, now):
    made = hmac.new(secret.encode(), f"{int(now)}.".encode() + body, hashlib.sha256).hexdigest()
    return {"ZITADEL-Signature": f"t={int(now)},v1={made}"}


def hex_of_body(secret, body, _now):
    return {"x-authgear-body-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@dataclass
class Sent:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Form:
    """A system's request.

    Attributes:
        name: for the test's name.
        adapter: as in the address.
        body: the members; `{phone}` and `{code}` are filled in.
        needed: members without which nothing can be sent; a path with dots.
        encoding: `json`, `form` or `query`.
        sign: the headers that authenticate.
        stamped: whether the signature has a time.
        secret, other: the right secret, and one that is wrong.
        phone: how the system writes +8613800138000.
        options: more options of the source.
        says: what the gateway's `data` holds, beside code and number.
    """

    name: str
    adapter: str
    body: dict[str, Any]
    needed: tuple[str, ...]
    encoding: str = "json"
    sign: Callable = bearer
    stamped: bool = False
    secret: str = TOKEN
    other: str = OTHER
    phone: Callable[[str], str] = str
    options: dict[str, Any] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)
    kind: str = "sms"
    path: str = ""

    @property
    def source(self):
        return {"adapter": self.adapter, "secrets": [OTHER[::-1], self.secret], **self.options}

    def filled(self, code, recipient):
        def fill(node):
            if isinstance(node, dict):
                return {name: fill(value) for name, value in node.items()}
            if isinstance(node, list):
                return [fill(value) for value in node]
            if isinstance(node, str):
                return node.replace("{phone}", self.phone(recipient)).replace("{code}", code)
            return node

        return fill(copy.deepcopy(self.body))

    def sent(
        self, code="482913", recipient="+8613800138000", *, site="shop", secret=None, age=0, change=None, raw=None,
        adapter=None,
    ):  # fmt: skip
        """The request; `change` alters the members before it is signed, `raw` replaces the encoded body."""
        members = self.filled(code, recipient)
        if change is not None:
            change(members)
        body, query, kind = b"", "", "application/json"
        if self.encoding == "json":
            body = json.dumps(members, ensure_ascii=False).encode()
        elif self.encoding == "form":
            body, kind = urlencode(members).encode(), "application/x-www-form-urlencoded"
        else:
            query = "?" + urlencode(members)
        body = body if raw is None else raw
        headers = self.sign(secret or self.secret, body, time.time() - age)
        path = f"/inbound/{adapter or self.adapter}/{site}{self.path}{query}"
        method = "GET" if self.encoding == "query" else "POST"
        return Sent(method, path, body, ({"Content-Type": kind} if body else {}) | headers)


def without(path):
    """A change that takes a member away."""

    def change(members):
        *parents, last = [path] if path in members else path.split(".")
        for step in parents:
            members = members[step]
        members.pop(last, None)

    return change


def digits(phone):
    return phone.removeprefix("+")


SUPABASE_USER = {
    "id": "0f5f0d4e-6d3c-4f0e-9d51-2f3f7b3c8a11", "aud": "authenticated", "role": "authenticated", "email": "",
    "phone": "{phone}", "app_metadata": {"provider": "phone"}, "user_metadata": {"locale": "en-GB"}, "identities": [],
    "phone_confirmed_at": "2026-05-01T07:02:00Z",
    "created_at": "2026-05-01T07:01:00Z", "updated_at": "2026-05-01T07:01:00Z", "is_anonymous": False,
}  # fmt: skip
METADATA = {"uuid": "{code}-6d3c-4f0e", "time": "2026-05-01T07:01:00Z", "ip_address": "203.0.113.9"}
EMAIL_DATA = {
    "token": "{code}", "token_hash": "pkce_x", "redirect_to": "https://shop.example/", "email_action_type": "signup",
    "site_url": "https://auth.shop.example", "token_new": "", "token_hash_new": "", "old_email": "", "old_phone": "",
    "provider": "", "factor_type": "",
}  # fmt: skip

FIRST = [
    Form(
        "logto", "logto",
        {"to": "{phone}", "type": "SignIn", "payload": {"code": "{code}", "locale": "en", "uiLocales": "en zh-CN"},
         "ip": "203.0.113.9"},
        ("to", "payload.code"), sign=verbatim, phone=digits, says={"locale": "en"},
    ),
    Form(
        "logto before 1.35, with the plus of its README", "logto",
        {"to": "{phone}", "type": "Generic", "payload": {"code": "{code}"}}, ("to", "payload"), sign=verbatim,
    ),
    Form(
        "logto e-mail", "logto",
        {"to": "ann-{code}@shop.example", "type": "ForgotPassword", "ip": "203.0.113.9",
         "payload": {"code": "{code}", "locale": "zh-CN", "application": {"id": "a1", "name": "Shop"},
                     "organization": None, "user": {"id": "u1", "primaryEmail": "ann@shop.example"}}},
        ("to", "payload.code"), sign=bearer, kind="email", says={"purpose": "reset"},
        options={"purposes": {"ForgotPassword": "reset"}},
    ),
    Form(
        "supabase sms", "supabase",
        {"metadata": {**METADATA, "name": "send-sms"}, "user": SUPABASE_USER,
         "sms": {"otp": "{code}", "phone": "{phone}"}},
        ("sms.otp",), sign=standard_webhooks, stamped=True, secret=WEBHOOK, other=OTHER_WEBHOOK, phone=digits,
        says={"locale": "en"},
    ),
    Form(
        "supabase sms before 2.180, at a change of number", "supabase",
        {"user": {**SUPABASE_USER, "phone": "8613000000000", "new_phone": "{phone}"}, "sms": {"otp": "{code}"}},
        ("sms.otp",), sign=standard_webhooks, stamped=True, secret=WEBHOOK, other=OTHER_WEBHOOK, phone=digits,
        options={"purposes": {"phone_change": "reset"}}, says={"purpose": "reset"},
    ),
    Form(
        "supabase e-mail", "supabase",
        {"metadata": {**METADATA, "name": "send-email"}, "user": {**SUPABASE_USER, "email": "ann-{code}@shop.example"},
         "email_data": EMAIL_DATA},
        ("user.email", "email_data.token"), sign=standard_webhooks, stamped=True, secret=WEBHOOK, other=OTHER_WEBHOOK,
        kind="email", options={"purposes": {"signup": "register"}, "purpose": "reset"}, says={"purpose": "register"},
    ),
    Form(
        "kratos by our jsonnet", "kratos",
        {"to": "{phone}", "text": "Your code is {code}", "subject": "", "template_type": "login_code_valid",
         "message_type": "sms", "code": "{code}", "user_id": "7e1e", "expires_in_minutes": 10, "locale": "de, en;q=0.5",
         "client_ip": "203.0.113.9"},
        ("to",), sign=basic,
        says={"locale": "en", "text": "Your code is 482913", "params": {"code": "482913", "minutes": "10"}},
    ),
    Form(
        "kratos by its default body, which lacks the code of a sign-in", "kratos",
        {"recipient": "{phone}", "to": "{phone}", "template_type": "login_code_valid", "subject": "",
         "body": "Your code is: {code}\n\nIt expires in 15 minutes."},
        ("body",), sign=basic,
    ),
    Form(
        "kratos e-mail, recovery before 1.1", "kratos",
        {"recipient": "ann-{code}@shop.example", "template_type": "recovery_code_valid", "subject": "Recover access",
         "body": "Hi, enter {code}", "recovery_code": "{code}", "verification_code": ""},
        ("recipient",), sign=basic, kind="email", says={"subject": "Recover access"},
    ),
    Form(
        "zitadel", "zitadel",
        {"contextInfo": {"eventType": "session.otp.sms.challenged", "recipientPhoneNumber": "{phone}",
                         "provider": {"id": "1", "description": "codesvc"}},
         "templateData": {"title": "Code", "text": "{code} is your one-time password", "buttonText": "x"},
         "args": {"code": "{code}", "oTP": "{code}", "userID": "u1", "orgID": "o1", "expiry": 300_000_000_000}},
        ("contextInfo.recipientPhoneNumber",), sign=stamped, stamped=True, says={"locale": "en"},
    ),
    Form(
        "zitadel, the legacy worker's sign-in has oTP alone", "zitadel",
        {"contextInfo": {"eventType": "user.human.otp.sms.code.added", "recipientPhoneNumber": "{phone}"},
         "args": {"oTP": "{code}", "expiry": 300_000_000_000}},
        ("args", "contextInfo"), sign=stamped, stamped=True,
    ),
    Form(
        "zitadel before 4.2, with a key in the address", "zitadel",
        {"contextInfo": {"eventType": "user.human.phone.code.added", "recipientPhoneNumber": "{phone}"},
         "args": {"code": "{code}"}},
        ("args.code",), sign=bearer,
    ),
    Form(
        "casdoor by form, the content is the code", "casdoor", {"phoneNumber": "{phone}", "code": "{code}"},
        ("phoneNumber", "code"), encoding="form", sign=verbatim,
    ),
    Form(
        "casdoor by GET, in a sentence", "casdoor", {"phoneNumber": "{phone}", "content": "您的验证码是 {code}"},
        ("phoneNumber", "content"), encoding="query", sign=verbatim,
        says={"text": "您的验证码是 482913", "locale": "zh"},
    ),
    Form(
        "casdoor by JSON, without a title or a mapping", "casdoor", {"phoneNumber": "{phone}", "": "{code}"},
        ("phoneNumber", ""), sign=verbatim,
    ),
    Form(
        "casdoor before 3.55, a plus lost in a placeholder", "casdoor", {"mobile": " {phone}", "code": "{code}"},
        ("mobile", "code"), encoding="query", sign=verbatim, phone=digits,
    ),
    Form(
        "casdoor e-mail", "casdoor",
        {"fromAddress": "no-reply@shop.example", "fromName": "Shop", "toAddress": "ann-{code}@shop.example",
         "subject": "Code", "content": "Your code is {code}"},
        ("toAddress", "content"), encoding="form", sign=verbatim, kind="email",
        says={"subject": "Code", "locale": "en"},
    ),
    Form(
        "authgear", "authgear",
        {"to": "{phone}", "body": "{code} is your Shop code", "app_id": "shop", "language_tag": "en",
         "template_name": "authenticate_primary_oob_sms.txt",
         "template_variables": {"code": "{code}", "app_name": "Shop", "password": "never to be seen"}},
        ("to",), sign=hex_of_body, says={"locale": "en", "text": "482913 is your Shop code"},
    ),
    Form(
        "authgear, an older template without variables", "authgear",
        {"to": "{phone}", "body": "{code} is your Shop code", "template_variables": None},
        ("to", "body"), sign=hex_of_body, says={"code": None},
    ),
]  # fmt: skip

MORE = [
    Form(
        "authentik", "authentik",
        {"From": "Shop", "To": "{phone}", "Body": "{code}", "Message": "Use this code to authenticate: {code}"},
        ("To", "Body"), says={"text": "Use this code to authenticate: 482913", "locale": "en"},
    ),
    Form(
        "authentik before it had a text, by Basic", "authentik", {"From": "Shop", "To": "{phone}", "Body": "{code}"},
        ("To", "Body"), sign=basic,
    ),
    Form(
        "fusionauth", "fusionauth",
        {"code": "{code}", "phoneNumber": "{phone}", "textMessage": "您的验证码是 {code}",
         "message": "x", "type": "SMS", "userId": "00000000-0000-0001-0000-000000000000"},
        ("phoneNumber",), sign=basic, phone=lambda phone: phone.removeprefix("+86"),
        says={"text": "您的验证码是 482913"},
    ),
    Form(
        "fusionauth before 1.65, without a code", "fusionauth",
        {"phoneNumber": "{phone}", "textMessage": "Your code is {code}", "userId": "u1"},
        ("phoneNumber", "textMessage"), sign=basic,
    ),
    Form(
        "keycloak", "keycloak",
        {"text": "{code} ist Ihr Code", "to": "{phone}", "from": "Keycloak", "uuid": "u-{code}"},
        ("text", "to"), sign=verbatim,
    ),
    Form(
        "keycloak by form, with names and a header of its own", "keycloak",
        {"msg": "您的验证码是 {code}，5 分钟内有效。", "mobile": "{phone}"},
        ("msg", "mobile"), encoding="form", sign=lambda secret, _body, _now: {"X-Token": secret},
        options={"options": {"message": "msg", "receiver": "mobile", "header": "X-Token"}},
    ),
    Form(
        "novu", "novu",
        {"to": "{phone}", "content": "{code} is your code", "sender": "Shop", "id": "n-{code}",
         "customData": {"code": "{code}", "locale": "en", "purpose": "SignIn"}},
        ("to", "content"), options={"purposes": {"SignIn": "reset"}}, says={"purpose": "reset"},
    ),
    Form(
        "novu of 2024, with the content alone", "novu",
        {"to": "{phone}", "content": "{code} is your code", "sender": "S"},
        ("to", "content"), sign=lambda secret, _body, _now: {"X-API-Key": secret},
    ),
    Form(
        "wp sms by GET", "wp-sms", {"message": "Code: {code}", "to": "{phone}"}, ("message", "to"), encoding="query",
        sign=verbatim,
    ),
    Form(
        "wp sms by form, with several recipients", "wp-sms", {"text": "Code: {code}", "recipients": "{phone},{phone}"},
        ("text", "recipients"), encoding="form", options={"options": {"message": "text"}},
    ),
    Form(
        "generic", "generic",
        {"msg": {"mobile": "{phone}", "otp": "{code}"}, "lang": "en-US", "ttl": 600, "event": "forgot"},
        ("msg.mobile", "msg.otp"),
        options={
            "purposes": {"forgot": "reset"},
            "options": {"recipient": "msg.mobile", "code": "msg.otp", "locale": "lang", "expires_in": "ttl",
                        "purpose": "event"},
        },
        says={"purpose": "reset", "locale": "en", "params": {"code": "482913", "minutes": "10"}},
    ),
    Form(
        "generic by form, under our own names", "generic", {"recipient": "{phone}", "text": "验证码 {code}"},
        ("recipient", "text"), encoding="form",
    ),
    Form(
        "twilio", "twilio", {"To": "{phone}", "From": "+15005550006", "Body": "Your code is {code}"}, ("To", "Body"),
        encoding="form", sign=basic, path="/2010-04-01/Accounts/AC0123/Messages.json",
    ),
    Form(
        "twilio with a registered template", "twilio",
        {"To": "{phone}", "MessagingServiceSid": "MG1", "ContentSid": "HX1",
         "ContentVariables": '{"1": "{code}", "2": "Ann"}'},
        ("To", "ContentVariables"), encoding="form", sign=basic, path="/2010-04-01/Accounts/AC0123/Messages.json",
    ),
]  # fmt: skip
FORMS = FIRST + MORE
