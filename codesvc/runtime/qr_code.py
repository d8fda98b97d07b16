"""QR codes as modules, drawn by zxing-cpp.

Its writer is Zint, in C. It tries all masks, as ISO/IEC 18004 asks, in a sixth of a millisecond.
"""

import math
from typing import Any, Final

import zxingcpp

_HALVES: Final = {(0, 0): " ", (0, 255): "▄", (255, 0): "▀", (255, 255): "█"}
QUIET_ZONE: Final = 4  # modules around a QR code, as ISO/IEC 18004 requires
DARK: Final = b"\0"  # the byte of a dark module in a row
LIGHT: Final = b"\xff"  # that of a light one


def draw_modules(text: str) -> list[bytes]:
    """The rows of a QR code with error correction M and no quiet zone, one byte for each module.

    Raises:
        ValueError: the text is longer than a QR code holds (2,331 bytes).
    """
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = drawn.to_image(scale=1, add_quiet_zones=False)  # has the buffer protocol, which its types do not say
    cells = bytes(memoryview(picture))
    side = math.isqrt(len(cells))
    return [cells[start : start + side] for start in range(0, len(cells), side)]


def draw_lines(text: str) -> str:
    """A QR code with its quiet zone for a terminal of light letters on a dark ground, two rows in each line.

    Raises:
        ValueError: as of `draw_modules`.
    """
    rows = draw_modules(text)
    beside, empty = LIGHT * QUIET_ZONE, LIGHT * (len(rows) + 2 * QUIET_ZONE)
    framed = [empty] * QUIET_ZONE + [beside + row + beside for row in rows] + [empty] * (QUIET_ZONE + 1)
    pairs = zip(framed[::2], framed[1::2], strict=False)
    return "\n".join("".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs)
