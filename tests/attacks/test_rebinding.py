"""DNS rebinding over the wire: an attacker's name server, the system's resolver, real sockets; nothing is replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks import rebinding

ROOT = Path(__file__).parents[2]
INSIDE = (
    "set -e; ip link set lo up; "
    + "".join(f"ip address add {each}/32 dev lo; " for each in ("8.8.8.8", "169.254.169.254", "10.0.0.1"))
    + 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What became of each attempt, in a network and with a resolver of their own."""
    outside = ("unshare", "--map-root-user", "--net", "--mount", "bash", "-c", INSIDE, "-")
    config = tmp_path_factory.mktemp("resolver") / "resolv.conf"
    config.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("NOT TESTED: a name server of one's own needs a network of one's own (util-linux, iproute2)")
    if subprocess.run((*outside, config, "true"), check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: this system gives no process a network and a resolver of its own")
    command = (*outside, config, sys.executable, "-m", rebinding.__name__)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_only_the_public_address_is_ever_called(seen):
    assert seen["called"] == [rebinding.PUBLIC]


def test_a_name_that_is_steady_is_served(seen):
    assert seen["results"]["steady.example"] == ["delivered"] * 3


@pytest.mark.parametrize("name", ["flips.example", "flips-to-metadata.example"])
def test_a_name_that_flips_is_refused_from_then_on(seen, name):
    assert seen["results"][name] == ["delivered", "private-address", "private-address"]


def test_of_several_addresses_only_the_public_one_is_called(seen):
    assert seen["results"]["both.example"] == ["delivered"] * 3


@pytest.mark.parametrize("name", ["alias.example", "mapped.example", "loopback6.example", "metadata.example"])
def test_what_is_private_by_any_way_is_refused(seen, name):
    # A system without IPv6 beside the loopback interface does not even resolve such names.
    only_ipv6 = name in {"mapped.example", "loopback6.example"}
    assert set(seen["results"][name]) <= {"private-address", *(["unreachable"] if only_ipv6 else [])}
