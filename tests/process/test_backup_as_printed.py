"""The commands of the backup page and of "Going back", as printed: real gpg, tar and service, on paths of their own.

They run in a namespace in which /etc, /root, /var/lib and /var/backups are directories of the test. `systemctl`, `git`,
pip and `runuser` stand in for those of the machine: they stop and start the service, and note which version is
installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.command_line import program_of
from tests.process.test_first_steps import Shell, fresh_environment
from tests.programs import program_path
from tests.stores import BUNDLED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMESPACE = ("unshare", "--map-root-user", "--net", "--mount", "bash", "-ec")
PLACES = ("etc", "root", "var/lib", "var/backups")
DATED = "2027-01-31T0400"
"""The date that the page gives as an example."""
SYSTEMCTL = """#!/bin/bash
ended() {{  # A process whose parent has ended may remain for a second, without a command line, until init takes notice.
  while read -rd '' _ < "/proc/$1/cmdline"; do sleep 0.05; done 2> /dev/null
}}
case "$*" in
  daemon-reload | enable*) exit ;;
  is-active*)
    if [ -e {place}/pid ]; then echo active; else echo inactive; exit 3; fi
    exit ;;
  "start codesvc-backup.service")
    set -a
    . /etc/default/codesvc-backup
    exec {place}/programs/codesvc-backup ;;
  "start redis-server")
    redis-server /etc/redis/redis.conf > {place}/redis.log 2>&1 &
    echo $! > {place}/redis.pid
    until [ "$(redis-cli ping)" = PONG ]; do sleep 0.1; done
    exit ;;
esac
echo "$1 $(cat {place}/installed)" >> {place}/systemctl.log
if [ "$1" = start ]; then
  codesvc serve --config /etc/codesvc/config.toml > {place}/serve.log 2>&1 &
  echo $! > {place}/pid
  until curl -sfo /dev/null http://127.0.0.1:8080/readyz; do sleep 0.1; done
elif [ -e {place}/pid ]; then
  kill "$(cat {place}/pid)"
  ended "$(cat {place}/pid)"
  rm {place}/pid
fi
if [ "$*" = "stop codesvc.socket codesvc.service redis-server" ]; then
  kill "$(cat {place}/redis.pid)"
  ended "$(cat {place}/redis.pid)"
