"""What a person reads where a system shows them our refusal: Supabase, Logto, Authgear, authentik."""

from __future__ import annotations

from typing import Final

from codesvc.web.inbound.protocol import Reason

_CHINESE: Final = {
    Reason.MALFORMED: "验证码没有发出：系统之间的请求格式不对，请联系网站管理员。",
    Reason.INVALID: "验证码没有发出：请求中的内容不被接受，请联系网站管理员。",
    Reason.RECIPIENT: "无法发送到这个号码或邮箱，请检查是否填写正确。",
    Reason.LIMITED: "发送太频繁，请在 {seconds} 秒后再试。",
    Reason.UNAVAILABLE: "验证码暂时无法发送，请稍后再试。",
}
_ENGLISH: Final = {
    Reason.MALFORMED: "No code was sent: the request between the systems is wrong. Please tell the site's operator.",
    Reason.INVALID: "No code was sent: the request has a value that is not allowed. Please tell the site's operator.",
    Reason.RECIPIENT: "No code can be sent to this number or address. Please check that it is right.",
    Reason.LIMITED: "Too many codes were asked for. Please try again in {seconds} s.",
    Reason.UNAVAILABLE: "No code can be sent at the moment. Please try again shortly.",
}


def sentence(reason: Reason, locale: str, seconds: int) -> str:
    """The sentence for a reason, in `zh` or `en`."""
    return (_ENGLISH if locale == "en" else _CHINESE)[reason].format(seconds=seconds)
