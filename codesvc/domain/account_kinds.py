"""The kinds of Official Accounts, and what WeChat lets each of them do (KINDS.md section 2).

This is the only place that knows it. Configuration, QR pool, web authorisation, channels, upkeep, doctor and pages ask
this table, and `codesvc.wechat.client` makes no call that a kind has no right to. Where the sources leave a right of
the test account open, it is granted here: WeChat answers 48001 if it is missing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from codesvc.domain.quota import Api


class Right(StrEnum):
    """What a call to WeChat needs. Callbacks, replies and access tokens need none: every kind has them."""

    QR_CODES = "qr_codes"
    """QR codes with parameters: a scan says which page it belongs to."""
    WEB_AUTHORISATION = "web_authorisation"
    """A page in WeChat learns the openid of its visitor."""
    USER_INFO = "user_info"
    """Whether a person follows the account, and their unionid."""
    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"
    CUSTOMER_SERVICE = "customer_service"
    ONE_TIME = "one_time"
    """One-time subscription messages: one free text for each consent."""


class AccountKind(StrEnum):
    """`accounts.*.kind`. WeChat's own pages name subscription accounts 公众号 since 2025, and before that 订阅号."""

    VERIFIED_SERVICE = "verified_service"
    UNVERIFIED_SERVICE = "unverified_service"
    VERIFIED_SUBSCRIPTION = "verified_subscription"
    UNVERIFIED_SUBSCRIPTION = "unverified_subscription"
    """Also every subscription account of a natural person."""
    TEST = "test"
    """测试号."""

    @property
    def rights(self) -> frozenset[Right]:
        """The rights of an account of this kind."""
        return _RIGHTS[self]

    def may(self, right: Right | None) -> bool:
        """Whether it has a right; None is a right that every kind has."""
        return right is None or right in _RIGHTS[self]

    @property
    def described(self) -> str:
        """Its name in a sentence, in English, with WeChat's own word."""
        return _TITLES[self]


_RIGHTS: Final[Mapping[AccountKind, frozenset[Right]]] = {
    AccountKind.VERIFIED_SERVICE: frozenset(Right),
    AccountKind.UNVERIFIED_SERVICE: frozenset(),
    AccountKind.VERIFIED_SUBSCRIPTION: frozenset({Right.USER_INFO, Right.CUSTOMER_SERVICE, Right.ONE_TIME}),
    AccountKind.UNVERIFIED_SUBSCRIPTION: frozenset(),
    AccountKind.TEST: frozenset(Right),
}

_TITLES: Final[Mapping[AccountKind, str]] = {
    AccountKind.VERIFIED_SERVICE: "a verified service account (服务号, 已认证)",
    AccountKind.UNVERIFIED_SERVICE: "an unverified service account (服务号, 未认证)",
    AccountKind.VERIFIED_SUBSCRIPTION: "a verified subscription account (订阅号, 已认证)",
    AccountKind.UNVERIFIED_SUBSCRIPTION: "an unverified or personal subscription account (订阅号, 未认证)",
    AccountKind.TEST: "a test account (测试号)",
}

RIGHT_NAMES: Final[Mapping[Right, str]] = {
    Right.QR_CODES: "QR codes with parameters (带参数二维码)",
    Right.WEB_AUTHORISATION: "web authorisation (网页授权)",
    Right.USER_INFO: "user information (用户信息)",
    Right.TEMPLATE: "template messages (模板消息)",
    Right.SUBSCRIPTION: "subscription notices (订阅通知)",
    Right.CUSTOMER_SERVICE: "customer-service messages (客服消息)",
    Right.ONE_TIME: "one-time subscription messages (一次性订阅消息)",
}
"""The rights in words."""

RIGHT_OF_QUOTA: Final[Mapping[Api, Right]] = {Api.TEMPLATE: Right.TEMPLATE, Api.QRCODE: Right.QR_CODES}
"""A quota is read only for calls that the account may make."""

_RIGHT_OF_PATH: Final[Mapping[str, Right]] = {
    "/cgi-bin/qrcode/create": Right.QR_CODES,
    "/sns/": Right.WEB_AUTHORISATION,
    "/cgi-bin/user/": Right.USER_INFO,
    "/cgi-bin/tags/": Right.USER_INFO,
    "/cgi-bin/message/template/subscribe": Right.ONE_TIME,
    "/cgi-bin/message/template/": Right.TEMPLATE,
    "/cgi-bin/template/": Right.TEMPLATE,
    "/cgi-bin/message/subscribe/": Right.SUBSCRIPTION,
    "/wxaapi/newtmpl/": Right.SUBSCRIPTION,
    "/cgi-bin/message/custom/": Right.CUSTOMER_SERVICE,
}
"""By the beginning of a path; a longer beginning stands before a shorter one."""


def right_of(path: str) -> Right | None:
    """The right that a call to this path of WeChat's API needs; None if every kind may make it, or it is unknown."""
    return next((right for begin, right in _RIGHT_OF_PATH.items() if path.startswith(begin)), None)


def needed_for(right: Right) -> str:
    """The kinds that have a right, as the end of a sentence: `a verified service account … or a test account …`."""
    return " or ".join(kind.described for kind in AccountKind if right in kind.rights)
