"""`codesvc bindings import` of files as spreadsheets and other programs write them."""

import codecs
import json

import pytest

from codesvc.domain.binding_lines import Reading, read_rows
from codesvc.domain.binding_values import masked_id
from codesvc.domain.text_encoding import BadText, encoding_of
from tests.people.test_transfer import codesvc, config, openid  # noqa: F401  config is a fixture

SHEET = f"User , OpenID,备注\r\nu-1,{openid(1)},张三\r\nu-2,{openid(2)},李四\r\n"
ENCODINGS = {
    "utf-8": SHEET.encode(),
    "utf-8 with mark": codecs.BOM_UTF8 + SHEET.encode(),
    "gbk": SHEET.encode("gbk"),
    "gb18030": SHEET.replace("李四", "㐀𠀀").encode("gb18030"),
    "utf-16-le with mark": codecs.BOM_UTF16_LE + SHEET.encode("utf-16-le"),
    "utf-16-be with mark": codecs.BOM_UTF16_BE + SHEET.encode("utf-16-be"),
    "utf-16-le": SHEET.encode("utf-16-le"),
    "utf-16-be": SHEET.encode("utf-16-be"),
}


def rows(text, kind="csv", **how):
    return list(read_rows(text.splitlines(keepends=True), kind, Reading(**how)))


def problem(text, kind="csv", **how):
    return rows(text, kind, **how)[-1].problem


def of_octets(octets, named=""):
    return encoding_of(lambda: iter([octets[:7], octets[7:]]), named)


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_of_a_spreadsheet_is_read(config, tmp_path, name):  # noqa: F811
    path = tmp_path / "in.csv"
    path.write_bytes(ENCODINGS[name])
    done = codesvc(config, "import", path)
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "2 bound"), done.stderr


def test_a_bad_byte_is_told_by_line_and_column_and_nothing_is_taken(config, tmp_path):  # noqa: F811
    lines = [f"u-{n},{openid(n)},张三\n".encode("gbk") for n in range(500)]
    path = tmp_path / "in.csv"
    path.write_bytes(b"user,openid,note\n" + b"".join(lines) + f"u,{openid(900)},".encode() + b"x\xff\n")
    done = codesvc(config, "import", path)
    assert done.returncode == 1
    assert f"line 502, column {2 + len(openid(900)) + 1 + 2}: byte 0xFF is not GB18030" in done.stderr
    assert "--encoding" in done.stderr
    assert "nothing was imported" in done.stderr
    assert "Traceback" not in done.stderr
    path.write_bytes(b"user,openid,note\n" + b"".join(lines))
    assert codesvc(config, "import", path).stdout.startswith("500 bound")


def test_an_encoding_that_is_named_holds(config, tmp_path):  # noqa: F811
    path = tmp_path / "in.csv"
    path.write_bytes(SHEET.encode("gbk"))
    assert codesvc(config, "import", path, "--encoding", "gb18030").returncode == 0
    wrong = codesvc(config, "import", path, "--encoding", "utf-8")
    assert (wrong.returncode, "line 1, column 15: byte 0xB1 is not utf-8" in wrong.stderr) == (1, True)
    for unknown in ("klingon", "rot13", "hex"):
        assert "is no encoding" in codesvc(config, "import", path, "--encoding", unknown).stderr


@pytest.mark.parametrize(
    ("octets", "named", "word"),
    [
        (b"PK\x03\x04rest of a workbook", "", "Excel workbook"),
        (codecs.BOM_UTF16_LE + b"u\0s", "", "UTF-16-LE"),
        (codecs.BOM_UTF16_LE + b"u\0", "gbk", "byte order mark of UTF-16-LE"),
        (codecs.BOM_UTF8 + b"user\xff", "", "line 1, column 5: byte 0xFF"),
    ],
)
def test_what_is_no_text_is_named(octets, named, word):
    with pytest.raises(BadText, match=word):
        of_octets(octets, named)


