"""compose.yaml, walked without an engine: from its own lines to a code in the chat, behind Caddy with TLS.

Caddy is optional: without it the service and the store are walked, and people come to the service itself. What the
header of the file asks a person to write is written here from that header, word by word.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.doctor.test_documents import BLOCK

ROOT = Path(__file__).parents[2]
HEADER = (ROOT / "ops" / "container" / "compose.yaml").read_text(encoding="utf-8").partition("\nservices:\n")[0]
HOSTS = [("codesvc", "172.30.80.2"), ("caddy code.example.com", "172.30.80.3"), ("store", "172.30.81.2")]
UNSHARE = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
ITS_USER = 10_001


@pytest.fixture
def programs():
    """A store's server and client, setpriv, and Caddy or nothing."""
    found = {name: shutil.which(name) or "" for name in ("redis-server", "redis-cli", "setpriv", "caddy", "ip")}
    missing = [name for name, path in found.items() if not path and name != "caddy"]
    if missing:
        required = os.environ.get("CODESVC_REQUIRE_REDIS") == "1" and "redis-server" in missing
        (pytest.fail if required else pytest.skip)(f"NOT TESTED: {', '.join(missing)} not installed")
    if subprocess.run((*UNSHARE, "mount", "--make-rprivate", "/"), check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: this system gives no process mounts of its own (root is needed)")
    return list(found.values())[:4]


def written_as_the_header_says(directory, public):
    """config.toml, secrets and Caddyfile, beside what stands in for hosts and volumes."""
    for name in ("etc", "data", "caddy", "closed", "code"):
        (directory / name).mkdir()
    init = [sys.executable, "-m", "codesvc.cli", "init", "--sandbox", "--directory", str(directory / "etc")]
    subprocess.run(init, check=True, capture_output=True)
    config = (directory / "etc" / "config.toml").read_text(encoding="utf-8")
    service = re.search(r'^#   \[service\] +(host = "[^"]+"), (trusted_proxies = \[.*\])$', HEADER, re.MULTILINE)
    store = re.search(r"^#   \[store\] +(url = .*)$", HEADER, re.MULTILINE)
    config = config.replace("http://127.0.0.1:8080", public)
    config = config.replace("[service]\n", f"[service]\n{service[1]}\n{service[2]}\n")
    config += f"\n[store]\n{store[1]}\n"
    (directory / "etc" / "config.toml").write_text(config, encoding="utf-8")
    proxy = re.search(r"`(reverse_proxy \S+)` in it", HEADER)[1]
    caddyfile = (ROOT / "ops" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    assert "reverse_proxy 127.0.0.1:288" in caddyfile
    caddyfile = caddyfile.replace("reverse_proxy 127.0.0.1:288", proxy)
    own_authority = "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust"
    caddyfile = re.sub(r"^\{", own_authority, caddyfile, count=1, flags=re.MULTILINE)
    (directory / "Caddyfile").write_text(caddyfile, encoding="utf-8")
    hosts = "".join(f"{place} {name}\n" for name, place in HOSTS)
    (directory / "hosts").write_text(f"127.0.0.1 localhost\n{hosts}", encoding="utf-8")
    for path in [directory / "etc", *(directory / "etc").rglob("*")]:
        os.chown(path, ITS_USER, ITS_USER)


def test_from_the_files_lines_to_a_code_in_the_chat(programs, tmp_path):
    *_, caddy = programs
    public = "https://code.example.com" if caddy else "http://codesvc:8080"
    tmp_path.chmod(0o755)
    written_as_the_header_says(tmp_path, public)
    inside = [sys.executable, Path(__file__).with_name("compose_walk.py"), tmp_path, public, *programs]
    command, env = [*UNSHARE, *map(str, inside)], os.environ | {"PYTHONPATH": str(ROOT)}
    walked = subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=240)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    wanted = ["store is healthy", "codesvc is healthy", ", 0 fail,", "a code in the chat"]
    wanted += [f"{name} ended with 0" for name in ("codesvc", "store", *(["caddy"] if caddy else []))]
    wanted += ["ok    service.public_url: certificate"] if caddy else []
    assert [each for each in wanted if each not in walked.stdout] == [], walked.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_lines_of_the_page_change_the_three_files_as_the_header_says(tmp_path, language):
    page = (ROOT / "docs" / language / "deploying.md").read_text(encoding="utf-8")
    blocks = [text for language, text in BLOCK.findall(page) if not language]
    [lines] = [block for block in blocks if "sed" in block and "etc/config.toml" in block and "docker" not in block]
    for file in ("container/compose.yaml", "caddy/Caddyfile"):
        shutil.copy(ROOT / "ops" / file, tmp_path)
    init = [sys.executable, "-m", "codesvc.cli", "init", "--yes", "--directory", str(tmp_path / "etc")]
    given = ["--kind", "test", "--appid", "wx0123456789abcdef", "--name", "Tea", "--origin", "https://tea.example.com"]
    subprocess.run([*init, "--public-url", "https://login.example.com", *given], check=True, capture_output=True)
    subprocess.run(("bash", "-ec", lines), check=True, cwd=tmp_path)  # noqa: S607
    config = tomllib.loads((tmp_path / "etc" / "config.toml").read_text(encoding="utf-8"))
    service = re.search(r'^#   \[service\] +(host = "[^"]+"), (trusted_proxies = \[.*\])$', HEADER, re.MULTILINE)
    store = re.search(r"^#   \[store\] +(url = .*)$", HEADER, re.MULTILINE)
    wanted = tomllib.loads(f"{service[1]}\n{service[2]}\n{store[1]}")
    assert {name: (config["service"] | config["store"]).get(name) for name in wanted} == wanted
    image = yaml.safe_load((tmp_path / "compose.yaml").read_text(encoding="utf-8"))["services"]["codesvc"]["image"]
    assert image == "codesvc:1"
    caddyfile = (tmp_path / "Caddyfile").read_text(encoding="utf-8")
    assert re.search(r"^login\.example\.com \{$", caddyfile, re.MULTILINE)
    assert re.search(r"`(reverse_proxy \S+)` in it", HEADER)[1] in caddyfile
    assert "127.0.0.1:288" not in caddyfile
