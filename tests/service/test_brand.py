"""A site's brand on every page that its people see, the logo as it is served, and both over the admin API."""

from __future__ import annotations

import re

import pytest

from tests.people.asks import bind_intent, scan
from tests.people.browsers import links_in, open_in_wechat
from tests.pictures import SVG, data_url, png
from tests.registry.test_admin_api import ADMINS, a_site, ask
from tests.world import KEY

BRAND = {"logo": data_url(png(240, 120)), "accent": "#1677ff", "radius": 8, "qr_frame": "accent"}
HTML = {"Accept": "text/html"}


@pytest.fixture
async def branded(new_world):
    async with new_world(sites__shop__brand=BRAND, admin__keys=ADMINS) as world:
        yield world


async def page_of(world, started):
    return (await world.call("GET", started["page_url"].removeprefix(world.service), key=None, headers=HTML)).text


def looks_of(text):
    """What a page says of the brand."""
    return {
        "logo": re.search(r'<img class="logo" src="(/logos/[^"]+)" alt="" width="80" height="40">', text)[1],
        "light": re.search(r":root \{ --radius: 0\.5rem; --accent: (#\w+)", text)[1],
        "dark": re.search(r"dark\) \{ :root \{ --accent: (#\w+)", text)[1],
    }


async def test_every_page_of_a_site_has_its_looks(branded):
    world = branded
    started, asked, person = await world.start(), await bind_intent(world), await world.person()
    pages = [await page_of(world, started), await page_of(world, asked)]
    assert all('data-frame="accent"' in text for text in pages)
    await scan(world, person, asked)
    pages.append((await open_in_wechat(person, links_in(await person.last_text())[0]))["body"])
    found = [looks_of(text) for text in pages]
    assert found[0] == found[1] == found[2]
    assert (found[0]["light"], found[0]["dark"]) == ("#1366db", "#3b8dff")


async def test_the_state_says_it_for_the_widget(branded):
    for started in (await branded.start(), await bind_intent(branded)):
        brand = (await branded.page("GET", started, "/state"))["brand"]
        assert re.fullmatch(re.escape(branded.service) + r"/logos/shop/[0-9a-f]{24}", brand.pop("logo"))
        assert brand == {"accent": "#1366db", "accent_dark": "#3b8dff", "radius": 8, "qr_frame": "accent"}


async def test_a_site_without_a_brand_looks_as_before(new_world):
    async with new_world(sites__shop__brand={}) as world:
        started = await world.start()
        assert (await world.page("GET", started, "/state"))["brand"] is None
        text = await page_of(world, started)
        assert '<span class="mark" aria-hidden="true">' in text
        assert 'class="logo"' not in text


async def test_the_logo_is_served_by_us_and_kept_by_browsers(branded):
    route = looks_of(await page_of(branded, await branded.start()))["logo"]
    served = await branded.call("GET", route, key=None)
    assert (served.status, served.headers["Content-Type"]) == (200, "image/png")
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "immutable" in served.headers["Cache-Control"]
    assert "sandbox" in served.headers["Content-Security-Policy"]
    again = await branded.call("GET", route, key=None, headers={"If-None-Match": served.headers["ETag"]})
    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize("route", ["/logos/shop/" + "0" * 24, "/logos/none/" + "0" * 24, "/logos/shop/%00"])
async def test_there_is_no_other_logo(branded, route):
    assert (await branded.call("GET", route, key=None)).problem == "not-found"


async def test_a_site_of_the_store_gets_its_looks_at_run_time(branded):
    key = await a_site(branded, brand=BRAND)
    started = await branded.start(key=key)
    logo = (await branded.page("GET", started, "/state"))["brand"]["logo"]
    assert (await branded.call("GET", logo.removeprefix(branded.service), key=None)).status == 200
    assert (await ask(branded, "PATCH", "/sites/bar", {"brand": {"logo": None, "radius": 0}})).status == 200
    brand = (await branded.page("GET", started, "/state"))["brand"]
    assert brand == {"logo": None, "accent": "#1366db", "accent_dark": "#3b8dff", "radius": 0, "qr_frame": "accent"}
    assert (await branded.call("GET", logo.removeprefix(branded.service), key=None)).problem == "not-found"


@pytest.mark.parametrize(
    ("logo", "says"),
    [
        ("logo.png", "must be an image as a data URL"),
        ("/etc/passwd", "must be an image as a data URL"),
        (data_url(SVG, "svg+xml"), "is SVG"),
    ],
)
async def test_the_admin_api_reads_no_file_and_takes_no_markup(branded, logo, says):
    answer = await ask(branded, "PUT", "/sites/bar", {"name": "Bar", "account": "main", "brand": {"logo": logo}})
    assert answer.problem == "invalid"
    assert answer["errors"][0]["pointer"] == "/brand/logo"
    assert says in answer["errors"][0]["detail"]


async def test_a_service_with_a_path_of_its_own_finds_the_logo(new_world):
    async with new_world(sites__shop__brand=BRAND, service__public_url="https://code.example/auth") as world:
        started = await world.call(
            "POST", "/v1/verifications", {"purpose": "register", "user": "u", "client_ip": "192.0.2.1"}, key=KEY
        )
        path = started["page_url"].removeprefix("https://code.example/auth")
        text = (await world.call("GET", path, key=None, headers=HTML)).text
        assert '<img class="logo" src="/auth/logos/shop/' in text
        state = await world.call("GET", f"{path}/state", key=None)
        assert state["brand"]["logo"].startswith("https://code.example/auth/logos/shop/")