def test_a_guess_takes_only_what_cannot_be_wrong():
    assert of_octets(b"user,openid\nJos\xe9e,x\n").guessed
    assert "only guessed" in problem(f"user,openid\n张三,{openid(1)}\n", ascii_only=True)
    assert not problem(f"user,openid,备注\nu-1,{openid(1)},张三\n", ascii_only=True)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "heading", ["User{0} OPENID {0}Bound At", "ＵＳＥＲ{0}open_id{0}BOUND-AT", "sep={0}\nuser{0}openid{0}boundAt"]
)
def test_headers_and_separators_of_spreadsheets(separator, heading):
    line = separator.join(("u-1", f"\u200b {openid(1)} ", "2025-05-01T07:01:00+08:00"))
    row = rows(f"{heading.format(separator)}\n{line}\n")[0]
    assert (row.problem, row.user, row.openid, row.since) == ("", "u-1", openid(1), "1746054060000")


def test_line_numbers_count_lines_of_the_file():
    text = f'user,openid,note\n\nu-1,{openid(1)},"one\ntwo\n"\n,,\nu-2,{openid(2)},\n'
    assert [row.number for row in rows(text)] == [3, 7]


def test_quotes_that_do_not_close_are_told(config, tmp_path):  # noqa: F811
    path = tmp_path / "in.csv"
    path.write_text(f'user,openid\nu-1,{openid(1)}\n"u-2,{openid(2)}\nu-3,{openid(3)}\n' + "x" * 200_000)
    done = codesvc(config, "import", path)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "line 3: the quotes do not match" in done.stderr


@pytest.mark.parametrize(
    ("value", "user"), [("1001", "1001"), ("1001.0", "1001"), ("12345678901234567890123", "12345678901234567890123")]
)
def test_numbers_count_as_texts(value, user):
    line = f'{{"User": {value}, "openid": "{openid(1)}", "more": {{"a": [1]}}}}\n'
    assert [(row.user, row.problem) for row in rows(line, "jsonl")] == [(user, "")]


@pytest.mark.parametrize(
    ("time", "zone", "since"),
    [
        ("2025-05-01T07:01:00Z", None, "1746082860000"),
        ("2025-05-01T07:01:00", "+08:00", "1746054060000"),
        ("2025/5/1 7:01", "Asia/Shanghai", "1746054060000"),
        ("2025-05-01", "Asia/Shanghai", "1746028800000"),
    ],
)
def test_times_need_a_zone(time, zone, since):
    from codesvc.cli.bindings import _zone

    text = f"user,openid,bound_at\nu-1,{openid(1)},{time}\n"
    assert rows(text, zone=_zone(zone or ""))[0].since == since
    if zone:
        assert "--timezone" in problem(text)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+08:00", "1746082860", "45778.29", "1/5/2025 7:01", "2025-13-01"])
def test_what_is_no_time_is_refused(time):
    assert 'bound_at "' in problem(f"user,openid,bound_at\nu-1,{openid(1)},{time}\n")


@pytest.mark.parametrize(
    ("user", "wechat", "said"),
    [
        ("", openid(1), "user is missing"),
        ("u-1", "", "openid is missing"),
        ("王*五", openid(1), 'user "王*五" has "*" (U+002A) at place 2'),
        ("a b", openid(1), '" " (U+0020) at place 2'),
        ("u" * 129, openid(1), "has 129 characters; at most 128"),
        ("1.23457E+15", openid(1), "a spreadsheet has shortened"),
        ("u-1", "o!", 'openid "o!" has "!" (U+0021) at place 2'),
        ("u-1", openid(1)[:-1] + "!", f'openid "{masked_id(openid(1)[:-1] + "!")}" has "!"'),
        ("u-1", "o" * 65, "has 65 characters; 6 to 64"),
    ],
)
def test_the_report_says_what_is_wrong_and_shows_it(user, wechat, said):
    found = problem(f"user,openid,note\n{user},{wechat},x\n")
    assert said in found
    assert openid(1)[:-1] not in found
    again = problem(json.dumps({"user": user, "openid": wechat}, ensure_ascii=False) + "\n", "jsonl")
    assert said in again
