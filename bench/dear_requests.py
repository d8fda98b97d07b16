"""The most expensive requests that can be made without a key, for every route of the service.

A request here is its bytes. Each route gets the same shapes (bodies as large as they may be, addresses and headers as
long as they may be, forged tokens), and some get requests of their own that need more of the service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 65_536
"""`service.body_limit`, bytes."""
VISITOR = "203.0.113.5"
"""Behind a proxy: what is open to this machine alone is closed."""
_LINE = 8_000
"""A header or a request line, bytes: the server refuses more than 8,190."""
QUERY = 7_000
"""A query beside the longest token, bytes."""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
LONGEST_FORM = 16_384
"""Octets of a form that an issuer reads (`codesvc.web.oidc.exchange`)."""
OCTETS = {
    "encoded octets": b"%ff%41",
    "encoded letters": b"a%41",
    "percent signs": b"%",
    "broken encodings": b"%4",
    "octets that are no text": b"\xff",
}
"""What is dear to decode; an encoding that is none raised an exception for each of its percent signs."""
FORMS = {name: (b"a=" + part * LONGEST_FORM)[:LONGEST_FORM] for name, part in OCTETS.items()} | {
    "names without a value": (b"a&" * LONGEST_FORM)[:LONGEST_FORM],
}
BODIES = {
    "nested JSON": (JSON, b"[" * (LIMIT - 1)),
    "wide JSON": (JSON, b"{" + b",".join(b'"%d":0' % n for n in range(7_000)) + b"}"),
    "escaped JSON": (JSON, b'{"code":"' + b"\\u4f60" * 10_000 + b'"}'),
    "wide form": (FORM, b"&".join(b"a%d=%%41" % n for n in range(6_500))[:LIMIT]),
    "escaped form": (FORM, b"code=" + b"%E4" * 21_000),
    **{f"a form of {LONGEST_FORM} octets, {name}": (FORM, body) for name, body in FORMS.items()},
    **{
        f"a type of {name}": (f"{FORM}{part * (_LINE // len(part) - 20)}", b"a=b")
        for name, part in {"semicolons": ";", "parameters": ";a=b", "brackets": "(", "pieces": ";a*0*=%41"}.items()
    },
    "XML": ("text/xml", b"<xml>" + b"<a/>" * 14_000 + b"</xml>"),
    "too long": (JSON, b"[" * 200_000),
}
HEADERS = {
    "cookies": {"Cookie": "; ".join(f"c{n}=v" for n in range(2_000))[:_LINE]},
    "logins of other browsers": {"Cookie": "; ".join(f"codesvc_oidc_{n}=v" for n in range(2_000))[:_LINE]},
    "one cookie": {"Cookie": "codesvc_visit=" + "A" * _LINE},
    "languages": {"Accept_Language": ",".join(f"x{n}-y;q=0.{n % 9}1" for n in range(600))[:_LINE]},
    "proxies": {"X_Forwarded_For": ("127.0.0.1, " * 800)[: _LINE - 20] + "203.0.113.5"},
    "a long agent": {"User_Agent": "Mozilla/5.0 (" + "iPhone " * 1_100},
    "tags": {"If_None_Match": ('W/"a", ' * 1_200)[:_LINE], "Accept_Encoding": "gzip"},
    "a hundred headers": {f"X_H{n}": "v" * 200 for n in range(100)},
}
QUERIES = {
    "a long query": "&".join(f"a{n}=%41" for n in range(700)),
    "a query of names without a value": "a&" * (QUERY // 2),
    "a query of percent signs": "a=" + "%" * QUERY,
    "a query of encoded octets": "a=" + "%ff%41" * (QUERY // 6),
}
_FORGED = "A" * 300 + "." + "A" * 43
_COMPRESSED = ".eJ" + "A" * 464 + "." + "A" * 43


@dataclass(frozen=True)
class Dear:
    """One request to one route.

    Attributes:
        route: method and pattern.
        shape: what makes it dear.
        raw: its bytes.
        others: if it can be sent only once, the same request for further pages.
        streams: the address of an event stream that is opened as often as it can be while this is asked.
    """

    route: str
    shape: str
    raw: bytes
    others: tuple[bytes, ...] = ()
    streams: str = ""


def request(method: str, path: str, body: bytes = b"", kind: str = JSON, **headers: str) -> bytes:
    """A request with the headers that browsers and back ends send."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    headers = {"Accept": "*/*", "X_Forwarded_For": VISITOR, **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ordinary_refusal() -> bytes:
    """The unit of every comparison: a start without a key, 401."""
    return request("POST", "/v1/verifications", b'{"purpose":"register","user":"u-1","client_ip":"10.0.0.1"}')


def _filled(pattern: str, token: str) -> str:
    """An address of the pattern, with this in the place of its token or id."""
    known = {
        "account": "main",
        "site": "shop",
        "kind": "png",
        "act": "check",
        "language": "zh",
        "name": "not-found",
        "version": "v",
        "adapter": "supabase",
        "word": "login",
    }

    def value(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        forged = f"i.{token}" if found[1].startswith(r"token:i\.") else token
        return known.get(name, forged)

    # aiohttp's patterns hold at most one level of braces inside.
    return re.sub(r"\{((?:[^{}]|\{[^{}]*\})*)\}", value, pattern)


def of_every_route(method: str, pattern: str) -> Iterator[Dear]:
    """The shapes that every route gets."""
    route, path = f"{method} {pattern}", _filled(pattern, _FORGED)
    yield Dear(route, "as it is", request(method, path))
    yield Dear(route, "a browser asks", request(method, path, Accept="text/html", Accept_Language="en"))
    if path != (packed := _filled(pattern, _COMPRESSED)):
        yield Dear(route, "a forged compressed token", request(method, packed))
        yield Dear(route, "a token too long", request(method, _filled(pattern, "%41" * (_LINE // 3 - 100))))
    for shape, query in QUERIES.items():
        yield Dear(route, shape, request(method, f"{path}?{query}"))
    for shape, headers in HEADERS.items():
        yield Dear(route, shape, request(method, path, **headers, Accept="text/html"))
    yield Dear(route, "a key too long", request(method, path, Authorization="Bearer " + "k" * _LINE))
    if method in {"POST", "PUT", "PATCH", "DELETE"}:
        for name, (kind, body) in BODIES.items():
            yield Dear(route, name, request(method, path, body, kind))
            yield Dear(route, f"{name}, from a browser", request(method, path, body, kind, Accept="text/html"))


def of_no_route() -> Iterator[Dear]:
    """Addresses that are none, as long as they may be."""
    for shape, path in {
        "slashes": "/",
        "segments": "/a",
        "encoded slashes": "/%2f",
        "octets": "/%ff",
        "percent signs": "/a" + "%" * _LINE,
        "many encoded octets": "/a" + "%ff%41" * (_LINE // 6),
        "dots": "/..",
    }.items():
        yield Dear("GET of no address", shape, request("GET", path * max(_LINE // len(path), 1)))
    for known in ("/v1", "/p", "/inbound", "/admin/assets", "/.well-known/openid-configuration"):
        yield Dear("GET of no address", f"below {known}", request("GET", known + "/a" * ((_LINE - len(known)) // 2)))
