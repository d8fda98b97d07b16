"""A page that has ended starts one successor: in place, once, with nothing that its page token did not allow before."""

import asyncio
from collections import Counter

import pytest

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SHOP, EVIL = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
BACK = "https://shop.example/welcome?step=2"
WHAT = {"vf": "verifications", "bi": "bind-intents", "lg": "logins"}
STARTS = ["verification", "bind intent", "login"]


async def started(world, what, **more):
    if what == "verification":
        return await world.start("u-renewed", return_url=BACK, metadata={"cart": "c-81"}, **more)
    path, own = {"bind intent": ("bind-intents", {"user": "u-renewed"}), "login": ("logins", {})}[what]
    body = {"client_ip": "192.0.2.1", "return_url": BACK, **own, **more}
    return await world.call("POST", f"/v1/{path}", body)


async def read(world, identifier):
    return await world.call("GET", f"/v1/{WHAT[identifier[:2]]}/{identifier}")


async def renew(world, old, **more):
    return await world.page("POST", old, "/renew", {}, **more)


async def successor(world, old):
    """The successor as the site reads it, found by the id that the site knows."""
    return await read(world, (await read(world, old["id"]))["successor"])


@pytest.mark.parametrize("what", STARTS)
async def test_what_has_expired_gets_a_successor_that_the_site_can_find(world, what):
    old = await started(world, what)
    assert (await world.page("GET", old, "/state"))["renew"] is None
    await world.advance(601)
    assert (await world.page("GET", old, "/state"))["renew"] == "scan"
    answer = await renew(world, old)
    assert answer.status == 200, answer.text
    new = await successor(world, old)
    assert (answer["page_token"], answer["page_url"]) == (new["page_token"], new["page_url"])
    assert (new["status"], new["predecessor"], new["successor"]) == ("pending", old["id"], None)
    assert new["id"] != old["id"]
    assert new["reference"] != old["reference"] or new["scan"] != old["scan"]
    for same in {"user", "purpose", "metadata", "method"} & new.json.keys():
        assert new[same] == old[same]
    before = await read(world, old["id"])
    assert (before["status"], before["predecessor"]) == ("expired", None)
    assert (await world.page("GET", {"page_token": answer["page_token"]}, "/state"))["renew"] is None


@pytest.mark.parametrize("what", STARTS)
async def test_two_tabs_at_once_share_one_successor(world, what):
    old = await started(world, what)
    await world.advance(601)
    answers = await asyncio.gather(*(renew(world, old) for _ in range(20)))
    assert Counter(answer.status for answer in answers) == {200: 20}
    assert len({answer["page_token"] for answer in answers}) == 1


@pytest.mark.parametrize("what", STARTS)
async def test_a_successor_has_no_successor(world, what):
    old = await started(world, what)
    await world.advance(601)
    new = {"page_token": (await renew(world, old))["page_token"]}
    await world.advance(601)
    assert (await world.page("GET", new, "/state"))["renew"] is None
    answer = await renew(world, new)
    assert (answer.status, answer.problem) == (410, f"{'verification' if what == 'verification' else 'intent'}-ended")
    # The first token gains nothing more either.
    assert (await renew(world, old))["page_token"] == new["page_token"]


@pytest.mark.parametrize("what", STARTS)
async def test_what_somebody_wanted_to_end_stays_ended(world, what):
    pending, canceled = await started(world, what), await started(world, what)
    path = WHAT[canceled["id"][:2]]
    assert (await world.call("POST", f"/v1/{path}/{canceled['id']}/cancel", {})).status == 200
    for old in (pending, canceled):
        assert (await renew(world, old)).status == 410
        assert (await read(world, old["id"]))["successor"] is None
    await world.advance(9000)
    assert (await renew(world, pending)).status == 404


async def test_an_approved_verification_has_none(world):
    old = await world.approved()
    assert (await world.page("GET", old, "/state"))["renew"] is None
    assert (await renew(world, old)).status == 410


