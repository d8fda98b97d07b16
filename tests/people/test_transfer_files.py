"""`codesvc bindings import` of files as spreadsheets and other programs write them."""

import codecs
import csv
import encodings.aliases
import io
import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesvc.domain.binding_lines import BadFile, Reading, read_rows, writer
from codesvc.domain.binding_values import masked_id
from codesvc.domain.display_name import UnfitName, check_display
from codesvc.domain.text_encoding import BadText, encoding_of
from tests.people.test_transfer import codesvc, config, openid  # noqa: F401  config is a fixture

NO_ALIASES = {"idna", "utf-8-sig", "undefined", "unicode_escape", "raw_unicode_escape", "punycode"}
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


def wide(text):
    """In full-width characters, where there are some."""
    return "".join(chr(ord(each) + 0xFEE0) if each.isalnum() else each for each in text)


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
    assert f"line 502, column {2 + len(openid(900)) + 1 + 2}: byte 0xFF is not valid GB18030" in done.stderr
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
    assert (wrong.returncode, "line 1, column 15: byte 0xB1 is not valid utf-8" in wrong.stderr) == (1, True)
    assert "is not an encoding" in codesvc(config, "import", path, "--encoding", "klingon").stderr


@pytest.mark.parametrize("unknown", ["klingon", "rot13", "hex", "idna", "punycode", "unicode_escape", "undefined"])
def test_what_is_no_encoding_of_files_cannot_be_named(unknown):
    with pytest.raises(BadText, match="is not an encoding"):
        of_octets(SHEET.encode(), unknown)


@pytest.mark.parametrize(
    ("octets", "named", "word"),
    [
        (b"PK\x03\x04rest of a workbook", "", "Excel workbook"),
        (codecs.BOM_UTF16_LE + b"u\0s", "", "UTF-16-LE"),
        (codecs.BOM_UTF16_LE + b"u\0", "gbk", "byte order mark of UTF-16-LE"),
        (codecs.BOM_UTF8 + b"user\xff", "", "line 1, column 5: byte 0xFF"),
        (b"user,openid\nu+2AA-,x\n", "utf-7", "line 2, column 2: an incomplete character"),
        (b"user,openid\nu+2AA-", "utf-7", "line 2, column 2: an incomplete character"),
    ],
)
def test_what_is_no_text_is_named(octets, named, word):
    with pytest.raises(BadText, match=word):
        of_octets(octets, named)


@pytest.mark.parametrize("name", sorted(set(encodings.aliases.aliases.values()) | NO_ALIASES))
def test_any_codec_of_this_python_reads_a_file_or_is_refused(name):
    for octets in (SHEET.encode(), bytes(range(256)), b"\xff" * 5, b"\0", b"u+2AA-"):
        try:
            found = of_octets(octets, name)
        except BadText:
            continue
        assert octets.decode(found.name).encode(), "what was accepted can be written"


def test_a_guess_takes_only_what_cannot_be_wrong():
    assert of_octets(b"user,openid\nJos\xe9e,x\n").guessed
    assert "only a guess" in problem(f"user,openid\n张三,{openid(1)}\n", ascii_only=True)
    assert not problem(f"user,openid,备注\nu-1,{openid(1)},张三\n", ascii_only=True)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "heading", ["User{0} OPENID {0}Bound At", "ＵＳＥＲ{0}open_id{0}BOUND-AT", "sep={0}\nuser{0}openid{0}boundAt"]
)
def test_headers_and_separators_of_spreadsheets(separator, heading):
    line = separator.join(("u-1", f"\u200b {openid(1)} ", "2025-05-01T07:01:00+08:00"))
    row = rows(f"{heading.format(separator)}\n{line}\n")[0]
    assert (row.problem, row.user, row.openid, row.since) == ("", "u-1", openid(1), "1746054060000")


@pytest.mark.parametrize(
    "heading",
    [
        "用户,微信OpenID,绑定时间",
        "UserID,WeChat OpenID,bound time",
        "user_id,open-id,bound_at",
        "用户ID,openid,boundAt",
    ],
)
def test_headings_of_other_systems_count(heading):
    row = rows(f"{heading}\nu-1,{openid(1)},2025-05-01T07:01:00+08:00\n")[0]
    assert (row.problem, row.user, row.openid, row.since) == ("", "u-1", openid(1), "1746054060000")


