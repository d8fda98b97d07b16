"""Import files of bindings: CSV and JSON Lines in every encoding."""

from __future__ import annotations

import codecs
import io
from zoneinfo import ZoneInfo

import msgspec

from codesvc.domain.binding_lines import BadFile, Reading, read_rows
from codesvc.domain.identifiers import is_openid, is_user
from codesvc.domain.text_encoding import BadText, encoding_of
from tests.fuzz.target import Target

NAMED = ("", "", "", "utf-8", "gb18030", "gbk", "utf-16", "utf-32", "big5", "latin-1", "utf-7", "idna", "shift_jis")
ZONES = (None, ZoneInfo("Asia/Shanghai"))
CHUNK = 16
"""Short chunks, so that characters and byte order marks are cut in two as in a large file."""
PERSON = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


def read_import(data):
    """First byte: format and zone; second: the encoding that is named; the rest is the file."""
    try:
        take(data)
    except (BadFile, BadText) as error:
        said = str(error)
    else:
        return
    said.encode()
    assert PERSON not in said


def take(data):
    how, octets = (data[0], data[1]) if len(data) > 1 else (0, 0), data[2:]
    kind, zone = ("csv", "jsonl")[how[0] % 2], ZONES[how[0] // 2 % 2]
    encoding = encoding_of(
        lambda: (octets[at : at + CHUNK] for at in range(0, len(octets), CHUNK)), NAMED[how[1] % len(NAMED)]
    )
    reading = Reading(zone, encoding.guessed)
    before = 0
    with io.TextIOWrapper(io.BytesIO(octets), encoding=encoding.name, newline="") as file:
        for row in read_rows(file, kind, reading):
            assert row.number > before, "lines are numbered in their order"
            before = row.number
            msgspec.json.encode([row.user, row.problem])
            if row.problem:
                assert row.problem.isprintable()
                assert PERSON not in row.problem, "an openid is masked, wherever it stands"
                continue
            assert is_user(row.user)
            assert is_openid(row.openid)
            assert not row.unionid or is_openid(row.unionid)
            assert not row.since or int(row.since) >= 0
            assert not encoding.guessed or (row.user + row.openid).isascii()


def _files():
    sheet = f'User , OpenID,备注,bound_at\r\nu-1,{PERSON},张三,2025/5/1 7:01\r\n"u""2",x,李四,\r\n'
    lines = f'{{"user": "张三", "openid": "{PERSON}", "bound_at": "2025-05-01T07:01:00Z"}}\n{{"User": 1001.0}}\n'
    found = []
    for kind, text in ((0, sheet), (1, lines), (2, "sep=;\nuser;openid\nu-1;" + PERSON + "\n")):
        for number, name in (
            (0, "utf-8"),
            (4, "gb18030"),
            (0, "gbk"),
            (0, "utf-16-le"),
            (0, "utf-16-be"),
            (7, "utf-32"),
        ):
            found.append(bytes([kind, number]) + text.encode(name))
        found.append(bytes([kind, 0]) + codecs.BOM_UTF8 + text.encode())
        found.append(bytes([kind, 0]) + codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    return found


TARGETS = (
    Target(
        "import_file",
        read_import,
        (BadFile, BadText),
        _files,
        steps_per_byte=300,
        words=(
            "user",
            "openid",
            "bound_at",
            "unionid",
            "sep=",
            '"',
            '""',
            ";",
            "\t",
            "\r\n",
            "\\ud800",
            "1e5",
            "Z",
            PERSON,
        ),
    ),
)