async def test_superseded_and_exhausted_ones_have_one(world):
    first, *_ = [await world.start("u-many") for _ in range(4)]
    assert (await world.page("GET", first, "/state"))["status"] == "superseded"
    assert (await renew(world, first)).status == 200
    spent = await world.start("u-spent")
    for code in ("111111", "222222", "333333", "444444", "555555"):
        await world.page("POST", spent, "/check", {"code": code})
    state = await world.page("GET", spent, "/state")
    assert (state["status"], state["renew"]) == ("exhausted", "code")
    new = {"page_token": (await renew(world, spent))["page_token"]}
    # A new code refunds no guesses: ten an hour for each user.
    codes = [f"{digit}" * 6 for digit in range(1, 6)]
    answers = [await world.page("POST", new, "/check", {"code": code}) for code in codes]
    assert {answer.status for answer in answers} <= {422, 429}
    spent_too = await world.start("u-spent")
    assert (await world.page("POST", spent_too, "/check", {"code": "666666"})).problem == "guess-budget"


@pytest.mark.parametrize("part", [True, False])
async def test_the_form_says_how_it_ended_after_the_last_wrong_code(world, part):
    """The answer to a form is a page, in each state that it may find: what was typed then matters no more."""
    headers = {"Accept": "text/html"} | ({"X-Codesvc-Part": "panel"} if part else {})
    old = await world.start("u-form")
    for code, status, said in (
        *((f"{digit}" * 6, 422, "还可以再试") for digit in (1, 2, 3, 4)),
        ("555555", 422, "尝试次数已用完"),
        ("666666", 410, "尝试次数已用完"),
        ("12", 410, "尝试次数已用完"),
    ):
        url = f"{world.service}/p/{old['page_token']}/check"
        async with world.http.post(url, data={"code": code}, headers=headers) as answer:
            html = await answer.text()
            assert (answer.status, said in html) == (status, True), (code, answer.status)
            assert ('id="problem" role="alert"></p>' in html) is (said != "还可以再试"), code


async def test_a_code_that_another_wechat_took_is_renewed(world):
    other, mine, old = await world.person(), await world.person(), await started(world, "verification")
    await other.say(old["scan"]["keyword"])
    stolen = await other.code_in_chat()
    assert (await world.page("GET", old, "/state"))["renew"] == "scan"
    token = {"page_token": (await renew(world, old))["page_token"]}
    assert (await world.page("POST", old, "/check", {"code": stolen})).status == 410
    new = await successor(world, old)
    assert (await world.page("POST", token, "/check", {"code": stolen})).status == 422
    await mine.say(new["scan"]["keyword"])
    answer = await world.page("POST", token, "/check", {"code": await mine.code_in_chat()})
    assert answer["status"] == "approved"
    # The id is the one that the site keeps in its session.
    assert answer["return_to"] == f"{BACK}&verification={old['id']}&successor={new['id']}"
    assert (await successor(world, old))["proof"]


async def test_a_login_that_another_wechat_scanned_is_renewed_and_its_question_is_over(world):
    other, mine = await world.person(), await world.bound("u-owner")
    old = await started(world, "login")
    await other.say(old["scan"]["keyword"])
    assert (await world.page("GET", old, "/state"))["renew"] == "scan"
    assert (await renew(world, old)).status == 200
    await other.say("确认")
    assert (await read(world, old["id"]))["status"] == "canceled"
    new = await successor(world, old)
    await mine.say(new["scan"]["keyword"])
    await mine.say("确认")
    assert (await successor(world, old))["user"] == "u-owner"


async def test_the_owners_claim_is_not_taken_away(world):
    """Rule 3: what the bound WeChat has claimed is superseded by nothing that is not claimed."""
    owner = await world.bound("u-owned")
    old = await world.start("u-owned", "register")
    await owner.say(old["scan"]["keyword"])
    assert (await world.page("GET", old, "/state"))["renew"] is None
    assert (await renew(world, old)).status == 410


async def test_bound_and_unbound_users_read_alike(world):
    """Rule 7: whether there is a successor, and what it says, does not depend on the user's binding."""
    await world.bound("u-bound")
    seen = []
    for user in ("u-bound", "u-unbound"):
        old = await world.start(user, "reset")
        pending = await renew(world, old)
        await world.advance(301)
        state = await world.page("GET", old, "/state")
        answer = await renew(world, old)
        fresh = await world.page("GET", {"page_token": answer["page_token"]}, "/state")
        site = await successor(world, old)
        seen.append(
            (
                *(pending.status, state["renew"], state["delivery"], answer.status, fresh["renew"], fresh["delivery"]),
                *(fresh["status"], bool(fresh["scan"]), site["delivery"], bool(site["scan"])),
            )
        )
    assert seen[0] == seen[1]


