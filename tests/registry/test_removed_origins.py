"""An origin that a site no longer has gets nobody: what was begun before leads no browser there."""

import pytest

from tests.people.asks import bind_intent, reply
from tests.registry.test_admin_api import BAR, ask, office  # noqa: F401  office is a fixture

KEPT, REMOVED = "https://bar.example", "https://old.example"


@pytest.mark.parametrize("origin", [KEPT, REMOVED])
async def test_a_page_leads_only_to_present_origins(office, origin):  # noqa: F811
    assert (await ask(office, "PUT", "/sites/bar", BAR | {"origins": [KEPT, REMOVED]})).status == 201
    key = (await ask(office, "PUT", "/sites/bar/keys/server", {"scopes": ["verify", "bindings"]}))["key"]
    person, back = await office.person(), f"{origin}/back"
    started = [await office.start(f"u-{n}", key=key, return_url=back) for n in range(2)]
    intent = await bind_intent(office, "alice", key=key, return_url=back)
    codes = []
    for each in started:
        await person.say(each["scan"]["keyword"])
        codes.append(await person.code_in_chat())
    await reply(person, intent["scan"]["keyword"])
    assert "绑定成功" in await reply(person, "确认")
    assert (await ask(office, "PUT", "/sites/bar", BAR | {"origins": [KEPT]})).status == 200

    kept = origin == KEPT
    answer = await office.page("POST", started[0], "/check", {"code": codes[0]})
    assert (answer.status, bool(answer["return_to"])) == (200, kept), answer.text
    form = await office.page("POST", started[1], "/check", data={"code": codes[1]})
    assert (form.status, form.headers["Location"].startswith(back)) == (303, kept)
    shown = await office.page("GET", started[0])
    assert (shown.status, back in shown.text) == (200, kept)
    state = await office.page("GET", intent, "/state")
    assert (state["confirmed"], bool(state["return_to"])) == (True, kept)
    assert (back in (await office.page("GET", intent)).text) is kept
