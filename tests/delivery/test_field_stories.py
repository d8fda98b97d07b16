"""Starts with odd data, and what then stands on the card on the phone; over HTTP, with the sandbox as WeChat."""

import asyncio
from dataclasses import replace

import pytest

from codesvc.sandbox.account import (
    CATEGORY_TEMPLATE_ID,
    DEFAULT_ACCOUNT,
    LEGACY_TEMPLATE_ID,
    TEST_TEMPLATE_ID,
    TemplateSpec,
)

FIELDS = {
    "character_string1": "{{ code }}",
    "thing2": "[{{ reference }}]{{ site }}{{ purpose }}",
    "time3": "{{ expires_at }}",
    "thing4": "{{ agent }}",
}


def message(fields, template_id=CATEGORY_TEMPLATE_ID):
    return {"accounts__main__messages__code": {"template_id": template_id, "fields": fields}}


async def newest_card(person):
    """The newest template message on a phone, once there is one; bounded by tries."""
    for _ in range(1000):
        if cards := await person.messages("template"):
            return cards[-1]
        await asyncio.sleep(0.01)
    raise AssertionError("no card arrives")


async def card(world, **start):
    """The card on the phone after a start."""
    owner = await world.bound("alice")
    started = await world.start("alice", **start)
    assert started.status == 201, started.text
    assert (await world.delivery(started, "sent", "delivered", "failed", "awaiting_scan"))["channel"] == "template"
    return await newest_card(owner)


@pytest.mark.parametrize(
    ("agent", "shown"),
    [(None, "-"), ("", "-"), ("curl/8.5", "-"), ("x" * 300, "-"), ("Mozilla (Windows NT 10.0)", "Windows")],
)
@pytest.mark.parametrize("locale", ["zh-CN", "en", "fr"])
async def test_a_device_that_is_not_known(new_world, agent, shown, locale):
    async with new_world(**message(FIELDS)) as world:
        start = {"locale": locale} | ({"user_agent": agent} if agent is not None else {})
        assert (await card(world, **start))["data"]["thing4"]["value"] == shown


async def test_an_address_that_is_not_given(new_world):
    changes = message(FIELDS | {"thing4": "{{ place }}"}) | {"sites__shop__client_ip": "none"}
    async with new_world(**changes) as world:
        assert (await card(world, ip=None))["data"]["thing4"]["value"] == "-"


async def test_the_longest_names_and_an_english_start(new_world):
    names = {"zh": "山" * 64, "en": "Moonhill " * 7 + "T"}
    async with new_world(**message(FIELDS), sites__shop__name=names) as world:
        shown = await card(world, locale="en")
        assert len(shown["data"]["thing2"]["value"]) <= 20
        assert shown["data"]["character_string1"]["value"] in shown["content"]


async def test_a_hidden_code_of_letters(new_world):
    purpose = {"reveal": "tap", "code_alphabet": "mixed", "code_length": 12, "long_code_length": 12}
    changes = message(FIELDS) | {"sites__shop__purposes": {"register": purpose}}
    async with new_world(**changes) as world:
        assert (await card(world))["data"]["character_string1"]["value"] == "-" * 12


@pytest.mark.parametrize(
    ("template_id", "fields"),
    [
        (LEGACY_TEMPLATE_ID, {"first": "{{ site }}", "keyword1": "{{ code }}", "keyword2": "{{ minutes }}分钟"}),
        (TEST_TEMPLATE_ID, {"code": "{{ code }}", "purpose": "{{ purpose }}", "expires": "{{ expires_at }}"}),
    ],
)
async def test_a_code_in_a_legacy_or_test_template_is_on_the_card(new_world, template_id, fields):
    async with new_world(**message(fields, template_id)) as world:
        owner = await world.bound("alice")
        started = await world.start("alice")
        card = await newest_card(owner)
        digits = [word for word in card["content"].replace("：", "\n").split() if word.isdigit() and len(word) == 6]
        assert len(digits) == 1
        assert (await world.check(started, digits[0])).status == 200


async def test_a_notice_about_a_binding_without_browser_and_reference(new_world):
    fields = {"thing1": "{{ user }}", "thing2": "{{ agent }}", "thing3": "{{ reference }}", "thing4": "{{ place }}"}
    content = "".join(f"行：{{{{{key}.DATA}}}}\n" for key in fields)
    spec = TemplateSpec(template_id="n" * 43, title="绑定变更", content=content)
    account = replace(DEFAULT_ACCOUNT, templates=(*DEFAULT_ACCOUNT.templates, spec))
    unbound = {"template_id": "n" * 43, "fields": fields}
    user = "a@b@" + "long-name.of+somebody" * 5
    async with new_world(account=account, accounts__main__messages__unbound=unbound) as world:
        owner = await world.bound(user)
        assert (await world.call("DELETE", f"/v1/bindings/{user}")).status == 204
        shown = await newest_card(owner)
        assert {key: item["value"] for key, item in shown["data"].items()} == {
            "thing1": "a***@lo***dy",
            "thing2": "-",
            "thing3": "-",
            "thing4": "-",
        }
