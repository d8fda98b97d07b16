"""The layout of a QR ticket (WECHAT.md 5.2): 72 bytes in base64url without padding.

    81 01 | 3 random bytes, 7 zeros | 01 2e url NUL | 02 04 creation time in s (LE) | 03 04 expire_seconds (LE)

A client must treat a ticket as opaque. The real format is used so that tests find common mistakes: a database column
that is too short, a comparison that ignores case, a ticket that was not URL-encoded.
"""

import base64
import secrets
import struct

_ID_BYTES = 3
_FILLER = bytes(7)


def make_ticket(url: str, created_at: float, expire_seconds: int) -> str:
    """Make a ticket for the text of a QR code; `expire_seconds` is 0 for a permanent code."""
    text = url.encode("ascii") + b"\0"
    raw = (
        b"\x81\x01"
        + secrets.token_bytes(_ID_BYTES)
        + _FILLER
        + bytes((1, len(text)))
        + text
        + b"\x02\x04"
        + struct.pack("<I", int(created_at) & 0xFFFFFFFF)
        + b"\x03\x04"
        + struct.pack("<I", expire_seconds)
    )
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
