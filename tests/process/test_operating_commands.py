"""Every command of the pages for operators is run as it stands, or named here with the reason why it is not."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.process.test_backup_as_printed import blocks as printed
from tests.process.test_first_steps import KEYWORD_LINE, PERSON, Shell, fresh_environment, own_network
from tests.process.walks import GUIDES

__all__ = ["own_network"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s{2,}#.*$")
HERE = Path(__file__).parent

AUDIT = "codesvc audit --config config.toml --since 30d --site shop"
RUN_HERE = {
    "codesvc init": "codesvc init --sandbox",  # without answers it asks; tests/commands/test_init.py answers
    "codesvc serve --config config.toml": "codesvc serve --config config.toml 2> serve.log &",
    "codesvc check --config config.toml": "codesvc check --config config.toml",
    "codesvc reload --config config.toml --pid PID": "codesvc reload --config config.toml --pid $!",
    "codesvc keys new shop": "codesvc keys new shop",
    "codesvc send --config config.toml --site shop --purpose register --user first-try": None,  # with a person
    "codesvc admin password": "codesvc admin password --generate",  # without the option it asks on a terminal
    AUDIT: AUDIT,
}
"""Commands of the guide, in the order in which they are typed here, and how; None: by the test itself."""
INSTALLED = "needs the network; test_first_steps.py installs the checkout"
ELSEWHERE = "needs a second machine; the socket is tried by test_operators_listener.py"
CONTAINER = "no container runs here; test_compose.py walks what the head of compose.yaml says"
UNIT = "changes the machine's users, /etc and systemd; what systemd makes of the units is test_operating_files.py's"
PASTED = "a new AppSecret is pasted from WeChat's console; reloads that read changed secrets are test_rotation.py's"
ROBOT = "changes the machine's /etc and its cron; test_alarm.py runs the script"
AS_PRINTED = "run with paths of its own by test_backup_as_printed.py"
BACKUPS = [
    printed("backup", "what"),
    printed("backup", "nightly"),
    printed("backup", "restore"),
    printed("backup", "own-redis"),
    printed("operating", "going-back"),
]
CONTAINERS = printed("deploying", "container")
NOT_RUN = {
    "useradd --system --home-dir /var/lib/codesvc --shell /usr/sbin/nologin codesvc": UNIT,
    "apt-get install -y git python3-venv": UNIT,
    "git clone REPOSITORY /root/codesvc": INSTALLED,
    "cd /root/codesvc": INSTALLED,
    "python3 -m venv /opt/codesvc": INSTALLED,
    "/opt/codesvc/bin/pip install .": INSTALLED,
    "ln -s /opt/codesvc/bin/codesvc /usr/local/bin/codesvc": UNIT,
    "(cd /etc/codesvc && runuser -u codesvc -- /opt/codesvc/bin/codesvc init)": UNIT,
    "printf '\\n[store]\\ndata_dir = \"/var/lib/codesvc\"\\n' >> /etc/codesvc/config.toml": UNIT,
    "sed -i 's/^port = 8080/port = 288/' /etc/codesvc/config.toml": UNIT,
    "systemctl daemon-reload": UNIT,
    "install -d -o codesvc -g codesvc -m 0700 /etc/codesvc": UNIT,
    "cp ops/systemd/codesvc.service ops/systemd/codesvc.socket /etc/systemd/system/": UNIT,
    "systemctl enable --now codesvc.socket codesvc.service": UNIT,
    "systemctl disable --now codesvc.socket codesvc.service": UNIT,
    "rm /etc/systemd/system/codesvc.service /etc/systemd/system/codesvc.socket": UNIT,
    "rm /usr/local/bin/codesvc": UNIT,
    "rm -r /opt/codesvc /etc/codesvc /var/lib/codesvc": UNIT,
    "userdel codesvc": UNIT,
    "git rev-parse HEAD > /root/codesvc-version": UNIT,
    "git pull": UNIT,
    'git diff --stat "$(cat /root/codesvc-version)" -- ops': UNIT,
    "systemctl restart codesvc": UNIT,
    **dict.fromkeys((line for each in BACKUPS for block in each for line in block.splitlines()), AS_PRINTED),
    "apt-get install -y nginx certbot": UNIT,
    "certbot certonly --webroot -w /var/www/html -d code.example.com --deploy-hook 'systemctl reload nginx'": UNIT,
    "nginx -t && systemctl reload nginx": UNIT,
    "systemctl status codesvc": UNIT,
    "journalctl -u codesvc -f": UNIT,
    "chown -h --reference=config.toml secrets/*": "test_rotation.py runs it within the walks of the same page",
    "umask 077": PASTED,
    "cat > secrets/app-secret": PASTED,
    "chown -h --reference=config.toml secrets/app-secret": PASTED,
    "systemctl reload codesvc": PASTED,
    "install -m 0755 codesvc-alarm /usr/local/bin/": ROBOT,
    "install -m 0600 -o codesvc /dev/stdin /etc/codesvc/robot": ROBOT,
    "echo '*/10 * * * * codesvc /usr/local/bin/codesvc-alarm' > /etc/cron.d/codesvc": ROBOT,
    **dict.fromkeys((line for block in CONTAINERS for line in block.splitlines() if line[0] != "#"), CONTAINER),
    "codesvc check --config /etc/codesvc/config.toml": UNIT,
    "codesvc bindings export /root/shop.jsonl --config /etc/codesvc/config.toml --site shop": "run with a path of its "
    "own by tests/people/test_transfer.py",
    "curl -sS https://code.example.com/readyz": ELSEWHERE,
    'curl -sS -H "Authorization: Bearer $(cat /etc/prometheus/codesvc-key)" http://127.0.0.1:288/readyz': ELSEWHERE,
    "curl -sS --unix-socket /run/codesvc/admin.sock http://localhost/readyz": ELSEWHERE,
    "usermod -aG codesvc LOGIN": UNIT,
    "ssh -o ExitOnForwardFailure=yes -L 127.0.0.1:9080:/run/codesvc/admin.sock"
    ' -L "[::1]:9080:/run/codesvc/admin.sock"'
    " LOGIN@code.example.com": ELSEWHERE,
}


def blocks():
    """Language and text of each fenced block, and the heading above it."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)
    for found in BLOCK.finditer(text):
        prose = BLOCK.sub("", text[: found.start()])
        above = re.findall(r"^#+ (.+?)(?: \{#[\w-]+\})?$", prose, re.MULTILINE)
        yield found[1], found[2], above[-1]


