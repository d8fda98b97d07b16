"""Health of the components that this process depends on: a state for each, and what it means for callers.

The state of an account's connection to WeChat follows from its latest calls. One unanswered call changes nothing. From
the second unanswered call in a row the component is not `ok`. The next answer makes it `ok` again, even if it is an
error code: WeChat is then reachable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
_UNANSWERED_IN_A_ROW: Final = 2

STORE_MEANS: Final = {
    OK: "Everything can be asked and answered.",
    "out of memory": "Reads are answered, everything that writes is 503 until maxmemory is raised or keys expire.",
    "cannot write to its disk": "Everything that writes is 503 until there is room on the store's disk.",
    "read only": "A replica answers; everything that writes is 503 until a primary does.",
    "loading": "The store reads its data back; it answers when it is done.",
}
_STORE_AWAY: Final = "Every call that needs the store is 503. Nothing acknowledged is lost; deliveries wait."

WECHAT_MEANS: Final = {
    OK: "WeChat answers.",
    "unreachable": "No connection: nothing leaves. Starts are answered, codes wait and are sent when it is back.",
    "dns": "WeChat's name is not resolved. Starts are answered, codes wait and are sent when it is.",
    "certificate": "Whoever answers has no valid certificate, so nothing is sent. Look at proxies and at the clock.",
    "timeout": "Connections open and nobody answers. Codes are repeated under the same client_msg_id, never twice.",
    "garbled": "What answers is not WeChat's API. Codes are repeated under the same client_msg_id, never twice.",
}

DESCRIPTORS_MEAN: Final = {
    OK: "Connections can be opened.",
    "scarce": "More than four fifths of the file descriptors are open: raise LimitNOFILE, or find who holds them.",
    "used up": "No connection can be accepted or opened. Those that are open go on; others are let in as those end.",
}


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The health of one component.

    Attributes:
        component: `store`, `wechat:{account}` or `descriptors`.
        state: one or two words; `ok` if nothing is wrong.
        means: what the state means for callers.
    """

    component: str
    state: str
    means: str


def of_store(state: str) -> ComponentHealth:
    """The store's health, from `Store.state`."""
    return ComponentHealth("store", state, STORE_MEANS.get(state, _STORE_AWAY))


def of_descriptors(state: str) -> ComponentHealth:
    """The health of this process's file descriptors, from `codesvc.runtime.file_descriptors.state`."""
    return ComponentHealth("descriptors", state, DESCRIPTORS_MEAN[state])


class PlatformHealth:
    """The results of the latest calls to WeChat, by account."""

    def __init__(self) -> None:
        self._unanswered: dict[str, tuple[str, int]] = {}

    def record(self, account: str, result: str) -> None:
        """Record that a call ended; `result` is as in `codesvc.wechat.call_labels`."""
        if result not in WECHAT_MEANS:
            self._unanswered.pop(account, None)
            return
        count = self._unanswered.get(account, ("", 0))[1]
        self._unanswered[account] = (result, count + 1)

    def of(self, account: str) -> ComponentHealth:
        """The health of an account's connection to WeChat."""
        word, count = self._unanswered.get(account, (OK, 0))
        state = word if count >= _UNANSWERED_IN_A_ROW else OK
        return ComponentHealth(f"wechat:{account}", state, WECHAT_MEANS[state])