fi
"""


def blocks(page, heading, language="en"):
    """The blocks of commands under a heading, in the order of the page."""
    text = (DOCS / language / f"{page}.md").read_text(encoding="utf-8")
    section = re.search(rf"^## [^\n]*\{{#{heading}\}}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s{2,}# .*$", "", each, flags=re.MULTILINE).strip() for each in BLOCK.findall(section[1])]


@pytest.mark.parametrize(
    "place",
    [
        ("backup", "what"),
        ("backup", "nightly"),
        ("backup", "restore"),
        ("backup", "own-redis"),
        ("operating", "going-back"),
    ],
)
def test_both_languages_print_the_same_commands(place):
    assert blocks(*place, language="zh") == blocks(*place)


def end_agent(home):
    subprocess.run([program_path("gpgconf", "gnupg"), "--homedir", home, "--kill", "all"], check=False)


@pytest.fixture
def gpg_home():
    """A home of gpg in which it asks nobody for a passphrase. Its agent ends with the test."""
    program_path("gpg", "gnupg")
    home = Path(tempfile.mkdtemp(prefix="gpg-"))  # short: the agent's socket lies in it
    (home / "gpg.conf").write_text(f"batch\npinentry-mode loopback\npassphrase-file {home / 'passphrase'}\n")
    (home / "passphrase").write_text("a passphrase of this test\n")
    yield home
    end_agent(home)
    shutil.rmtree(home, ignore_errors=True)


def machine(tmp_path):
    """The directories that stand for those of a machine; the command that shows them at their places."""
    for each in PLACES:
        (tmp_path / each).mkdir(parents=True)
    for each in ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "localtime"):
        if Path("/etc", each).exists():
            shutil.copy(f"/etc/{each}", tmp_path / "etc" / each)
    mounts = []
    for kept in {Path(each) for each in (sys.base_prefix, sys.prefix, ROOT)}:  # what the service is run from
        if any(kept.is_relative_to(f"/{each}") for each in PLACES):
            (tmp_path / kept.relative_to("/")).mkdir(parents=True)
            mounts.append(f"mount --rbind {kept} {tmp_path / kept.relative_to('/')}")
    mounts += [f"mount --rbind {tmp_path / each} /{each}" for each in PLACES]
    if subprocess.run((*NAMESPACE, "; ".join([*mounts, "true"])), check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: this system gives no process mounts of its own (unshare --mount)")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {
        "systemctl": SYSTEMCTL.format(place=tmp_path),
        "runuser": '#!/bin/bash\nshift 3\nexec "$@"\n',  # the namespace has one user
        "git": f"#!/bin/bash\necho older > {tmp_path}/checked-out\n",
        "pip": f"#!/bin/bash\ncp {tmp_path}/checked-out {tmp_path}/installed\n",
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "installed").write_text("newer\n")
    return [*NAMESPACE, "; ".join([*mounts, "ip link set lo up", "exec bash --noprofile --norc"])]


@pytest.fixture
async def server(tmp_path, gpg_home):
    """A shell on a machine with the paths of an installed service."""
    command = machine(tmp_path)
    programs = tmp_path / "programs"
    env = fresh_environment() | {"PYTHONPATH": str(ROOT), "GNUPGHOME": str(gpg_home), "HOME": "/root"}
    env["PATH"] = f"{programs}:{Path(sys.executable).parent}:{env['PATH']}"
    shell = await Shell.open(*command, directory=tmp_path, env=env)
    # Commands and services are forks; what forks them has to be in the namespace, too.
    await shell.run("coproc FORKS { exec python -m tests.command_host; }")
    program_of((await shell.run('head -n 1 <&"${FORKS[0]}"')).split()[0], programs)
    await shell.run("mkdir /etc/codesvc && cd /etc/codesvc && codesvc init --sandbox && cd -")
    await shell.run("printf '\\n[store]\\ndata_dir = \"/var/lib/codesvc\"\\n' >> /etc/codesvc/config.toml")
    await shell.run("sed -i 's/scopes = \\[/scopes = [\"openids\", /' /etc/codesvc/config.toml")
    await shell.run("systemctl start")
    yield shell
    await shell.run("systemctl stop")
    await shell.close()


async def run(shell, commands):
    """What a person pastes; each line has to succeed."""
    return "".join([await shell.run(line) for each in commands for line in each.splitlines()])


async def bind(shell, number):
    key = "Authorization: Bearer $(cat /etc/codesvc/secrets/api-key-shop)"
    body = f'{{"openid": "o{number:027}"}}'
    await shell.run(
        f'curl -sSfo /dev/null -X PUT http://127.0.0.1:8080/v1/bindings/u{number} -H "{key}" '
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


async def bound(shell, number):
    key = "Authorization: Bearer $(cat /etc/codesvc/secrets/api-key-shop)"
    said = await shell.run(
        f"curl -so /dev/null -w '%{{http_code}}\\n' http://127.0.0.1:8080/v1/bindings/u{number} -H \"{key}\""
    )
    return said.split()[0] == "200"


def taken(commands):
    """The same with the names that the backup has got, as the page has example dates; the namespace has one user."""
    name = re.compile(rf"(\S+/[\w-]+)-{DATED}(\.tar\.gz\.gpg)")
    return [name.sub(r"$(ls \1-*\2)", each).replace("-o codesvc -g codesvc ", "") for each in commands]


def split(commands):
    """The blocks of a restore: those of the configuration, and those of a store that was packed by hand."""
    by_hand = [each for each in commands if "gpgv" not in each]
    return [each for each in by_hand if "config" in each], [each for each in by_hand if "config" not in each]


async def test_a_backup_and_a_restore(server, tmp_path):
    backup = blocks("backup", "what")
    configuration, store = split(taken(blocks("backup", "restore")))
    assert (len(backup), len(configuration), len(store)) == (3, 2, 2)
    await bind(server, 1)
    await run(server, backup)
    kept = [path.name for place in ("var/backups", "root") for path in (tmp_path / place).glob("*.gz*")]
    without_date = {re.sub(r"-\d{4}-\d\d-\d\dT\d{4}", "", name) for name in kept}
    assert (len(kept), without_date) == (2, {"codesvc.tar.gz.gpg", "codesvc-config.tar.gz.gpg"})
    await server.run("systemctl stop && rm -r /etc/codesvc /var/lib/codesvc && mkdir /var/lib/codesvc")
    await run(server, configuration)
    await run(server, store)
    assert await bound(server, 1)
    assert list((tmp_path / "var/backups").glob("*.tar.gz")) == list((tmp_path / "root").glob("*.tar.gz")) == []


def test_a_backup_is_unpacked_with_the_rights_of_the_service():
    """Who has the password, or the server's key, is not thereby root of the machine."""
    lines = [line for each in blocks("backup", "restore") for line in each.splitlines() if "tar -" in line]
    assert len(unpacking := [line for line in lines if " -x" in line]) == 2
    assert [line for line in unpacking if not line.startswith("runuser -u codesvc -- tar ")] == []


