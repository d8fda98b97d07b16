"""Settings for behaviour that WeChat's sources leave open, or that a test needs to change."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Settings:
    r"""Behaviour of one platform; every member can be changed by `PATCH /sandbox/settings`.

    Attributes:
        content_type: the content type of JSON answers; the default was observed on the real platform (WECHAT.md 1).
        small_ids: msgids have 9 digits (checklist 3).
        forced_overlap: after a forced refresh the previous stable token works for 300 s more (WECHAT.md 3.2).
        refuse_escapes: whether `\\uXXXX` in a body is refused. None: by the API, as the table of `escapes` says; True:
            by every API; False: by none.
        oauth_state: how the authorize page reads `state`, seen both ways in the field. `lenient`: any text of up to
            128 bytes, or none. `strict`: as the page documents it, letters and digits, and not empty (10013).
        repeat_errcode: the answer to a repeated client_msg_id; 0 repeats the first (WECHAT.md 6.2, undocumented).
        duplicate_window: seconds in which the same content to the same openid gets 40241; 0: never (one source).
        receipt_status: the Status of TEMPLATESENDJOBFINISH, or `none` for no event.
        receipt_delay: real seconds between a send and its receipt.
        receipt_hold: hold receipts until `POST /sandbox/receipts/release`.
        callback_timeout: real seconds that a callback may take (WECHAT.md 9.4).
        callback_attempts: the maximum number of attempts for a callback (WECHAT.md 9.4).
        callback_http10: use HTTP/1.0 for callbacks, as was observed on the real platform.
        callback_fresh_nonce: a retry has a new timestamp and nonce; undocumented.
        change_event_popup_element: wrap subscribe_msg_change_event in SubscribeMsgPopupEvent (WECHAT.md 7.3).
        review_seconds: the duration of a content review, on the platform's clock (40252).
        page_size: openids per page of user/get, of the followers with a tag, and of the blacklist.
    """

    content_type: str = "application/json; encoding=utf-8"
    small_ids: bool = False
    forced_overlap: bool = False
    refuse_escapes: bool | None = None
    oauth_state: Literal["lenient", "strict"] = "lenient"
    repeat_errcode: int = 0
    duplicate_window: float = 0.0
    receipt_status: str = "success"
    receipt_delay: float = 0.05
    receipt_hold: bool = False
    callback_timeout: float = 5.0
    callback_attempts: int = 3
    callback_http10: bool = False
    callback_fresh_nonce: bool = True
    change_event_popup_element: bool = False
    review_seconds: float = 1800.0
    page_size: int = 10_000

    def __post_init__(self) -> None:
        if not 0 < self.callback_timeout <= 60 or not 1 <= self.callback_attempts <= 10:  # noqa: PLR2004 - sane bounds
            raise ValueError("callback_timeout: above 0 up to 60 s; callback_attempts: 1 to 10")
        if not 0 <= self.receipt_delay <= 600 or not 1 <= self.page_size <= 10_000:  # noqa: PLR2004 - sane bounds
            raise ValueError("receipt_delay: 0 to 600 s; page_size: 1 to 10000")
        if any(ord(char) < 0x20 for char in self.content_type + self.receipt_status):  # noqa: PLR2004 - controls
            raise ValueError("no control characters")
