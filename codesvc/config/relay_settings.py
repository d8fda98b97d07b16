"""The settings of messages (docs/en/relay.md): which gateways a site has, when they are used, and who calls us."""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Final, Literal

from codesvc.config.addresses import listening_host, receiver_url, web_address
from codesvc.config.constraints import (
    MANY,
    MOST_SECRETS,
    Among,
    AtMost,
    Between,
    Matching,
    distinct,
    filled,
    name_for_people,
    shown,
    signing_secret,
)
from codesvc.config.faults import UnfitError
from codesvc.domain.errors import Invalid
from codesvc.domain.inbound import ADAPTERS, USUAL_CODE, code_rule
from codesvc.domain.recipient import email, is_region
from codesvc.domain.secret import Secret

_NOTHING: Mapping[str, str] = MappingProxyType({})
PLACEHOLDERS = (
    "to",
    "to_digits",
    "to_national",
    "country_code",
    "code",
    "text",
    "subject",
    "template",
    "minutes",
    "purpose",
    "locale",
    "id",
)
"""What the values of a field map may contain, in braces."""
_LONGEST_RULE: Final = 200
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_Key = Annotated[Secret, Matching(r"[!-~]{1,512}", "must be 1 to 512 printable characters without spaces")]

_Shared = Annotated[Secret, Matching(r"[!-~]{8,512}", "must be 8 to 512 printable characters without spaces")]


def phone_region(value: str) -> None:
    """Require a country of phone numbers, or nothing. Raises `UnfitError`."""
    if value and not is_region(value):
        raise UnfitError("must be a country as two capital letters, such as CN")


def mailbox(value: str) -> None:
    """Require an e-mail address. Raises `UnfitError`."""
    try:
        email(value)
    except Invalid:
        raise UnfitError("must be an e-mail address, such as codes@shop.example") from None


def searchable(value: str) -> None:
    """Require a short regular expression of RE2 with at most one group. Raises `UnfitError`."""
    if len(value) > _LONGEST_RULE:
        raise UnfitError(f"must be at most {_LONGEST_RULE} characters")
    try:
        rule = code_rule(value)
    except ValueError as error:
        raise UnfitError(f"is not a regular expression as RE2 has them: {error}") from None
    if rule.groups > 1:
        raise UnfitError("must have at most one group, which is the code")
    if rule.match("") is not None:
        raise UnfitError("matches the empty string, which is not a code")


def field_text(value: str) -> None:
    """Require known placeholders. Raises `UnfitError`."""
    for name in _PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS:
            raise UnfitError(f"has the unknown placeholder {{{name}}}; use one of {', '.join(PLACEHOLDERS)}")


def field_map(value: Mapping[str, str]) -> None:
    """Require known placeholders in every value. Raises `UnfitError`."""
    for text in value.values():
        field_text(text)


