"""A QR code as a real baseline JPEG, without an imaging library.

`showqrcode` answers `image/jpg` (WECHAT.md 5.3). A QR picture has only squares of one colour. JPEG codes an 8x8 block
of one colour as one number: the difference of its brightness from the previous block. Every square is drawn with
whole blocks, so the encoder needs only a Huffman table for these DC differences and an end-of-block bit. The markers
are those of ITU-T T.81 annex B, the coding that of annex F.
"""

import struct
from collections.abc import Iterable
from typing import Any

import zxingcpp

_WHITE, _BLACK = 127, -128
_SCALE = 2  # blocks per module side, so that a phone camera can read the code from a screen

# DC categories 0 (no change), 8 (black to white and back) and 7 (the very first block), of one, two and three bits;
# AC: end of block alone, one bit (T.81 B.2.4.2).
_DC_CODES = {0: "0", 8: "10", 7: "110"}
_DC_TABLE = bytes((1, 1, 1)) + bytes(13) + bytes(_DC_CODES)
_AC_TABLE = bytes((1,)) + bytes(15) + bytes((0,))
_QUANTISATION = bytes((8,)) + bytes(
    [1] * 63
)  # DC of a flat block is 8 times its level, so that 8 leaves the level itself


def draw_jpeg(text: str) -> bytes:
    """Draw a text as a QR code: grey, two levels, sides a multiple of 8 pixels."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = code.to_image(scale=1, add_quiet_zones=True)  # of four modules, ISO/IEC 18004
    rows: Any = memoryview(picture).tolist()
    blocks = [[cell == 0 for cell in row for _ in range(_SCALE)] for row in rows for _ in range(_SCALE)]
    side = len(blocks) * 8
    frame = struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 1, 72, 72, 0, 0)),
            _segment(0xDB, b"\x00" + _QUANTISATION),
            _segment(0xC0, frame),
            _segment(0xC4, b"\x00" + _DC_TABLE),
            _segment(0xC4, b"\x10" + _AC_TABLE),
            _segment(0xDA, bytes((1, 1, 0, 0, 63, 0))),
            _entropy(cell for row in blocks for cell in row),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def _entropy(cells: Iterable[bool]) -> bytes:
    bits: list[str] = []
    level = 0
    for dark in cells:
        target = _BLACK if dark else _WHITE
        difference, level = target - level, target
        bits.append(_code(difference) + "0")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    raw = int(stream, 2).to_bytes(len(stream) // 8, "big")
    return raw.replace(b"\xff", b"\xff\x00")


def _code(difference: int) -> str:
    if difference == 0:
        return _DC_CODES[0]
    size = abs(difference).bit_length()  # T.81 F.1.2.1: the category is the bit length
    value = difference if difference > 0 else difference + (1 << size) - 1
    return _DC_CODES[size] + f"{value:0{size}b}"
