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
    "Compare the appid's AppSecret with the configuration; where it was lost, reset it in the console. A secret that a "
    "form shows as ******** was often saved like that."
)

_TEMPLATE: Final = "Compare template_id with 我的模板 in the console; a changed category deletes templates."

_REMEDIES: Final[dict[int, str]] = {
    40013: "Compare accounts.*.appid with the AppID in the console; it is wx and 16 hexadecimal digits.",
    40125: _COMPARE,
    40036: _TEMPLATE,
    40037: _TEMPLATE,
    40164: f"{_CONSOLE} add this machine's public address to the IP whitelist (IP白名单).",
    43116: "WeChat has banned this template: the console's 通知中心 says why. Ask for it back, or use another.",
    45082: "File the domain of public_url (ICP 备案), or use one that is filed: messages link to it.",
    47003: (
        "A field of the message does not fit the template, or is missing: `codesvc check` names it. Templates change "
        "with the account's category."
    ),
    40243: f"{_CONSOLE} the AppSecret is frozen; unfreeze it, or make another.",
    89503: "WeChat has asked the account's administrator to allow this address: he confirms in WeChat; then run again.",
    89506: "The administrator refused this address twice: wait 24 hours, let them confirm, or use the IP whitelist.",
    89507: "The administrator refused this address: wait an hour, let them confirm, or use the IP whitelist.",
    45009: "Today's calls are used up; they are counted anew at midnight in Beijing.",
    45011: "Too many calls this minute: run again in a minute.",
    48001: (
        "The account lacks this right: accounts.*.kind does not say what it is, or its verification (认证) has lapsed. "
        "`codesvc check` finds the kind; only a verified service account (服务号, 已认证) or a test account may do all."
    ),
    48004: "WeChat has banned this call for the account; the console's 通知中心 says why and until when.",
    -1: "WeChat was busy: run again.",
}
PROXY_REMEDIES: Final = {
    ProxyProblem.DNS: "Look at the host in service.outbound_proxy, and at this machine's DNS. WeChat is not at fault.",
    ProxyProblem.UNREACHABLE: (
        "See whether the proxy runs and this machine reaches it: host, port, firewall, and its certificate if the "
        "address begins with https. WeChat is not at fault."
    ),
    ProxyProblem.LOGIN: (
        "Compare the login in service.outbound_proxy with the proxy's: http://user:password@host:port, percent-encoded."
    ),
    ProxyProblem.REFUSED: "Let the proxy's operator allow CONNECT to this host on port 443. WeChat is not at fault.",
    ProxyProblem.GATEWAY: "Look at the proxy's own DNS and way out; from there the other side is not reached.",
}
"""What to do about an outbound proxy."""


_WORDS: Final = {
    40001: "the AppSecret is wrong",
    40002: "the request was refused",
    40013: "the appid is wrong",
    40125: "the AppSecret is wrong",
    40164: "this machine's address is not on the account's IP whitelist",
    40243: "the AppSecret is frozen",
    41002: "the appid is missing",
    41004: "the AppSecret is missing",
    45009: "today's fetches are used up",
    45011: "too many fetches in a minute",
    50004: "the account may not use this call",
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
    "dns": "WeChat's name is not resolved",
    "certificate": "whoever answers for WeChat has no valid certificate",
    "garbled": "what answers is not WeChat",
    **{problem.value: problem.words for problem in ProxyProblem},
}
_UNANSWERED_REMEDIES: Final[dict[str, str]] = {
    "timeout": "Run again; if it stays, look at the network between this machine and WeChat.",
    "unreachable": "See whether this machine resolves and reaches the api_url on port 443 (DNS, firewall, proxy).",
    "dns": "This machine does not resolve the name in api_url: look at its DNS servers.",
    "certificate": (
        "See what answers for api_url on port 443: a proxy that opens TLS, or a clock that is wrong, does this."
    ),
    "garbled": "Something other than WeChat answered: look at proxies in between, and at api_url or token_source.",
    **{problem.value: remedy for problem, remedy in PROXY_REMEDIES.items()},
}
_AGAIN: Final = "Run again; if it stays, look at the text."


def token_words(result: str) -> str:
    """Why an access token cannot be had; `result` is an errcode or a word of `call_labels.UNANSWERED`."""
    if not result.lstrip("-").isdigit():
        return _UNANSWERED_WORDS.get(result, "WeChat answers with an errcode that is in no list")
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
        return "This needs an act in WeChat's console; the errcode's page in WeChat's documentation says which."
    return "Look the errcode up in WeChat's documentation; it is not one that an operator usually meets."
