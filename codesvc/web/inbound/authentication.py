"""How identity systems prove who they are: static tokens and signatures over the raw body. All in constant time.

Every secret of a source is tried, and all of them are, so that one can be replaced while the system still uses it.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from codesvc.domain.signing_secret import keys_of_hook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

TOLERANCE: Final = 300
"""How far the time in a signature may be from ours, seconds: Standard Webhooks and ZITADEL (HOOKS 2, 3)."""
KEY_IN_QUERY: Final = "key"
"""The query's member for systems that can send no header at all."""
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES: Final = 16


def by_token(source: Inbound, call: Call) -> bool:
    """A secret as it is in `Authorization` or `X-API-Key`, as bearer token, or as password of Basic.

    The option `header` names another header. `key` in the query is for systems that can send no header.
    """
    return _among(_revealed(source), _presented(source, call))


def by_hex_of_body(header: str, source: Inbound, call: Call) -> bool:
    """HMAC-SHA256 of the body in hexadecimal. There is no time in it: the store remembers calls."""
    said = call.headers.get(header, "").strip().lower()
    return _among((hmac.new(key, call.body, sha256).hexdigest() for key in _octet_keys(source)), [said])


def by_standard_webhooks(source: Inbound, call: Call) -> bool:
    """The headers of Standard Webhooks, and `v1,whsec_…|v1,whsec_…` as a secret (HOOKS 2).

    Supabase joins several signatures by a comma and a blank, the specification by a blank: both are read.
    """
    identifier, at = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if not identifier or not _timely(at, call.now):
        return False
    signed = b".".join((identifier.encode(errors="replace"), at.encode(), call.body))
    said = call.headers.get("webhook-signature", "").split()[:_MOST_SIGNATURES]
    signatures = [part.strip(",").removeprefix("v1,") for part in said if part.startswith("v1,")]
    made = (
        binascii.b2a_base64(hmac.digest(key, signed, sha256), newline=False).decode() for key in _webhook_keys(source)
    )
    return _among(made, signatures)


def by_stamped_hex(header: str, source: Inbound, call: Call) -> bool:
    """`t=<seconds>,v1=<hex>`, possibly with several `v1`: HMAC-SHA256 over `<seconds>.<body>` (HOOKS 3)."""
    parts = [part.strip().partition("=") for part in call.headers.get(header, "").split(",")[: _MOST_SIGNATURES + 1]]
    at = next((value for name, _, value in parts if name == "t"), "")
    if not _timely(at, call.now):
        return False
    signatures = [value.lower() for name, _, value in parts if name == "v1"]
    signed = at.encode() + b"." + call.body
    return _among(
        (hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in _revealed(source)),
        signatures,
    )


def _among(right: Iterable[str], presented: Iterable[str]) -> bool:
    """Whether one of the right values was presented. All pairs are compared, so that the time says nothing."""
    given, found = [each.encode(errors="surrogateescape") for each in presented if each], False
    for value in right:
        expected = value.encode(errors="surrogateescape")
        for each in given:
            found |= hmac.compare_digest(expected, each)
    return found


def _revealed(source: Inbound) -> list[str]:
    return [secret.reveal() for secret in source.secrets]


def _presented(source: Inbound, call: Call) -> Iterator[str]:
    line = call.headers.get("Authorization", "").strip()
    scheme, _, rest = line.partition(" ")
    yield line
    if scheme.lower() == "bearer":
        yield rest.strip()
    if scheme.lower() == "basic":
        yield from _basic(rest.strip())
    yield call.headers.get("X-API-Key", "")
    yield call.headers.get(source.options.get("header", "X-API-Key"), "")
    yield call.query.get(KEY_IN_QUERY, "")


def _basic(encoded: str) -> Iterator[str]:
    """User and password of Basic (RFC 7617) as `user:password`, and the password alone."""
    try:
        pair = b64decode(encoded, validate=True).decode()
    except ValueError:
        return
    yield pair
    yield pair.partition(":")[2]


def _timely(at: str, now: float) -> bool:
    return _SECONDS.fullmatch(at) is not None and abs(now - int(at)) <= TOLERANCE


def unreadable_keys(source: Inbound) -> int:
    """How many of the secrets for Standard Webhooks are not `v1,whsec_` and random bytes in base64."""
    return sum(key is None for secret in _revealed(source) for key in keys_of_hook(secret))


def _webhook_keys(source: Inbound) -> Iterator[bytes]:
    return (key for secret in _revealed(source) for key in keys_of_hook(secret) if key is not None)


def _octet_keys(source: Inbound) -> Iterator[bytes]:
    """The bytes of each secret, and what it stands for if it is base64url: consoles show an octet key in either way."""
    for secret in _revealed(source):
        yield secret.encode()
        try:
            decoded = b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
        except ValueError:
            continue
        if any(decoded):
            yield decoded
