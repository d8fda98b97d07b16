"""What the shop tells a customer after an act, by key; the names of the service's problems are keys as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _both(zh: str, en: str) -> Mapping[str, str]:
    return {"zh": zh, "en": en}


NOTICES: Final[Mapping[str, Mapping[str, str]]] = {
    "welcome": _both("注册成功，欢迎光临山月茶铺。", "Your account is ready. Welcome to Moonhill Tea."),
    "password-changed": _both("密码已更新，您已登录。", "Your password is changed and you are logged in."),
    "unbound": _both("微信已解除绑定。", "Your WeChat is no longer bound."),
    "bound": _both("微信已绑定，验证码会发到那里。", "Your WeChat is bound; codes will reach you there."),
    "not-bound": _both("没有绑定微信，什么都没有改变。", "No WeChat was bound; nothing has changed."),
    "log-in-first": _both(
        "请先登录，再从公众号打开链接。", "Please log in first, then open the link in the chat again."
    ),
    "bad-ticket": _both(
        "这个链接不属于此浏览器，请在公众号里重新获取。",
        "This link does not belong to this browser. Please ask for a new one in the chat.",
    ),
    "ticket-spent": _both("这个链接已经用过了。", "This link has been used."),
    "ticket-expired": _both("这个链接已失效，请重新获取。", "This link is over. Please ask for a new one."),
    "bad-name": _both(
        "用户名为 2–32 个字符，可用文字、数字和 _ . -",
        "A user name has 2 to 32 characters: letters, digits and _ . -",
    ),
    "bad-password": _both("密码至少 8 个字符。", "A password has at least 8 characters."),
    "name-taken": _both("这个用户名已有人使用，请换一个。", "This user name is taken. Please choose another."),
    "wrong-login": _both("用户名或密码不正确。", "That user name or password is not right."),
    "wrong-password": _both("密码不正确。", "That password is not right."),
    "stale-form": _both("页面已过期，请再试一次。", "This page was too old. Please try again."),
    "foreign-return": _both(
        "这次验证不是在此浏览器发起的，请重新开始。",
        "This verification was not begun in this browser. Please start again.",
    ),
    "not-approved": _both("验证没有完成，请重新开始。", "The verification was not finished. Please start again."),
    # Problems of the service.
    "binding-conflict": _both(
        "这个微信已绑定另一个账号，请直接登录，或找回那个账号的密码。",
        "This WeChat belongs to another account. Please log in there, or reset its password.",
    ),
    "rate-limited": _both("操作太频繁，请稍后再试。", "Too many requests. Please try again later."),
    "proof-spent": _both("这次验证已经用过了，请重新开始。", "This verification has been used. Please start again."),
    "proof-expired": _both("验证完成得太久了，请重新开始。", "This verification is too old. Please start again."),
    "not-found": _both("验证已经结束，请重新开始。", "The verification is over. Please start again."),
    "unavailable": _both(
        "验证服务暂时繁忙，请稍后再试。", "Verification is not available just now. Please try again soon."
    ),
}
