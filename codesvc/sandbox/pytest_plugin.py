"""A pytest plugin with a fixture that gives a test its own WeChat platform.

    def test_code_arrives(wechat_sandbox):
        alice = wechat_sandbox.person("alice")
        alice.follow()

The server starts once per session. The fixture `wechat_sandbox` resets it before every test.
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
    """A sandbox in its initial state: the default account and no people."""
    wechat_sandbox_server.reset()
    return wechat_sandbox_server
