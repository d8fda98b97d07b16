"""Whether three clocks agree: this machine's, the store's and WeChat's. This module does no I/O."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Final

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain.clock import TOLERANCE_MS
from codesvc.domain.health import CLOCK_SET_BACK, STORE_MEANS
from codesvc.store.clock_mark import ClockMark
from codesvc.wechat.callback_format import CALLBACK_WINDOW

_NTP: Final = "Synchronise every machine's clock by NTP (chrony, systemd-timesyncd)."
_STORE_WARN, _STORE_FAIL = 2.0, 60.0
_WECHAT_WARN, _WECHAT_FAIL = 30.0, 240.0


def read_date(header: str | None) -> float | None:
    """The Unix time of an HTTP `Date` header (RFC 9110 section 6.6.1), None if it is missing or malformed."""
    try:
        return parsedate_to_datetime(header or "").timestamp()
    except ValueError:
        return None


def judge_store(ahead: float) -> Finding:
    """Judge the store's clock, which is `ahead` seconds ahead of this machine's."""
    what, found = "store: clock", f"{ahead:+.1f} s from this machine's clock"
    if abs(ahead) > _STORE_FAIL:
        return fail(what, found, f"Limits and expiry use the store's clock, tokens this machine's. {_NTP}")
    if abs(ahead) > _STORE_WARN:
        return warn(what, found, _NTP)
    return ok(what, found)


def judge_steps(mark: ClockMark, now: int) -> Iterator[Finding]:
    """Judge whether the store's clock has stepped since the service's last look, or within a day before it."""
    what, behind = "store: clock steps", mark.seen - now
    if behind > TOLERANCE_MS:
        yield warn(what, f"{behind // 1000} s behind the service's last look", f"{STORE_MEANS[CLOCK_SET_BACK]} {_NTP}")
    elif state := mark.state_at(now):
        yield warn(what, state, f"{STORE_MEANS[state]} {_NTP}")


def judge_wechat(name: str, ahead: float) -> Finding:
    """Judge WeChat's clock, which is `ahead` seconds ahead of this machine's; its header has whole seconds."""
    what, found = f"accounts.{name}: WeChat's clock", f"{round(ahead):+d} s from this machine's clock"
    if abs(ahead) > _WECHAT_FAIL:
        remedy = f"Callbacks that differ by more than {CALLBACK_WINDOW} s from this machine's clock are refused. {_NTP}"
        return fail(what, found, remedy)
    if abs(ahead) > _WECHAT_WARN:
        return warn(what, found, _NTP)
    return ok(what, found)
