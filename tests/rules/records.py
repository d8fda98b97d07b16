"""Records as the store would answer them, for rules that look at one."""

import msgspec

from codesvc.domain.codes import CodeFormat, VerificationId
from codesvc.domain.record import LAYOUT, Record

NOW = 1_700_000_000_000
ID = VerificationId.parse("vf_abcdd6" + "a" * 26).text
assert VerificationId.parse(ID).format == CodeFormat()


def a_record(*, now=NOW, **fields):
    """A pending one of an unbound user, started at `NOW`; `fields` as they lie in the store."""
    stored = {
        "site": "shop",
        "user": "alice",
        "purpose": "register",
        "address": "192.0.2.1",
        "fixed": "{}",
        "scan": "open",
        "disclose_binding": "1",
        "status": "pending",
        "created": NOW,
        "expires": NOW + 300_000,
        "resend_at": NOW + 60_000,
        "code_max_life": 600_000,
        "code_life": 300_000,
        "attempts": 5,
        "attempts_left": 5,
        "keyword": "abcdefgh",
        "channel": "scan",
        "delivery": "awaiting_scan",
        "reason": "",
        "delivery_after": 0,
        "number": 1,
        "vouched": "0",
    } | fields
    identifier = stored.pop("id", ID)
    unknown = {name: stored.pop(name) for name in stored.keys() - set(LAYOUT)}
    placed = [stored.get(name) for name in LAYOUT]
    return Record.parse(now, msgspec.msgpack.encode([unknown or None, *placed]), identifier)
