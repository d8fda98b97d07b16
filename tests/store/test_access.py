"""The least that the store's access control list has to allow, as docs/en/store.md says it."""

from __future__ import annotations

import re
from pathlib import Path

from tests import stores
from tests.world import OPERATOR_KEY, running_world

DOCUMENT = (Path(__file__).parents[2] / "docs/en/store.md").read_text()


def rules():
    found = re.search(r"access control list needs `([^`]+)` on\s+`([^`]+)` and\s+`([^`]+)`", DOCUMENT)
    return " ".join(found.groups()).split()


async def test_a_user_with_these_rights_is_enough(tmp_path):
    with stores.tcp_server() as server:
        server.client.execute_command("ACL", "SETUSER", "codesvc", "on", ">pass", *rules())
        async with running_world(f"redis://codesvc:pass@127.0.0.1:{server.port}", tmp_path) as world:
            assert (await world.call("GET", "/readyz", key=None)).status == 200
            person = await world.bound("alice")
            started = await world.start("alice", "reset")
            assert (await world.check(started, await person.wait_for_push())).status == 200
            await world.advance(1)
            assert (await world.call("GET", "/metrics", key=OPERATOR_KEY)).status == 200
        refused = [entry for entry in server.client.acl_log() if entry["username"] == "codesvc"]
        assert refused == []
