"""Health of the components that this process depends on: a state for each, and what it means for callers.

The state of an account's connection to WeChat follows from its latest calls. One unanswered call changes nothing. From
the second unanswered call in a row the component is not `ok`, or from the first one if an outbound proxy refused the
connection. The next answer makes it `ok` again, even if it is an error code: WeChat is then reachable.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from codesvc.domain.clock import TOLERANCE_MS, rfc3339
from codesvc.domain.outbound_proxy import ProxyProblem

OK: Final = "ok"
_UNANSWERED_IN_A_ROW: Final = 2
_CERTAIN: Final = frozenset({ProxyProblem.LOGIN.value, ProxyProblem.REFUSED.value})

CLOCK_SET_BACK: Final = "clock set back"
CLOCK_JUMPED: Final = "clock jumped"
EMPTIED: Final = "emptied"
ROLLED_BACK: Final = "rolled back"
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
    EMPTIED: (
        "The data that this process has seen are gone: the store was emptied, replaced, or is another one. Every user "
        "reads as not bound and can be bound anew. Compare store.url or the volume with before, stop the service, and "
        "restore a backup. If nothing can be restored, restart all processes."
    ),
    ROLLED_BACK: (
        "The store has lost writes that it had acknowledged: a replica that lagged became the primary, an older "
        "backup was restored, or the embedded store's file was damaged (see store_truncated in the log). Bindings, API "
        "keys and personal data that were removed then are there again, and used codes, proofs and sessions count once "
        "more. Repeat what operators and sites did then; the audit file has the lines that the store lost."
    ),
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
    "server-error": "WeChat's servers answer with errors (HTTP 5xx). Wait: codes are sent when it recovers.",
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


LOG_MEANS: Final = {
    OK: "The log is written.",
    "not written": (
        "This process cannot write its log, so lines are lost: the disk is full, or what read the log has ended. The "
        "service goes on. Make room; log_lines_dropped then says how many lines are missing."
    ),
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
        component: `store`, `wechat:{account}`, `descriptors`, `proxies`, `webhook_proxy`, `certificate`,
            `callbacks:{account}`, `master_key`, `log` or `clock`.
        state: one or two words; `ok` if nothing is wrong.
        means: what the state means for callers.
    """

    component: str
    state: str
    means: str


def of_store(state: str, since: int | None = None, lost: tuple[int, int] | None = None) -> ComponentHealth:
    """The store's health, from `Store.state`.

    Args:
        state: what it says.
        since: when its first data were written, ms, if that is known.
        lost: since and until when it lost writes within a day, ms; None if it did not.
    """
    means = STORE_MEANS.get(state, _STORE_AWAY)
    if state == OK and since:
        means += f" It has data since {rfc3339(since)}."
    if state == ROLLED_BACK and lost:
        means += f" Lost were writes between {rfc3339(lost[0])} and {rfc3339(lost[1])}, and perhaps some around that."
    return ComponentHealth("store", state, means)


def of_descriptors(state: str) -> ComponentHealth:
    """The health of this process's file descriptors, from `codesvc.runtime.file_descriptors.state`."""
    return ComponentHealth("descriptors", state, DESCRIPTORS_MEAN[state])


def of_master_keys(unknown: Sequence[str] | None, own: str, sealed: int = 0) -> ComponentHealth:
    """Whether this process has the master keys of the other processes on its store, and of the registry's entries.

    Args:
        unknown: the ids of those that it lacks; None if it has not looked yet.
        own: the id of its current one.
        sealed: how many entries of the registry are encrypted under a key that it lacks.
    """
    state, means = OK, "This process has the master key of every process on the store."
    if unknown is None:
        means = "It is not known which master keys other processes use: the store has not said it yet."
    elif unknown:
        state = "differs"
        means = (
            f"Other processes on this store use master keys that this one lacks ({', '.join(unknown)}; its own is "
            f"{own}): their codes are not sent and are wrong here, and their links are refused. Compare sha256sum of "
            "the master key files of all processes, put the missing key back, and reload."
        )
    if sealed:
        state = "differs"
        means += (
            f" This process lacks the master key of {sealed} entries of the registry (its own is {own}): it does not "
            "use or replace them. Put that key back and reload; codesvc check names the entries."
        )
    return ComponentHealth("master_key", state, means)


def of_log(*, written: bool) -> ComponentHealth:
    """Whether this process's log is written."""
    state = OK if written else "not written"
    return ComponentHealth("log", state, LOG_MEANS[state])


def of_clock(ahead_ms: int | None) -> ComponentHealth:
    """Whether this machine's clock and the store's agree; `ahead_ms`: of this machine's, None if it is not known."""
    if ahead_ms is None:
        return ComponentHealth("clock", OK, "This machine's clock was not compared with the store's yet.")
    if abs(ahead_ms) <= TOLERANCE_MS:
        return ComponentHealth("clock", OK, "This machine's clock agrees with the store's to a minute.")
    means = (
        f"This machine's clock is {abs(ahead_ms) // 1000} seconds {'ahead of' if ahead_ms > 0 else 'behind'} the "
        "store's. Proofs, links and sessions that it signs end too early or too late at the other machines, and it "
        "refuses WeChat's callbacks if it is wrong by 5 minutes. Set both clocks by NTP."
    )
    return ComponentHealth("clock", "apart", means)


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
        means = PROXIES_MEAN[state] if self._latest else "No visitor has come through a trusted proxy yet."
        return ComponentHealth("proxies", state, means)


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
        self._called: set[str] = set()

    def record(self, account: str, result: str) -> None:
        """Record that a call ended; `result` is as in `codesvc.wechat.call_labels`."""
        self._called.add(account)
        if result not in WECHAT_MEANS:
            self._unanswered.pop(account, None)
            return
        count = self._unanswered.get(account, ("", 0))[1]
        self._unanswered[account] = (result, count + 1)

    def of(self, account: str) -> ComponentHealth:
        """The health of an account's connection to WeChat."""
        word, count = self._unanswered.get(account, (OK, 0))
        state = word if count >= _UNANSWERED_IN_A_ROW or word in _CERTAIN else OK
        means = WECHAT_MEANS[state] if account in self._called else "This process has not called WeChat yet."
        return ComponentHealth(f"wechat:{account}", state, means)