def test_the_own_name_of_a_column_goes_before_another():
    row = rows(f"userid,user,用户名,openid\n17,u-1,张三,{openid(1)}\n")[0]
    assert (row.problem, row.user) == ("", "u-1")
    with pytest.raises(BadFile, match="has the column user twice"):
        rows(f"userid,用户名,openid\n17,张三,{openid(1)}\n")


@pytest.mark.parametrize("cell", ['="00123"', '"=""00123"""', "'00123", '"""00123"""'])
def test_ids_that_were_kept_from_becoming_numbers_are_read(cell):
    row = rows(f"user,openid\n{cell},={openid(1)}\n".replace(f"={openid(1)}", f'"=""{openid(1)}"""'))[0]
    assert (row.problem, row.user, row.openid) == ("", "00123", openid(1))


def test_a_value_that_is_too_long_is_not_blamed_on_quotes_alone():
    with pytest.raises(BadFile, match=r"line 2: the quotes do not match, or it has more than 65,536 characters"):
        rows(f"user,openid,note\nu-1,{openid(1)},{'x' * 140_000}\n")


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
        ("2025年5月1日", "Asia/Shanghai", "1746028800000"),
        ("2025年05月01日 7:01", "Asia/Shanghai", "1746054060000"),
        ("2025年5月1日7时01分", "Asia/Shanghai", "1746054060000"),
        ("2025/5/1 上午 7:01", "Asia/Shanghai", "1746054060000"),
        ("2025/5/1 下午7:01:00", "Asia/Shanghai", "1746097260000"),
        ("2025/5/1 7:01:00 AM", "Asia/Shanghai", "1746054060000"),
        ("2025/5/1 12:01 AM", "Asia/Shanghai", "1746028860000"),
        ("2025/5/1 7:01:00.5", "Asia/Shanghai", "1746054060000"),
        ("45778.2923611111", "Asia/Shanghai", "1746054060000"),
        ("45778", "+08:00", "1746028800000"),
    ],
)
def test_times_need_a_zone(time, zone, since):
    from codesvc.cli.bindings import _zone

    text = f"user,openid,bound_at\nu-1,{openid(1)},{time}\n"
    assert rows(text, zone=_zone(zone or ""))[0].since == since
    if zone:
        assert "--timezone" in problem(text)


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01T00:00:00+08:00",
        "1746082860",
        "4577.29",
        "1e5",
        "99999999.5",
        "1/5/2025 7:01",
        "2025-13-01",
        "2025/5/1 13:01 PM",
    ],
)
def test_what_is_no_time_is_refused(time):
    assert 'bound_at "' in problem(f"user,openid,bound_at\nu-1,{openid(1)},{time}\n")


@pytest.mark.parametrize(
    ("user", "wechat", "said"),
    [
        ("", openid(1), "user is missing"),
        ("u-1", "", "openid is missing"),
        ("王*五", openid(1), 'user "王*五" has "*" (U+002A) at position 2'),
        ("a b", openid(1), '" " (U+0020) at position 2'),
        ("u" * 129, openid(1), "has 129 characters; at most 128"),
        ("1.23457E+15", openid(1), "a spreadsheet has rounded"),
        ("u-1", "o!", 'openid "o!" has "!" (U+0021) at position 2'),
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


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (f"u-1,{openid(1)},x\n", "csv", "must name the columns user and openid"),
        (f"u-1\t{openid(1)}\tx\n", "csv", "must name the columns user and openid"),
        (f'{{"user": "u-1", "openid": ["{openid(1)}"]}}\n', "jsonl", "openid is a list, but must be a string"),
        (
            f'{{"user": "u-1", "openid": {{"id": "{openid(1)}"}}}}\n',
            "jsonl",
            "openid is an object, but must be a string",
        ),
        (f'{{"user": ["{openid(1)}"], "openid": "x"}}\n', "jsonl", "user is a list, but must be a string"),
        ('{"user": 1e5, "openid": "x"}\n', "jsonl", "user is 1e5, but must be a string"),
        (f"user,openid,bound_at\nu-1,{openid(2)},2{openid(1)}\n", "csv", "is not a time such as"),
        (f"user,openid,bound_at\nu-1,{openid(2)},'{openid(1)}'\n", "csv", "is not a time such as"),
        (f"user,openid,bound_at\nu-1,{openid(2)},2025-05-01 {openid(1)}\n", "csv", "is not a time such as"),
        (f"user,openid,bound_at\n{openid(1)},u-1,\n", "csv", 'openid "u-1" has 3 characters'),
        (f"user,openid\nu-1 {openid(1)},{openid(2)}\n", "csv", '" " (U+0020) at position 4'),
        (f"user,openid\nu*{openid(1)}*u,{openid(2)}\n", "csv", '"*" (U+002A) at position 2'),
        (f"user,openid,unionid\nu-1,{openid(2)},x/{openid(1)}\n", "csv", 'has "/" (U+002F) at position 2'),
        (f"2{openid(1)},u-1\n", "csv", "must name the columns user and openid"),
        (f"u-1,{wide(openid(1))}\n", "csv", "must name the columns user and openid"),
        (f"u-1,{openid(1)[:9]}\u200b{openid(1)[9:]}\n", "csv", "must name the columns user and openid"),
    ],
)
def test_openids_are_masked_wherever_a_fault_shows_the_file(text, kind, said):
    try:
        found = problem(text, kind)
    except BadFile as error:
        found = str(error)
    assert said in found
    assert openid(1) not in unicodedata.normalize("NFKC", found).replace("\u200b", "").replace("\\u200b", "")


