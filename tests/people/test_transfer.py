"""`codesvc bindings export|import`: as people run it, over a real store."""

import json
import re
import subprocess
import sys
import tracemalloc

import pytest

from codesvc.domain.binding_lines import LONGEST_LINE, BadFile, kind_of, lines_of, read_rows
from tests.command_line import codesvc_blocking
from tests.stores import wait_until
from tests.world import MASTER

CONFIG = """
mode = "test"
[service]
public_url = "http://127.0.0.1:1"
[store]
url = "{store}"
[secrets]
master_key = "{master}"
[accounts.main]
appid = "wx0123456789abcdef"
name = "茶铺"
secret = "0123456789abcdef"
token = "token123"
callback = "plaintext"
api_url = "http://127.0.0.1:2"
open_url = "http://127.0.0.1:2"
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "a", hash = "sha256:{hash}", scopes = ["verify"] }}]
"""


@pytest.fixture
def config(store_url, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(store=store_url, master=MASTER, hash="0" * 64))
    path.chmod(0o600)
    return path


def codesvc(config, *arguments):
    words = ["bindings", *arguments, "--config", config, "--site", "shop"]
    return subprocess.CompletedProcess(words, *codesvc_blocking(*words))


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def openid(number):
    return f"oABCDEFGHIJKLMNOPQRS{number:08}"


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_an_export_that_was_killed_goes_on_where_it_was(config, tmp_path, ending):
    count = 30_000
    write_lines(tmp_path / "in.jsonl", [{"user": f"u-{n}", "openid": openid(n)} for n in range(count)])
    assert codesvc(config, "import", tmp_path / "in.jsonl").returncode == 0
    out, mark = tmp_path / f"out.{ending}", tmp_path / f"out.{ending}.part.mark"
    command = [sys.executable, "-m", "codesvc.cli", "bindings", "export", str(out), "--config", str(config)]
    with subprocess.Popen([*command, "--site", "shop"], stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: mark.exists() or killed.poll() is not None, seconds=60, every=0.001)
        killed.kill()
    assert not out.exists()
    place = int(mark.read_text().split()[1])
    assert place
    assert codesvc(config, "export", out).returncode == 0
    lines = out.read_text().splitlines()
    users = {line.split(",")[0] if ending == "csv" else json.loads(line)["user"] for line in lines}
    assert users - {"user"} == {f"u-{n}" for n in range(count)}
    assert lines.count(lines[0]) == 1
    assert sorted(path.name for path in tmp_path.glob("out*")) == [out.name]


def test_out_and_in_again_by_either_format(config, tmp_path, valkey):
    rows = [{"user": f"u-{n}", "openid": openid(n), "bound_at": "2024-05-01T07:01:00Z"} for n in range(500)]
    rows[7]["unionid"] = "unionid-7"
    names = {
        f"u-{n}": name
        for n, name in enumerate(
            ["山间的猫", "Anna K.", "=1+1", "'=1+1", "'quoted", "-5", 'a "b", c', "＝1", "＋2", "'－3"]
        )
    }
    for row in rows[: len(names)]:
        row["display"] = names[row["user"]]
    write_lines(tmp_path / "in.jsonl", rows)
    done = codesvc(config, "import", tmp_path / "in.jsonl")
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "500 bound"), done.stderr
    assert "500 lines" in done.stderr
    assert codesvc(config, "import", tmp_path / "in.jsonl").stdout.startswith("0 bound, 500 as before")

    out = tmp_path / "out.csv"
    done = codesvc(config, "export", out)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o077 == 0
    text = out.read_text()
    assert text.splitlines()[0] == "user,openid,unionid,bound_at,display"
    assert f"u-7,{openid(7)},unionid-7,2024-05-01T07:01:00.000Z" in text
    # A spreadsheet takes what begins like this for a formula, and people choose their names.
    assert not re.search(r',"?[=+\-@＝＋－＠﹢][^,]*$', text, re.MULTILINE)
    assert len(text.splitlines()) == 501

    valkey.flushall()
    assert codesvc(config, "import", out).stdout.startswith("500 bound")
    again = tmp_path / "again.jsonl"
    codesvc(config, "export", again)
    found = {row["user"]: row for row in map(json.loads, again.read_text().splitlines())}
    assert {user: row["openid"] for user, row in found.items()} == {row["user"]: row["openid"] for row in rows}
    assert found["u-7"]["unionid"] == "unionid-7"
    assert {user: row["display"] for user, row in found.items() if row["display"]} == names
    # A file without names takes none away, and one with other names renames.
    write_lines(tmp_path / "renamed.jsonl", [{**rows[0], "display": None}, {**rows[1], "display": "Anna L."}])
    assert codesvc(config, "import", tmp_path / "renamed.jsonl").stdout.startswith("0 bound, 2 as before")
    codesvc(config, "export", again)
    found = {row["user"]: row for row in map(json.loads, again.read_text().splitlines())}
    assert (found["u-0"]["display"], found["u-1"]["display"]) == ("山间的猫", "Anna L.")


