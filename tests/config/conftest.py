"""A configuration that is right, for tests to break."""

from __future__ import annotations

import copy

import pytest

from codesvc.config import ConfigError, parse

MASTER_KEY = "qZ3vN8xK1mW7rT5bY0cL4sH9dF2gJ6pA"
AES_KEY = "0G0r3nCB193y1Bevj9ei6F23hGITBv1vT8wdiiQRepM"
HASH = "sha256:" + "0123456789abcdef" * 4

DOCUMENT = {
    "mode": "live",
    "service": {"public_url": "https://code.example.com"},
    "secrets": {"master_key": MASTER_KEY},
    "accounts": {
        "main": {
            "appid": "wx0123456789abcdef",
            "name": "示例服务号",
            "secret": "5ec1e7a9b2d4c6f80713a5b9d2e4f6c8",
            "token": "Zk3mQ9vX2sLw7RtB",
            "aes_key": AES_KEY,
        }
    },
    "sites": {
        "shop": {
            "name": "山月茶铺",
            "account": "main",
            "keys": [{"name": "back end", "hash": HASH, "scopes": ["verify"]}],
        }
    },
}


class ConfigSnapshot:
    """The right configuration with changes: `set("sites.shop.account", "x")`, `drop("mode")`, `faults()`."""

    def __init__(self, directory):
        self.tables = copy.deepcopy(DOCUMENT)
        self.env = {}
        self.directory = directory

    def set(self, path, value):
        *parents, last = path.split(".")
        table = self.tables
        for step in parents:
            table = table.setdefault(step, {})
        table[last] = value
        return self

    def drop(self, path):
        *parents, last = path.split(".")
        table = self.tables
        for step in parents:
            table = table[step]
        del table[last]
        return self

    def settings(self):
        return parse(self.tables, env=self.env, directory=self.directory)

    def faults(self):
        with pytest.raises(ConfigError) as caught:
            self.settings()
        return str(caught.value).splitlines()


@pytest.fixture
def document(tmp_path):
    return ConfigSnapshot(tmp_path)


@pytest.fixture(scope="session")
def right_tables():
    """The right configuration as tables; not to be changed."""
    return DOCUMENT
