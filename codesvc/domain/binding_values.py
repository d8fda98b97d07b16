"""The values of one imported binding: what each has to look like, and in words what is wrong with one that does not.

A report shows a malformed value, so that its line can be found and mended. Whatever may be an openid or unionid is
masked, in whichever column it stands: columns get mixed up, and cells run together.
"""

import re
import unicodedata
from datetime import datetime, timedelta, tzinfo
from typing import Final

from codesvc.domain.identifiers import (
    LONGEST_OPENID,
    LONGEST_USER,
    NO_OPENID_CHARACTER,
    OPENID_LENGTH,
    SHORTEST_OPENID,
    is_openid,
    is_user,
    is_wechat_openid,
    stranger_in,
    unlike_normal,
)
from codesvc.domain.test_identity import is_test_openid

_DAY: Final = 86_400_000
"""Milliseconds: clocks differ, and so do time zones that were named wrongly."""
_SHORTENED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]+")
# Times as spreadsheets write them: 2025/5/1 7:01, 2025年5月1日 下午 7:01, 2025-5-1 7:01:00 PM.
_NOON: Final = 12
_HALF_DAY: Final = {"上午": 0, "am": 0, "下午": 12, "pm": 12}
_SHEET_TIME: Final = re.compile(
    r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?"
    r"(?:[ T]*(?P<before>[上下]午)? ?(\d{1,2})[:时](\d{2})分?(?:[:]?(\d{2})(?:\.\d+)?秒?)?(?P<after> ?[AP]M)?)?",
    re.IGNORECASE,
)
# A time in a spreadsheet's cell that was not formatted as one: days since 1899-12-30, here those from 1970 to 2173.
_SERIAL: Final = re.compile(r"(?:2[6-9]|[3-9][0-9])[0-9]{3}(?:\.[0-9]{1,12})?")
_FIRST_DAY: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a wall clock's time; its zone is named apart
_BLANKS: Final = " \t\r\n\f\v\u00a0\u200b\u200e\u200f\u202a\u202c\u2060\u3000\ufeff"
_LONGEST_SHOWN: Final = 40
# The characters of openids, also in full width, and invisible ones that may stand between them.
_OF_IDS: Final = (
    "A-Za-z0-9_\\-\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff3f\uff0d"
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
)
_LIKE_AN_ID: Final = re.compile(f"[{_OF_IDS}]{{{OPENID_LENGTH - 8},}}")


class BadValue(ValueError):
    """A value that cannot be taken; the text says which, what is wrong with it, and shows it."""


def stripped(text: str) -> str:
    """The text without blanks and invisible characters at its ends."""
    return text.strip(_BLANKS)


def checked_user(text: str) -> str:
    """The user.

    Raises:
        BadValue: it is missing or malformed.
    """
    if not text:
        raise BadValue("user is missing")
    if _SHORTENED.fullmatch(text):
        raise BadValue(
            f'user "{text}" is a number that a spreadsheet has rounded; format the column as text, and export again'
        )
    if is_user(text):
        return text
    if len(text) > LONGEST_USER:
        why = f"has {len(text)} characters; at most {LONGEST_USER} are allowed"
    elif (place := stranger_in(text)) is not None:
        why = f"has {_placed(text, place)}; allowed are letters and digits of any script, and . _ @ + : -"
    elif (place := unlike_normal(text)) is not None:
        why = f"has {_placed(text, place)}, which is not in Unicode normal form C (NFC); normalise the file's users"
    else:
        why = "must begin with a letter or a digit"
    raise BadValue(f'user "{_shown(masked_openids(text))}" {why}')


def checked_id(name: str, text: str) -> str:
    """An openid or unionid; `name` says which.

    Raises:
        BadValue: it is missing or malformed.
    """
    if not text:
        raise BadValue(f"{name} is missing")
    if is_openid(text):
        return text
    if stranger := _stranger(text, NO_OPENID_CHARACTER):
        why = f"has {stranger}; allowed are A-Z, a-z, 0-9, - and _"
    else:
        why = f"has {len(text)} characters; {SHORTEST_OPENID} to {LONGEST_OPENID} are allowed"
    raise BadValue(f'{name} "{masked_id(text)}" {why}')


