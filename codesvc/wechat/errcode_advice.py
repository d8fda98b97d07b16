"""Advice for operators about WeChat's error codes: the cause and what to do. No I/O.

`codesvc.wechat.errcodes` decides for the same codes what happens to a message. This module explains them to a person.
"""

import re
from typing import Final

from codesvc.domain.outbound_proxy import ProxyProblem
from codesvc.wechat.call_labels import result_of
from codesvc.wechat.errcodes import Verdict, judge, judge_token
from codesvc.wechat.errors import TokenUnavailable, WeChatError, WeChatFault

_ADDRESS: Final = re.compile(r"invalid ip ([0-9a-fA-F.:]{2,45})")
_CONSOLE: Final = "In WeChat's console, 设置与开发 > 开发接口管理 > 基本配置:"
_COMPARE: Final = (
    "Compare the appid's AppSecret with the configuration. If it is lost, reset it in the console. Make sure that "
    "the masked form ******** was not saved in its place."
)

_TEMPLATE: Final = "Compare template_id with 我的模板 in the console; a changed category deletes templates."

_REMEDIES: Final[dict[int, str]] = {
    40013: "Compare accounts.*.appid with the AppID in the console: wx followed by 16 hexadecimal digits.",
    40125: _COMPARE,
    40036: _TEMPLATE,
    40037: _TEMPLATE,
    40164: f"{_CONSOLE} add this machine's public address to the IP whitelist (IP白名单).",
    43116: "WeChat has banned this template: 通知中心 in the console says why. Appeal, or use another one.",
    45082: "File the domain of public_url (ICP 备案), or use one that is filed: messages link to it.",
    47003: (
        "A field of the message does not fit the template, or is missing: `codesvc check` names it. Templates change "
        "with the account's category."
    ),
    40243: f"{_CONSOLE} the AppSecret is frozen. Unfreeze it, or generate a new one.",
    89503: "WeChat has asked the account's administrator to allow this address. Run again once they have confirmed.",
    89506: "The administrator has refused this address twice. Ask them again after 24 hours, or use the IP whitelist.",
    89507: "The administrator has refused this address. Ask them again after an hour, or use the IP whitelist.",
    45009: "Today's quota is used up. It resets at midnight Beijing time.",
    45011: "Too many calls this minute. Run again in a minute.",
    48001: (
        "The account lacks this right: accounts.*.kind is wrong, or the account's verification (认证) has lapsed. "
        "`codesvc check` finds the kind. Only a verified service account (服务号, 已认证) or a test account has all."
    ),
    48004: "WeChat has banned this call for the account. 通知中心 in the console says why and until when.",
    -1: "WeChat was busy. Run again.",
}
PROXY_REMEDIES: Final = {
    ProxyProblem.DNS: "Check the host in service.outbound_proxy, and this machine's DNS. WeChat is not the problem.",
    ProxyProblem.UNREACHABLE: (
        "Make sure that the proxy is running and that this machine can reach it: host, port, firewall, and "
        "its certificate if the address begins with https. WeChat is not the problem."
    ),
    ProxyProblem.LOGIN: (
        "Compare the login in service.outbound_proxy with the proxy's: http://user:password@host:port, percent-encoded."
    ),
    ProxyProblem.REFUSED: "Ask the proxy's operator to allow CONNECT to this host, port 443. WeChat is not the "
    "problem.",
    ProxyProblem.GATEWAY: "Check the proxy's own DNS and outbound network: it cannot reach the destination.",
}
"""What to do about an outbound proxy."""


CONTEST_REMEDY: Final = (
    "Another system fetches this account's token: let it use stable_token too, or let both use one token server "
    "(token_source). If token_source is set, that server hands out tokens that are no longer valid."
)
"""What to do about access tokens that are refused at once after they were issued."""


