"""The meaning of WeChat's errcodes for sending a code (WECHAT.md 2 and 6.3), as one table.

DONE means sent. After RETRY and REFRESH_TOKEN the same message may still be sent. After any other verdict the
verification falls back to the scan. These verdicts differ in who has to be informed:

- FALL_BACK: only this person is affected, only this time.
- STOP: the channel does not work for anybody until an operator acts, mostly in WeChat's console. Raise the alarm.
- OUR_FAULT: the request or the configuration is wrong, and repeating does not help. Raise the alarm.

A code that is not in the table falls back and raises the alarm: the person can scan, and an operator has to look.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Verdict(StrEnum):
    """What to do with the message."""

    DONE = "done"
    RETRY = "retry"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105 - a verdict, no password
    FALL_BACK = "fall-back"
    STOP = "stop"
    OUR_FAULT = "our-fault"


class Pause(StrEnum):
    """The sends that must pause after an errcode, and for how long."""

    NONE = "none"
    BACKOFF = "backoff"  # this message, for a growing time with jitter
    PERSON = "person"  # no pushes to this openid for a while; WeChat does not publish the threshold
    MINUTE = "minute"  # this call, until the next minute
    DAY = "day"  # this call, until midnight in Beijing


@dataclass(frozen=True, slots=True)
class Judgement:
    """The meaning of an errcode.

    Attributes:
        verdict: what to do with the message.
        reason: one or two words of `[a-z-]`, for events, metrics and the log.
        pause: the sends that must pause.
        alarm: whether an operator has to act.
    """

    errcode: int
    verdict: Verdict
    reason: str
    pause: Pause = Pause.NONE
    alarm: bool = False


_DONE, _RETRY, _REFRESH = Verdict.DONE, Verdict.RETRY, Verdict.REFRESH_TOKEN
_FALL, _STOP, _OURS = Verdict.FALL_BACK, Verdict.STOP, Verdict.OUR_FAULT

_ROWS: Final[tuple[tuple[int, Verdict, str, Pause], ...]] = (
    (0, _DONE, "ok", Pause.NONE),
    # Temporarily not possible.
    (-1, _RETRY, "busy", Pause.BACKOFF),
    (45011, _RETRY, "minute-quota", Pause.MINUTE),
    (43108, _RETRY, "concurrent-send", Pause.BACKOFF),
    # The token is rejected. The client has already tried another one before a caller sees this.
    (40001, _REFRESH, "token-replaced", Pause.BACKOFF),
    (40014, _REFRESH, "token-invalid", Pause.BACKOFF),
    (42001, _REFRESH, "token-expired", Pause.BACKOFF),
    # Not possible for this person.
    (40003, _FALL, "unknown-openid", Pause.NONE),
    (43004, _FALL, "not-following", Pause.NONE),
    (43019, _FALL, "blacklisted", Pause.NONE),
    (43101, _FALL, "refused", Pause.NONE),
    (43117, _FALL, "too-frequent", Pause.PERSON),
    # "The same content within 60 seconds": this message was not accepted. The earlier one may have been for another
    # verification, if the template shows neither code nor reference.
    (40241, _FALL, "duplicate", Pause.NONE),
    (46004, _FALL, "unknown-user", Pause.NONE),
    (48002, _FALL, "refuses-messages", Pause.NONE),
    (50001, _FALL, "not-authorised", Pause.NONE),
    (50002, _FALL, "user-limited", Pause.NONE),
    (50005, _FALL, "not-following", Pause.NONE),
    (45015, _FALL, "window-closed", Pause.NONE),
    (45047, _FALL, "window-used-up", Pause.NONE),
    # Held for review without a msgid: it may be delivered half an hour late, or never.
    (40252, _FALL, "in-review", Pause.NONE),
    # The daily quota is used up.
    (45009, _FALL, "quota", Pause.DAY),
    # Codes from web authorisation.
    (40029, _FALL, "oauth-code-invalid", Pause.NONE),
    (40163, _FALL, "oauth-code-used", Pause.NONE),
    (42003, _FALL, "oauth-code-expired", Pause.NONE),
    (40030, _FALL, "refresh-token-invalid", Pause.NONE),
    (42002, _FALL, "refresh-token-expired", Pause.NONE),
    (42007, _FALL, "password-changed", Pause.NONE),
    # This channel does not work until an operator has acted.
    (40037, _STOP, "unknown-template", Pause.NONE),
    (40036, _STOP, "template-id-length", Pause.NONE),
    (40164, _STOP, "ip-not-listed", Pause.NONE),
    (40243, _STOP, "secret-frozen", Pause.NONE),
    (40249, _STOP, "content-blocked", Pause.NONE),
    (45168, _STOP, "content-blocked", Pause.NONE),
    (43106, _STOP, "templates-barred", Pause.NONE),
    (43107, _STOP, "capability-banned", Pause.NONE),
    (43116, _STOP, "template-banned", Pause.NONE),
    (45103, _STOP, "template-withdrawn", Pause.NONE),
    (45109, _STOP, "call-withdrawn", Pause.NONE),
    (45028, _STOP, "mass-quota", Pause.NONE),
    (45029, _STOP, "permanent-codes-used-up", Pause.NONE),
    (45082, _STOP, "url-licence", Pause.NONE),
    (48001, _STOP, "no-right", Pause.NONE),
    (48004, _STOP, "banned", Pause.NONE),
    (48006, _STOP, "clearing-used-up", Pause.NONE),
    (45035, _STOP, "ip-not-registered", Pause.NONE),
    (61004, _STOP, "ip-not-registered", Pause.NONE),
    *((code, _STOP, "ip-awaits-administrator", Pause.NONE) for code in range(89501, 89508)),
    # Configuration.
    (40013, _OURS, "appid", Pause.NONE),
    (40125, _OURS, "appsecret", Pause.NONE),
    (40165, _OURS, "mini-program-page", Pause.NONE),
    (40166, _OURS, "mini-program-appid", Pause.NONE),
    (40039, _OURS, "url-length", Pause.NONE),
    (40048, _OURS, "url-domain", Pause.NONE),
    # The request itself.
    (40002, _OURS, "grant-type", Pause.NONE),
    (40032, _OURS, "list-length", Pause.NONE),
    (40033, _OURS, "escaped-json", Pause.NONE),
    (47002, _OURS, "escaped-json", Pause.NONE),
    (40035, _OURS, "parameter", Pause.NONE),
    (40052, _OURS, "action-name", Pause.NONE),
    (40053, _OURS, "action-info", Pause.NONE),
    (40066, _OURS, "path", Pause.NONE),
    (40102, _OURS, "industry", Pause.NONE),
    (40246, _OURS, "keyword-name", Pause.NONE),
    (41001, _OURS, "token-missing", Pause.NONE),
    (41002, _OURS, "appid-missing", Pause.NONE),
    (41003, _OURS, "refresh-token-missing", Pause.NONE),
    (41004, _OURS, "appsecret-missing", Pause.NONE),
    (41008, _OURS, "oauth-code-missing", Pause.NONE),
    (41009, _OURS, "openid-missing", Pause.NONE),
    (41028, _OURS, "mini-program-only", Pause.NONE),
    (41029, _OURS, "mini-program-only", Pause.NONE),
    (41030, _OURS, "mini-program-only", Pause.NONE),
    (43001, _OURS, "method", Pause.NONE),
    (43002, _OURS, "method", Pause.NONE),
    (43003, _OURS, "https", Pause.NONE),
    (43100, _OURS, "industry-frequency", Pause.NONE),
    (44002, _OURS, "empty-body", Pause.NONE),
    (45026, _OURS, "template-count", Pause.NONE),
    (45027, _OURS, "template-industry", Pause.NONE),
    (47001, _OURS, "broken-json", Pause.NONE),
    (47003, _OURS, "field-value", Pause.NONE),
    (76003, _OURS, "quota-path", Pause.NONE),
    (76021, _OURS, "quota-path", Pause.NONE),
    (76022, _OURS, "quota-path", Pause.NONE),
)

NOT_COUNTED: Final = frozenset({40001, 40014, 41001, 42001, 45009, 45011})
"""Errcodes after which WeChat has certainly not counted the call: without a valid token it belongs to no account, and a
call that a quota refuses is not counted. Whether other refusals are counted is not documented (WECHAT.md 4, 13).
"""

_ALARM_VERDICTS: Final = frozenset({Verdict.STOP, Verdict.OUR_FAULT})
_QUOTA_GONE: Final = 45009
UNKNOWN_OPENID: Final = 40003
"""The account has no such openid: it is malformed, or of another account."""


def _judged(code: int, verdict: Verdict, reason: str, pause: Pause) -> Judgement:
    return Judgement(code, verdict, reason, pause, alarm=verdict in _ALARM_VERDICTS or code == _QUOTA_GONE)


TABLE: Final = MappingProxyType({row[0]: _judged(*row) for row in _ROWS})

# At the token endpoints, 40001 means a wrong secret, because no token is involved (WECHAT.md 2).
_TOKEN_ROWS: Final = MappingProxyType({40001: _judged(40001, _OURS, "appsecret", Pause.NONE)})


def judge(errcode: int) -> Judgement:
    """The meaning of an errcode for a message, a QR code or any other call with an access token."""
    known = TABLE.get(errcode)
    return known or Judgement(errcode, Verdict.FALL_BACK, "unknown", Pause.NONE, alarm=True)


def judge_token(errcode: int) -> Judgement:
    """The meaning of an errcode of a token endpoint (`TokenUnavailable.errcode`)."""
    return _TOKEN_ROWS.get(errcode) or judge(errcode)
