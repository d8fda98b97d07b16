"""A display name: what can be one, whom it is printed to, and that it goes with the binding."""

from __future__ import annotations

import pytest

from codesvc.domain.display_name import LONGEST, UnfitName, check_display
from tests.people.asks import bind_intent, login, read, scan
from tests.people.browsers import WITH_CHAT, links_in, open_in_wechat, press

NAME, OTHER = "山月小客", "Li Lei"
MASKED = "a***e"


@pytest.mark.parametrize(
    "name", ["李雷", "Li Lei", "O’Brien-Ní", "J. R. Smith", "José", "محمد", "a" * LONGEST, "13800138000"]
)
def test_a_name_is_a_name(name):
    check_display(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "1 to 32"),
        ("a" * (LONGEST + 1), "1 to 32"),
        (" Ann", "no spaces at its ends"),
        ("Ann ", "no spaces at its ends"),
        ("\u3000", "must have a letter or digit"),
        ("…", "must have a letter or digit"),
        ("Ann\nBob", "U+000A"),
        ("Ann\u2028Bob", "U+2028"),
        ("Ann\u202ebob", "U+202E"),
        ("Ann\u2066bob", "U+2066"),
        ("Ann\u200bbob", "U+200B"),
        ("Ann\ue000", "U+E000"),
        ("Ann\x00", "U+0000"),
        ("Ann\U000e0041", "U+E0041"),
        ("a\u0301\u0301\u0301\u0301", "too many combining marks"),
        ("https://evil.example", "link"),
        ("ＨＴＴＰ：／／ｅｖｉｌ", "link"),
        ("evil.example", "link"),
        ("evil。com", "link"),
        ("evil．ｃｏｍ", "link"),
        ("例子.中国", "link"),
        ("www evil", "link"),
        ("weixin://dl", "link"),
        ("ann@evil", "link"),
        ("ann＠evil", "link"),
        ('<a href="x">', "link"),
        ("1.2.3.4", "link"),
    ],
)
def test_what_could_hide_something_or_lead_somewhere_is_no_name(name, says):
    with pytest.raises(UnfitName, match=says.replace("+", r"\+")):
        check_display(name)


async def put(world, user, person, **more):
    return await world.call("PUT", f"/v1/bindings/{user}", {"openid": person.openid, **more})


async def test_the_api_refuses_what_is_no_name(world):
    person = await world.person()
    for name in ("", "evil.example", "a" * 33, 7):
        for answer in (await put(world, "alice", person, display=name), await bind_intent(world, display=name)):
            assert answer.problem == "invalid"
            assert answer["errors"][0]["pointer"] == "/display"
    assert (await world.call("GET", "/v1/bindings/alice")).problem == "not-found"


async def test_nobody_reads_the_name_before_they_have_confirmed(world):
    asked, person = await bind_intent(world, display=NAME), await world.person()
    page = await world.page("GET", asked, "/state")
    said = await scan(world, person, asked)
    view = await open_in_wechat(person, links_in(await person.last_text())[0])
    for text in (page.text, said, view["body"], (await read(world, asked)).text):
        assert NAME not in text
    assert MASKED in said
    assert MASKED in view["body"]
    before = len(await person.messages())
    await press(person, view, "yes")
    await person.wait_for_more(before)
    assert NAME in await person.last_text()
    assert (await world.call("GET", "/v1/bindings/alice"))["display"] == NAME


async def test_who_declines_never_reads_it(world):
    asked, person = await bind_intent(world, display=NAME), await world.person()
    await scan(world, person, asked)
    await person.say("取消")
    assert not any(NAME in text for text in await person.texts())


async def test_who_confirms_in_the_chat_reads_it(world):
    asked, person = await bind_intent(world, display=NAME), await world.person()
    await scan(world, person, asked)
    await person.say("确认")
    said = await person.last_text()
    assert NAME in said
    assert MASKED not in said


async def test_a_conflict_names_nobody(world):
    owner, other = await world.person(), await world.person()
    await put(world, "alice", owner, display=NAME)
    before = len(await owner.messages())
    await scan(world, other, await bind_intent(world, "alice", display=OTHER))
    await other.say("确认")
    assert not any(NAME in text or OTHER in text for text in await other.texts())
    # The bound WeChat is asked, by the name that it knows.
    await owner.wait_for_more(before)
    asked = await owner.last_text()
    assert NAME in asked
    assert OTHER not in asked


async def test_a_login_names_the_accounts_of_the_bound_wechat(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.person()
        await put(world, "alice", person, display=NAME)
        await put(world, "bob-the-second", person)
        asked = await login(world)
        said = await scan(world, person, asked)
        assert NAME in said
        assert "bo***nd" in said
        view = await open_in_wechat(person, links_in(said)[0])
        assert NAME in view["body"]
        await person.say("1")
        assert NAME in await person.last_text()
        assert (await read(world, asked))["user"] == "alice"


async def test_a_reset_link_and_an_unbinding_name_it(new_world):
    async with new_world(**WITH_CHAT) as world:
        person = await world.person()
        await put(world, "alice", person, display=NAME)
        await person.say("重置密码")
        assert NAME in await person.last_text()
        before = len(await person.messages())
        await world.call("DELETE", "/v1/bindings/alice")
        await person.wait_for_more(before)
        assert NAME in await person.last_text()


async def test_it_stays_changes_and_goes(world):
    person, other = await world.person(), await world.person()
    assert (await put(world, "alice", person, display=NAME))["display"] == NAME
    assert (await put(world, "alice", person))["display"] == NAME
    assert (await put(world, "alice", person, display=OTHER))["display"] == OTHER
    assert (await put(world, "alice", person, display=None))["display"] is None
    await put(world, "alice", person, display=NAME)
    moved = await put(world, "alice", other, replace=True)
    assert moved["display"] is None
    await world.call("DELETE", "/v1/bindings/alice")
    kept = await world.call("GET", "/v1/bindings/alice/history")
    assert NAME not in kept.text