def test_conflicts_and_faults_are_reported_and_nothing_is_moved(config, tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    write_lines(first, [{"user": "alice", "openid": openid(1)}, {"user": "bob", "openid": openid(2)}])
    codesvc(config, "import", first)
    write_lines(
        second,
        [
            {"user": "alice", "openid": openid(3)},
            {"user": "carol", "openid": openid(2)},
            {"user": "-", "openid": openid(4)},
            {"user": "dave", "openid": "?"},
            {"user": "erin", "openid": openid(5), "bound_at": "yesterday"},
            {"user": "frank", "openid": openid(6)},
            {"user": "grace", "openid": openid(7), "display": "see http://evil.example"},
            {"user": "heidi", "openid": openid(8), "display": "ab\u202ecd"},
        ],
    )
    with second.open("a") as file:
        file.write("not json\n")
    dry = codesvc(config, "import", second, "--dry-run")
    assert (dry.returncode, dry.stdout.split(",")[0]) == (3, "1 would be bound")
    wet = codesvc(config, "import", second)
    assert (wet.returncode, wet.stdout.split(",")[0]) == (3, "1 bound")
    report = [json.loads(line) for line in (tmp_path / "second.jsonl.conflicts.jsonl").read_text().splitlines()]
    assert sorted((line["line"], line["why"]) for line in report) == [
        (1, "the user has another WeChat account"),
        (2, "the WeChat account has another user"),
        (3, 'user "-" must begin with a letter or a digit'),
        (4, 'openid "?" has "?" (U+003F) at position 1; allowed are A-Z, a-z, 0-9, - and _'),
        (5, 'bound_at "yesterday" is not a time such as 2025-05-01T07:01:00+08:00'),
        (7, "display must not look like a link or an address; a space after each dot helps"),
        (8, "display has the invisible or unassigned character U+202E"),
        (9, "is not a JSON object; each line must be a complete object, without a list around them"),
    ]
    assert "oABC" not in (tmp_path / "second.jsonl.conflicts.jsonl").read_text()
    # User ids are often numbers or addresses of people.
    assert (tmp_path / "second.jsonl.conflicts.jsonl").stat().st_mode & 0o077 == 0


def test_what_holds_users_is_its_owners_alone_also_where_a_file_was_there_before(config, tmp_path):
    write_lines(tmp_path / "in.jsonl", [{"user": "alice", "openid": openid(1)}, {"user": "-", "openid": openid(2)}])
    report = tmp_path / "in.jsonl.conflicts.jsonl"
    for planted in (report, tmp_path / "out.csv.part"):
        planted.touch()
        planted.chmod(0o666)
    assert codesvc(config, "import", tmp_path / "in.jsonl").returncode == 3
    assert codesvc(config, "export", tmp_path / "out.csv").returncode == 0
    for made in (report, tmp_path / "out.csv"):
        assert made.stat().st_mode & 0o077 == 0
        assert "alice" in made.read_text() or made == report
    # A link is not followed, to whatever file it leads.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("as it was")
    report.unlink()
    for link in (report, tmp_path / "out.csv.part"):
        link.symlink_to(elsewhere)
    for done in (codesvc(config, "import", tmp_path / "in.jsonl"), codesvc(config, "export", tmp_path / "out.csv")):
        assert done.returncode not in {0, 3}
        assert "Traceback" not in done.stderr
    assert elsewhere.read_text() == "as it was"


def test_an_interrupted_import_goes_on_where_it_was(config, tmp_path):
    path = tmp_path / "in.jsonl"
    write_lines(path, [{"user": f"u-{n}", "openid": openid(n)} for n in range(1000)])
    mark = tmp_path / "in.jsonl.done"
    mark.write_text(f"{path.stat().st_size} 600")
    done = codesvc(config, "import", path)
    assert done.stdout.startswith("400 bound, 0 as before")
    assert "600 done before" in done.stdout
    assert not mark.exists()
    mark.write_text("1 600")
    assert "0 done before" in codesvc(config, "import", path).stdout


def test_what_cannot_be_done_is_said(config, tmp_path):
    for arguments, word in (
        (("import", tmp_path / "in.txt"), ".jsonl or .csv"),
        (("import", tmp_path / "none.csv"), "none.csv"),
        (("export", tmp_path / "no" / "where.csv"), "where.csv"),
    ):
        done = codesvc(config, *arguments)
        assert done.returncode == 1
        assert word in done.stderr
    (tmp_path / "bad.csv").write_text("name,openid\na,b\n")
    assert "columns user and openid" in codesvc(config, "import", tmp_path / "bad.csv").stderr


def test_reading_many_lines_takes_no_memory(tmp_path):
    path = tmp_path / "many.csv"
    with path.open("w") as file:
        file.write("user,openid\n")
        file.writelines(f"u-{n},{openid(n)}\n" for n in range(200_000))
    tracemalloc.start()
    with path.open(newline="") as file:
        count = sum(not row.problem for row in read_rows(file, "csv"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 500_000


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("long.jsonl", '{"user": "', "a"),
        ("long.csv", "user,openid\nu,", "a"),
        ("field.csv", 'user,openid\nu,"', "a\n"),
        ("row.csv", 'user,openid\nu,"', 'a\n","'),
        ("heading.csv", "user,openid,", "a"),
    ],
)
def test_a_line_without_end_takes_no_memory_and_is_refused(config, tmp_path, name, head, part):
    """One line of 50 MB took 673 MB and 22 s."""
    path = tmp_path / name
    with path.open("w") as file:
        file.write(head)
        file.writelines(part * 10_000 for _ in range(20_000_000 // len(part) // 10_000))
    tracemalloc.start()
    with path.open(newline="") as file, pytest.raises(BadFile, match=r"line [12]: .*more than 65,536 characters"):
        list(read_rows(lines_of(file), kind_of(path)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000
    done = codesvc(config, "import", path)
    assert done.returncode == 1
    assert re.search(rf"{name}: line [12]: .*more than 65,536 characters; nothing was imported", done.stderr)


def test_a_line_of_the_greatest_length_is_read(tmp_path):
    for kind, line in (
        ("jsonl", json.dumps({"user": "u", "openid": openid(1), "note": ""})),
        ("csv", f"u,{openid(1)},"),
    ):
        path = tmp_path / f"longest.{kind}"
        room = "n" * (LONGEST_LINE - 1 - len(line))
        text = line.replace('""', f'"{room}"') if kind == "jsonl" else f"user,openid,note\n{line}{room}"
        path.write_text(f"{text}\n{text.splitlines()[-1]}\n")
        with path.open(newline="") as file:
            assert [row.problem for row in read_rows(lines_of(file), kind)] == ["", ""]


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(BadFile):
        kind_of(tmp_path / "x.xlsx")
