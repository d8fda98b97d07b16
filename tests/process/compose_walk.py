"""The three services of compose.yaml, started without an engine: their own commands, users, rights and read-only files.

Run as root in namespaces of its own (`unshare --mount --net --pid --fork`) by test_compose.py, with the directory, the
public address, and the paths of a store's server and client, setpriv and Caddy; without Caddy the other two are walked.
What stands in for what an engine does: the file system of this machine, made read-only, for the images; addresses on
loopback for the networks; a file of hosts for their names. The authority is Caddy's own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
DATA = Path("/mnt")
CODE = DATA / "code"
PYTHON = sys.executable.replace(f"{ROOT}/", f"{CODE}/")
HOSTS = {"codesvc": "172.30.80.2", "caddy": "172.30.80.3", "code.example.com": "172.30.80.3", "store": "172.30.81.2"}
SANDBOX = "http://127.0.0.1:8081"
TRIES = 600


def run(*command, **more):
    return subprocess.run([str(each) for each in command], check=True, **more)


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def settle(directory):
    """Mounts, networks and names: nothing can be written but what compose.yaml gives as a volume."""
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", directory, DATA)
    run("mount", "--rbind", ROOT, CODE)  # /tmp will be another one, and the checkout may lie there
    open_up(Path(sys.base_prefix))
    for name in ("etc", "Caddyfile"):
        run("mount", "--bind", DATA / name, DATA / name)
        run("mount", "-o", "remount,ro,bind", DATA / name)
    run("mount", "--bind", DATA / "hosts", "/etc/hosts")
    [tmpfs] = COMPOSE["codesvc"]["tmpfs"]
    where, _, options = tmpfs.partition(":")
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", where)
    run("mount", "-o", "remount,ro,bind", "/")
    run("ip", "link", "set", "lo", "up")
    for address in sorted(set(HOSTS.values())):
        run("ip", "addr", "add", f"{address}/24", "dev", "lo")
    with suppress(OSError):
        Path("/written").touch()
        raise SystemExit("the root is not read-only")


def open_up(place):
    """Let another user reach this Python, also where it lies in a home directory."""
    closed = next((each for each in reversed(place.parents) if not each.stat().st_mode & 0o001), None)
    if closed is None:
        return
    behind = DATA / "closed"
    run("mount", "--rbind", closed, behind)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", closed)
    place.mkdir(parents=True)
    run("mount", "--rbind", behind / place.relative_to(closed), place)


def command_of(name):
    """What the container runs: the file's `command`, else the image's own."""
    service = COMPOSE[name]
    if name == "codesvc":
        text = CONTAINERFILE
        entry, rest = (
            json.loads(re.search(rf"^{each} (\[.*\])$", text, re.MULTILINE)[1]) for each in ("ENTRYPOINT", "CMD")
        )
        return here([*entry, *(service.get("command") or rest)])
    if name == "store":
        # The image of Valkey sets this one itself.
        return here([*service["command"], "--protected-mode", "no", "--dir", "/data"])
    return here(["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"])


def here(command):
    """The same on this machine: where its programs and directories are."""
    names = {
        "/opt/codesvc/bin/codesvc": [PYTHON, "-m", "codesvc.cli"],
        "/opt/codesvc/bin/python": [PYTHON],
        "valkey-server": [SERVER],
        "valkey-cli": [CLIENT, "-h", HOSTS["store"]],
        "caddy": [CADDY],
    }
    found = [part for each in command for part in names.get(each, [each])]
    places = {"/etc/codesvc": "etc", "/etc/caddy/Caddyfile": "Caddyfile", "/data": "data"}
    for place, name in places.items():
        found = [each.replace(place, str(DATA / name)) for each in found]
    return found


def rights(name):
    """The user and the rights that compose.yaml leaves."""
    service = COMPOSE[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    kept = "".join(f",+{each.lower()}" for each in service.get("cap_add", []))
    found = [SETPRIV, "--no-new-privs", f"--bounding-set=-all{kept}", "--inh-caps=-all"]
    user, _, group = service.get("user", "").partition(":")
    if user:
        found += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return found


def start(name):
    home = str(DATA / "caddy")
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home} | TRUST
    log = (DATA / f"{name}.log").open("wb")
    return subprocess.Popen([*rights(name), *command_of(name)], env=env, stdout=log, stderr=log, cwd="/")


def healthy(name):
    """What the file's own healthcheck says, tried again as an engine does."""
    mark, *test = COMPOSE[name]["healthcheck"]["test"]
    assert mark == "CMD"
    wait(lambda: subprocess.run(here(test), check=False, capture_output=True).returncode == 0, f"{name} is healthy")


def wait(condition, what):
    for _ in range(TRIES):
        with suppress(OSError):
            if condition():
                say(what)
                return
        time.sleep(0.1)
    logs = "\n".join(each.read_text(errors="replace")[-2000:] for each in sorted(DATA.glob("*.log")))
    raise SystemExit(f"NOT: {what}\n{logs}")


def control(path, body=None):
    octets = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(f"{SANDBOX}/sandbox{path}", octets)  # noqa: S310 - of http
    with urllib.request.urlopen(call) as answer:  # noqa: S310 - the same
        return json.load(answer)


def first_code():
    """A person sends the keyword of a verification that `codesvc send` started; the code is in the chat."""
    config = DATA / "etc" / "config.toml"
    send = [PYTHON, "-m", "codesvc.cli", "send", "--config", str(config), "--site", "shop"]
    sending = subprocess.Popen([*send, "--purpose", "register", "--user", "ann"], stdout=subprocess.PIPE, text=True)
    for line in sending.stdout:
        if found := re.search(r"^ {4}(\w{8})$", line):
            me = control("/users", {"person": "ann"})["openid"]
            control(f"/users/{me}/follow", {})
            said = control(f"/users/{me}/send", {"text": found[1]})["messages"][-1]["content"]
            assert re.search(r"^\d{6}$", said, re.MULTILINE), said
            say("a code in the chat")
    assert sending.wait() == 0


def walk(directory):
    settle(directory)
    os.environ.update(PYTHONPATH=str(CODE), **TRUST)
    sandbox = [PYTHON, "-m", "codesvc.cli", "sandbox", "--callback-url", f"{PUBLIC}/wechat/main"]
    started = {}
    if CADDY:
        started["caddy"] = start("caddy")
        wait(AUTHORITY.exists, "caddy has an authority")
    outside = subprocess.Popen(sandbox, stdout=subprocess.DEVNULL)
    started["store"] = start("store")
    healthy("store")
    started["codesvc"] = start("codesvc")
    healthy("codesvc")
    status = Path(f"/proc/{started['codesvc'].pid}/status").read_text(encoding="utf-8")
    assert re.search(r"^Uid:\s+10001\s", status, re.MULTILINE), status
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE), status
    checked = [PYTHON, "-m", "codesvc.cli", "check", "--config", str(DATA / "etc" / "config.toml")]
    say(subprocess.run(checked, check=False, capture_output=True, text=True).stdout)
    first_code()
    for name, process in reversed(started.items()):
        process.terminate()
        say(f"{name} ended with {process.wait(60)}")
    outside.terminate()
    outside.wait()


if __name__ == "__main__":
    CONTAINERFILE = (OPS / "container" / "Containerfile").read_text(encoding="utf-8")
    COMPOSE = yaml.safe_load((OPS / "container" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    AUTHORITY = DATA / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    place, PUBLIC, SERVER, CLIENT, SETPRIV, CADDY = sys.argv[1:]
    TRUST = {"SSL_CERT_FILE": str(AUTHORITY)} if CADDY else {}
    walk(Path(place))
