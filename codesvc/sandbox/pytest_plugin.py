"""A WeChat for a test suite in three lines.

    def test_code_arrives(wechat_sandbox):
        alice = wechat_sandbox.person("alice")
        alice.follow()

The server runs once per session; every test that asks for `wechat_sandbox` finds it empty.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.sandbox.test_client import Sandbox


@pytest.fixture(scope="session")
def wechat_sandbox_server() -> "Iterator[Sandbox]":
    """The server of the whole session."""
    from codesvc.sandbox.test_client import Sandbox  # noqa: PLC0415 - who does not ask for it should not wait for it

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def wechat_sandbox(wechat_sandbox_server: "Sandbox") -> "Sandbox":
    """A sandbox in its first state: the default account, nobody in it."""
    wechat_sandbox_server.reset()
    return wechat_sandbox_server
