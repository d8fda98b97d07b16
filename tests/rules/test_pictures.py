"""QR pictures: drawn once and kept, and every one of them can be read."""

import base64
import json
import re
import struct
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from codesvc.runtime import qr_code
from codesvc.web import pictures
from tests.programs import program_path

DECODER = Path(__file__).parents[2] / "codesvc" / "sandbox" / "static" / "vendor" / "qr" / "decode.js"
READ = """
import decodeQR from %s;
const shown = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(shown.map(({side, grey}) => {
  const data = new Uint8Array(side * side * 4).fill(255);
  Buffer.from(grey, "base64").forEach((each, at) => data.fill(each, at * 4, at * 4 + 3));
  return decodeQR({width: side, height: side, data});
})));
"""


def test_the_same_picture_is_not_drawn_again_and_memory_is_bounded():
    pictures._drawn.cache_clear()
    first = pictures.draw_code("https://open.example/q/1", "png").body
    assert pictures.draw_code("https://open.example/q/1", "png").body is first
    assert pictures.draw_code("https://open.example/q/1", "svg").body != first
    for number in range(300):
        pictures.draw_code(f"{number}", "svg")
    assert pictures._drawn.cache_info().currsize == 256


def pixels(png):
    """Side and grey values of a PNG of one bit for each pixel; its checksums are compared."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    side, height, bits, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (height, bits, colour, rest) == (side, 1, 0, [0, 0, 0])
    raw, width = zlib.decompress(chunks[b"IDAT"]), 1 + -(-side // 8)
    assert len(raw) == side * width
    lines = [raw[start : start + width] for start in range(0, len(raw), width)]
    assert all(line[0] == 0 for line in lines)
    return side, bytes(255 * (line[1 + x // 8] >> 7 - x % 8 & 1) for line in lines for x in range(side))


def test_every_picture_can_be_read():
    texts = [f"http://weixin.qq.com/q/{number:03}{'aZ09' * (number // 2)}" for number in range(60)]
    shown = []
    for text in texts:
        side, grey = pixels(pictures.draw_code(text, "png").body)
        shown.append({"side": side, "grey": base64.b64encode(grey).decode()})
    node = program_path("node", "nodejs")
    script = READ % json.dumps(DECODER.as_uri())
    done = subprocess.run(
        [node, "--input-type=module", "-e", script],
        input=json.dumps(shown),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == texts


@pytest.mark.parametrize("text", ["http://weixin.qq.com/q/1", "a" * 200])
def test_both_kinds_show_the_same(text):
    side, grey = pixels(pictures.draw_code(text, "png").body)
    modules = side // 10
    shown = {(x, y) for y in range(modules) for x in range(modules) if not grey[(10 * y + 5) * side + 10 * x + 5]}
    root = ET.fromstring(pictures.draw_code(text, "svg").body)  # noqa: S314  our own
    assert root.get("viewBox") == f"0 0 {modules} {modules}"
    runs = re.findall(r"M(\d+) (\d+)\.5h(\d+)", root[1].get("d"))
    drawn = {(x, int(y)) for start, y, length in runs for x in range(int(start), int(start) + int(length))}
    assert drawn == shown


@pytest.mark.parametrize("text", ["http://weixin.qq.com/q/1", "a" * 300])
def test_a_terminal_shows_the_same_modules_in_two_rows_a_line(text):
    modules = qr_code.draw_modules(text)
    dark = {(x, y) for y, row in enumerate(modules) for x, cell in enumerate(row) if not cell}
    lines = qr_code.draw_lines(text).split("\n")
    assert {len(line) for line in lines} == {len(modules) + 8}
    shown = set()
    for y, line in enumerate(lines):
        for x, each in enumerate(line):
            shown |= {(x - 4, 2 * y - 4)} if each in " ▄" else set()
            shown |= {(x - 4, 2 * y - 3)} if each in " ▀" else set()
    assert shown == dark


def test_a_text_that_no_code_holds_is_refused_by_its_length():
    assert qr_code.draw_modules("a" * 2331)
    with pytest.raises(ValueError, match="too long"):
        qr_code.draw_modules("a" * 2332)
