"""A network of one's own for a program: its machine, and another one at the other end of a cable."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_INSIDE = 'set -e; ip link set lo up; mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
_NETWORK = 0x40000000
"""CLONE_NEWNET of Linux."""
_libc = ctypes.CDLL(None, use_errno=True)


def printed_by(program, directory):
    """What a module prints as JSON. It asks the name server at 127.0.0.1, which is its own."""
    outside = ("unshare", "--map-root-user", "--net", "--mount", "bash", "-c", _INSIDE, "-")
    config = directory / "resolv.conf"
    config.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("NOT TESTED: a name server of one's own needs a network of one's own (util-linux, iproute2)")
    cable = ("bash", "-c", "ip link add near type veth peer name far")
    if subprocess.run((*outside, config, *cable), check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: this system gives no process a network and a resolver of its own")
    command = (*outside, config, sys.executable, "-m", program)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ip(*arguments, at=None):
    """Run `ip`, in this network or in another machine's."""
    there = () if at is None else ("nsenter", f"--net=/proc/{at}/ns/net")
    subprocess.run((*there, "ip", *arguments), check=True)


@contextmanager
def other_machine(*addresses, own=()):
    """Another machine that has these addresses, on a cable to this one, which has `own`; gives its number."""
    command = ("unshare", "--net", "sh", "-c", "echo; exec cat")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(other.pid))
        for device, at, kept in (("near", None, own), ("far", other.pid, addresses)):
            for each in kept:
                ip("address", "add", each, "dev", device, *(("nodad",) if ":" in each else ()), at=at)
            ip("link", "set", device, "up", at=at)
        yield other.pid
        other.stdin.close()


def listening_at(machine, port):
    """A socket that listens on all addresses of another machine, of IPv4 and of IPv6."""
    here, there = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/net", f"/proc/{machine}/ns/net"))
    try:
        _enter(there)
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    finally:
        _enter(here)
        os.close(here)
        os.close(there)


def _enter(network):
    if _libc.setns(network, _NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
