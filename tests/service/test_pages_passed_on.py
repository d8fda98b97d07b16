"""The hosted page's address, sent on to another person: the page says on which device and where it was begun.

Somebody begins a reset for a victim and sends them the genuine page. The code is the victim's, the page is ours, and
what is approved there is read in the session that began it.
"""

from __future__ import annotations

import re

import pytest

from tests.people.asks import bind_intent, login, scan

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50"
)
NOTE = re.compile(r'<p class="elsewhere">(.*?)</p>', re.DOTALL)


async def note(world, started, agent, language="en", **headers):
    """What the page says in this browser about where it was begun; None if it says nothing."""
    given = {"User-Agent": agent, "Accept": "text/html", "Accept-Language": language, **headers}
    token = started["page_token"] if "page_token" in started.json else started["page_url"].rpartition("/")[2]
    found = NOTE.search((await world.call("GET", f"/p/{token}", key=None, headers=given)).text)
    return re.sub(r"<[^>]+>", "", found[1]) if found else None


@pytest.mark.parametrize("part", [{}, {"X-Codesvc-Part": "panel"}])
async def test_a_page_that_was_sent_on_says_where_it_was_begun(world, part):
    """Bound or not: the page says the same."""
    await world.bound("victim")
    for user in ("victim", "nobody"):
        started = await world.start(user, "reset", ip="198.51.100.9", user_agent=WINDOWS)
        said = await note(world, started, IPHONE, **part)
        assert said.startswith("Started on another device: Windows (198.51.*.*).")
        assert "reply 不是我" in said
        assert "Windows（198.51.*.*）" in await note(world, started, IPHONE, "zh-CN", **part)
        # A browser that does not say what it is may be any.
        assert "Windows" in await note(world, started, "", **part)


@pytest.mark.parametrize("agent", [WINDOWS, WINDOWS.replace("Chrome/126.0", "Firefox/140.0")])
async def test_on_the_device_that_began_it_nothing_is_said(world, agent):
    assert await note(world, await world.start(user_agent=WINDOWS), agent) is None


@pytest.mark.parametrize("given", [None, "a program of the site"])
async def test_where_the_start_named_no_device_nothing_is_said(world, given):
    more = {} if given is None else {"user_agent": given}
    assert await note(world, await world.start(**more), IPHONE) is None


async def test_the_note_stands_above_the_box_and_the_code_can_be_typed(world):
    started = await world.start(user_agent=WINDOWS)
    person = await world.person()
    await person.scan(await world.scan_url(started))
    headers = {"User-Agent": IPHONE, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
    path = f"/p/{started['page_token']}"
    page = (await world.call("GET", path, key=None, headers=headers)).text
    assert page.index('class="elsewhere"') < page.index('id="code"')
    done = await world.call(
        "POST", f"{path}/check", key=None, data=f"code={await person.code_in_chat()}", headers=headers
    )
    assert done.status == 303
    assert await note(world, started, IPHONE) is None


async def test_the_page_of_a_successor_names_where_its_predecessor_began(world):
    started = await world.start("victim", "reset", ip="198.51.100.9", user_agent=WINDOWS)
    for _ in range(5):
        await world.check(started, "000000")
    answer = await world.call("POST", f"/p/{started['page_token']}/renew", {}, key=None, headers={"User-Agent": IPHONE})
    assert (await note(world, answer, IPHONE)).startswith("Started on another device: Windows (198.51.*.*).")


async def test_pages_of_bind_intents_and_logins_say_it_too(world):
    person = await world.person()
    for started in (await bind_intent(world, user_agent=WINDOWS), await login(world, user_agent=WINDOWS)):
        assert "Windows" in await note(world, started, IPHONE)
        assert await note(world, started, WINDOWS) is None
        await scan(world, person, started)
        assert "decline" in await note(world, started, IPHONE)
        await person.say("取消")
        assert await note(world, started, IPHONE) is None
