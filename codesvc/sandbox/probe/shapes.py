"""What a transcript keeps of an answer: names, types and forms, and of values only those of a public vocabulary.

Nothing is searched for secrets, because a search misses what it does not know. A text is kept only if it is a word of
the platform's own vocabulary; of every other text its form and length remain, as in `<openid:28>`. A number is kept if
it is small, as errcodes and quotas are. A name is kept if the platform documents it or if it looks like a name and not
like an identifier, and is not part of a secret that the caller knows.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from codesvc.sandbox.errcodes import ERRMSG

_LARGEST_NUMBER = 9_999_999
_MOST_ITEMS = 3
_LONGEST_NAME = 24
_NAME = re.compile(r"(?!(?i:gh)_)[A-Za-z]{1,15}(?:_[A-Za-z]{1,15}){0,4}")
"""Matches texts that look like a name. An original id of letters only (`gh_abcdefabcdef`) would look like one too."""
NAMES: Final = frozenset(
    [
        "SubscribeStatusString",
        "SubscribeMsgPopupEvent",
        "SubscribeMsgChangeEvent",
        "SubscribeMsgSentEvent",
        "subscribe_msg_popup_event",
        "message_default_autoreply_info",
        "add_friend_autoreply_info",
    ]
)
"""Documented names that are too long to look like one."""
WORDS: Final = frozenset(
    [
        "ok",
        "success",
        "text",
        "event",
        "image",
        "voice",
        "video",
        "shortvideo",
        "location",
        "link",
        "subscribe",
        "unsubscribe",
        "SCAN",
        "CLICK",
        "VIEW",
        "LOCATION",
        "TEMPLATESENDJOBFINISH",
        "zh_CN",
        "zh_TW",
        "en",
        "snsapi_base",
        "snsapi_userinfo",
        "aes",
        "raw",
        "click",
        "view",
        "miniprogram",
        "ADD_SCENE_SEARCH",
        "ADD_SCENE_QR_CODE",
        "ADD_SCENE_PROFILE_CARD",
        "ADD_SCENE_PROFILE_LINK",
        "ADD_SCENE_OTHERS",
        "GET",
        "POST",
        "yes",
        "no",
        "application/json",
        "application/json; encoding=utf-8",
        "text/plain",
        "text/html",
        "text/xml",
        "failed:user block",
        "failed: system failed",
        "failed:freq limit",
        "",
    ]
)
_ERRMSGS: Final = sorted(set(ERRMSG.values()), key=len, reverse=True)
"""The longest first, because one may begin with another."""
_FORMS: Final = (
    ("openid", re.compile(r"o[0-9A-Za-z_-]{27}")),
    ("appid", re.compile(r"wx[0-9a-f]{16}")),
    ("original_id", re.compile(r"gh_[0-9a-f]{12}")),
    ("rid", re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")),
    ("template_id", re.compile(r"[0-9A-Za-z_-]{43}")),
    ("token", re.compile(r"[0-9]{2,3}_[0-9A-Za-z_-]{60,}")),
    ("qr_url", re.compile(r"https?://weixin\.qq\.com/q/[0-9A-Za-z_-]+")),
    ("url", re.compile(r"https?://\S+")),
    (
        "address",
        re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?"),
    ),
    ("digits", re.compile(r"[0-9]+")),
    ("hex", re.compile(r"[0-9a-f]+")),
    ("base64", re.compile(r"[0-9A-Za-z_+/-]{16,}={0,2}")),
)
_RID_TAIL = re.compile(r",?\s*(?:hints?: \[[^\]]*\])?\s*,?\s*(?:rid: \S+)?\s*")


class Redaction:
    """Makes shapes.

    Args:
        secrets: texts that must not even be a part of a name, such as the callback token, which may be a word.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [secret.lower() for secret in secrets if secret]

    def shape(self, value: Any, name: str = "") -> Any:
        """The shape of a JSON value; of a list the first items, and how many there are."""
        if isinstance(value, Mapping):
            return self._members(value)
        if isinstance(value, list):
            shown = [self.shape(item, name) for item in value[:_MOST_ITEMS]]
            return [*shown, f"<{len(value) - _MOST_ITEMS} more>"] if len(value) > _MOST_ITEMS else shown
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if abs(value) <= _LARGEST_NUMBER else f"<integer:{len(str(abs(value)))}>"
        if isinstance(value, float):
            return "<number>"
        return self.text(str(value), name)

    def text(self, value: str, name: str = "") -> str:
        """A text: itself if it is of the vocabulary, else its form and length."""
        if name == "errmsg":
            return self._errmsg(value)
        if value in WORDS and not self._is_secret(value):
            return value
        for form, pattern in _FORMS:
            if pattern.fullmatch(value):
                return f"<{form}:{len(value)}>"
        return f"<text:{len(value)}>"

    def name(self, value: str) -> str:
        """A member's name, if it is one."""
        plain = len(value) <= _LONGEST_NAME and _NAME.fullmatch(value) is not None
        return value if (plain or value in NAMES) and not self._is_secret(value) else f"<name:{len(value)}>"

    def _members(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for given, item in value.items():
            name = known = self.name(str(given))
            count = 1
            while name in shown:  # two names of one form
                count += 1
                name = f"{known}#{count}"
            shown[name] = self.shape(item, known)
        return shown

    def _errmsg(self, value: str) -> str:
        """A known errmsg, with the form of the text behind it."""
        for known in _ERRMSGS:
            if value.startswith(known) and not self._is_secret(known):
                tail = value[len(known) :]
                if not tail:
                    return known
                if _RID_TAIL.fullmatch(tail):
                    return f"{known} <rid>"
                return f"{known} <text:{len(tail)}>"
        return f"<text:{len(value)}>"

    def _is_secret(self, value: str) -> bool:
        lowered = value.lower()
        return any(secret in lowered for secret in self._secrets)