def header_lines(value: Mapping[str, str]) -> None:
    """Require header names and printable values. Raises `UnfitError`."""
    for name, text in value.items():
        if re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) is None or not text.isprintable() or not text.isascii():
            raise UnfitError("must have header names and printable ASCII values")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedGateway:
    """A webhook by Standard Webhooks. It is called again under the same id, so it has to recognise a repeat."""

    url: Annotated[str, receiver_url]
    secrets: Annotated[tuple[Annotated[Secret, signing_secret], ...], filled, distinct, MOST_SECRETS]
    headers: Annotated[Mapping[str, str], MANY, header_lines] = field(default_factory=lambda: _NOTHING)
    authorization: _Key | None = None
    allow_private: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedGateway:
    """An HTTP call in the shape that the operator describes."""

    url: Annotated[str, receiver_url]
    method: Literal["POST", "PUT", "GET"] = "POST"
    encoding: Literal["json", "form", "query"] = "json"
    fields: Annotated[Mapping[str, str], filled, MANY, field_map]
    headers: Annotated[Mapping[str, str], MANY, header_lines] = field(default_factory=lambda: _NOTHING)
    authorization: Annotated[Secret, Matching(r"[ -~]{1,512}", "must be printable ASCII")] | None = None
    success: Annotated[tuple[Annotated[int, Between(200, 299)], ...], filled, MANY, distinct] = (200, 201, 202, 204)
    success_path: Annotated[
        str, Matching(r"([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?", "must be names separated by dots, such as data.code")
    ] = ""
    success_value: str = ""
    idempotent: bool = False
    allow_private: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpGateway:
    """A mail server."""

    host: Annotated[str, listening_host]
    port: Annotated[int, Between(1, 65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, mailbox]
    sender_name: Annotated[str, name_for_people] | None = None
    user: str = ""
    password: Annotated[Secret, Matching(r"[ -~]{1,512}", "must be printable ASCII")] | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunGateway:
    """Aliyun's SMS service."""

    access_key_id: Annotated[str, Matching(r"[A-Za-z0-9.]{1,64}", "must be an AccessKey id")]
    access_key_secret: _Key
    sign_name: Annotated[str, shown]
    template: Annotated[str, Matching(r"SMS_[0-9]{1,20}", "must be the id of a template, such as SMS_123456789")]
    templates: Annotated[Mapping[str, str], MANY] = field(default_factory=lambda: _NOTHING)
    params: Annotated[Mapping[str, str], filled, MANY, field_map] = field(
        default_factory=lambda: MappingProxyType({"code": "{code}"})
    )
    endpoint: Annotated[str, web_address] = "https://dysmsapi.aliyuncs.com"
    region: Annotated[str, Matching(r"[a-z0-9-]{1,32}", "must be a region such as cn-hangzhou")] = "cn-hangzhou"
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentGateway:
    """Tencent Cloud's SMS service."""

    secret_id: Annotated[str, Matching(r"[A-Za-z0-9]{1,64}", "must be a SecretId")]
    secret_key: _Key
    sdk_app_id: Annotated[str, Matching(r"[0-9]{1,20}", "must be the application's number, such as 1400006666")]
    sign_name: str = ""
    template: Annotated[str, Matching(r"[0-9]{1,20}", "must be the number of a template")]
    templates: Annotated[Mapping[str, str], MANY] = field(default_factory=lambda: _NOTHING)
    params: Annotated[tuple[Annotated[str, field_text], ...], MANY] = ("{code}", "{minutes}")
    endpoint: Annotated[str, web_address] = "https://sms.tencentcloudapi.com"
    region: Annotated[str, Matching(r"[a-z0-9-]{1,32}", "must be a region such as ap-guangzhou")] = "ap-guangzhou"
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioGateway:
    """Twilio's messages."""

    account_sid: Annotated[str, Matching(r"AC[0-9a-f]{32}", "must be AC followed by 32 hexadecimal digits")]
    auth_token: _Key
    sender: Annotated[
        str,
        Matching(
            r"\+[1-9][0-9]{4,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11}",
            "must be a phone number, a sender name or a service's id",
        ),
    ]
    endpoint: Annotated[str, web_address] = "https://api.twilio.com"
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One of the site's own SMS or e-mail gateways: exactly one of the tables is given."""

    signed: SignedGateway | None = None
    shaped: ShapedGateway | None = None
    smtp: SmtpGateway | None = None
    aliyun: AliyunGateway | None = None
    tencent: TencentGateway | None = None
    twilio: TwilioGateway | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the tables that are given."""
        return tuple(name for name in GATEWAY_TABLES if getattr(self, name) is not None)


GATEWAY_TABLES: Mapping[str, type] = MappingProxyType(
    {
        "signed": SignedGateway,
        "shaped": ShapedGateway,
        "smtp": SmtpGateway,
        "aliyun": AliyunGateway,
        "tencent": TencentGateway,
        "twilio": TwilioGateway,
    }
)
"""The tables of a gateway by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """How a site's messages are delivered."""

    sms: str = ""  # a name below `gateways`
    email: str = ""
    receipt_wait: Annotated[float, Between(1, 60)] = 8.0  # seconds
    repeat_window: Annotated[int, Between(0, 3_600)] = 300
    recipient_proof: Annotated[int, Between(86_400, 3_660 * 86_400)] = 90 * 86_400
    shadow: bool = False
    purpose: str = ""
    region: Annotated[str, phone_region] = ""
    countries: Annotated[tuple[Annotated[str, filled, phone_region], ...], AtMost(300), distinct] = ()
    price: Annotated[float, Between(0, 1_000)] = 0.0  # of one SMS
    currency: Annotated[str, Matching(r"[A-Z]{3}", "must be three capital letters, such as CNY")] = "CNY"

    @property
    def kinds(self) -> list[str]:
        """The kinds of messages that have a gateway: `sms`, `email`."""
        return [kind for kind in ("sms", "email") if getattr(self, kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An identity system that calls us in its own words (docs/en/relay)."""

    adapter: Annotated[str, Among(tuple(ADAPTERS))]
    secrets: Annotated[tuple[_Shared, ...], filled, distinct, MOST_SECRETS]
    region: Annotated[str, phone_region] = ""
    code_pattern: Annotated[str, searchable] = USUAL_CODE
    expires_in: Annotated[int, Between(60, 3_600)] = 300
    purpose: str = ""
    purposes: Annotated[Mapping[str, str], MANY] = field(default_factory=lambda: _NOTHING)
    locale: Literal["zh", "en"] = "zh"
    users: Literal["recipient", "system"] = "recipient"
    options: Annotated[Mapping[str, str], MANY] = field(default_factory=lambda: _NOTHING)

    def purpose_of(self, word: str) -> str:
        """The site's purpose for a system's own word; "" for that of its relay."""
        return self.purposes.get(word) or self.purpose