async def test_a_successor_counts_as_a_start_and_a_refusal_says_how_long(world):
    """The reader's own address is counted: 60 starts an hour."""
    old, also = await started(world, "verification", ip="198.51.100.9"), await started(world, "login")
    for number in range(60):
        assert (await world.start(f"u-{number}", ip="127.0.0.1")).status == 201
    await world.advance(601)
    for refused in (old, also):
        answer = await renew(world, refused)
        assert (answer.status, answer.problem) == (429, "rate-limited")
        assert int(answer.headers["Retry-After"]) > 2000
        page = await world.page("POST", refused, "/renew", data="", headers=FORM | {"Accept-Language": "en"})
        assert page.status == 429
        assert "Too many requests. Try again in" in page.text
        assert (await read(world, refused["id"]))["successor"] is None
    await world.advance(3000)
    assert (await renew(world, old)).status == 200


@pytest.mark.parametrize("what", STARTS)
async def test_the_form_works_without_javascript(world, what):
    old = await started(world, what)
    await world.advance(601)
    page = await world.page("GET", old, headers={"Accept-Language": "en"})
    assert f"/p/{old['page_token']}/renew" in page.text
    assert "Get a new QR code" in page.text
    answer = await world.page("POST", old, "/renew", data="", headers=FORM)
    assert answer.status == 303
    assert answer.headers["Location"] == f"/p/{(await successor(world, old))['page_token']}"


@pytest.mark.parametrize("what", STARTS)
async def test_only_the_sites_own_pages_may(world, what):
    old = await started(world, what)
    await world.advance(601)
    for answer in (
        await renew(world, old, headers=EVIL),
        await world.page("POST", old, "/renew", data="", headers=FORM | EVIL),
        await world.page("OPTIONS", old, "/renew", headers=EVIL),
    ):
        assert (answer.status, answer.problem) == (403, "forbidden")
    assert (await world.page("OPTIONS", old, "/renew", headers=SHOP)).status == 204
    answer = await renew(world, old, headers=SHOP)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, SHOP["Origin"])


async def test_a_bind_intent_is_renewed_for_ten_minutes_only(world):
    """It binds without the site's session: later, another person may sit at the screen."""
    old = await started(world, "bind intent")
    await world.advance(1201)
    assert (await world.page("GET", old, "/state"))["renew"] is None
    assert (await renew(world, old)).status == 410


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
READER = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"}


@pytest.mark.parametrize("reader", ["script", "form"])
@pytest.mark.parametrize("what", STARTS)
async def test_messages_of_a_successor_name_the_browser_in_which_the_site_began(world, what, reader):
    """The approval goes to that browser. The reader of the page may be the victim, who would see their own device."""
    person = await world.bound("u-renewed" if what == "verification" else "u-other")
    old = await started(world, what, user_agent=WINDOWS)
    await world.advance(601)
    if reader == "form":
        assert (await world.page("POST", old, "/renew", data="", headers=FORM | READER)).status == 303
    else:
        assert (await renew(world, old, headers=READER)).status == 200
    new = await successor(world, old)
    await person.say(new["scan"]["keyword"])
    said = await person.last_text()
    assert ("Windows" in said, "192.0.*.*" in said) == (True, True), said
    assert ("iPhone" in said, "127.0.*.*" in said) == (False, False), said


@pytest.mark.parametrize("what", STARTS)
async def test_where_the_site_gave_no_address_a_successor_names_none(new_world, what):
    async with new_world(sites__shop__client_ip="none") as world:
        person = await world.bound("u-renewed" if what == "verification" else "u-other")
        path, own = {
            "verification": ("verifications", {"user": "u-renewed", "purpose": "reset"}),
            "bind intent": ("bind-intents", {"user": "u-renewed"}),
            "login": ("logins", {}),
        }[what]
        old = await world.call("POST", f"/v1/{path}", {"user_agent": WINDOWS, **own})
        assert old.status == 201, old.text
        await world.advance(601)
        assert (await renew(world, old, headers=READER)).status == 200
        await person.say((await successor(world, old))["scan"]["keyword"])
        said = await person.last_text()
        assert ("Windows" in said, "iPhone" in said, "*.*" in said) == (True, False, False), said
