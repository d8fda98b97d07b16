"""What each kind of account may do: the one table of rights, each cell with its confidence (KINDS.md 1 to 3).

The token call succeeds on every kind. A missing right shows only at the call that needs it, as 48001 with HTTP 200; a
menu message of customer service gets 40200, and the authorize page shows 10005. Where the sources are silent about a
test account the sandbox allows the call, because test accounts are there to try the interfaces that need verification.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

from codesvc.sandbox.errcodes import ApiError

AccountKind = Literal[
    "verified_service", "unverified_service", "verified_subscription", "unverified_subscription", "test"
]
"""A personal subscription account is an unverified one: a person cannot have an account verified."""
KINDS: Final[tuple[AccountKind, ...]] = get_args(AccountKind)
Confidence = Literal["high", "medium", "low", "open"]
"""`high`: an official page, the platform's staff, or a program's source. `medium`: several independent reports. `low`:
one report. `open`: the sources are silent or contradict each other, and the sandbox has decided."""


class Right(StrEnum):
    """A right that some kinds of account have and others have not."""

    QRCODE = "qrcode"
    MENU = "menu"
    CONDITIONAL_MENU = "conditional_menu"
    CUSTOMER_SERVICE = "customer_service"
    MENU_MESSAGE = "menu_message"
    TEMPLATE = "template"
    ONE_TIME = "one_time"
    NOTICE = "notice"
    WEB_AUTHORISATION = "web_authorisation"
    FOLLOWERS = "followers"
    MASS = "mass"
    MATERIAL = "material"
    SHORT_LINK = "short_link"
    AGENTS = "agents"
    CARDS = "cards"


@dataclass(frozen=True)
class Grant:
    """Whether a kind has a right, and how sure the sources are."""

    allowed: bool
    confidence: Confidence


MARKS: Final[dict[str, Confidence]] = {"H": "high", "M": "medium", "L": "low", "?": "open"}
_COLUMNS: Final[tuple[AccountKind, ...]] = (
    "unverified_subscription",
    "verified_subscription",
    "unverified_service",
    "verified_service",
    "test",
)
# A cell is y (yes) or n (no), and the mark of its confidence. The official table of privileges has the first four
# columns; what a test account may do stands on the console page of the test account and in reports.
_TABLE: Final[dict[Right, str]] = {
    Right.QRCODE: "nH nH nH yH yM",
    Right.MENU: "nH yH yH yH yM",
    Right.CONDITIONAL_MENU: "nH yH nH yH yL",
    Right.CUSTOMER_SERVICE: "nH yH nH yH yM",
    Right.MENU_MESSAGE: "nH n? nH yL nL",
    Right.TEMPLATE: "nH nH nH yH yM",
    Right.ONE_TIME: "nH yH nH yH y?",
    Right.NOTICE: "nH nH nH yH y?",
    Right.WEB_AUTHORISATION: "nH nH nH yH yM",  # verified accounts of governments and media have it too (one report)
    Right.FOLLOWERS: "nH yH nH yH yM",
    Right.MASS: "nH yH nH yH y?",
    Right.MATERIAL: "nH yH nH yH yL",
    Right.SHORT_LINK: "n? n? n? yM y?",  # the table of privileges has it for the older long2short
    Right.AGENTS: "nH yH nH yH y?",
    Right.CARDS: "nM yM nM yM y?",
}


def grant(kind: AccountKind, right: Right) -> Grant:
    """The cell of the table."""
    cell = _TABLE[right].split()[_COLUMNS.index(kind)]
    return Grant(cell[0] == "y", MARKS[cell[1]])


def has_right(kind: AccountKind, right: Right) -> bool:
    """Whether accounts of a kind have a right."""
    return grant(kind, right).allowed


def need_right(kind: AccountKind, right: Right) -> None:
    """Refuse a call whose right the account has not; 48001, or 40200 for a menu message (KINDS.md 3)."""
    if not has_right(kind, right):
        raise ApiError(40200 if right is Right.MENU_MESSAGE else 48001)
