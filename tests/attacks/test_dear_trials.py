"""An account's messages are tried under hundreds of circumstances for each purpose of each site: a change has one
budget for all of them, and other requests are answered meanwhile."""

import asyncio

import pytest

from codesvc.messages.template_variables import MESSAGE_VARIABLES
from codesvc.web.context import SERVICES
from tests.registry.test_admin_api import ACCOUNT, ask, office  # noqa: F401  a fixture

READS_ALL = (
    "{% if i > 9999 %}" + "".join(f"{{{{ {name} }}}}" for name in sorted(MESSAGE_VARIABLES["code"])) + "{% endif %}"
)


def loop(turns):
    """Short, within the budget of a rendering, and different under every circumstance that there is."""
    return f"{{% for i in range({turns}) %}}{READS_ALL}{{% endfor %}}x"


def account(fields, **more):
    shown = {"character_string1": "{{ code }}"}
    return ACCOUNT | {"messages": {"code": {"template_id": "x" * 43, "fields": shown | fields}}} | more


def site(purposes=()):
    name = {"zh": "店", "en": "Shop"}
    return {"name": name, "account": "second", "purposes": {purpose: {"name": name} for purpose in purposes}}


@pytest.mark.parametrize(
    "fields",
    [
        {f"thing{number}": loop(100) for number in range(2, 12)},
        {f"thing{number}": "{{ code }}" + "{{ 1 }}" * 270 for number in range(2, 20)},
    ],
    ids=["loops", "sources"],
)
async def test_messages_that_take_long_to_be_tried_are_refused(
    office,  # noqa: F811
    fields,
):
    answer = await ask(office, "PUT", "/accounts/second", account(fields))
    assert (answer.status, answer.problem) == (400, "invalid"), answer.text
    assert [error["pointer"] for error in answer["errors"]] == ["/messages"]
    assert "take too long to be tried" in answer["errors"][0]["detail"]


async def test_a_site_whose_purposes_make_the_trial_long_is_refused(
    office,  # noqa: F811
):
    """The number of purposes is the site's. Where that of its account passes, a usual site passes too."""
    assert (await ask(office, "PUT", "/accounts/second", account({"thing2": loop(50)}))).status == 201
    assert (await ask(office, "PUT", "/sites/few", site(["vip"]))).status == 201
    answer = await ask(office, "PUT", "/sites/many", site([f"p-{number}" for number in range(40)]))
    assert (answer.status, answer.problem) == (400, "invalid"), answer.text
    assert "take too long to be tried" in answer["errors"][0]["detail"]


async def test_others_get_their_turn_while_messages_are_tried(
    office,  # noqa: F811
):
    """Counted in steps of rendering: how often others get their turn in all depends on what else the machine does."""
    templates, stretches = office.app[SERVICES].templates, []

    async def others():
        before = templates.steps
        while True:
            await asyncio.sleep(0)
            if templates.steps > before:
                stretches.append(templates.steps - before)
            before = templates.steps

    beside = asyncio.create_task(others())
    try:
        answer = await ask(office, "PUT", "/accounts/second", account({"thing2": loop(50), "thing3": loop(50)}))
        assert answer.status == 201, answer.text
    finally:
        beside.cancel()
    assert sum(stretches) > 20 * max(stretches)


async def test_a_usual_accounts_messages_are_far_from_the_bound(
    office,  # noqa: F811
):
    """Fields of jinja2, for many purposes of several sites."""
    fields = {
        "thing2": "{{ site }} {{ purpose }}",
        "thing3": "{{ agent or '-' }} {{ place or '-' }}",
        "time4": "{{ expires_at }}",
        "thing5": "{% if locale == 'zh' %}{{ minutes }} 分钟{% else %}{{ minutes }} min{% endif %}",
    }
    assert (await ask(office, "PUT", "/accounts/second", account(fields))).status == 201
    for name in ("one", "two", "three"):
        answer = await ask(office, "PUT", f"/sites/{name}", site([f"p-{number}" for number in range(20)]))
        assert answer.status == 201, answer.text
    assert (await ask(office, "PUT", "/accounts/second", account(fields))).status == 200
