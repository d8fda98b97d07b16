"""Faults on demand (WECHAT.md checklist 10): which call fails, how, and how often.

`times` limits the number of calls that are hit. `share` is the part of the matching calls that is hit. It is
deterministic, not random: with 0.25 exactly every fourth matching call fails, so no test fails by chance.
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
    """One active fault.

    Attributes:
        id: its number, for removal.
        kind: what happens. `errcode`, `http`, `slow`, `reset`, `truncated` hit API calls; `lost`, `twice`,
            `out_of_order`, `slow` hit callbacks; `template_status` sets the status in the receipt of a template
            message; `revoke_token` first revokes the token of the call.
        path: the API path, `callback`, or `*` for every API call.
        account: appid; None: every account.
        errcode: the answer for `errcode`; `errmsg` defaults to the platform's text.
        status: the HTTP status for `http`; the receipt's text for `template_status`.
        delay: seconds for `slow`.
        when: `before`: the call has no effect. `after`: it has its effect, and only the answer is wrong.
        times: how many calls are hit; None: all until the fault is removed.
        share: the part of the matching calls that is hit, above 0 and at most 1.
        seen: how many matching calls there were.
        hits: how many of them were hit.
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
        """Whether the call takes effect before the fault.

        By default only `slow` and `truncated` do: they change the answer, not the call.
        """
        return self.when == "after" if self.when else self.kind in {"slow", "truncated"}

    def take(self) -> bool:
        """Count a matching call; returns whether the fault hits it."""
        self.seen += 1
        if int(self.seen * self.share) == int((self.seen - 1) * self.share):
            return False
        self.hits += 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has hit `times` calls."""
        return self.times is not None and self.hits >= self.times


class Faults:
    """All active faults in the order in which they were added; at most one fault, the first, hits a call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last = 0

    def add(self, fault: Fault) -> Fault:
        """Activate a fault and give it a number."""
        self._last += 1
        fault.id = self._last
        self._faults.append(fault)
        return fault

    def list(self) -> list[Fault]:
        """All active faults."""
        return list(self._faults)

    def remove(self, number: int | None = None) -> int:
        """Remove one fault, or all; returns how many were removed."""
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
        """The fault that sets the status in this template message's receipt, if any."""
        return self._take(lambda f: f.kind == "template_status" and f.account in {None, account})

    def _take(self, matches: Callable[[Fault], bool]) -> Fault | None:
        for fault in self._faults:
            if matches(fault) and fault.take():
                if fault.spent:
                    self._faults.remove(fault)
                return fault
        return None
