"""What is counted for operators (Prometheus). Labels come from closed lists; no user, address or id is ever one."""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY: Final = CollectorRegistry()

REQUESTS: Final = Histogram(
    "codesvc_http_request_seconds",
    "HTTP requests by route pattern and status",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
VERIFICATIONS: Final = Counter(
    "codesvc_verifications",
    "Starts, checks and resends by what came of them",
    ("site", "purpose", "act", "outcome"),
    registry=REGISTRY,
)
REFUSED: Final = Counter("codesvc_refused", "Calls refused by a limit", ("site", "limit"), registry=REGISTRY)
LONG_CODES: Final = Counter(
    "codesvc_long_codes",
    "Longer codes made because the site is being guessed at",
    ("site", "purpose"),
    registry=REGISTRY,
)
CLAIMS: Final = Counter(
    "codesvc_claims", "Scans and words by what came of them", ("account", "by", "outcome"), registry=REGISTRY
)
DELIVERIES: Final = Counter(
    "codesvc_delivery_attempts",
    "Attempts to carry a code, by ending and reason",
    ("account", "channel", "ending", "reason"),
    registry=REGISTRY,
)
RECEIPTS: Final = Counter("codesvc_receipts", "WeChat's delivery receipts", ("account", "status"), registry=REGISTRY)
WECHAT_SECONDS: Final = Histogram(
    "codesvc_wechat_seconds",
    "How long WeChat took to take a message",
    ("account", "channel"),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
CIRCUIT: Final = Gauge(
    "codesvc_circuit_open",
    "1 while an account's circuit is open",
    ("account",),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
QUOTA_LEFT: Final = Gauge(
    "codesvc_quota_left",
    "What is left of today's quota",
    ("account", "call"),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
POOL: Final = Gauge(
    "codesvc_qr_pool", "QR codes minted ahead", ("account",), multiprocess_mode="mostrecent", registry=REGISTRY
)
OUTBOX: Final = Gauge(
    "codesvc_outbox_jobs",
    "Jobs in the outbox, taken or not",
    ("partition",),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)


@cache
def _requests(method: str, route: str, status: int) -> Histogram:
    # The library looks a series up anew each time, under a lock; there are only so many.
    return REQUESTS.labels(method, route, status)


@cache
def _acts(site: str, purpose: str, act: str, outcome: str) -> Counter:
    return VERIFICATIONS.labels(site, purpose, act, outcome)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; all three labels are from closed lists."""
    _requests(method, route, status).observe(seconds)


def count_act(site: str, purpose: str, act: str, outcome: str, limit: str = "") -> None:
    """Count one start, check or resend; `limit` is what refused it, "" if nothing did."""
    _acts(site, purpose, act, outcome).inc()
    if limit:
        REFUSED.labels(site, limit).inc()


def exposition() -> bytes:
    """All of it in Prometheus' text format; with several workers, of all of them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus_client
    return generate_latest(together)
