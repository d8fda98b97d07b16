"""A site that is made at run time takes no word of another site of its account, nor one that answers a question."""

import pytest

from tests.registry.test_admin_api import ADMINS, BAR, ask

OWN = {"reset_url": "https://shop.example/reset", "reset_keywords": ["重置山月", "重置密码"]}


def bar(*words, wish="reset"):
    return BAR | {"chat": {f"{wish}_url": "https://bar.example/a", f"{wish}_keywords": list(words)}}


@pytest.fixture
async def office(new_world):
    async with new_world(admin__keys=ADMINS, sites__shop__chat=OWN) as world:
        yield world


@pytest.mark.parametrize(
    ("words", "wish", "why"),
    [
        (["重置山月"], "reset", "of sites.shop"),
        (["重置 山月。"], "reset", "of sites.shop"),
        (["重置密码"], "bind", "of sites.shop"),
        (["确认"], "reset", "answer a question"),
        (["不是我"], "bind", "answer a question"),
    ],
)
async def test_a_word_that_is_taken_or_an_answer_is_refused(office, words, wish, why):
    refused = await ask(office, "PUT", "/sites/bar", bar(*words, wish=wish))
    assert (refused.status, why in refused.text) == (400, True), refused.text
    assert (await ask(office, "GET", "/sites/bar")).status == 404
    assert (await ask(office, "PUT", "/sites/bar", BAR)).status == 201
    changed = await ask(office, "PATCH", "/sites/bar", {"chat": bar(*words, wish=wish)["chat"]})
    assert changed.status == 400, changed.text


async def test_a_site_keeps_its_own_words_and_the_common_ones_and_a_later_one_cannot_take_them(office):
    own = bar("重置酒吧", "重置密码")
    assert (await ask(office, "PUT", "/sites/bar", own)).status == 201
    assert (await ask(office, "PUT", "/sites/bar", own)).status == 200
    refused = await ask(office, "PUT", "/sites/other", own)
    assert (refused.status, "sites.bar" in refused.text) == (400, True), refused.text
    assert (await ask(office, "PUT", "/sites/other", bar("重置密码"))).status == 201


@pytest.mark.parametrize("word", ["USER_VERIFICATION", "user_verification"])
async def test_the_key_of_a_panels_menu_button_is_a_word_like_the_others(office, word):
    """Whoever has it gives out the codes: the panel's visitors press the button, or the neighbour's."""
    assert (await ask(office, "PUT", "/sites/panel", BAR | {"wechat_server": {}})).status == 201
    for table in (bar(word, wish="bind"), BAR | {"wechat_server": {"keywords": [word]}}):
        refused = await ask(office, "PUT", "/sites/bar", table)
        assert (refused.status, "of sites.panel" in refused.text) == (400, True), refused.text
    assert (await ask(office, "PUT", "/sites/bar", BAR | {"wechat_server": {"keywords": ["酒吧"]}})).status == 201
    assert (await ask(office, "PATCH", "/sites/panel", {"wechat_server": {"keywords": ["面板"]}})).status == 200
    assert (await ask(office, "PATCH", "/sites/bar", {"wechat_server": {"keywords": [word]}})).status == 200
