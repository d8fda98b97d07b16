"""Parametric QR codes (WECHAT.md 5): checking a request for one, and finding one again."""

import base64
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_qr_id

_ID_BYTES = 3
_FILLER = bytes(7)


def make_ticket(url: str, created_at: float, expire_seconds: int) -> str:
    """Make a ticket for the text of a QR code; `expire_seconds` is 0 for a permanent code.

    It is 72 bytes in base64url without padding (WECHAT.md 5.2):

        81 01 | 3 random bytes, 7 zeros | 01 2e url NUL | 02 04 creation time in s (LE) | 03 04 expire_seconds (LE)

    A client must treat a ticket as opaque. The real format is used so that tests find common mistakes: a database
    column that is too short, a comparison that ignores case, a ticket that was not URL-encoded.
    """
    text = url.encode("ascii") + b"\0"
    raw = (
        b"\x81\x01"
        + secrets.token_bytes(_ID_BYTES)
        + _FILLER
        + bytes((1, len(text)))
        + text
        + b"\x02\x04"
        + struct.pack("<I", int(created_at) & 0xFFFFFFFF)
        + b"\x03\x04"
        + struct.pack("<I", expire_seconds)
    )
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


URL_PREFIX = "http://weixin.qq.com/q/"
MAX_LIFE = 2_592_000
DEFAULT_LIFE = 60  # the current official page; older ones say 30 (WECHAT.md 5.1)
MAX_SCENE = 2**32 - 1
MAX_PERMANENT_SCENE = 100_000
MAX_SCENE_LENGTH = 64
_TRIAL_SECONDS = 60
"""A code that lives no longer is one that `codesvc check` made to see whether it may; pages show theirs longer."""
_BURST_SECONDS, _STOCK = 1.0, 6
ACTIONS = ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE")


@dataclass(frozen=True)
class QrSpec:
    """A valid request for a code; `life` is in seconds, None for a permanent code."""

    action: str
    scene: str
    scene_id: int
    life_seconds: int | None


@dataclass(eq=False)
class QrCode:
    """An existing QR code.

    Attributes:
        url: the text in the picture.
        shown: whose it is, in words, once a page shows it; None if that is unknown.
        shown_en: the text on a phone in English, "" if `shown` will do.
        shown_at: when a page showed it last, None if that is unknown.
        scanned_at: when it was last scanned, None if never.
    """

    appid: str
    spec: QrSpec
    url: str
    ticket: str
    created_at: float
    shown: str | None = None
    shown_en: str = ""
    shown_at: float | None = None
    scanned_at: float | None = None

    def show(self, title: str, title_en: str, now: float) -> None:
        """A page shows it now; the titles say whose page that is."""
        self.shown, self.shown_en, self.shown_at = title, title_en, now

    @property
    def expires_at(self) -> float | None:
        """When the code expires, in seconds since the epoch; None: never."""
        return None if self.spec.life_seconds is None else self.created_at + self.spec.life_seconds


def read_qr_spec(body: Mapping[str, Any]) -> QrSpec:
    """Read and check the body of `qrcode/create`.

    Numbers may be strings (WECHAT.md 15). A life above 30 days is cut to 30 days; the platform's behaviour is not
    documented.

    Raises:
        ApiError: 40052 for the action, 40053 for the scene (WECHAT.md 5.1), or for a life that is not a number or
            below zero.
    """
    action = body.get("action_name")
    if not isinstance(action, str) or action not in ACTIONS:
        raise ApiError(40052)
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, Mapping) else None
    permanent = "LIMIT" in action
    life = None if permanent else _read_life(body.get("expire_seconds"))
    if "STR" in action:
        text = scene.get("scene_str") if isinstance(scene, Mapping) else None
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_SCENE_LENGTH:
            raise ApiError(40053)
        return QrSpec(action, text, 0, life)
    number = _read_scene_id(scene, permanent=permanent)
    return QrSpec(action, str(number), number, life)


