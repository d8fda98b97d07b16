"""A card's line of site and purpose: readable in both languages, the purpose whole, the reference kept."""

import pytest

from codesvc.messages.message_fields import MessageFields
from codesvc.messages.templates import Templates
from tests.delivery.test_field_stories import card

SHIPPED = "[{{ reference }}]{{ site }}{{ purpose }}"


def line(source, key="thing2", **variables):
    return MessageFields.of(Templates().fields({key: source})).filled({"reference": "AU"} | variables)[key]


@pytest.mark.parametrize(
    ("site", "purpose", "shown"),
    [
        ("Tea", "Sign-up", "[AU]Tea Sign-up"),
        ("Moonhill Tea", "Sign-up", "[AU]Moonhil… Sign-up"),
        ("Moonhill Tea", "Password reset", "[AU]Password reset"),
        ("Café", "Éntrée", "[AU]Café Éntrée"),
        ("山月茶铺", "注册", "[AU]山月茶铺注册"),
        ("山月茶铺", "Sign-up", "[AU]山月茶铺Sign-up"),
        ("很长的网站名称" * 4, "重置密码", "[AU]很长的网站名称很长的网…重置密码"),
        ("Tea", "Confirm your new address", "[AU]Confirm your ne…"),
        ("😀" * 20, "注册", "[AU]😀😀😀😀😀😀…注册"),
        ("A", "", "[AU]A"),
    ],
)
def test_the_site_is_shortened_first_and_words_stay_apart(site, purpose, shown):
    found = line(SHIPPED, site=site, purpose=purpose)
    assert found == shown
    assert len(found.encode("utf-16-le")) // 2 <= 20


def test_wherever_the_reference_stands_it_is_kept():
    assert (
        line("{{ site }}{{ purpose }} {{ reference }}", site="Moonhill Tea", purpose="Sign-up")
        == "Moonhill… Sign-up AU"
    )
    found = line("{{ site }}{{ purpose }} {{ reference }}", site="Tea", purpose="Confirm your new address")
    assert found == "Confirm your new… AU"


@pytest.mark.parametrize("length", range(1, 65))
def test_whatever_the_lengths_nothing_but_the_site_is_cut_while_there_is_one(length):
    found = line(SHIPPED, site="Moonhill Tea Shop"[:length].strip(), purpose="p" * min(length, 16))
    assert found.startswith("[AU]")
    assert found.endswith("p" * min(length, 16))


def test_a_jinja_source_is_shortened_in_the_same_way():
    source = "{% if locale == 'en' %}{{ site }} {{ purpose }}{% else %}{{ site }}{{ purpose }}{% endif %}"
    found = line(source, site="Moonhill Tea Shop", purpose="Password reset", locale="en")
    assert found == "Moon… Password reset"


def test_a_short_name_takes_the_whole_field():
    assert line("{{ site }}", "name1", site="山月茶铺") == "山月茶铺"
    assert line("{{ site }}", "thing1", site="Moonhill Tea Shop Ltd") == "Moonhill Tea Shop L…"


@pytest.mark.parametrize(("locale", "shown"), [("en", "Moonhil… Sign-up"), ("zh-CN", "山月茶铺注册")])
async def test_on_the_phone(world, locale, shown):
    value = (await card(world, locale=locale))["data"]["thing2"]["value"]
    assert value[4:] == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (SHIPPED, "Moonhill ID Sign-in"),
        ("{{ site }}{{ purpose }} [{{ reference }}]", "Moonhill ID Sign-in"),
        ("【{{ reference }}】{{ site }}{{ purpose }}", "Moonhill ID Sign-in"),
        ("（{{ reference }}）{{ site }}", "Moonhill ID"),
        ("{% if reference %}[{{ reference }}]{% endif %}{{ site }}", "Moonhill ID"),
        ("{{ site }}{{ purpose }}", "Moonhill ID Sign-in"),
        ("[{{ reference }}]", "-"),
    ],
)
def test_a_message_without_a_reference_has_no_place_for_one(source, shown):
    fields = MessageFields.of(Templates().fields({"thing2": source})).without_reference()
    given = {"site": "Moonhill ID", "purpose": "Sign-in", "reference": "", "locale": "en"}
    assert fields.filled(given)["thing2"] == shown
