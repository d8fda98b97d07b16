"""`codesvc bindings export|import`: as people run it, over a real store."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tracemalloc

import pytest

from codesvc.domain.binding_lines import LONGEST_LINE, BadFile, kind_of, lines_of, read_rows
from codesvc.domain.oidc_person import Subjects
from codesvc.domain.visitor_names import visitor_name
from codesvc.service.bindings_transfer import BATCH
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
    assert json.loads(mark.read_text())[1][0]
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
            [
                *("山间的猫", "Anna K.", "=1+1", "'=1+1", "'quoted", "-5", 'a "b", c', "＝1", "＋2", "'－3"),
                # In some languages a spreadsheet separates a CSV by semicolons.
                *("x;=cmd|' /C calc'!A0", "x|=1+1", "x;'=1+1", "a;b"),
            ]
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
    assert not any(cell[:1] in {*"=+-@|"} for line in text.splitlines() for cell in line.split(";"))
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


def test_the_name_by_which_apps_know_a_person_is_imported_for_their_wechat_account_alone(config, tmp_path):
    key, path = "a subject key that is only for tests, 0123456789abcdef", tmp_path / "in.jsonl"
    name = visitor_name(Subjects(key.encode()).of("shop", openid(1)))
    rows = [{"user": name, "openid": openid(1)}, {"user": name, "openid": openid(2)}]
    rows += [{"user": name.upper(), "openid": openid(1)}, {"user": name + "@x", "openid": openid(3)}]
    config.write_text(config.read_text() + f'oidc = {{}}\n[oidc]\nsubject_key = "{key}"\n')
    write_lines(path, rows)
    for arguments, taken in ((["--dry-run"], "1 would be bound"), ([], "1 bound")):
        done = codesvc(config, "import", path, *arguments)
        assert (done.returncode, done.stdout.split(",")[0]) == (3, taken), done.stderr
    report = [json.loads(line) for line in (tmp_path / "in.jsonl.conflicts.jsonl").read_text().splitlines()]
    assert [(line["line"], "apps know" in line["why"]) for line in report] == [(2, True), (3, True), (4, True)]
    out = tmp_path / "out.jsonl"
    codesvc(config, "export", out)
    assert codesvc(config, "import", out).stdout.startswith("0 bound, 1 as before")


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


MANY = 6_000
CAFE = """
[sites.cafe]
name = "Cafe"
account = "main"
keys = [{{ name = "a", hash = "sha256:{hash}", scopes = ["verify"] }}]
"""


@pytest.fixture
def interrupted(config, tmp_path):
    """A file of 6,000 lines whose import for `shop` was killed on its way."""
    with config.open("a") as file:
        file.write(CAFE.format(hash="1" * 64))
    path, mark = tmp_path / "in.jsonl", tmp_path / "in.jsonl.done"
    write_lines(path, [{"user": f"u-{n}", "openid": openid(n)} for n in range(MANY)])
    command = [sys.executable, "-m", "codesvc.cli", "bindings", "import", str(path), "--config", str(config)]
    with subprocess.Popen([*command, "--site", "shop"], stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: mark.exists() or killed.poll() is not None, seconds=60, every=0.001)
        killed.kill()
    assert mark.exists()
    return path


def taken(done):
    """How many lines were bound, were so before, and were done before."""
    return [int(each) for each in re.findall(r"(\d+) (?:bound|as before|done before)", done.stdout)]


def test_an_interrupted_import_goes_on_where_it_was(config, interrupted):
    bound, same, before = taken(codesvc(config, "import", interrupted))
    assert bound + same + before == MANY
    assert before > 0
    assert same <= BATCH
    assert not interrupted.with_name("in.jsonl.done").exists()
    assert taken(codesvc(config, "import", interrupted)) == [0, MANY, 0]


def test_the_note_of_an_interrupted_import_counts_for_its_site_and_its_file_alone(config, interrupted):
    words = ["bindings", "import", interrupted, "--config", config, "--site", "cafe"]
    assert codesvc_blocking(*words)[1].startswith(f"{MANY} bound")
    # The note for `shop` is gone with that; a file of the same size is begun anew, too.
    mark = interrupted.with_name("in.jsonl.done")
    place = "binding:shop:"
    mark.write_text(json.dumps([[place, hashlib.sha256(b"another file").hexdigest()], [600]]))
    assert taken(codesvc(config, "import", interrupted))[2] == 0


@pytest.mark.parametrize("note", ["", "junk", "{}", '[["x"],[1]]', '[[],["a"]]', "[" * 100_000])
def test_a_note_that_is_none_is_passed_over(config, tmp_path, note):
    write_lines(tmp_path / "in.jsonl", [{"user": "alice", "openid": openid(1)}])
    (tmp_path / "in.jsonl.done").write_text(note)
    assert codesvc(config, "import", tmp_path / "in.jsonl").stdout.startswith("1 bound")
    (tmp_path / "out.csv.part").touch()
    (tmp_path / "out.csv.part.mark").write_text(note)
    assert codesvc(config, "export", tmp_path / "out.csv").returncode == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


def test_an_export_does_not_go_on_with_that_of_another_site(config, tmp_path, valkey):
    with config.open("a") as file:
        file.write(CAFE.format(hash="1" * 64))
    write_lines(tmp_path / "in.jsonl", [{"user": f"u-{n}", "openid": openid(n)} for n in range(10)])
    assert codesvc_blocking("bindings", "import", tmp_path / "in.jsonl", "--config", config, "--site", "cafe")[0] == 0
    out, line = tmp_path / "out.jsonl", '{"user": "of-shop"}\n'
    (tmp_path / "out.jsonl.part").write_text(line)
    walk = [
        valkey.info("server")["run_id"],
        next(iter(valkey.keys("*:binding:cafe:u-1"))).decode().replace("cafe:u-1", "shop:"),
    ]
    (tmp_path / "out.jsonl.part.mark").write_text(json.dumps([walk, [1, 1, len(line)]]))
    assert codesvc_blocking("bindings", "export", out, "--config", config, "--site", "cafe")[0] == 0
    assert {json.loads(line)["user"] for line in out.read_text().splitlines()} == {f"u-{n}" for n in range(10)}


@pytest.mark.parametrize(("age", "goes_on"), [(60, True), (400, False), (-60, False)])
def test_an_export_goes_on_for_five_minutes(config, tmp_path, valkey, age, goes_on):
    """Later, bindings that were removed and people who were erased would be in the file as if they were there."""
    write_lines(tmp_path / "in.jsonl", [{"user": "u-1", "openid": openid(1)}])
    assert codesvc(config, "import", tmp_path / "in.jsonl").returncode == 0
    line, mark = '{"user": "removed"}\n', tmp_path / "out.jsonl.part.mark"
    (tmp_path / "out.jsonl.part").write_text(line)
    walk = [valkey.info("server")["run_id"], next(iter(valkey.keys("*:binding:shop:u-1"))).decode().removesuffix("u-1")]
    mark.write_text(json.dumps([walk, [1, 1, len(line)]]))
    os.utime(mark, (then := time.time() - age, then))
    assert codesvc(config, "export", tmp_path / "out.jsonl").returncode == 0
    assert ("removed" in (tmp_path / "out.jsonl").read_text()) is goes_on


def test_links_and_other_users_files_in_a_shared_directory_are_left_alone(config, tmp_path):
    path, victim = tmp_path / "in.jsonl", tmp_path / "victim.conf"
    write_lines(path, [{"user": "alice", "openid": openid(1)}])
    victim.write_text("precious")
    for name in ("in.jsonl.new", "in.jsonl.done.new", "out.csv.part.new", "out.csv.part.mark.new"):
        (tmp_path / name).symlink_to(victim)
    assert codesvc(config, "import", path).returncode == 0
    assert codesvc(config, "export", tmp_path / "out.csv").returncode == 0
    (tmp_path / "hard.csv.part").hardlink_to(victim)
    done = codesvc(config, "export", tmp_path / "hard.csv")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "has a second name (a hard link)" in done.stderr
    assert victim.read_text() == "precious"
    if os.geteuid() == 0:
        (tmp_path / "theirs.csv.part").touch()
        os.chown(tmp_path / "theirs.csv.part", 65534, 65534)
        assert codesvc(config, "export", tmp_path / "theirs.csv").returncode == 1
        assert not (tmp_path / "theirs.csv").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("laid", ["theirs", "link", "second name", "written by others"])
def test_a_note_that_another_user_has_laid_is_not_believed(config, tmp_path, valkey, laid):
    """Whoever can read the file can work the note out: the import skipped lines, and people were not bound."""
    path, other = tmp_path / "in.jsonl", tmp_path / "other"
    write_lines(path, [{"user": "alice", "openid": openid(1)}])
    assert codesvc(config, "import", path).returncode == 0
    walk = next(iter(valkey.keys("*:binding:shop:alice"))).decode().removesuffix("alice")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    run_id = valkey.info("server")["run_id"]
    (tmp_path / "out.csv.part").touch()
    for name, note in (("in.jsonl.done", [[walk, digest], [9]]), ("out.csv.part.mark", [[run_id, walk], [9, 9, 0]])):
        mark = tmp_path / name
        match laid:
            case "link":
                other.write_text(json.dumps(note))
                mark.symlink_to(other)
            case "second name":
                mark.write_text(json.dumps(note))
                (tmp_path / f"second-{name}").hardlink_to(mark)
            case _:
                mark.write_text(json.dumps(note))
                mark.chmod(0o666 if laid == "written by others" else 0o600)
                os.chown(mark, *((65534, 65534) if laid == "theirs" else (0, 0)))
    for done in (codesvc(config, "import", path), codesvc(config, "export", tmp_path / "out.csv")):
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stdout
        assert ("symbolic link" if laid == "link" else "remove it") in done.stderr
    for name in ("in.jsonl.done", "out.csv.part.mark"):
        (tmp_path / name).unlink()
    assert codesvc(config, "import", path).returncode == 0
    assert codesvc(config, "export", tmp_path / "out.csv").returncode == 0


def test_a_note_that_is_a_pipe_or_without_an_end_is_not_waited_for(config, tmp_path):
    path, mark = tmp_path / "in.jsonl", tmp_path / "in.jsonl.done"
    write_lines(path, [{"user": "alice", "openid": openid(1)}])
    mark.write_text("[" * 10_000_000)
    assert codesvc(config, "import", path).stdout.startswith("1 bound")
    os.mkfifo(mark)
    assert codesvc(config, "import", path).returncode == 1


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