async def test_a_restore_takes_nothing_of_a_backup_but_the_services_own_directory(server, tmp_path):
    await server.run("systemctl stop && mkdir -p made/codesvc made/dpkg && touch made/dpkg/postinst made/codesvc/mine")
    for name in ("/root/codesvc-config", "/var/backups/codesvc"):
        await server.run("tar -C made -czf made.tar.gz codesvc dpkg")
        await server.run(f"gpg -c -o {name}-{DATED}.tar.gz.gpg made.tar.gz")
    configuration, store = split(taken(blocks("backup", "restore")))
    commands = [each.replace(" && systemctl start codesvc.socket codesvc.service", "") for each in
                (*configuration, *store)]  # fmt: skip
    await run(server, commands)
    for place in ("etc", "var/lib"):
        assert (tmp_path / place / "codesvc/mine").exists()
        assert not (tmp_path / place / "dpkg").exists()


def packets(message):
    """The two packets of a file of `gpg -c`: the salt of its password, and what is encrypted, of one known length."""
    end = 2 + message[1]
    rest, data, at = message[end:], b"", 1
    while True:
        first = rest[at]
        size, length = {
            first < 192: (1, first),
            192 <= first < 224: (2, (first - 192 << 8) + rest[at + 1] + 192),
            224 <= first < 255: (1, 1 << (first & 31)),
            first == 255: (5, int.from_bytes(rest[at + 1 : at + 5], "big")),
        }[True]
        data += rest[at + size : at + size + length]
        at += size + length
        if not 224 <= first < 255:
            return message[:end], rest[:1] + b"\xff" + len(data).to_bytes(4, "big") + data