def test_a_report_masks_openids_that_stand_among_the_users(config, tmp_path):  # noqa: F811
    """Columns that were mixed up, and users that are openids of another account."""
    given = tmp_path / "list.csv"
    given.write_text(f"user,openid\n{openid(1)},u-1\nu-{openid(2)},{openid(3)}\nu-4,{openid(3)}\n", encoding="utf-8")
    status = codesvc(config, "import", given).returncode
    told = (tmp_path / "list.csv.conflicts.jsonl").read_text(encoding="utf-8")
    assert status == 3
    assert [json.loads(line)["line"] for line in told.splitlines()] == [2, 4]
    assert not any(openid(number) in told for number in (1, 2, 3))


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-12:00", "9999-12-31 23:59", "2027-01-03T00:00:00Z", "2062-05-01"]
)
def test_a_time_to_come_is_refused(time):
    """Nothing was bound later than now; a year of five digits could not even be read back."""
    latest = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
    found = problem(f"user,openid,bound_at\nu-1,{openid(1)},{time}\n", zone=UTC, latest=latest)
    assert found == f'bound_at "{time}" is in the future'
    assert rows(f"user,openid,bound_at\nu-1,{openid(1)},2027-01-01T20:00:00Z\n", latest=latest)[0].problem == ""


def test_an_import_knows_what_time_it_is(config, tmp_path):  # noqa: F811
    given = tmp_path / "list.jsonl"
    given.write_text(json.dumps({"user": "u-1", "openid": openid(1), "bound_at": "9999-12-31T00:00:00Z"}), "utf-8")
    assert codesvc(config, "import", given).returncode == 3
    assert "is in the future" in (tmp_path / "list.jsonl.conflicts.jsonl").read_text(encoding="utf-8")


SIGNS = "=+-@＝＋－＠﹢"
_names = st.text(st.sampled_from("ab1 ;|,\"'" + SIGNS), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(_names, min_size=1, max_size=4))
@example(['a;"=1+1;b'])
@example(["Ann;\"=cmd|' /C calc'!A0;x"])
@example(["a; =1+1", 'b|"" +1', "c;'=1", "d;\"'=1"])
def test_no_reader_of_an_exported_csv_finds_a_formula_and_names_come_back(names):
    """Spreadsheets of other languages separate by semicolons, tabs or bars."""
    names = [name for name in names if is_name(name)]
    file = io.StringIO(newline="")
    write = writer(file, "csv")
    for number, name in enumerate(names):
        write(f"u-{number}", openid(number), None, None, name)
    text = file.getvalue()
    for separator in ",;|\t":
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert not [cell for cell in cells if cell.lstrip('" \t\r\n')[:1] in {*SIGNS}], (separator, cells)
    assert [row.display for row in read_rows(io.StringIO(text, newline=""), "csv")] == names


def is_name(text):
    try:
        check_display(text)
    except UnfitName:
        return False
    return True
