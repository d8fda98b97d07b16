"""A pytest plugin with a fixture that gives a test its own WeChat platform.

    def test_code_arrives(wechat_sandbox):
        alice = wechat_sandbox.person("alice")
        alice.follow()

The server starts once per session. The fixture `wechat_sandbox` resets it before every test. The marker
`wechat_account` changes the default account for a test, a class or a module:

    @pytest.mark.wechat_account(kind="unverified_subscription")
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.sandbox.test_client import Sandbox


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "wechat_account(kind=..., mode=...): members of the default account of wechat_sandbox"
    )


@pytest.fixture(scope="session")
def wechat_sandbox_server() -> "Iterator[Sandbox]":
    """The server of the whole session."""
    from codesvc.sandbox.test_client import Sandbox  # noqa: PLC0415 - only if the fixture is used

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def wechat_sandbox(wechat_sandbox_server: "Sandbox", request: pytest.FixtureRequest) -> "Sandbox":
    """A sandbox in its initial state: no people, and the default account with the members of `wechat_account`."""
    wechat_sandbox_server.reset()
    wanted: dict[str, object] = {}
    for marker in reversed(list(request.node.iter_markers("wechat_account"))):  # the closest one wins
        wanted |= marker.kwargs
    if wanted:
        wechat_sandbox_server.change_account(**wanted)
    return wechat_sandbox_server