def checked_openid(text: str) -> str:
    """An openid of WeChat's form, or one that stands for a test identity.

    Raises:
        BadValue: it is missing or malformed.
    """
    checked_id("openid", text)
    if is_wechat_openid(text) or is_test_openid(text):
        return text
    shown = f'openid "{masked_id(text)}"'
    if len(text) != OPENID_LENGTH:
        raise BadValue(f"{shown} has {len(text)} characters; WeChat's openids have {OPENID_LENGTH}")
    raise BadValue(f'{shown} begins with "{text[0]}"; openids of WeChat begin with "o"')


def masked_id(text: str) -> str:
    """The ends of an openid or unionid; one too short to be one is shown whole."""
    if len(text) < SHORTEST_OPENID:
        return _shown(text)
    ends = 2 if len(text) <= _LONGEST_SHOWN // 2 else 4
    return _shown(f"{text[:ends]}…{text[-ends:]}")


def masked_ids(text: str) -> str:
    """The text with each run of characters masked that may be an openid or unionid."""
    return _LIKE_AN_ID.sub(lambda found: masked_id(found[0]), text)


def masked_openids(text: str) -> str:
    """A user as a report shows it: masked only if a whole openid of WeChat stands in it, for users may be long too."""
    return _LIKE_AN_ID.sub(lambda found: masked_id(found[0]) if _holds_openid(found[0]) else found[0], text)


def _holds_openid(run: str) -> bool:
    plain = "".join(each for each in unicodedata.normalize("NFKC", run) if each.isprintable())
    return 0 <= plain.find("o") <= len(plain) - OPENID_LENGTH


def milliseconds(text: str, zone: tzinfo | None, latest: int | None = None) -> str:
    """A time as ms since 1970; "" for an empty text.

    Args:
        text: RFC 3339, or `2025/5/1 7:01` or the days since 1900 as spreadsheets write it.
        zone: what times mean that name no zone; None refuses them.
        latest: the latest possible time, ms since 1970; one day more is allowed, for clocks differ. None: any time.

    Raises:
        BadValue: it is not a time, it is before 1970 or in the future, or it has no time zone and `zone` is None.
    """
    if not text:
        return ""
    shown = _shown(masked_ids(text))
    moment = _moment(text)
    if moment is None:
        raise BadValue(f'bound_at "{shown}" is not a time such as 2025-05-01T07:01:00+08:00')
    if moment.tzinfo is None and zone is None:
        raise BadValue(f'bound_at "{shown}" has no time zone; give one, such as --timezone Asia/Shanghai')
    try:
        since = int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (OverflowError, ValueError):
        since = -1
    if since < 0:
        raise BadValue(f'bound_at "{shown}" is before 1970')
    if latest is not None and since > latest + _DAY:
        raise BadValue(f'bound_at "{shown}" is in the future')
    return str(since)


def _moment(text: str) -> datetime | None:
    try:
        sheet = _SHEET_TIME.fullmatch(text)
        if sheet:
            return _of_sheet(sheet)
        if _SERIAL.fullmatch(text):
            return _FIRST_DAY + timedelta(milliseconds=round(float(text) * _DAY))
        return None if text.isdigit() else datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_sheet(found: re.Match[str]) -> datetime:
    """The time, without a zone. Raises ValueError if it is none, such as 13:00 PM."""
    year, month, day, _, hour, minute, second, _ = found.groups()
    said = (found["before"] or found["after"] or "").strip().lower()
    at = int(hour or 0)
    if said:
        if not 1 <= at <= _NOON or (found["before"] and found["after"]):
            raise ValueError("not an hour of a 12-hour clock")
        at = at % _NOON + _HALF_DAY[said]
    return datetime(int(year), int(month), int(day), at, int(minute or 0), int(second or 0))  # noqa: DTZ001  # the zone follows


def _stranger(text: str, unknown: re.Pattern[str]) -> str:
    """The first character that does not belong, with its code point and place."""
    found = unknown.search(text)
    return _placed(text, found.start()) if found else ""


def _placed(text: str, place: int) -> str:
    return f'"{_shown(text[place])}" (U+{ord(text[place]):04X}) at position {place + 1}'


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in short)
