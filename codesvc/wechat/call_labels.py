"""Labels of calls to WeChat for logs and metrics. They are from closed lists, so that a token never becomes a label."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from codesvc.domain.outbound_proxy import ProxyProblem
from codesvc.wechat.errcodes import TABLE
from codesvc.wechat.errors import (
    Garbled,
    NameNotResolved,
    NotTrusted,
    ProxyAnswered,
    ProxyFailed,
    ServerFault,
    WeChatError,
    WeChatFault,
    WeChatTimeout,
    WeChatUnreachable,
)

CallObserver = Callable[[str, str, float], None]
"""Called after each call with the endpoint, the result (`0`, an errcode, or a word) and the duration in seconds."""

ENDPOINTS: Final = {
    "/cgi-bin/message/template/send": "template",
    "/cgi-bin/message/subscribe/bizsend": "subscription",
    "/cgi-bin/message/custom/send": "customer_service",
    "/cgi-bin/qrcode/create": "qrcode",
    "/cgi-bin/user/info": "user",
    "/cgi-bin/user/info/batchget": "user",
    "/cgi-bin/changeopenid": "migration",
    "/cgi-bin/stable_token": "token",
    "/cgi-bin/token": "token",
    "/cgi-bin/openapi/quota/get": "quota",
    "/sns/oauth2/access_token": "oauth",
    "/cgi-bin/template/get_all_private_template": "templates",
    "/cgi-bin/get_api_domain_ip": "addresses",
    "/cgi-bin/getcallbackip": "addresses",
    "/cgi-bin/callback/check": "callback_check",
}
OTHER: Final = "other"
UNANSWERED: Final = frozenset(
    {"timeout", "unreachable", "dns", "certificate", "garbled", "server-error", *ProxyProblem}
)
"""Results of calls that brought no usable answer of WeChat."""


@lru_cache(maxsize=256)
def endpoint_of(url: str) -> str:
    """The label of a URL; `other` if it is unknown, such as the operator's own token service."""
    return ENDPOINTS.get(urlsplit(url).path, OTHER)


def result_of(fault: WeChatFault) -> str:
    """The errcode if the table of errcodes knows it, else a word."""
    match fault:
        case WeChatError(errcode=errcode):
            return str(errcode) if errcode in TABLE else OTHER
        case ProxyFailed(problem=problem) | ProxyAnswered(problem=problem):
            return problem.value
        case NameNotResolved():
            return "dns"
        case NotTrusted():
            return "certificate"
        case WeChatUnreachable():
            return "unreachable"
        case WeChatTimeout():
            return "timeout"
        case ServerFault():
            return "server-error"
        case Garbled():
            return "garbled"
        case _:
            return OTHER


def ignore_call(_: str, __: str, ___: float) -> None:
    """Ignore a finished call."""
