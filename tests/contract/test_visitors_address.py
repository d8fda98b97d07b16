"""Which calls need the visitor's address: what the page of the calls says, asked of the service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BODIES = {
    "/v1/verifications": {"purpose": "register", "user": "attempt-1"},
    "/v1/bind-intents": {"user": "u-17"},
    "/v1/logins": {},
    "/v1/verifications/{id}/check": {"code": "000000"},
    "/v1/messages": {"user": "u-17", "code": "721082", "purpose": "register"},
}


def marks(language):
    """Calls with a member `client_ip`, and whether it is marked as required."""
    text = (ROOT / "docs" / language / "api-calls.md").read_text(encoding="utf-8")
    calls = re.findall(r"^### `POST (\S+)`(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)
    found = {path: re.search(r"^\| `client_ip` \| (.*)$", section, re.MULTILINE) for path, section in calls}
    return {path: re.match(r"\*\*(?:required|必填)\*\*", row[1]) is not None for path, row in found.items() if row}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_address_is_required_where_the_page_says_so(world, language):
    started = await world.call("POST", "/v1/verifications", BODIES["/v1/verifications"] | {"client_ip": "192.0.2.1"})
    refused = {}
    for path, body in BODIES.items():
        answer = await world.call("POST", path.replace("{id}", started["id"]), body)
        faults = answer["errors"] if answer.status == 400 else []
        refused[path] = [each["pointer"] for each in faults] == ["/client_ip"]
    assert marks(language) == refused
