"""Faults on demand (WECHAT.md checklist 10): which call goes wrong, how, and how often.

`times` says for how many matching calls; `share` for which part of them. A share is dealt out evenly, not drawn: with
0.25 exactly every fourth matching call fails, so a test that relies on it never fails by chance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "errcode", "http", "slow", "reset", "truncated", "lost", "twice", "out_of_order", "template_status", "revoke_token"
]
CALLBACK = "callback"
_CALLBACK_KINDS = frozenset({"slow", "lost", "twice", "out_of_order"})
_API_KINDS = frozenset({"errcode", "http", "slow", "reset", "truncated", "revoke_token"})


@dataclass(kw_only=True)
class Fault:
    """One fault in force.

    Attributes:
        id: its number, for removal.
        kind: what happens. `errcode`, `http`, `slow`, `reset`, `truncated` hit API calls; `lost`, `twice`,
            `out_of_order`, `slow` hit callbacks; `template_status` decides the receipt of a template send;
            `revoke_token` kills the call's token first.
        path: the API path, `callback`, or `*` for every API call.
        account: appid; None: every account.
        errcode: for `errcode`; `errmsg` defaults to the platform's text.
        status: the HTTP status for `http`; the receipt's text for `template_status`.
        delay: seconds for `slow`.
        when: `before` the call has an effect, or `after` it: then the effect is there and only the answer suffers.
        times: how many calls; None: until removed.
        share: part of the matching calls, above 0 up to 1.
    """

    kind: Kind
    path: str = "*"
    account: str | None = None
    errcode: int = -1
    errmsg: str | None = None
    status: int | str = 503
    delay: float = 1.0
    when: Literal["before", "after"] | None = None
    times: int | None = None
    share: float = 1.0
    id: int = 0
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError("share: above 0 and up to 1")
        if self.times is not None and self.times < 1:
            raise ValueError("times: 1 or more")
        if not 0 <= self.delay <= 3600:  # noqa: PLR2004 - an hour is more than any client waits
            raise ValueError("delay: 0 to 3600 seconds")
        if self.kind == "http" and (not isinstance(self.status, int) or not 200 <= self.status <= 599):  # noqa: PLR2004 - HTTP
            raise ValueError("status: an HTTP status from 200 to 599")
        if self.kind == "template_status":
            self.path = "/cgi-bin/message/template/send"
            self.status = "failed: system failed" if isinstance(self.status, int) else self.status
        if self.kind in {"lost", "twice", "out_of_order"}:
            self.path = CALLBACK
        if self.path == CALLBACK and self.kind not in _CALLBACK_KINDS:
            raise ValueError(f"kind {self.kind} is none of a callback")

    @property
    def comes_after(self) -> bool:
        """Whether the call takes effect all the same.

        A truncated or slow answer is an answer, so it does by default.
        """
        return self.when == "after" if self.when else self.kind in {"slow", "truncated"}

    def take(self) -> bool:
        """Count a matching call; True if the fault hits it."""
        self.seen += 1
        if int(self.seen * self.share) == int((self.seen - 1) * self.share):
            return False
        self.hits += 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has hit as often as it should."""
        return self.times is not None and self.hits >= self.times


class Faults:
    """All faults in force, in the order they were set; the first that hits a call is the only one that does."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last = 0

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force and number it."""
        self._last += 1
        fault.id = self._last
        self._faults.append(fault)
        return fault

    def list(self) -> list[Fault]:
        """Those in force."""
        return list(self._faults)

    def remove(self, number: int | None = None) -> int:
        """Remove one, or all; returns how many went."""
        kept = [] if number is None else [fault for fault in self._faults if fault.id != number]
        gone = len(self._faults) - len(kept)
        self._faults = kept
        return gone

    def for_call(self, path: str, account: str | None) -> Fault | None:
        """The fault that hits this API call, if any."""
        return self._take(lambda f: f.kind in _API_KINDS and f.path in {path, "*"} and f.account in {None, account})

    def for_callback(self, account: str) -> Fault | None:
        """The fault that hits this callback, if any."""
        return self._take(lambda f: f.path == CALLBACK and f.account in {None, account})

    def for_receipt(self, account: str) -> Fault | None:
        """The fault that decides this template message's receipt, if any."""
        return self._take(lambda f: f.kind == "template_status" and f.account in {None, account})

    def _take(self, matches: Callable[[Fault], bool]) -> Fault | None:
        for fault in self._faults:
            if matches(fault) and fault.take():
                if fault.spent:
                    self._faults.remove(fault)
                return fault
        return None
