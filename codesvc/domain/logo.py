"""A site's logo: a small PNG, JPEG or WebP picture, as a data URL.

Only what the first bytes say is believed, not a declared type. SVG is refused: it is a document that can hold scripts,
styles and links to other hosts, and a filter for it would be one more thing to keep safe.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

MOST_BYTES: Final = 32_768
MOST_QR_BYTES: Final = 131_072
"""Of the picture of an account's own QR code: WeChat's console gives JPEG pictures of 258 to 860 pixels."""
FORMS: Final = ("png", "jpeg", "webp")
"""Subtypes of `image/` that a logo, or an account's own QR code, may have."""
_SIDES: Final = range(16, 1_025)  # pixels
_MOST_OBLONG: Final = 8  # a wider or taller picture could not be recognised in a line of text
_DATA_URL: Final = re.compile(r"data:(image/[a-z0-9.+-]+);base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_MARKUP: Final = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:\?xml|svg|!doctype|!--|html)", re.IGNORECASE)
_EXPORT: Final = "export it as PNG, JPEG or WebP, 120 to 256 pixels high"
_SHOWN_HEIGHT: Final = 40  # CSS pixels
_SHOWN_WIDTH: Final = 160

# JPEG: the markers that begin a frame and so hold its size (ITU-T T.81, table B.1).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER: Final = 0xFF

_WEBP_HEADER: Final = slice(20, 30)  # of the first chunk's data


class UnfitLogo(ValueError):
    """The picture cannot be a logo; the argument says why, after the option's name."""


@dataclass(frozen=True, slots=True, repr=False)
class Logo:
    """A checked logo.

    Attributes:
        content_type: its type, by its first bytes.
        width: pixels.
        height: pixels.
        tag: changes with the picture; part of its address and its ETag.
    """

    body: bytes
    content_type: str
    width: int
    height: int
    tag: str

    @property
    def shown(self) -> tuple[int, int]:
        """The width and height on a page, in CSS pixels."""
        scale = min(_SHOWN_HEIGHT / self.height, _SHOWN_WIDTH / self.width)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def parse(url: str, most: int = MOST_BYTES) -> Logo:
    """The logo that a data URL holds; it may have `most` bytes.

    Raises:
        UnfitLogo: it is not a data URL of a PNG, JPEG or WebP picture within the limits.
    """
    if not url[:5].lower() == "data:":
        raise UnfitLogo("must be an image as a data URL (data:image/png;base64,…); pages load nothing from other hosts")
    found = _DATA_URL.fullmatch(url)
    if found is None:
        raise UnfitLogo("must be a data URL in base64 (data:image/png;base64,…)")
    try:
        body = b64decode(found[2], validate=True)
    except ValueError:
        raise UnfitLogo("is a data URL with invalid base64") from None
    logo = read(body, most)
    declared = found[1].lower().replace("image/jpg", "image/jpeg")
    if declared != logo.content_type:
        raise UnfitLogo(f"declares {declared} but contains {logo.content_type}")
    return logo


def read(body: bytes, most: int = MOST_BYTES) -> Logo:
    """The logo in a file's bytes, at most `most` of them.

    Raises:
        UnfitLogo: it is not a complete PNG, JPEG or WebP picture within the limits.
    """
    if _MARKUP.match(body):
        raise UnfitLogo(f"is SVG or other markup, which can contain scripts and links to other hosts; {_EXPORT}")
    if len(body) > most:
        raise UnfitLogo(f"has {len(body):,} bytes, but at most {most:,} are allowed; {_EXPORT}")
    kind, size = _measured(body)
    if not kind:
        raise UnfitLogo(f"is not a PNG, JPEG or WebP image; {_EXPORT}")
    if size is None:
        raise UnfitLogo(f"is a damaged or incomplete {kind} image")
    width, height = size
    if width not in _SIDES or height not in _SIDES:
        raise UnfitLogo(f"has {width} x {height} pixels, but each side must have {_SIDES[0]} to {_SIDES[-1]}")
    if max(size) > _MOST_OBLONG * min(size):
        raise UnfitLogo(f"has {width} x {height} pixels; one side may be at most {_MOST_OBLONG} times the other")
    return Logo(body, f"image/{kind}", width, height, sha256(body).hexdigest()[:24])


def data_url(body: bytes, most: int = MOST_BYTES) -> str:
    """The data URL of a logo's bytes, at most `most` of them.

    Raises:
        UnfitLogo: as `read`.
    """
    return f"data:{read(body, most).content_type};base64,{b64encode(body).decode()}"


def _measured(body: bytes) -> tuple[str, tuple[int, int] | None]:
    """The kind of a picture ("" if unknown), and its width and height (None if it is damaged)."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        whole = body[12:16] == b"IHDR" and body.endswith(b"IEND\xaeB`\x82")
        return "png", (_big(body[16:20]), _big(body[20:24])) if whole else None
    if body.startswith(b"\xff\xd8\xff"):
        return "jpeg", _jpeg_size(body) if body.rstrip(b"\0").endswith(b"\xff\xd9") else None
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "webp", _webp_size(body) if int.from_bytes(body[4:8], "little") + 8 <= len(body) else None
    return "", None


def _big(part: bytes) -> int:
    return int.from_bytes(part, "big")


def _jpeg_size(body: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(body) and body[at] == _MARKER:
        if body[at + 1] in _FRAMES:
            return _big(body[at + 7 : at + 9]), _big(body[at + 5 : at + 7])
        # A marker may be padded with more bytes of its own value.
        at += 1 if body[at + 1] == _MARKER else 2 + max(2, _big(body[at + 2 : at + 4]))
    return None


def _webp_size(body: bytes) -> tuple[int, int] | None:
    """By the first chunk (RFC 9649): simple lossy, simple lossless or extended."""
    chunk, data = body[12:16], body[_WEBP_HEADER]
    if chunk == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    if chunk == b"VP8L" and data.startswith(b"\x2f"):
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    return None