def commands():
    """Each line of the blocks that hold commands and are not steps of a walk."""
    for language, text, _ in blocks():
        if language in {"", "console"} and not text.startswith("["):
            yield from (COMMENT.sub("", line).strip() for line in text.splitlines() if line.strip() and line[0] != "#")


def test_every_command_is_run_or_named_with_a_reason():
    lines = list(commands())
    assert [line for line in lines if line not in RUN_HERE and line not in NOT_RUN] == []
    assert [line for line in (*RUN_HERE, *NOT_RUN) if line not in lines] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root gives files away")
def test_a_printed_change_of_owner_gives_away_no_file_that_a_link_leads_to(tmp_path):
    """The directory is the service's user's, so any link may lie there, such as one to /etc/shadow."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)
    lines = {COMMENT.sub("", line) for line in re.findall(r"^chown .*$", pages, re.MULTILINE)}
    assert len(lines) >= 2
    (tmp_path / "secrets").mkdir()
    roots = tmp_path / "of-root"
    roots.touch()
    for line in sorted(lines):
        like, changed = re.search(r"--reference=(\S+) (\S+)$", line).groups()
        service, file = tmp_path / like, tmp_path / changed.replace("*", "any")
        service.touch()
        os.chown(service, 65_534, 65_534)
        for make in (lambda file=file: file.symlink_to(roots), file.touch):
            file.unlink(missing_ok=True)
            make()
            subprocess.run(["/bin/sh", "-ec", line], cwd=tmp_path, check=True)
        assert [line, file.stat().st_uid, roots.stat().st_uid] == [line, 65_534, 0]


def test_every_walk_is_walked_by_a_test():
    sources = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    headings = {heading for language, _, heading in blocks() if language == "sh"}
    assert len(headings) >= 6
    assert [heading for heading in headings if f'steps("{heading}")' not in sources] == []


def test_every_piece_of_configuration_can_be_read():
    for language, text, heading in blocks():
        if language == "toml" or text.startswith("["):
            assert tomllib.loads(text), heading
        elif language == "yaml":
            assert yaml.safe_load(text), heading


async def until_open(shell, port):
    await shell.run(f"until (echo > /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.1; done")


async def test_the_commands_work_as_they_stand(own_network, tmp_path):
    env = fresh_environment() | {"PYTHONPATH": str(HERE.parents[1])}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    shell = await Shell.open(*own_network, directory=tmp_path, env=env)
    assert shutil.which("codesvc", path=env["PATH"]), "the tests' environment has no codesvc"
    try:
        said = {}
        for line, typed in RUN_HERE.items():
            if typed is not None:
                said[line] = await shell.run(typed)
            if line == "codesvc init":
                await shell.run("codesvc sandbox > sandbox.log 2>&1 &")
                await until_open(shell, 8081)
            if line.startswith("codesvc serve"):
                await until_open(shell, 8080)
            if "send" in line:
                said[line] = await sent(shell, line)
        assert " 0 fail" in said["codesvc check --config config.toml"]
        assert re.search(r"csk_shop_\w+[\s\S]*sha256:[0-9a-f]{64}", said["codesvc keys new shop"])
        assert "scrypt:" in said["codesvc admin password"]
    finally:
        shell.type("kill $(jobs -p)")
        await shell.close()


async def sent(shell, line):
    """Type the line, and be the person who sends the keyword."""
    shell.type(line)
    _, found = await shell.ends(KEYWORD_LINE)
    chat = await asyncio.to_thread(shell.beside, sys.executable, "-c", PERSON, found[1])
    assert re.search(r"\b\d{6}\b", chat)
    seen, found = await shell.ends()
    assert found[1] == "0", seen
    return seen


@pytest.mark.parametrize("line", NOT_RUN)
def test_a_reason_says_where_else_it_is_looked_at(line):
    assert re.search(r"test_\w+\.py", NOT_RUN[line])