_WORDS: Final = {
    40001: "the AppSecret is wrong",
    40002: "the request was refused",
    40013: "the appid is wrong",
    40125: "the AppSecret is wrong",
    40164: "this machine's address is not on the account's IP whitelist",
    40243: "the AppSecret is frozen",
    41002: "the appid is missing",
    41004: "the AppSecret is missing",
    45009: "today's quota for tokens is used up",
    45011: "too many tokens were requested in a minute",
    50004: "the account is not allowed to make this call",
    50007: "the account is frozen",
    48001: "the account lacks this right",
    48004: "the account is banned from this call",
    -1: "WeChat is busy",
    **dict.fromkeys(range(89501, 89508), "the account's administrator has not allowed this machine's address"),
}
"""Errcodes of a token endpoint in words."""
_UNANSWERED_WORDS: Final = {
    "timeout": "WeChat does not answer in time",
    "unreachable": "no connection to WeChat",
    "dns": "WeChat's host name does not resolve",
    "certificate": "the server that answers for WeChat has no valid certificate",
    "garbled": "the server that answers is not WeChat",
    "server-error": "WeChat's servers answer with errors (HTTP 5xx)",
    **{problem.value: problem.words for problem in ProxyProblem},
}
_UNANSWERED_REMEDIES: Final[dict[str, str]] = {
    "timeout": "Run again. If it persists, check the network between this machine and WeChat.",
    "unreachable": "Make sure that this machine can resolve api_url and reach it on port 443 (DNS, firewall, proxy).",
    "dns": "This machine cannot resolve the host in api_url. Check its DNS servers.",
    "certificate": (
        "Check what answers for api_url on port 443. A proxy that intercepts TLS, or a wrong clock, causes this."
    ),
    "garbled": "Something other than WeChat answered. Check any proxies in between, and api_url or token_source.",
    "server-error": "Wait: it recovers by itself. If it lasts, look at proxies in between.",
    **{problem.value: remedy for problem, remedy in PROXY_REMEDIES.items()},
}
_AGAIN: Final = "Run again. If it persists, see the message."


def token_words(result: str) -> str:
    """Why an access token cannot be had; `result` is an errcode or a word of `call_labels.UNANSWERED`."""
    if not result.lstrip("-").isdigit():
        return _UNANSWERED_WORDS.get(result, "WeChat answers with an unknown errcode")
    return f"{_WORDS.get(int(result), 'WeChat refuses it')} (errcode {result})"


def token_remedy(result: str) -> str:
    """What to do when an access token cannot be had."""
    if result.lstrip("-").isdigit():
        return _remedy(int(result), WeChatFault(), token=True)
    return _UNANSWERED_REMEDIES.get(result, _AGAIN)


def call_remedy(errcode: int) -> str:
    """What to do when WeChat refuses a call with this errcode."""
    return _remedy(errcode, WeChatFault(), token=False)


def errcode_of(fault: WeChatFault) -> int | None:
    """WeChat's errcode, None if the answer had none."""
    return fault.errcode if isinstance(fault, WeChatError | TokenUnavailable) else None


def refused_address(fault: WeChatFault) -> str | None:
    """The address that is not on the account's IP whitelist (40164), or None."""
    found = _ADDRESS.search(str(fault))
    return found[1] if found else None


def remedy_for(fault: WeChatFault, *, token: bool = False) -> str:
    """What to do about an error.

    Args:
        fault: the error.
        token: whether a token endpoint answered with it; there 40001 means that the secret is wrong.
    """
    code = errcode_of(fault)
    if code is not None:
        return _remedy(code, fault, token=token)
    return _UNANSWERED_REMEDIES.get(result_of(fault), _AGAIN)


def _remedy(code: int, fault: WeChatFault, *, token: bool) -> str:
    address = refused_address(fault)
    if address is not None:
        return f"{_CONSOLE} add {address} to the IP whitelist (IP白名单). It takes effect within minutes."
    if token and code == 40001:  # noqa: PLR2004  WECHAT.md 2: at a token endpoint it means the secret
        return _COMPARE
    known = _REMEDIES.get(code)
    if known is not None:
        return known
    verdict = (judge_token if token else judge)(code).verdict
    if verdict is Verdict.STOP:
        return "This needs a change in WeChat's console. See the errcode in WeChat's documentation."
    return "See the errcode in WeChat's documentation. It is an unusual one."
