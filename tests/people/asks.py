"""Bind intents, logins and tickets as a site's back end starts and reads them, and as people answer."""

from __future__ import annotations

import asyncio

from tests.world import KEY

PATHS = {"bi": "/v1/bind-intents", "lg": "/v1/logins", "vf": "/v1/verifications"}


def path_of(started):
    return f"{PATHS[started['id'][:2]]}/{started['id']}"


async def bind_intent(world, user="alice", *, ip="192.0.2.1", key=KEY, headers=None, **more):
    body = {"user": user, **({"client_ip": ip} if ip else {}), **more}
    return await world.call("POST", "/v1/bind-intents", body, key=key, headers=headers)


async def login(world, *, ip="192.0.2.1", key=KEY, **more):
    return await world.call("POST", "/v1/logins", {**({"client_ip": ip} if ip else {}), **more}, key=key)


async def read(world, started, *, key=KEY):
    return await world.call("GET", path_of(started), key=key)


async def status(world, started):
    return (await read(world, started))["status"]


async def scan_url(world, started):
    answer = await world.call("GET", f"{path_of(started)}/scan")
    assert answer.status == 200, answer.text
    return answer["url"]


async def scan(world, person, started):
    """Scan the picture; what the chat says to it."""
    await person.scan(await scan_url(world, started))
    return await person.last_text()


async def reply(person, text):
    """Write to the account; what it answers."""
    before = len(await person.texts())
    await person.say(text)
    texts = await person.texts()
    return texts[-1] if len(texts) > before else None


async def bind_by_scan(world, user, person, **more):
    """A whole bind intent with its yes."""
    started = await bind_intent(world, user, **more)
    assert started.status == 201, started.text
    await scan(world, person, started)
    await reply(person, "确认")
    return await read(world, started)


async def binding(world, user, *, key=KEY):
    return await world.call("GET", f"/v1/bindings/{user}", key=key)


async def wait_for_text(person, part, *, tries=400):
    """Wait until the chat holds a message with this in it; bounded by tries, not by a clock."""
    for _ in range(tries):
        found = [text for text in await person.texts() if part in text]
        if found:
            return found[-1]
        await asyncio.sleep(0.01)
    raise AssertionError(f"nobody said {part!r}: {await person.texts()}")
