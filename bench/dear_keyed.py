"""The most expensive calls that a site's key can make: bodies that are read now, and lists that are full."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.bindings import openid
from bench.dear_requests import Dear, of_every_route, request
from bench.service import KEY, USERS, start_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MANY = "o" + "m" * 27
"""The openid that has as many users as one may have."""
_METADATA = {f"m{n}": "\u9a8c" * 120 for n in range(10)}
_CODES = {"ligatures": "\ufdfa", "marks": "\u0300", "Han": "\u9a8c"}


def with_key(raw: bytes) -> bytes:
    """The same request with the site's key."""
    line, _, rest = raw.partition(b"\r\n")
    return line + b"\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n" + rest


def of_every_keyed_route(routes: Iterable[tuple[str, str]]) -> Iterator[Dear]:
    """The shapes that every route gets, with a key: their bodies are read."""
    for method, pattern in routes:
        if pattern.startswith("/v1/") and method != "*":
            for one in of_every_route(method, pattern):
                if "Authorization" not in one.raw.decode(errors="replace"):
                    yield replace(one, raw=with_key(one.raw))


def _call(method: str, path: str, body: Any = None) -> bytes:
    return with_key(request(method, path, b"" if body is None else json.dumps(body).encode()))


def _each(route: str, shape: str, raws: Sequence[bytes]) -> Dear:
    """A call that can be made only once for its subject."""
    return Dear(route, shape, raws[0], tuple(raws[1:]))


def of_lists(event: str) -> Iterator[Dear]:
    """Reads of what is full, by a site with 50 users of one openid and hundreds of events; `event` is one of these.

    `/metrics` is not among them: the key of a site reads it only where there is no other site.
    """
    yield Dear("GET /v1/bindings", "50 users of an openid", _call("GET", f"/v1/bindings?openid={MANY}"))
    yield Dear("GET /v1/bindings/{user}", "one of 50", _call("GET", "/v1/bindings/many-1"))
    yield Dear("GET /v1/bindings/{user}/history", "as long as it is kept", _call("GET", "/v1/bindings/moved/history"))
    for shape, query in {"100 events": "limit=100", "no event fits": "limit=100&status=failed"}.items():
        yield Dear("GET /v1/webhooks/deliveries", shape, _call("GET", f"/v1/webhooks/deliveries?{query}"))
    path = f"/v1/webhooks/deliveries/{event}"
    yield Dear("GET /v1/webhooks/deliveries/{id}", "an event", _call("GET", path))
    yield Dear("POST /v1/webhooks/deliveries/{id}/resend", "an event", _call("POST", f"{path}/resend", {}))
    yield Dear("POST /v1/webhooks/test", "a test", _call("POST", "/v1/webhooks/test", {}))
    yield Dear("GET /v1/webhooks", "the endpoint", _call("GET", "/v1/webhooks"))


def of_writes(fresh: Iterator[int], count: int) -> Iterator[Dear]:
    """Calls that make something new each time; `fresh` numbers users."""

    def each(route: str, shape: str, body: Any) -> Dear:
        method, _, path = route.partition(" ")
        return _each(route, shape, [_call(method, path, body(next(fresh))) for _ in range(count)])

    largest = {"metadata": _METADATA, "user_agent": "Mozilla/5.0 (" + "iPhone " * 1_000, "locale": "zh-CN,en;q=0.5"}
    yield each("POST /v1/verifications", "the largest", lambda number: start_body(number) | largest)
    login = {"client_ip": "10.0.0.1", "user_agent": largest["user_agent"]}
    yield each("POST /v1/logins", "a long agent", lambda _: login)
    yield each("POST /v1/bind-intents", "a long agent", lambda number: login | {"user": f"b-{number}"})
    text = "\u9a8c" * 300
    message = {"purpose": "register", "code": "123456", "text": text, "client_ip": "10.0.0.1"}
    yield each(
        "POST /v1/messages", "a long text", lambda number: message | {"recipient": {"phone": f"+8613{number:09}"}}
    )
    yield Dear(
        "POST /v1/recipients", "a number", _call("POST", "/v1/recipients", {"recipient": {"phone": "+8613800000000"}})
    )
    proof, ticket = "ey" + "A" * 4_000, "A" * 500
    yield Dear("POST /v1/proofs/verify", "a forged proof", _call("POST", "/v1/proofs/verify", {"proof": proof}))
    redeem = {"ticket": ticket, "state": "s" * 43}
    yield Dear("POST /v1/tickets/redeem", "a forged ticket", _call("POST", "/v1/tickets/redeem", redeem))
    users = [next(fresh) for _ in range(count)]
    bound = [_call("PUT", f"/v1/bindings/n-{n}", {"openid": openid(n), "display": "\u9a8c" * 20}) for n in users]
    yield _each("PUT /v1/bindings/{user}", "a new one", bound)
    yield _each("DELETE /v1/bindings/{user}", "one", [_call("DELETE", f"/v1/bindings/u-{n % USERS}") for n in users])
    yield Dear("DELETE /v1/users/{user}/guesses", "a user", _call("DELETE", "/v1/users/u-1/guesses"))


def of_started(kind: str, ids: Sequence[str]) -> Iterator[Dear]:
    """Calls about verifications, logins or bind intents with these ids, all of which wait for their person."""
    base = f"/v1/{kind}"
    yield Dear(f"GET {base}/{{id}}", "one", _call("GET", f"{base}/{ids[0]}"))
    yield _each(f"GET {base}/{{id}}/scan", "the first", [_call("GET", f"{base}/{one}/scan") for one in ids])
    if kind == "verifications":
        for name, part in _CODES.items():
            body = {"code": part * (1_000 // len(part)), "client_ip": "10.0.0.1"}
            yield Dear(f"POST {base}/{{id}}/check", f"a code of {name}", _call("POST", f"{base}/{ids[0]}/check", body))
        wrong = {"code": "000000", "client_ip": "10.0.0.1"}
        yield _each(f"POST {base}/{{id}}/check", "wrong", [_call("POST", f"{base}/{one}/check", wrong) for one in ids])
        yield Dear(f"POST {base}/{{id}}/resend", "too soon", _call("POST", f"{base}/{ids[-1]}/resend", {}))
    yield _each(f"POST {base}/{{id}}/cancel", "one", [_call("POST", f"{base}/{one}/cancel", {}) for one in ids])
