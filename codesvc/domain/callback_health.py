"""The state of an account's callbacks: whether WeChat's events reach this service and are accepted. Pure.

A refusal is `signed` if its signature was right, so that WeChat, or who holds the token, has sent it. Anybody can make
an unsigned one. So unsigned refusals are urgent only as long as no good callback has come since they began.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from codesvc.domain.clock import rfc3339


class Reason(StrEnum):
    """Why a callback was refused."""

    SIGNATURE = "signature"
    """Made with another token, or missing."""
    TIME = "time"
    """Rightly signed, with a timestamp that is too far from this machine's clock."""
    KEY = "key"
    """No AES key of the account opens it."""
    APPID = "appid"
    """Meant for another account."""
    FORM = "form"
    """The body is not what WeChat sends in XML."""


REMEDIES: Final = {
    Reason.SIGNATURE: (
        "Compare token in the configuration with WeChat's console. If the console accepts the address, the requests "
        "did not come from WeChat."
    ),
    Reason.TIME: "Set this machine's clock (NTP). WeChat's events are accepted for 5 minutes.",
    Reason.KEY: "Compare aes_key in the configuration with EncodingAESKey in WeChat's console.",
    Reason.APPID: "Compare appid and original_id in the configuration with the account whose console has this address.",
    Reason.FORM: "Choose XML as the message format in WeChat's console, and make sure that no proxy changes the body.",
}
MISSING_REMEDY: Final = (
    "If people have scanned them, make sure that the address in WeChat's console leads to this service (DNS, "
    "firewall, certificate, proxy), and run codesvc check."
)

PROBE_OPENID: Final = "oCODESVC_CHECK_of_the_setup_"
"""The sender of the event with which `codesvc check` tries the callback. It says nothing about WeChat."""
STALE_MS: Final = 600_000
"""Refusals are over when a good callback has come after them and they are this old."""
UNHEARD: Final = 3
"""QR codes that were shown without any callback, from which on callbacks are missing."""
UNHEARD_MS: Final = 300_000
"""How long the first of them must have been shown; people need time to scan."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused callbacks.

    Attributes:
        count: how many since `since`.
        since: the first of them, ms.
        at: the latest of them, ms.
        why: the text of the latest error, without secrets.
        reasons: how many by reason.
        reason: the reason of the latest refusal.
    """

    count: int
    since: int
    at: int
    why: str
    reason: Reason = Reason.FORM
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known about an account's callbacks.

    Attributes:
        now: ms, by the store.
        good_at: the latest good callback, ms; None if none is known of the last two days.
        signed: refused ones with a right signature, of the last day.
        unsigned: refused ones without.
        unheard: QR codes that were shown since the latest good callback.
        unheard_since: when the first of them was shown, ms.
    """

    now: int
    good_at: int | None = None
    signed: Refused | None = None
    unsigned: Refused | None = None
    unheard: int = 0
    unheard_since: int | None = None


@dataclass(frozen=True, slots=True)
class CallbackState:
    """One state of an account's callbacks.

    Attributes:
        state: `ok`, `refused`, `unsigned` or `missing`.
        tone: `urgent` if an operator has to act, `notice` if strangers are the likely cause, "" for `ok`.
        reason: why the latest was refused; None if none was.
        count: refused callbacks, or QR codes without a callback.
        since: the first of them, ms; None for `ok`.
        at: the latest of them, ms; None for `ok`.
        good_at: the latest good callback, ms.
        means: what it means and what to do.
    """

    state: str
    tone: str
    reason: Reason | None
    count: int
    since: int | None
    at: int | None
    good_at: int | None
    means: str

    @property
    def label(self) -> str:
        """The reason of refusals, else the state."""
        return self.reason.value if self.reason is not None else self.state


def states(heard: Heard) -> list[CallbackState]:
    """All states that hold; only `ok` if nothing is wrong."""
    found = [
        _refused(heard, name, each)
        for name, each in (("refused", heard.signed), ("unsigned", heard.unsigned))
        if each is not None and not _over(heard, each)
    ]
    if missing(heard):
        means = (
            f"{heard.unheard:,} QR codes have been shown since {rfc3339(heard.unheard_since or 0)}, but no callback "
            f"has arrived. {MISSING_REMEDY}"
        )
        since, good = heard.unheard_since, heard.good_at
        found.append(CallbackState("missing", "urgent", None, heard.unheard, since, heard.now, good, means))
    return found or [CallbackState("ok", "", None, 0, None, None, heard.good_at, _well(heard))]


def missing(heard: Heard) -> bool:
    """Whether QR codes were shown and nothing at all is heard, neither good nor refused."""
    since = heard.unheard_since
    if since is None or heard.unheard < UNHEARD or heard.now - since < UNHEARD_MS:
        return False
    return not any(each is not None and each.at >= since for each in (heard.signed, heard.unsigned))


def while_it_lasted(heard: Heard, refused: Refused, state: str) -> Heard:
    """The knowledge about the callbacks at the time of the latest of these refusals."""
    good = heard.good_at if heard.good_at is not None and heard.good_at <= refused.at else None
    if state == "refused":
        return Heard(refused.at, good, signed=refused)
    return Heard(refused.at, good, unsigned=refused)


def _over(heard: Heard, each: Refused) -> bool:
    return heard.good_at is not None and heard.good_at > each.at and heard.now - each.at > STALE_MS


def _refused(heard: Heard, name: str, each: Refused) -> CallbackState:
    signed = name == "refused"
    urgent = "urgent" if signed or heard.good_at is None or heard.good_at <= each.since else "notice"
    good = f" The last valid callback came at {rfc3339(heard.good_at)}." if heard.good_at is not None else ""
    means = f"{said(each)}{good} {REMEDIES[each.reason]}"
    return CallbackState(name, urgent, each.reason, each.count, each.since, each.at, heard.good_at, means)


def said(each: Refused) -> str:
    """A sentence about refused callbacks."""
    first = "" if each.count == 1 else f" since {rfc3339(each.since)}"
    return f"{each.count:,} refused{first}, the last one at {rfc3339(each.at)} (reason: {each.reason}): {each.why}."


def _well(heard: Heard) -> str:
    latest = (
        f"The last valid callback came at {rfc3339(heard.good_at)}."
        if heard.good_at is not None
        else "No callback has arrived in the last two days, so it is not known whether any would. A message to the "
        "account tries it."
    )
    earlier = "".join(f" Earlier: {said(each)}" for each in (heard.signed, heard.unsigned) if each is not None)
    return latest + earlier
