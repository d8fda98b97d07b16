"""An unfit user id is refused in the same words by every call, and the words name what is wrong."""

from urllib.parse import quote

import pytest


@pytest.mark.parametrize(
    ("user", "wrong"),
    [
        ("爱丽丝", "its character 1 is CJK UNIFIED IDEOGRAPH-7231 (U+7231)"),
        ("al ice", "its character 3 is a blank (U+0020)"),
        ("alice\n", "its character 6 is a control character (U+000A)"),
        ("alice\u200b", "its character 6 is ZERO WIDTH SPACE (U+200B)"),
        (".alice", "it begins with ."),
        ("a" * 129, "it has 129 characters"),
    ],
)
async def test_what_is_wrong_is_said(world, user, wrong):
    started = await world.start(user)
    intent = await world.call("POST", "/v1/bind-intents", {"user": user})
    looked_up = await world.call("GET", f"/v1/bindings/{quote(user, safe='')}")
    assert {answer.status for answer in (started, intent, looked_up)} == {400}
    assert wrong in started["detail"]
    assert "A-Z" in started["detail"]
    assert "^" not in started["detail"]
    assert started["errors"] == intent["errors"] == looked_up["errors"]
    assert started["errors"][0]["pointer"] == "/user"


async def test_an_empty_one_is_too(world):
    assert "it is empty" in (await world.start(""))["detail"]
