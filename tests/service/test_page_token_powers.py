"""What a browser can do with a page token: act on exactly one verification, from the site's own origins."""

import re

import pytest

SHOP = {"Origin": "https://shop.example"}
EVIL = {"Origin": "https://evil.example"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BACK = "https://shop.example/welcome?step=2#top"


@pytest.fixture
async def scanned(world):
    """A verification whose code somebody has, and the code."""
    person, started = (
        await world.person(),
        await world.start("user-of-the-shop", return_url=BACK, metadata={"note": "private"}),
    )
    await person.say(started["scan"]["keyword"])
    return started, await person.code_in_chat()


async def test_the_state_tells_what_the_page_shows_and_no_more(world, scanned):
    started, _ = scanned
    state = await world.page("GET", started, "/state")
    assert set(state.json) >= {
        "status", "reference", "site", "account", "purpose", "now", "expires_at", "resend_at", "attempts_left",
        "code_length", "delivery", "scan", "return_to",
    }  # fmt: skip
    assert state["return_to"] is None
    for secret in ("user-of-the-shop", "private", "proof", "metadata", '"user"'):
        assert secret not in state.text


async def test_a_guess_from_the_page_approves_and_leads_back_without_a_proof(world, scanned):
    started, code = scanned
    answer = await world.page("POST", started, "/check", {"code": code})
    assert (answer.status, answer["status"]) == (200, "approved")
    assert answer["return_to"] == f"https://shop.example/welcome?step=2&verification={started['id']}#top"
    assert "proof" not in answer.text
    assert "proof" in (await world.get(started)).json


async def test_the_form_works_without_javascript(world, scanned):
    started, code = scanned
    page = await world.page("GET", started)
    assert page.status == 200
    assert re.search(r'<form[^>]*method="post"[^>]*action="[^"]*/check"', page.text)
    wrong = await world.page("POST", started, "/check", data="code=nope", headers=FORM)
    assert (wrong.status, wrong.headers["Content-Type"].partition(";")[0]) == (422, "text/html")
    right = await world.page("POST", started, "/check", data=f"code={code}", headers=FORM)
    assert right.status == 303
    assert right.headers["Location"] == f"https://shop.example/welcome?step=2&verification={started['id']}#top"


async def test_a_resend_by_form_comes_back_to_the_page(world, scanned):
    started, _ = scanned
    early = await world.page("POST", started, "/resend", data="", headers=FORM)
    assert early.status == 429
    await world.advance(61)
    again = await world.page("POST", started, "/resend", data="", headers=FORM)
    assert again.status == 303
    assert again.headers["Location"].partition("?")[0] == f"/p/{started['page_token']}"


async def test_a_browsers_form_says_where_it_comes_from_and_is_let_in(world, scanned):
    """Under `no-referrer` browsers send `Origin: null` with a form (Fetch, "append a request Origin header")."""
    started, code = scanned
    page = await world.page("GET", started)
    assert page.headers["Referrer-Policy"] != "no-referrer"
    own = {"Origin": world.service}
    right = await world.page("POST", started, "/check", data=f"code={code}", headers=FORM | own)
    assert right.status == 303


async def test_the_sites_own_pages_may_call_and_read_the_answer(world, scanned):
    started, code = scanned
    for answer in (
        await world.page("GET", started, "/state", headers=SHOP),
        await world.page("POST", started, "/check", {"code": "nope"}, headers=SHOP),
        await world.page("POST", started, "/resend", {}, headers=SHOP),
        await world.page("POST", started, "/check", {"code": code}, headers=SHOP),
        await world.page("POST", started, "/check", {"code": code}, headers=SHOP),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
    for act in ("check", "resend", "state", "events"):
        allowed = await world.page("OPTIONS", started, f"/{act}", headers=SHOP)
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil", "http://shop.example"])
async def test_foreign_pages_may_not(world, scanned, origin):
    started, code = scanned
    headers = {"Origin": origin}
    for answer in (
        await world.page("POST", started, "/check", {"code": code}, headers=headers),
        await world.page("POST", started, "/check", data=f"code={code}", headers=FORM | headers),
        await world.page("POST", started, "/resend", {}, headers=headers),
        await world.page("GET", started, "/state", headers=headers),
        await world.page("OPTIONS", started, "/check", headers=headers),
        await world.page("GET", started, "/events", headers=headers),
    ):
        assert (answer.status, answer.problem) == (403, "forbidden")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert (await world.get(started))["attempts_left"] == 5


async def test_a_page_token_carries_no_api_power(world, scanned):
    started, _ = scanned
    for key in (started["page_token"], f"page {started['page_token']}"):
        assert (await world.get(started, key=key)).status == 401


async def test_a_changed_token_opens_nothing(world, scanned):
    token = scanned[0]["page_token"]
    # Of the last character of base64, four bits count; of the one before, all.
    changed = token[:-2] + ("x" if token[-2] != "x" else "y") + token[-1]
    for other in (changed, token[1:], token + "a", "a" * 2000, "%00", "..", "%2e%2e%2fhealthz", "é"):
        for path in ("", "/state", "/qr.svg", "/events"):
            answer = await world.call("GET", f"/p/{other}{path}", key=None)
            # `/p/..` is the address `/`, which says what this service is.
            assert answer.status in {400, 404} or (other, path) == ("..", ""), other


async def test_the_picture_is_drawn_here_and_says_what_wechat_said(world, scanned):
    started, _ = scanned
    picture = await world.page("GET", started, "/qr.svg")
    assert (picture.status, picture.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
    assert "no-store" in picture.headers["Cache-Control"]
    assert (await world.page("GET", started, "/qr.svg")).text == picture.text


async def test_the_page_runs_no_foreign_code_and_is_kept_nowhere(world, scanned):
    page = await world.page("GET", scanned[0])
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "base-uri 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://shop.example.evil/",
        "https://shop.example@evil.example/",
        "http://shop.example/",
        "//shop.example/",
        "/welcome",
        "javascript:alert(1)",
        "https://shop.example\\@evil.example/",
        "https://shop.example:444/",
        " https://shop.example/",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "\u0001https://shop.example/",
        "https://shop.example/\u0000",
        "https://[::1",
        "",
    ],
)
async def test_the_way_back_leads_to_the_site_and_nowhere_else(world, url, dump):
    before = dump()
    answer = await world.start(return_url=url)
    assert (answer.status, answer["errors"][0]["pointer"]) == (400, "/return_url")
    assert dump() == before
