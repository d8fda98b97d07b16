"""Health of the components that this process depends on: a state for each, and what it means for callers.

The state of an account's connection to WeChat follows from its latest calls. One unanswered call changes nothing. From
the second unanswered call in a row the component is not `ok`, or from the first one if an outbound proxy refused the
connection. The next answer makes it `ok` again, even if it is an error code: WeChat is then reachable.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from codesvc.domain.outbound_proxy import ProxyProblem

OK: Final = "ok"
_UNANSWERED_IN_A_ROW: Final = 2
_CERTAIN: Final = frozenset({ProxyProblem.LOGIN.value, ProxyProblem.REFUSED.value})

CLOCK_SET_BACK: Final = "clock set back"
CLOCK_JUMPED: Final = "clock jumped"
STORE_MEANS: Final = {
    OK: "The store works.",
    "out of memory": "Reads work. Every write fails with 503 until maxmemory is raised or keys expire.",
    "cannot write to its disk": "Every write fails with 503 until the store's disk has free space.",
    "slow": "Half of the scripts take longer than 0.1 s. Check the store's machine, its slow log and the network.",
    CLOCK_SET_BACK: "The store's clock went back within the last day. Codes from before are over. Run NTP there.",
    CLOCK_JUMPED: (
        "The store's clock jumped ahead within the last day, or its machine slept. Until a day later nobody's data is "
        "deleted because they left. Check the clock, and run NTP there."
    ),
    "read only": "Only a replica answers. Every write fails with 503 until a primary answers.",
    "loading": "The store is loading its data. It answers as soon as that is done.",
}
_STORE_AWAY: Final = "Every call that needs the store fails with 503. No acknowledged data is lost; deliveries wait."

WECHAT_MEANS: Final = {
    OK: "WeChat answers.",
    "unreachable": "WeChat cannot be reached. Verifications can start; codes wait and are sent when it is back.",
    "dns": "WeChat's host name does not resolve. Verifications can start; codes wait and are sent when it does.",
    "certificate": "The server that answers has no valid certificate, so nothing is sent. Check proxies and the clock.",
    "timeout": "WeChat accepts connections but does not answer. Retries keep their client_msg_id: no code comes twice.",
    "garbled": "The answers are not from WeChat's API. Retries keep their client_msg_id: no code comes twice.",
    **{
        problem.value: f"The proxy, not WeChat: {problem.words}. Verifications can start; codes wait."
        for problem in ProxyProblem
    },
}

DESCRIPTORS_MEAN: Final = {
    OK: "Connections can be opened.",
    "scarce": "More than 80% of the file descriptors are open. Raise LimitNOFILE, or find out what holds them.",
    "used up": "No new connection can be accepted or opened until an open one closes. Open connections keep working.",
}


PROXIES_MEAN: Final = {
    OK: "Trusted proxies forward visitors' addresses.",
    "unreadable": (
        "A trusted proxy forwarded an address that cannot be parsed. Such visitors have no limit by address. For the "
        "reason, see forwarded_unreadable in the log. Make the proxy send plain addresses, or set "
        "service.forwarded_header."
    ),
}
_LATEST_VISITORS: Final = 100


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The health of one component.

    Attributes:
        component: `store`, `wechat:{account}`, `descriptors`, `proxies`, `webhook_proxy`, `certificate` or
            `callbacks:{account}`.
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


class Proxies:
    """Whether the addresses of the latest visitors, as trusted proxies handed them on, could be read."""

    def __init__(self) -> None:
        self._latest: deque[bool] = deque(maxlen=_LATEST_VISITORS)

    def note(self, *, readable: bool) -> None:
        """Record a visitor who came through a trusted proxy."""
        self._latest.append(readable)

    @property
    def condition(self) -> ComponentHealth:
        """`unreadable` as long as one of the latest hundred addresses was."""
        state = OK if all(self._latest) else "unreadable"
        return ComponentHealth("proxies", state, PROXIES_MEAN[state])


class WebhookProxy:
    """Whether the outbound proxy leads to the receivers of webhooks.

    What a proxy says of a single receiver (it refuses to lead there, or does not reach it) is not a state of the proxy.
    """

    _OWN: Final = frozenset({ProxyProblem.DNS, ProxyProblem.UNREACHABLE, ProxyProblem.LOGIN})

    def __init__(self) -> None:
        self._problem: ProxyProblem | None = None
        self._used = False

    def note(self, problem: ProxyProblem | None) -> None:
        """Record how an attempt through the proxy ended; None if the receiver was reached."""
        self._used = True
        self._problem = problem if problem in self._OWN else None

    @property
    def conditions(self) -> list[ComponentHealth]:
        """The state; nothing as long as no webhook was sent through a proxy."""
        if not self._used:
            return []
        if self._problem is None:
            return [ComponentHealth("webhook_proxy", OK, "Webhooks are sent through the outbound proxy.")]
        means = f"No webhook can be sent: {self._problem.words}. Events wait and are retried for three days."
        return [ComponentHealth("webhook_proxy", self._problem.value, means)]


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
        state = word if count >= _UNANSWERED_IN_A_ROW or word in _CERTAIN else OK
        return ComponentHealth(f"wechat:{account}", state, WECHAT_MEANS[state])
