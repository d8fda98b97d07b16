"""A gateway of ours that fails by a fault of the program, not by what the other side does."""

import pytest
from structlog.testing import capture_logs

from tests.relay.conftest import ended, send


def shaped(url, **more):
    """Python makes no number of so many digits: judging the answer raises, after the call was made."""
    fields = {"to": "{to}", "code": "{code}"}
    return {"shaped": {"url": url, "fields": fields, "success_path": "9" * 5_000, "allow_private": True} | more}


@pytest.mark.parametrize("idempotent", [False, True])
async def test_its_message_ends_at_once_and_is_counted(new_relay, stub, idempotent):
    """It was left to the stream and done again every 20 s: once, and with `idempotent` until the code expired."""
    stub.answers = [(200, "[]")]
    with capture_logs() as lines:
        async with new_relay(sites__shop__gateways={"main": shaped(stub.url, idempotent=idempotent)}) as world:
            found = await ended(world, await send(world), "unknown", "failed")
    assert (found["status"], found["reason"]) == ("unknown", "error")
    assert len(stub.requests) == 1
    assert [line["error"] for line in lines if line["event"] == "job_failed"] == ["ValueError"]
