"""The words of the drop-in widget where they differ from the hosted page's: there is no other page to go back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CHINESE_WIDGET: Final[Mapping[str, str]] = {
    "loading": "正在加载…",
    "approved.hint.stay": "微信验证已完成，请继续。",
    "refused.title": "此处无法进行验证",
    "refused.hint": "这个网页没有使用该验证的权限。请联系网站，或稍后再试。",
    "missing.title": "找不到这次验证",
    "missing.hint": "验证可能早已结束，请刷新页面重新开始。",
    "offline": "暂时连不上验证服务，恢复后会自动更新。",
}

ENGLISH_WIDGET: Final[Mapping[str, str]] = {
    "loading": "Loading…",
    "approved.hint.stay": "WeChat has confirmed it is you. You can go on.",
    "refused.title": "This cannot be done here",
    "refused.hint": "This page may not use that verification. Please contact the website, or try again later.",
    "missing.title": "There is no such verification",
    "missing.hint": "It may have ended long ago. Reload the page and start again.",
    "offline": "The verification service is out of reach. This updates itself when it is back.",
}
