"""Numbers for operators: they move with the story, and tell nothing about anybody."""

import re

from tests.world import wrong


async def numbers(world):
    answer = await world.call("GET", "/metrics", key=None)
    assert answer.status == 200
    return answer.text


def value(text, name, **labels):
    """The sum over all series with these labels: other tests of this process have counted too."""
    total = 0.0
    for line in text.splitlines():
        found = re.fullmatch(rf"{name}\{{(.*)\}} ([0-9.e+]+)", line)
        if found and all(f'{key}="{wanted}"' in found[1] for key, wanted in labels.items()):
            total += float(found[2])
    return total


async def test_they_move_with_the_story(world):
    before = await numbers(world)
    owner = await world.bound("alice-0815")
    started = await world.start("alice-0815", ip="203.0.113.77")
    code = await owner.wait_for_push()
    await world.delivery(started, "sent", "delivered")
    await world.check(started, wrong(code))
    await world.check(started, code)
    after = await numbers(world)

    def moved(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert moved("codesvc_verifications_total", act="start", outcome="started", purpose="register") == 1
    assert moved("codesvc_verifications_total", act="check", outcome="wrong") == 1
    assert moved("codesvc_verifications_total", act="check", outcome="approved") == 1
    assert moved("codesvc_delivery_attempts_total", channel="template", ending="sent") == 1
    assert moved("codesvc_http_request_seconds_count", route="/v1/verifications", status="201") == 1
    for secret in ("alice-0815", "203.0.113", owner.openid, code, started["id"]):
        assert secret not in after


async def test_a_made_up_method_makes_no_new_label(world):
    async with world.http.request("PROPFIND", world.service + "/healthz") as answer:
        assert answer.status == 405
    text = await numbers(world)
    assert "PROPFIND" not in text
    assert value(text, "codesvc_http_request_seconds_count", method="OTHER", status="405") >= 1