def _read_life(value: object) -> int:
    """The life in seconds: the default if there is none; the answer to a value that is not a life is undocumented."""
    number = read_integer(int(value) if isinstance(value, float) and value.is_integer() else value)
    if value is None or number == 0:  # a program with typed members sends zero where it has no life to send
        return DEFAULT_LIFE
    if number is None or number < 0:
        raise ApiError(40053)
    return min(number, MAX_LIFE)


def _read_scene_id(scene: object, *, permanent: bool) -> int:
    if not isinstance(scene, Mapping):
        if permanent:
            raise ApiError(40053)
        return 0  # users report that WeChat accepts this, and that the event says `qrscene_0` (WECHAT.md 5.1)
    number = read_integer(scene.get("scene_id"))
    if number is None or number < 1 or (permanent and number > MAX_PERMANENT_SCENE):
        raise ApiError(40053)
    return min(number, MAX_SCENE)


def read_integer(value: object) -> int | None:
    """An integer given as a number or as decimal text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:  # noqa: PLR2004 - 64 bits
        return int(value)
    return None


@dataclass
class QrCodes:
    """The QR codes of all accounts, found by the text in the picture or by ticket."""

    _by_url: dict[str, QrCode] = field(default_factory=dict)
    _by_ticket: dict[str, QrCode] = field(default_factory=dict)
    _permanent: dict[tuple[str, str, str], QrCode] = field(default_factory=dict)

    def mint(self, appid: str, spec: QrSpec, now: float, *, permanent_limit: int) -> QrCode:
        """Make a code; for a permanent scene that exists already, return its code.

        Raises:
            ApiError: 45029 if the account's permanent codes are used up.
        """
        key = (appid, spec.action, spec.scene)
        if spec.life_seconds is None:
            if key in self._permanent:
                return self._permanent[key]
            if sum(1 for owner, _, _ in self._permanent if owner == appid) >= permanent_limit:
                raise ApiError(45029)
        url = URL_PREFIX + mint_qr_id()
        code = QrCode(appid, spec, url, make_ticket(url, now, spec.life_seconds or 0), now)
        self._by_url[url] = code
        self._by_ticket[code.ticket] = code
        if spec.life_seconds is None:
            self._permanent[key] = code
        return code

    def by_ticket(self, ticket: str) -> QrCode | None:
        """The code of a ticket, expired or not; WeChat shows the picture of an expired code too."""
        return self._by_ticket.get(ticket)

    def by_text(self, text: str) -> QrCode | None:
        """The code for a text.

        The text may be the url in the picture (http or https), a showqrcode address, or a ticket.
        """
        text = text.strip()
        if text.startswith("https://weixin.qq.com/q/"):
            text = "http" + text.removeprefix("https")
        if text in self._by_url:
            return self._by_url[text]
        try:
            query = parse_qs(urlsplit(text).query)
        except ValueError:
            return None
        return self._by_ticket.get(query["ticket"][0] if "ticket" in query else text)

    def recent(self, count: int) -> list[QrCode]:
        """The last codes: those that pages show first, the latest shown before all; then the newest."""
        newest = list(reversed(list(self._by_url.values())))
        return sorted(newest, key=lambda code: (code.shown is None, -(code.shown_at or 0)))[:count]

    def is_stock(self, code: QrCode) -> bool:
        """Whether no page is known to show it, and it was made ahead with others in one go, or only to try.

        Pages ask for one code at a time. A service that keeps some in stock makes several at once.
        """
        if code.shown is not None or code.scanned_at is not None or code.spec.life_seconds is None:
            return False
        if code.spec.life_seconds <= _TRIAL_SECONDS:
            return True
        near = (
            each
            for each in self._by_url.values()
            if each.appid == code.appid and abs(each.created_at - code.created_at) <= _BURST_SECONDS
        )
        return sum(1 for _ in near) >= _STOCK
