"""The variables of the pages: what is documented, what is given and what an override may ask for are the same."""

from __future__ import annotations

import re

import pytest

from codesvc.domain.service_address import ServiceAddress
from codesvc.messages.template_variables import MESSAGE_VARIABLES, PAGE_VARIABLES, used_variables
from codesvc.messages.templates import BadTemplate, Templates, shipped_directory
from tests.people.asks import bind_intent, login, scan
from tests.people.browsers import links_in, open_in_wechat

PAGES = shipped_directory() / "pages"
HEAD = re.compile(r"\{#(.*?)#\}", re.DOTALL)
SHARE_A_HEAD = {"panel": "verification", "intent_panel": "intent"}


def head(name):
    return HEAD.search((PAGES / f"{SHARE_A_HEAD.get(name, name)}.html").read_text(encoding="utf-8"))[1]


def test_every_page_is_known():
    assert {path.stem for path in PAGES.glob("*.html")} == set(PAGE_VARIABLES)


@pytest.mark.parametrize("name", PAGE_VARIABLES)
def test_what_is_documented_is_what_is_given(name):
    text = head(name).partition("Variables")[2]
    assert {each for each in PAGE_VARIABLES[name] if not re.search(rf"\b{each}\b", text)} == set()


@pytest.mark.parametrize("name", PAGE_VARIABLES)
def test_a_shipped_page_asks_for_nothing_else(name):
    source = (PAGES / f"{name}.html").read_text(encoding="utf-8")
    assert used_variables(Templates()._environment, source).keys() <= PAGE_VARIABLES[name]


async def test_what_is_given_is_what_is_known(world, monkeypatch):
    given, page = {}, Templates.page

    def listen(self, name, variables):
        given.setdefault(name, set()).add(frozenset(variables))
        return page(self, name, variables)

    monkeypatch.setattr(Templates, "page", listen)
    person, started, asked = await world.person(), await world.start(), await bind_intent(world)
    part, html = {"X-Codesvc-Part": "panel"}, {"Accept": "text/html"}
    for path in (started["page_url"], asked["page_url"]):
        for headers in ({}, part):
            await world.call("GET", path.removeprefix(world.service), key=None, headers=headers)
    await scan(world, person, await login(world))
    await open_in_wechat(person, links_in(await person.last_text())[0])
    for path in ("/", "/p/none", "/problems/not-found", "/docs"):
        await world.call("GET", path, key=None, headers=html)
    assert given == {
        name: {PAGE_VARIABLES[name]} for name in PAGE_VARIABLES.keys() - {"layout", "script", "icons", "brand", "parts"}
    }


async def test_a_message_with_a_code_is_given_what_is_known(world, monkeypatch):
    given, chat = {}, Templates.chat

    def listen(self, name, locale, variables):
        given[name] = set(variables)
        return chat(self, name, locale, variables)

    monkeypatch.setattr(Templates, "chat", listen)
    person, started = await world.person(), await world.start()
    await person.scan(await world.scan_url(started))
    assert given["code"] >= MESSAGE_VARIABLES["code"]


@pytest.fixture
def override(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return Templates(tmp_path)

    return write


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("pages/verification.html", "one\n{{ title }}\n{{ colour }}", "line 3: nothing gives 'colour' here"),
        ("pages/panel.html", "{% if attempts %}{% endif %}", "line 1: nothing gives 'attempts' here"),
        ("pages/layout.html", "{{ state }}", "line 1: nothing gives 'state' here; there are: nonce, t"),
        ("chat/zh/expired.txt", "\n{{ code }}", "line 2: nothing gives 'code' here"),
        ("people/en/bound.txt", "{{ openid }}", "line 1: nothing gives 'openid' here"),
        ("chat/zh/bussy.txt", "x", "there is no text of this name"),
    ],
)
def test_what_is_not_given_is_told_at_the_start(override, name, text, says):
    with pytest.raises(BadTemplate) as caught:
        override(name, text)
    assert str(caught.value).startswith(f"template {name}")
    assert says in str(caught.value)


def test_an_override_may_use_all_there_is_and_bring_files_of_its_own(override):
    override("pages/mine.html", "{{ whatever }}")
    override(
        "pages/verification.html", '{% include "pages/mine.html" %}{% for x in range(2) %}{{ x }}{{ hint }}{% endfor %}'
    )
    override("chat/en/code.txt", "{{ code }} {{ reference }} {{ place }}")


def test_an_override_may_ask_for_the_address_of_a_route(override, tmp_path):
    override("pages/trouble.html", '<link href="{{ own_path("/favicon.svg") }}">')
    templates = Templates(tmp_path, own_path=ServiceAddress("https://a.example/auth").path)
    assert templates.page("trouble", {}) == '<link href="/auth/favicon.svg">'
