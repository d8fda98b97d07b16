"""Real parts for every test: a Valkey process, the sandbox over HTTP, the service over HTTP."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import re

import pytest
import pytest_asyncio
import structlog
from aiohttp import web_app
from hypothesis import HealthCheck, settings

from codesvc.runtime import garbage_collector
from codesvc.store.key_patterns import PERMANENT
from tests import stores
from tests.chromium import chromium_for_tests, running_chromium
from tests.world import World, running_world

KIND = re.compile(r"cs:\{p\d\d\}:(?:wx[0-9a-f]{16}:)?([a-z-]+)")

# How long an example takes, or the making of its input, says how busy the machine is. A store is emptied for a test and
# not for each example, which the examples take into account.
settings.register_profile(
    "without a clock",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("without a clock")

LONGEST_TEST = 400
"""Seconds of real time, also on a busy machine: only a test that hangs may reach them."""


BEGUN_FIRST = (
    "tests/process/test_rotation.py",
    "tests/chaos/test_relay_crash.py",
    "tests/chaos/test_crash.py",
    "tests/browser/test_browser_incidents.py",
    "tests/browser/test_browser_site.py",
    "tests/browser/test_browser_scenes.py",
    "tests/browser/test_browser_admin.py",
    "tests/process/test_one_person.py",
    "tests/chaos",
    "tests/people/test_account_move.py",
    "tests/integrations",
    "tests/doctor/test_command.py",
    "tests/contract/test_schemathesis.py",
    "tests/people/test_transfer.py",
    "tests/cluster",
    "tests/webhooks/test_webhook_crashes.py",
    "tests/webhooks/test_webhook_api.py",
    "tests/delivery/test_field_circumstances.py",
    "tests/service/test_without_addresses.py",
)
"""Files that take long, the longest first. One at the end would keep one process busy while the others have nothing
left to do."""


def turn(item):
    """Where its file stands in `BEGUN_FIRST`."""
    return next((place for place, begin in enumerate(BEGUN_FIRST) if item.nodeid.startswith(begin)), len(BEGUN_FIRST))


def within(seconds, test):
    """The test, cancelled where it hangs."""

    @functools.wraps(test)
    async def limited(*args, **kwargs):
        async with asyncio.timeout(seconds):
            await test(*args, **kwargs)

    return limited


# As in a service, from the first test that is collected.
garbage_collector.begin()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("thorough"):
        later = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if item not in later]
        config.hook.pytest_deselected(items=later)
    items.sort(key=turn)
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            own = item.get_closest_marker("timeout")
            item.obj = within(own.args[0] if own else LONGEST_TEST, item.obj)


def pytest_collection_finish():
    """Exclude twelve thousand collected tests from garbage collections.

    Each of these took half a second, and seconds where the machine is busy, in which neither service nor sandbox ran.
    """
    garbage_collector.settle()


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also the tests that take long: `make test-cluster`")
    parser.addoption(
        "--store",
        default="valkey",
        help="what the tests run on: `valkey` (the bundled server), `cluster` (three), `oldest` (Redis 6.2), or a path",
    )


@pytest.fixture(scope="session")
def valkey(request):
    """One store per test process, without persistence: a server on a unix socket, or a cluster."""
    wanted = request.config.getoption("store")
    if wanted == "cluster":
        with stores.cluster() as nodes, nodes.client() as client:
            client.url = nodes.url
            yield client
        return
    with stores.one_server(stores.binary(wanted)) as client:
        client.url = "unix://" + client.connection_pool.connection_kwargs["path"]
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium():
    """One Chromium per test process: to start one for each test would cost a second of CPU each time."""
    async with running_chromium(chromium_for_tests()) as browser:
        yield browser


def keys_without_ttl(client):
    """Keys that would stay for ever although their kind is not permanent."""
    keys = list(client.scan_iter(count=1000))
    kinds = [KIND.match(key.decode()) for key in keys]
    passing = [key for key, kind in zip(keys, kinds, strict=True) if not (kind and kind[1] in PERMANENT)]
    with client.pipeline(transaction=False) as pipe:
        for key in passing:
            pipe.ttl(key)
        return [key.decode() for key, ttl in zip(passing, pipe.execute(), strict=True) if ttl == -1]


@pytest.fixture(autouse=True)
def no_key_stays(request):
    """DESIGN rule 2: a non-permanent key has a TTL, always."""
    yield
    if "valkey" in request.fixturenames:
        assert keys_without_ttl(request.getfixturevalue("valkey")) == []


@pytest.fixture(autouse=True)
def no_application_stays():
    """aiohttp keeps what it made for the last thousand handlers, and so hundreds of worlds with all that they hold."""
    yield
    web_app._cached_build_middleware.cache_clear()


def logging_now():
    """How this process logs: structlog's configuration, and of the root logger what pytest does not set itself."""
    root = logging.getLogger()
    handlers = [handler for handler in root.handlers if not type(handler).__module__.startswith("_pytest")]
    return structlog.get_config(), root.level, logging.root.manager.disable, handlers


@pytest.fixture(autouse=True)
def logging_stays():
    """A test that leaves logging otherwise than it was would hide from later ones what the service logs."""
    before = logging_now()
    yield
    after = logging_now()
    if after != before:
        structlog.configure(**before[0])
        logging.getLogger().setLevel(before[1])
        logging.disable(before[2])
        for handler in after[3]:
            if handler not in before[3]:
                logging.getLogger().removeHandler(handler)
        pytest.fail("logging is not as before this test: put it back, or configure it in a process of its own")


BACKGROUND = {"pool", "token", "quota", "leavers", "outbox", "minute", "hour", "latest"}
"""Kinds that the service keeps for itself, whoever calls or not."""


def everything(client):
    """The whole store as text: every key with what it holds; what the service keeps for itself is left out."""
    found = {}
    for key in client.scan_iter(count=1000):
        kind = KIND.match(key.decode())
        if not kind or kind[1] not in BACKGROUND:
            found[key.decode()] = stores.value_of(client, key)
    for key in [key for key in found if key.endswith(":refused-callbacks")]:
        # That callbacks are good is noted in the background, some time after them.
        found[key] = {name: value for name, value in found[key].items() if not name.endswith(b" good")}
        if not found[key]:
            del found[key]
    return found


@pytest.fixture
def dump(valkey):
    """A function that tells everything in the store but what each process writes by itself, as time goes by."""
    by_itself = (":clock", ":mark", ":turns", ":probe", ":master-keys", ":pool-server")
    return lambda: {key: value for key, value in everything(valkey).items() if not key.endswith(by_itself)}


@pytest.fixture
def dump_kept(dump):
    """A function that tells the same without the notes for operators on callbacks that were refused."""
    return lambda: {key: value for key, value in dump().items() if not key.endswith(":refused-callbacks")}


@pytest.fixture
def stray_keys(valkey):
    """A function that tells which keys would stay for ever."""
    return lambda: keys_without_ttl(valkey)


@pytest.fixture
def store_url(valkey):
    """An empty store."""
    valkey.flushall()
    return valkey.url


@pytest.fixture
async def world(store_url, tmp_path):
    """Sandbox and service with the defaults of test mode, address and site limits included."""
    async with running_world(store_url, tmp_path) as world:
        yield world


@pytest.fixture
def new_world(store_url, tmp_path):
    """A maker of worlds with other settings: `async with new_world({...}) as world`."""

    def make(**more) -> World:
        return running_world(store_url, tmp_path, **more)

    return make
