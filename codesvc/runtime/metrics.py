"""Metrics for operators (Prometheus). Labels never contain a user, an address or an id.

They are from closed lists, but for names that a site chooses: those are `bounded`.
"""

from functools import cache, partial
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import mark_process_dead

REGISTRY: Final = CollectorRegistry()

_counter = partial(Counter, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)

REQUESTS: Final = _histogram(
    "codesvc_http_request_seconds",
    "HTTP requests by route pattern and status",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
VERIFICATIONS: Final = _counter(
    "codesvc_verifications",
    "Starts, checks and resends by outcome",
    ("site", "purpose", "act", "outcome"),
)
REFUSED: Final = _counter("codesvc_refused", "Calls refused by a limit", ("site", "limit"))
KEYS_REFUSED: Final = _counter(
    "codesvc_keys_refused", "Calls with an unknown key or secret that name this site; anybody can make them", ("site",)
)
TASK_FAILURES: Final = _counter(
    "codesvc_task_failures", "Background tasks that failed by a fault of the program and were begun again", ("task",)
)
FORWARDED_UNREADABLE: Final = _counter(
    "codesvc_forwarded_unreadable",
    "Visitors' addresses from a trusted proxy that could not be parsed, by reason",
    ("reason",),
)
LONG_CODES: Final = _counter(
    "codesvc_long_codes",
    "Longer codes, made because codes of the site are being guessed",
    ("site", "purpose"),
)
CLAIMS: Final = _counter("codesvc_claims", "Scans and keywords by outcome", ("account", "by", "outcome"))
DELIVERIES: Final = _counter(
    "codesvc_delivery_attempts",
    "Attempts to deliver a code, by ending and reason",
    ("account", "channel", "ending", "reason"),
)
STEPS: Final = _counter(
    "codesvc_verification_steps",
    "Verifications that reached a step (issued, pushed, sent, delivered, fallen_back, scanned, approved), each counted "
    "once; wrong: each wrong code",
    ("site", "purpose", "step"),
)
FALLBACKS: Final = _counter(
    "codesvc_fallbacks",
    "Verifications of bound users who had to scan for the code, by reason",
    ("site", "purpose", "reason"),
)
_LATENCIES: Final = (1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600)
TO_DELIVERED: Final = _histogram(
    "codesvc_issue_to_delivered_seconds",
    "Time from the start to WeChat's receipt that the message was delivered",
    ("site", "purpose"),
    buckets=_LATENCIES,
)
TO_APPROVED: Final = _histogram(
    "codesvc_issue_to_approved_seconds",
    "Time from the start to the right code",
    ("site", "purpose"),
    buckets=_LATENCIES,
)
ISSUE_SECONDS: Final = _histogram(
    "codesvc_issue_seconds",
    "Time to start a verification",
    ("site",),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
OIDC_LOGINS: Final = _counter(
    "codesvc_oidc_logins",
    "Logins to apps by OpenID Connect: started, signed_in, or the standard's error that the app received",
    ("site", "client", "outcome"),
)
CALLBACKS: Final = _counter(
    "codesvc_callbacks",
    "WeChat's callbacks by result: good, or why they were refused (signature, time, key, appid, form)",
    ("account", "result"),
)
MESSAGES: Final = _counter(
    "codesvc_messages",
    "Messages by result (asked, delivered, handed, unknown, failed; would: in shadow mode) and reason",
    ("site", "kind", "what", "reason"),
)
GATEWAY_CALLS: Final = _counter(
    "codesvc_gateway_calls",
    "Calls to sites' gateways by whether they accepted the message (yes, no, later, unknown)",
    ("site", "kind", "taken"),
)
RECEIPTS: Final = _counter("codesvc_receipts", "WeChat's delivery receipts", ("account", "status"))
WECHAT_CALLS: Final = _counter(
    "codesvc_wechat_calls",
    "Calls to WeChat by endpoint and errcode (0: success); a word if there was no answer",
    ("account", "endpoint", "errcode"),
)
WECHAT_SECONDS: Final = _histogram(
    "codesvc_wechat_seconds",
    "Time WeChat took to answer",
    ("account", "endpoint"),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
STORE_SECONDS: Final = _histogram(
    "codesvc_store_seconds",
    "Time the store took for a script, including the wait for the connection",
    ("script",),
    buckets=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2),
)
STORE_FAILURES: Final = _counter(
    "codesvc_store_failures", "Scripts that the store did not answer or refused", ("script",)
)

WEBHOOK_ATTEMPTS: Final = _counter(
    "codesvc_webhook_attempts", "Attempts to send a webhook, by result", ("site", "result")
)
WEBHOOK_PROXY_FAILURES: Final = _counter(
    "codesvc_webhook_proxy_failures",
    "Attempts to send a webhook that failed at the outbound proxy, by problem",
    ("problem",),
)
WEBHOOK_SECONDS: Final = _histogram(
    "codesvc_webhook_seconds",
    "Time receivers of webhooks took to answer",
    buckets=(0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)


def _gauge(name: str, text: str, *labels: str, mode: Literal["mostrecent", "livemax"] = "mostrecent") -> Gauge:
    return Gauge(name, text, labels, multiprocess_mode=mode, registry=REGISTRY)


STORED: Final[set[str]] = set()
"""Names of the gauges whose values are in the store."""


def _stored(name: str, text: str, *labels: str) -> Gauge:
    """A gauge whose value is in the store; while the store cannot be read, it is in no exposition."""
    STORED.add(name)
    return _gauge(name, text, *labels)


# Each worker has its own circuits. A worker that has ended must not leave its account's circuit open.
CIRCUIT: Final = _gauge(
    "codesvc_circuit_open", "1 while an account's circuit is open in any worker", "account", mode="livemax"
)
# Values in the store are read by the worker that answers /metrics.
STORE_UP: Final = _gauge("codesvc_store_up", "1 while the store answers")
STORE_WRITABLE: Final = _gauge("codesvc_store_writable", "1 while the store accepts writes, as of a second ago")
SITE_CALLED: Final = _gauge(
    "codesvc_site_called_seconds",
    "When the site last called with a valid key, in seconds since 1970; a minute late",
    "site",
    mode="livemax",
)
MASTER_KEY_UNKNOWN: Final = _gauge(
    "codesvc_master_key_unknown",
    "1 while a process on the store, or an entry of the registry, uses a master key that this process lacks",
    mode="livemax",
)
CLOCK_APART: Final = _gauge(
    "codesvc_clock_apart_seconds", "How far this machine's clock and the store's are apart", mode="livemax"
)
# The worker with the most open descriptors is the first that cannot accept connections.
DESCRIPTORS: Final = _gauge("codesvc_descriptors", "Open file descriptors", mode="livemax")
DESCRIPTORS_LIMIT: Final = _gauge("codesvc_descriptors_limit", "Maximum number of open file descriptors")
STORE_DATA_SINCE: Final = _stored(
    "codesvc_store_data_since_seconds",
    "When the first data of this partition were written, seconds since 1970; rises if the store was emptied",
    "partition",
)
STORE_LOST: Final = _stored(
    "codesvc_store_lost_seconds",
    "Of how many seconds this partition has lost acknowledged writes within a day; 0 for none",
    "partition",
)
QUOTA_LEFT: Final = _stored("codesvc_quota_left", "Calls left of today's quota", "account", "call")
QUOTA_DAILY: Final = _stored("codesvc_quota_daily", "Today's quota", "account", "call")
POOL: Final = _stored("codesvc_qr_pool", "QR codes created in advance", "account")
POOL_SIZE: Final = _stored("codesvc_qr_pool_size", "Target number of QR codes created in advance", "account")
TOKEN_AGE: Final = _stored("codesvc_token_age_seconds", "Time since the current access token was fetched", "account")
TOKEN_LEFT: Final = _stored(
    "codesvc_token_left_seconds", "Time until the current access token expires; 0 if there is none", "account"
)
TOKEN_REFUSED: Final = _stored("codesvc_token_refused", "1 if the latest fetch of an access token failed", "account")
RIGHTS_REFUSED: Final = _stored(
    "codesvc_rights_refused",
    "1 while WeChat refuses a call that the account's configured kind may make (errcode 48001)",
    "account",
)
CALLBACK_AGE: Final = _stored(
    "codesvc_callback_age_seconds", "Time since the last valid callback; absent if none is known", "account"
)
UNHEARD: Final = _stored("codesvc_qr_codes_unheard", "QR codes shown since the last valid callback", "account")
CERTIFICATE: Final = _gauge(
    "codesvc_certificate", "1 for the current state of the public address's certificate", "state"
)
CERTIFICATE_ENDS: Final = _gauge(
    "codesvc_certificate_ends_seconds", "When the certificate expires, in seconds since 1970"
)
OUTBOX: Final = _stored("codesvc_outbox_jobs", "Jobs in the outbox, whether being processed or not", "partition")
OUTBOX_AGE: Final = _stored(
    "codesvc_outbox_age_seconds", "Age of the oldest job in the outbox; 0 if empty", "partition"
)
WEBHOOKS_WAITING: Final = _stored(
    "codesvc_webhooks_waiting", "Events waiting to be sent, without those of disabled endpoints", "partition"
)
WEBHOOKS_OVERDUE: Final = _stored(
    "codesvc_webhooks_overdue_seconds", "Time for which the most overdue event has been due", "partition"
)


_MOST_NAMES: Final = 200
_names: Final[dict[str, set[str]]] = {}


def bounded(site: str, name: str) -> str:
    """A purpose or app of a site as a label: `-` after the first 200. Names come and go, and series stay."""
    names = _names.setdefault(site, set())
    if name not in names and len(names) >= _MOST_NAMES:
        return "-"
    names.add(name)
    return name


# The library looks a series up under a lock each time. The number of series is limited, so they are cached.
acts: Final = cache(VERIFICATIONS.labels)
steps: Final = cache(STEPS.labels)
_requests: Final = cache(REQUESTS.labels)
_scripts: Final = cache(STORE_SECONDS.labels)
_issues: Final = cache(ISSUE_SECONDS.labels)
_attempts: Final = cache(DELIVERIES.labels)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; all three labels are from closed lists."""
    _requests(method, route, status).observe(seconds)


@cache
def _calls(account: str, endpoint: str, result: str) -> tuple[Counter, Histogram]:
    return WECHAT_CALLS.labels(account, endpoint, result), WECHAT_SECONDS.labels(account, endpoint)


def observe_call(account: str, endpoint: str, result: str, seconds: float) -> None:
    """Count a call to WeChat; the result is `0`, an errcode, or a word if there was no answer."""
    calls, times = _calls(account, endpoint, result)
    calls.inc()
    times.observe(seconds)


def count_attempt(account: str, channel: str, ending: str, reason: str) -> None:
    """Count an attempt to send a code."""
    _attempts(account, channel, ending, reason).inc()


def observe_issue(site: str, seconds: float) -> None:
    """Record how long a start took, also if it was refused."""
    _issues(site).observe(seconds)


def observe_script(name: str, seconds: float) -> None:
    """Record how long the store took for a script."""
    _scripts(name).observe(seconds)


def show_descriptors(used: int, limit: int) -> None:
    """Set the gauges of file descriptors."""
    DESCRIPTORS.set(used)
    DESCRIPTORS_LIMIT.set(limit)


def forget_worker(directory: str, pid: int) -> None:
    """Remove the circuits of a worker that has ended. Its counters stay."""
    mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]  # prometheus_client
