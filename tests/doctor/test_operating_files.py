"""What lies in ops/ is understood by those for whom it was written: each by its own tool, skipped loudly without it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import trustme
import yaml

from codesvc.config import parse
from tests.programs import program_path
from tests.world import OWN_SECRETS

OPS = Path(__file__).parents[2] / "ops"
UNPRIVILEGED = 1024
"""The first port that any user of a machine may open (`ip_unprivileged_port_start`)."""


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_systemd_understands_the_units_and_finds_them_hardened(tmp_path):
    analyze = program_path("systemd-analyze")
    program = tmp_path / "codesvc"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in ("codesvc.service", "codesvc.socket"):
        text = (OPS / "systemd" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/opt/codesvc/bin/codesvc", str(program)))
    status, said = run(analyze, "verify", tmp_path / "codesvc.service")
    complaints = [line for line in said.splitlines() if "codesvc" in line]
    assert (status, complaints) == (0, [])
    status, said = run(analyze, "security", "--offline=true", "--threshold=19", tmp_path / "codesvc.service")
    assert status == 0, said


def test_systemd_understands_the_nightly_backup(tmp_path):
    for unit in ("codesvc-backup.service", "codesvc-backup.timer"):
        text = (OPS / "systemd" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/usr/local/sbin", str(OPS / "systemd")))
    status, said = run(program_path("systemd-analyze"), "verify", tmp_path / "codesvc-backup.timer")
    assert (status, [line for line in said.splitlines() if "codesvc" in line]) == (0, [])


def test_the_service_unit_forbids_core_dumps_and_more_rights():
    text = (OPS / "systemd" / "codesvc.service").read_text()
    for line in ("LimitCORE=0", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes"):
        assert re.search(rf"^{re.escape(line)}$", text, re.MULTILINE), line


def port_of_the_unit():
    text = (OPS / "systemd" / "codesvc.socket").read_text()
    return int(re.search(r"^ListenStream=127\.0\.0\.1:(\d+)$", text, re.MULTILINE)[1])


def test_no_other_user_can_take_the_port_of_the_socket_unit_while_it_is_stopped():
    if os.geteuid():
        pytest.skip("NOT TESTED: only root can act as another user")
    take = f"import os, socket; os.setuid(65534); socket.create_server(('127.0.0.1', {port_of_the_unit()}))"
    status, said = run(sys.executable, "-c", take)
    assert (status, "PermissionError: [Errno 13]" in said) == (1, True), said


PROXIES = ("nginx/codesvc.conf", "nginx/codesvc-path.conf", "caddy/Caddyfile", "caddy/Caddyfile-path")


@pytest.mark.parametrize("name", PROXIES)
def test_the_proxies_lead_to_the_port_of_the_socket_unit(name):
    upstream = re.findall(r"^\s*(?:server|reverse_proxy) 127\.0\.0\.1:(\d+)\b", (OPS / name).read_text(), re.MULTILINE)
    assert upstream == [str(port_of_the_unit())]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_printed_for_a_server_sends_keys_only_to_the_port_of_the_socket_unit(language):
    pages = ("deploying", "operating", "monitoring", "administration", "scaling", "proxies", "alerts", "backup")
    text = "".join((OPS.parent / "docs" / language / f"{each}.md").read_text(encoding="utf-8") for each in pages)
    found = {int(port) for port in re.findall(r"(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)", text)}
    assert port_of_the_unit() in found
    assert [port for port in found if port >= UNPRIVILEGED] == []


def test_the_container_runs_as_a_user_and_read_only():
    container = (OPS / "container" / "Containerfile").read_text()
    last = container.rindex("\nFROM ")
    assert re.findall(r"^USER (\S+)$", container[last:], re.MULTILINE) == ["10001:10001"]
    service = yaml.safe_load((OPS / "container" / "compose.yaml").read_text())["services"]["codesvc"]
    assert service["user"] == "10001:10001"
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["ulimits"]["core"] == 0
    # What may be written: a /tmp that is gone with the container. The data are the store's.
    written = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert (written, [each.partition(":")[0] for each in service["tmpfs"]]) == ([], ["/tmp"])  # noqa: S108
    kinds = yaml.safe_load_all((OPS / "kubernetes" / "codesvc.yaml").read_text())
    [pod] = [kind["spec"]["template"]["spec"] for kind in kinds if kind["kind"] == "Deployment"]
    assert pod["securityContext"]["runAsNonRoot"]
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def compose():
    return yaml.safe_load((OPS / "container" / "compose.yaml").read_text())


def test_the_composition_has_store_and_proxy_and_opens_nothing_else():
    services = compose()["services"]
    assert set(services) == {"codesvc", "store", "caddy"}
    assert {name for name, each in services.items() if "ports" in each} == {"caddy"}
    # The store is reached by the service alone, on a network without a way out.
    assert [name for name, each in services.items() if "back" in each["networks"]] == ["codesvc", "store"]
    assert services["store"]["networks"] == ["back"]
    assert compose()["networks"]["back"]["internal"] is True
    for each in services.values():
        assert (each["read_only"], each["cap_drop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in each["security_opt"]
    # docs/en/store.md: what a server of one's own must have.
    command = " ".join(services["store"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_compose_understands_its_file(tmp_path):
    docker_compose = program_path("docker-compose")
    (tmp_path / "compose.yaml").write_text((OPS / "container" / "compose.yaml").read_text())
    assert run(docker_compose, "-f", tmp_path / "compose.yaml", "config", "-q") == (0, "")


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml"])
def test_what_was_not_run_says_so_on_its_first_line(name):
    assert (OPS / "container" / name).read_text().startswith("# NOT RUN")


def test_the_base_image_is_named_without_a_digest_and_says_so():
    """No digest is known here; who builds for production gives one."""
    text = (OPS / "container" / "Containerfile").read_text()
    assert not re.search(r"^ARG BASE=.*@sha256", text, re.MULTILINE)
    assert "--build-arg BASE=docker.io/library/python@sha256:" in text
    assert text.count("\nFROM ") == text.count("\nFROM ${BASE}") == 2
    assert text.rindex("LABEL org.opencontainers.image.base.name") > text.rindex("\nFROM ")


DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("base", "unpinned", "status"),
    [
        (f"docker.io/library/python@{DIGEST}", "no", 0),
        (f"registry.example.com:5000/python:3.11-slim@{DIGEST}", "no", 0),
        ("docker.io/library/python:3.11-slim", "no", 1),
        ("docker.io/library/python:3.11-slim", "yes", 0),
        (f"docker.io/library/python@{DIGEST[:-1]}", "no", 1),
        (f"docker.io/library/python@{DIGEST}0", "no", 1),
        ("docker.io/library/python@sha256:…", "no", 1),
        ("", "no", 1),
    ],
)
def test_an_image_upon_a_tag_is_refused(base, unpinned, status):
    """No engine runs here: the step of the Containerfile is taken by a shell."""
    text = (OPS / "container" / "Containerfile").read_text().replace("\\\n", "")
    [step] = re.findall(r"^RUN (expr .*)$", text, re.MULTILINE)
    assert text.index(step) < text.index("COPY ")
    # The arguments that the step reads are declared in its stage; else they would be empty.
    assert re.search(r"^FROM \S+ AS build\nARG BASE\nARG UNPINNED=no\nRUN expr", text, re.MULTILINE)
    done = subprocess.run(
        ["/bin/sh", "-c", step], env={"BASE": base, "UNPINNED": unpinned, "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert ("has no digest" in done.stderr) == (status == 1)


def test_nginx_understands_its_example_below_a_path(tmp_path):
    nginx = program_path("nginx")
    issued = trustme.CA().issue_cert("code.example.com")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    text = "".join((OPS / "nginx" / name).read_text() for name in ("codesvc-limits.conf", "codesvc-path.conf"))
    text = text.replace("/etc/ssl/codesvc", str(tmp_path)).replace("/var/log/nginx", str(tmp_path))
    # No port of this machine is touched.
    places = iter("abcd")
    text = re.sub(
        r"listen [^;]*?\d+((?: ssl http2)?);", lambda m: f"listen unix:{tmp_path}/{next(places)}{m[1]};", text
    )
    (tmp_path / "codesvc.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr;\nevents {{}}\nhttp {{ include {tmp_path}/codesvc.conf; }}\n"
    )
    status, said = run(nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
    assert status == 0, said
    assert "warn" not in said.replace("could not open error log file", ""), said


@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile-path"])
def test_caddy_understands_its_example(name):
    status, said = run(program_path("caddy"), "validate", "--adapter", "caddyfile", "--config", OPS / "caddy" / name)
    assert status == 0, said


def test_hadolint_finds_nothing_in_the_containerfile():
    assert run(program_path("hadolint"), OPS / "container" / "Containerfile") == (0, "")


def test_the_manifests_are_of_the_kinds_that_they_say():
    status, said = run(program_path("kubernetes-validate"), "--strict", OPS / "kubernetes" / "codesvc.yaml")
    assert status == 0, said


def test_the_configuration_in_the_manifests_is_sound(tmp_path):
    yaml = (OPS / "kubernetes" / "codesvc.yaml").read_text()
    text = re.search(r"config\.toml: \|\n(.*?)^---", yaml, re.DOTALL | re.MULTILINE)[1]
    # The placeholder is refused; `codesvc keys new shop` makes another.
    text = text.replace("/etc/codesvc/secrets", str(tmp_path)).replace("sha256:" + "0" * 64, "sha256:" + "5a" * 32)
    tables = tomllib.loads("\n".join(line.removeprefix("    ") for line in text.splitlines()))
    made = {
        "store-url": "redis://store:6379",
        "master-key": "Yz0rT4q8Vn2LkP9sXw6BhD1mFj7GcA5eRuKoNtIyEqW=",
        "app-secret": "0123456789abcdef0123456789abcdef",
        "callback-token": OWN_SECRETS["token"],
        "callback-aes-key": OWN_SECRETS["aes_key"],
    }
    for name, value in made.items():
        (tmp_path / name).write_text(value)
        (tmp_path / name).chmod(0o600)
    settings = parse(tables, env={}, directory=tmp_path)
    assert settings.mode == "live"
    named = set(re.findall(r"/etc/codesvc/secrets/([\w-]+)", yaml))
    assert named == set(re.findall(r"--from-file=([\w-]+)", yaml)) == set(made)
