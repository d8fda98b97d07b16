"""Official accounts as the console configures them, and the account that always exists."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from codesvc.sandbox.rights import KINDS, AccountKind

Mode = Literal["safe", "compatible", "plaintext"]
TemplateKind = Literal["category", "legacy", "test", "notice"]

_FORMS = {
    "appid": r"wx[0-9a-f]{16}",
    "secret": r"[0-9A-Za-z]{8,64}",
    "original_id": r"gh_[0-9a-f]{12}",
    "token": r"[0-9A-Za-z]{3,32}",
    "aes_key": r"[0-9A-Za-z]{43}",
}


@dataclass(frozen=True, kw_only=True)
class TemplateSpec:
    """One template that an account owns (WECHAT.md 6.1, 6.4, 7).

    Attributes:
        template_id: 43 characters of base64url.
        title: the heading of the card.
        content: lines such as `验证码：{{character_string1.DATA}}`, joined by newlines.
        kind: `category` (field rules), `legacy` (silent truncation), `test` (no rules), `notice` (订阅通知, not for
            template/send).
        example: the library's example text.
        enums: the reviewed values of `const` and `enum` keys.
        long_term: a notice that the person accepts once for all messages.
        banned: template/send answers 43116.
        review: template/send answers 40252 and holds the message.
    """

    template_id: str
    title: str
    content: str
    kind: TemplateKind = "category"
    example: str = ""
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    long_term: bool = False
    banned: bool = False
    review: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9A-Za-z_-]{43}", self.template_id):
            raise ValueError("template_id: 43 characters of base64url")


@dataclass(frozen=True, kw_only=True)
class AccountSpec:
    """An official account with its developer settings (WECHAT.md 9, 11, 13).

    Attributes:
        appid: `wx` and 16 hex digits.
        original_id: `gh_` and 12 hex digits; `ToUserName` of callbacks.
        name: the account's name as people see it.
        token: the callback token, 3 to 32 alphanumerics.
        aes_key: the EncodingAESKey, 43 alphanumerics.
        mode: whether callbacks are encrypted (`safe`), both (`compatible`) or plain (`plaintext`).
        callback_url: where callbacks are sent; None: no callbacks. Unlike WeChat's console, any port is accepted.
        kind: what the account may do (`rights`); `test` is a 测试号, which also has smaller quotas.
        owner: accounts with the same owner see the same unionid for a person. None: the account belongs to no open
            platform account, so there is no unionid.
        ip_whitelist: the addresses that may fetch tokens (40164); None: no check.
        secret_frozen: the token endpoints answer 40243.
        oauth_domain: the web authorisation domain, compared with host and port. None allows every host, which the
            real WeChat never does.
        old_library: the account may still add `TM…` templates, as before 2023.
        permanent_limit: the maximum number of permanent QR codes.
        templates: the templates that the account has at the start.
        autoreply: the automatic replies of the console, as `get_current_autoreply_info` gives them; no reply comes from
            them, as in developer mode.
    """

    appid: str
    secret: str
    original_id: str
    name: str
    token: str
    aes_key: str
    mode: Mode = "safe"
    callback_url: str | None = None
    kind: AccountKind = "verified_service"
    owner: str | None = "owner"
    ip_whitelist: tuple[str, ...] | None = None
    secret_frozen: bool = False
    oauth_domain: str | None = None
    old_library: bool = False
    permanent_limit: int = 100_000
    templates: tuple[TemplateSpec, ...] = ()
    autoreply: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        check_forms(self, *_FORMS)
        if self.kind not in KINDS:
            raise ValueError(f"kind: one of {', '.join(KINDS)}")
        if self.callback_url is not None:
            check_http_url(self.callback_url)


def check_forms(spec: object, *names: str) -> None:
    """Check identifiers and secrets of an account or of a website application.

    Raises:
        ValueError: a member has not the form of its name.
    """
    for name in names:
        if not re.fullmatch(_FORMS[name], getattr(spec, name)):
            raise ValueError(f"{name}: must match {_FORMS[name]}")


def check_http_url(url: str) -> None:
    """Check that an address can be called.

    Raises:
        ValueError: it is not an absolute http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("an absolute http or https URL is needed")


CATEGORY_TEMPLATE_ID = "kZ3tq0mV9bXcN7sYhR2dLw5gFjP8aUeT1iOoQxMvB4C"
LEGACY_TEMPLATE_ID = "hL6wD2rKp9TzVb1nXyJ4sEqGmC8uAfO5iRtYk0oNcM7"
TEST_TEMPLATE_ID = "tS1xW8eRu4YvQa7pLkJ2hNbGfD5mCzO9iTrEw0sVcX6"
NOTICE_TEMPLATE_ID = "nQ5vM1yTg8UcXe2wBkP7jRdHsF4aLzO0iNbVt9rGpK3"

DEFAULT_TEMPLATES = (
    TemplateSpec(
        template_id=CATEGORY_TEMPLATE_ID,
        title="验证码通知",
        content=(
            "验证码：{{character_string1.DATA}}\n用途：{{thing2.DATA}}\n有效期至：{{time3.DATA}}\n备注：{{thing4.DATA}}\n"
        ),
        example="验证码：482913\n用途：示例网站 注册\n有效期至：2025年5月1日 15:01\n备注：如非本人操作请忽略\n",
    ),
    TemplateSpec(
        template_id=LEGACY_TEMPLATE_ID,
        title="验证码提醒",
        kind="legacy",
        content="{{first.DATA}}\n验证码：{{keyword1.DATA}}\n有效时间：{{keyword2.DATA}}\n{{remark.DATA}}",
        example="您好\n验证码：482913\n有效时间：5分钟\n如非本人操作请忽略",
    ),
    TemplateSpec(
        template_id=TEST_TEMPLATE_ID,
        title="测试验证码",
        kind="test",
        content="验证码：{{code.DATA}}\n用途：{{purpose.DATA}}\n有效期至：{{expires.DATA}}\n备注：{{remark.DATA}}",
    ),
    TemplateSpec(
        template_id=NOTICE_TEMPLATE_ID,
        title="验证码订阅通知",
        kind="notice",
        content="验证码：{{character_string1.DATA}}\n用途：{{thing2.DATA}}\n有效期至：{{time3.DATA}}\n",
        example="验证码：482913\n用途：示例网站 注册\n有效期至：15:01\n",
    ),
)

DEFAULT_ACCOUNT = AccountSpec(
    appid="wx3f1c5a9e7b2d4860",
    secret="5d41402abc4b2a76b9719d911017c592",  # noqa: S106 - invented and documented, so that a config can name it
    original_id="gh_3f1c5a9e7b2d",
    name="示例服务号",
    token="sandboxtoken",  # noqa: S106 - as above
    aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    templates=DEFAULT_TEMPLATES,
)