class Computer:
    """A directory with a ring of gpg, in which commands are typed that need no service."""

    def __init__(self, directory, home):
        self.directory, self._environment = directory, fresh_environment() | {"GNUPGHOME": str(home)}

    def succeeds(self, command):
        done = subprocess.run(
            (program_path("bash"), "-c", command),
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def does(self, *commands):
        for command in commands:
            assert self.succeeds(command), command


NEW_KEY = "gpg --batch --passphrase '' --quick-gen-key"


@pytest.mark.parametrize("place", ["/root/codesvc-config", "/var/backups/codesvc"])
def test_a_backup_packed_by_hand_is_opened_only_if_its_password_encrypted_it(tmp_path, gpg_home, place):
    """`gpg -d` alone takes what is not encrypted, and asks for no password then."""
    [printed] = [each for each in blocks("backup", "restore") if "gpg -d" in each.replace("--status-fd 3 ", "")
                 and f"{place}-{DATED}" in each]  # fmt: skip
    backup, opened = tmp_path / f"backup-{DATED}.tar.gz.gpg", tmp_path / "opened"
    command = printed.replace(f"{place}-{DATED}.tar.gz.gpg", str(backup)).replace(f"{place}.tar.gz", str(opened))
    machine = Computer(tmp_path, gpg_home)
    (tmp_path / "true").write_bytes(b"true" * 5000)
    (tmp_path / "forged").write_bytes(b"forged")
    (tmp_path / "another-password").write_text("another\n")
    away = Path(tempfile.mkdtemp(prefix="gpg-"))  # has the secret half of a public key that the server has
    try:
        Computer(tmp_path, away).does(f"{NEW_KEY} backup rsa3072 encrypt never", "gpg --export backup > public")
    finally:
        end_agent(away)
        shutil.rmtree(away)
    machine.does(
        "gpg --import public",
        f"{NEW_KEY} signer ed25519 sign never",
        "gpg -c -o by-password true",
        "gpg -c --passphrase-file another-password -o by-another-password forged",
        "gpg --store -o not-encrypted forged",
        "gpg -s -u signer -o signed forged",
        "gpg --trust-model always -r backup -o to-a-public-key -e forged",
        "gpg --store --compress-algo none -o literal forged",
    )
    made = {name: (tmp_path / name).read_bytes() for name in (
        "by-password", "by-another-password", "not-encrypted", "signed", "to-a-public-key", "literal")}  # fmt: skip
    salt, encrypted = packets(made["by-password"])
    middle = len(made["by-password"]) // 2
    flipped = bytes([made["by-password"][middle] ^ 1])
    made |= {
        "damaged": made["by-password"][:middle] + flipped + made["by-password"][middle + 1 :],
        "cut off": made["by-password"][:-30],
        "without integrity": salt + b"\xc9\xff" + (len(encrypted) - 7).to_bytes(4, "big") + encrypted[7:],
        "salt alone": salt + made["literal"],
        "before": made["literal"] + salt + encrypted,
        "between": salt + made["literal"] + encrypted,
        "after": salt + encrypted + made["literal"],
    }
    taken_by_gpg, taken_as_printed = set(), set()
    for name, message in made.items():
        backup.write_bytes(message)
        if machine.succeeds(f"gpg -d {backup}"):
            taken_by_gpg.add(name)
        machine.succeeds(command)
        if opened.exists():
            taken_as_printed.add(name)
            assert opened.read_bytes() == (tmp_path / "true").read_bytes()
            assert opened.stat().st_mode & 0o777 == 0o600
            opened.unlink()
    assert taken_as_printed == {"by-password"}
    assert taken_by_gpg == {"by-password", "not-encrypted", "literal", "signed", "salt alone"}


@pytest.mark.parametrize("binary", ["debian", "valkey"])
async def test_a_backup_of_an_own_server_is_there_after_a_restore_and_a_further_start(server, tmp_path, binary):
    """A server that keeps an append-only file reads nothing else at its start, so a copied dump alone is lost."""
    backup, restore = blocks("backup", "own-redis")
    restore = restore.replace("-o redis -g redis ", "")  # the namespace has one user
    program_path("redis-cli", "redis-tools")
    real = BUNDLED if binary == "valkey" else program_path("redis-server", "redis-server")
    own = tmp_path / "programs" / "redis-server"
    own.write_text(f'#!/bin/bash\nexec {real} "$@"\n')
    own.chmod(0o755)
    settings = ("bind 127.0.0.1", "dir /var/lib/redis", "appendonly yes", "maxmemory-policy noeviction")
    # Before it sends a dump, a server waits five seconds for further replicas.
    settings += ("repl-diskless-sync-delay 0",)
    await server.run("systemctl stop && mkdir /etc/redis /var/lib/redis")
    (tmp_path / "etc/redis/redis.conf").write_text("\n".join(settings) + "\n")
    await server.run("sed -i 's|^data_dir = .*|url = \"redis://127.0.0.1:6379\"|' /etc/codesvc/config.toml")
    stop, start = "systemctl stop codesvc.socket codesvc.service redis-server", "systemctl start"
    await server.run(f"{start} redis-server && {start}")
    await bind(server, 1)
    await run(server, [backup])
    await bind(server, 2)
    await run(server, [restore])
    assert [await bound(server, number) for number in (1, 2)] == [True, False]
    await bind(server, 3)
    await server.run(f"{stop} && {start} redis-server && {start}")
    assert [await bound(server, number) for number in (1, 3)] == [True, True]
    # A dump in the place of the append-only file, without the steps of the page.
    await server.run(f"{stop} && rm -r /var/lib/redis/appendonlydir && {start} redis-server && {start}")
    assert not await bound(server, 1)
    await server.run(stop)


@pytest.fixture
async def nightly(server, gpg_home, tmp_path):
    """The owner's computer, once the server has made a nightly backup with a key that needs no password."""
    program_path("scp", "openssh-client")
    program_path("gpgv", "gpgv")
    own, installing, crontab = blocks("backup", "nightly")
    owner, root = gpg_home / "owner", gpg_home / "root"
    for each in (owner, root):
        each.mkdir(mode=0o700)
    (owner / "gpg.conf").write_text(f"batch\npinentry-mode loopback\npassphrase-file {gpg_home / 'passphrase'}\n")
    (copies := tmp_path / "home/backup/codesvc").mkdir(parents=True)
    (tmp_path / "computer").mkdir()
    computer = Computer(tmp_path / "computer", owner)
    installing = installing.replace("/usr/local/sbin/", f"{tmp_path / 'programs'}/").replace("ops/", f"{ROOT}/ops/")
    await bind(server, 1)
    try:
        computer.does(*own.splitlines())
        shutil.copy(computer.directory / "backup-key.asc", tmp_path)
        await server.run(f"export GNUPGHOME={root} && mkdir -p /etc/default /etc/systemd/system")
        await server.run(f"touch -d '32 days ago' {copies}/codesvc-old.gpg{{,.sig}}")
        await server.run("touch -d '32 days ago' /var/backups/codesvc-old.tar.gz.gpg{,.sig}")
        await run(server, [installing.replace("COPY_TO=", f"COPY_TO={copies}/")])
        await server.run(crontab.partition("* * * ")[2].replace("/home/", f"{tmp_path}/home/"))
        for each in (tmp_path / "root/codesvc-server.gpg", *(tmp_path / "var/backups").iterdir()):
            shutil.copy(each, computer.directory)
        yield computer
    finally:
        end_agent(owner)
        end_agent(root)


def opening(name):
    """The commands that open a nightly backup, with its name."""
    [printed] = [each for each in blocks("backup", "restore") if "gpgv" in each]
    assert printed.count(DATED) == 1
    return printed.replace(f"codesvc-{DATED}.tar.gz.gpg", name)


async def test_a_nightly_backup_holds_the_data_and_no_key(server, nightly, tmp_path):
    """It is encrypted to a key whose secret half is elsewhere; older ones go, here and where it is copied to."""
    backups, copies = (tmp_path / each for each in ("var/backups", "home/backup/codesvc"))
    made = {each.name: each.read_bytes() for each in backups.iterdir()}
    [name] = [each for each in made if each.endswith(".gpg")]
    assert made.keys() == {name, f"{name}.sig"}
    assert {each.name: each.read_bytes() for each in copies.iterdir()} == made
    assert {each.stat().st_mode & 0o777 for each in backups.iterdir()} == {0o600}
    assert await bound(server, 1)
    await server.run("! gpg -d /var/backups/codesvc-*.gpg")
    nightly.does(opening(name))
    shutil.copy(nightly.directory / "codesvc.tar.gz", backups)
    _, [_, restoring] = split(taken(blocks("backup", "restore")))
    await server.run("systemctl stop && rm -r /var/lib/codesvc && mkdir /var/lib/codesvc")
    await run(server, [restoring])
    assert await bound(server, 1)
    assert "secrets" not in await server.run("find /var/lib/codesvc")


async def test_a_nightly_backup_is_opened_only_with_its_servers_signature_and_under_its_name(nightly):
    """Everybody has the public key. `gpg -d` opens what is not signed, or is signed by whomever the ring knows."""
    directory = nightly.directory
    [true] = directory.glob("codesvc-*.tar.gz.gpg")
    [name, newer], key = (true.name, "codesvc-2099-01-31T0400.tar.gz.gpg"), "-r backup@example.com --trust-model always"
    message, signature = true.read_bytes(), (directory / f"{true.name}.sig").read_bytes()
    (directory / "forged").write_text("forged")
    nightly.does(
        f"{NEW_KEY} codesvc-server ed25519 sign never",  # another key, of the same name
        "gpg --import codesvc-server.gpg",
        f"gpg {key} -o encrypted -e forged",
        f"gpg {key} -o signed -u codesvc-server -s -e forged",
        "gpg --store --compress-algo none -o not-encrypted forged",
        f"(echo {name}; cat encrypted) | gpg -u codesvc-server -b > signature",
        f"(echo {name}; cat {name}) > content && gpg --store --compress-algo none -o literal content",
    )
    made = {each: (directory / each).read_bytes() for each in (
        "encrypted", "signed", "not-encrypted", "signature", "literal")}  # fmt: skip
    middle = len(message) // 2
    damaged = message[:middle] + bytes([message[middle] ^ 1]) + message[middle + 1 :]
    cases = {
        "of another": (name, made["encrypted"], signature),
        "of another, signed within": (name, made["signed"], signature),
        "not encrypted": (name, made["not-encrypted"], signature),
        "without a signature": (name, made["encrypted"], None),
        "with an empty signature": (name, made["encrypted"], b""),
        "with a message for a signature": (name, made["encrypted"], made["not-encrypted"]),
        "with another's signature": (name, made["encrypted"], made["signature"]),
        "with both signatures": (name, made["encrypted"], made["signature"] + signature),
        "with the signed content in the signature": (name, made["encrypted"], made["literal"] + signature),
        "with the signed content after the signature": (name, made["encrypted"], signature + made["literal"]),
        "damaged": (name, damaged, signature),
        "cut off": (name, message[:-30], signature),
        "under another name": (newer, message, signature),
        "true": (name, message, signature),
    }
    opened = []
    for case, (as_name, content, signed) in cases.items():
        (directory / as_name).write_bytes(content)
        (directory / f"{as_name}.sig").unlink(missing_ok=True)
        if signed is not None:
            (directory / f"{as_name}.sig").write_bytes(signed)
        if nightly.succeeds(opening(as_name)):
            opened.append(case)
        assert (directory / "codesvc.tar.gz").exists() == (case in opened[-1:])
        (directory / "codesvc.tar.gz").unlink(missing_ok=True)
    assert opened == ["true"]
    assert [each for each in made if nightly.succeeds(f"gpg -d {each}")] == [
        "encrypted",
        "signed",
        "not-encrypted",
        "literal",
    ]


@pytest.mark.usefixtures("nightly")
async def test_a_nightly_backup_starts_no_service_that_was_stopped(server, tmp_path):
    """During a migration, on a machine that was moved away from, or on a spare one it would take and send codes."""
    before = {each.name for each in (tmp_path / "var/backups").iterdir()}
    await server.run("systemctl stop && rm /var/backups/*")
    (tmp_path / "systemctl.log").write_text("")
    await server.run("systemctl start codesvc-backup.service")
    assert len(list((tmp_path / "var/backups").iterdir())) == len(before)
    assert "start" not in (tmp_path / "systemctl.log").read_text()
    await server.run("sed -i s/^KEY=.*/KEY=nobody@example.com/ /etc/default/codesvc-backup")
    await server.run("! systemctl start codesvc-backup.service")
    assert "start" not in (tmp_path / "systemctl.log").read_text()


async def test_a_backup_that_fails_leaves_the_service_running_and_older_backups(server, tmp_path):
    await server.run("mkdir -p /etc/default && echo KEY=nobody@example.com > /etc/default/codesvc-backup")
    await server.run(f"cp {ROOT}/ops/systemd/codesvc-backup {tmp_path / 'programs'}/")
    await server.run("touch -d '32 days ago' /var/backups/codesvc-old.tar.gz.gpg")
    await server.run("! systemctl start codesvc-backup.service")
    assert [path.name for path in (tmp_path / "var/backups").iterdir()] == ["codesvc-old.tar.gz.gpg"]
    await server.run("curl -sSfo /dev/null http://127.0.0.1:8080/readyz")


@pytest.mark.parametrize("ended", ["tar", "gzip", "gpg"])
async def test_a_backup_that_is_ended_leaves_the_service_running_and_no_plain_copy(server, tmp_path, ended):
    """As systemd ends the unit: it signals the script and the program that runs."""
    await server.run("mkdir -p /etc/default && echo KEY=nobody@example.com > /etc/default/codesvc-backup")
    await server.run(f"cp {ROOT}/ops/systemd/codesvc-backup {tmp_path / 'programs'}/")
    stub = tmp_path / "programs" / ended
    stub.write_text("#!/bin/bash\nkill -TERM $PPID\nexit 143\n")
    stub.chmod(0o755)
    # One that was ended by a power cut is not there for ever either.
    await server.run("mkdir /var/backups/codesvc-plain.Ab12cD && touch /var/backups/codesvc-plain.Ab12cD/codesvc.tar")
    await server.run("systemctl start codesvc-backup.service; [ $? = 143 ]")
    assert list((tmp_path / "var/backups").iterdir()) == []
    await server.run("curl -sSfo /dev/null http://127.0.0.1:8080/readyz")


@pytest.mark.parametrize("running", [True, False])
async def test_going_back_starts_the_older_version_on_the_older_store_alone(server, tmp_path, running):
    before, after = blocks("operating", "going-back")
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "ops/systemd", tmp_path / "ops/systemd")  # the checkout, in which the commands are typed
    await bind(server, 1)
    await run(server, blocks("backup", "what"))
    (tmp_path / "systemctl.log").write_text("")
    # The upgrade: an option that the older version does not know, a mark of the newer store, a further binding.
    await server.run("systemctl stop && touch /var/lib/codesvc/newer && echo '# newer' >> /etc/codesvc/config.toml")
    await server.run("systemctl start")
    await bind(server, 2)
    if not running:  # as where the new version does not start
        await server.run("systemctl stop")
    pip = tmp_path / "programs" / "pip"
    await run(server, [before.replace("/opt/codesvc/bin/pip", str(pip))])
    configuration, store = split(taken(blocks("backup", "restore")))
    await run(server, configuration)
    await run(server, store)
    assert await bound(server, 1)
    assert not await bound(server, 2)
    await run(server, [after])
    assert await bound(server, 2)
    assert "# newer" not in await server.run("cat /etc/codesvc/config.toml")
    assert {path.name for path in units.iterdir()} >= {"codesvc.service", "codesvc.socket"}
    assert "newer" not in (await server.run("ls /var/lib/codesvc")).split()
    started = (tmp_path / "systemctl.log").read_text().splitlines()
    assert [each for each in started if each.startswith("start")] == ["start newer", "start older"]
