"""Pictures for tests: whole files of each kind, as small as they can be."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><script>alert(1)</script></svg>'


def png(width=120, height=120, *, more=0):
    """A grey PNG; `more` bytes of text make it longer."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), chunk(b"IDAT", rows)]
    if more:
        parts.append(chunk(b"tEXt", b"Comment\0" + b"x" * more))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def jpeg(width=120, height=120):
    """The segments of a JPEG, as far as its size: application data, then the frame."""
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + b"\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff" + frame + b"\xff\xd9"


def webp(width=120, height=120, kind=b"VP8X"):
    data = {
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        b"VP8L": b"\x2f" + ((height - 1) << 14 | (width - 1)).to_bytes(4, "little") + bytes(5),
        b"VP8 ": bytes(3) + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"),
    }[kind]
    body = b"WEBP" + kind + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def data_url(body, kind="png"):
    return f"data:image/{kind};base64,{b64encode(body).decode()}"
