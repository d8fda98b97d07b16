"""Apps know people without a binding by `wx_…`, which everybody sees: nobody else is called or bound so."""

from urllib.parse import quote

import pytest

from codesvc.domain.identifiers import is_user
from codesvc.domain.oidc_person import Person, Subjects, visitor_name
from codesvc.domain.visitor_names import resembles_visitor_name
from tests.oidc.parties import CONFIDENTIAL, SUBJECT_KEY, Browser, provider, told

SUBJECT = Subjects(SUBJECT_KEY.encode()).of("shop", "openid-1")
NAME = visitor_name(SUBJECT)
BINDS = CONFIDENTIAL | {"bind_visitors": True}


def wide(text):
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in text)


SPELLINGS = {
    "plain": lambda name: name,
    "capital": str.upper,
    "fullwidth": wide,
    "accented": lambda name: name.replace("x", "ẋ", 1),
    "mathematical": lambda name: name.replace("w", "𝓌", 1),
    "struck": lambda name: name[:3] + "ø" + name[4:] if name[3] == "o" else name.replace("w", "ŵ", 1),
    "cut at @": lambda name: name + "@x",
    "sign behind": lambda name: name + "+",
    "point and more behind": lambda name: name + ".x",
    "other script behind": lambda name: name + "猫",
    "digits of another script": lambda name: name.translate({ord(digit): 0x660 + int(digit) for digit in "234567"}),
    "another script within": lambda name: name[:9] + "ð" + name[10:],
    "sign within": lambda name: name[:7] + "." + name[7:] + "@x",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_app_is_told_a_name_of_this_form_of_its_owner_alone(spelling):
    taken = SPELLINGS[spelling](NAME)
    stranger = Person(Subjects(b"another").of("shop", "openid-2"), taken, "", "en", 0)
    claims = stranger.claims("openid profile", email_domain=None)
    assert {claims["preferred_username"], claims["nickname"]} == {visitor_name(stranger.subject)}
    assert taken not in claims["name"]
    assert Person(SUBJECT, NAME, "", "en", 0).claims("openid profile", email_domain=None)["name"] == NAME


@pytest.mark.parametrize(
    "user",
    [
        *(
            "u-1",
            "wx_abc",
            "wx-abcdefghijklmnop",
            "wy_abcdefghijklmnop",
            "wx_abcdefghijklmno1",
            "x.wx_abcdefghijklmnop",
        ),
        # A site's ids may be openids, or the ends of longer names.
        *("wx_oabcdefghijklmnopqrstuvwxyzab", "wx_abcdefghijklmnop_2", "wx_abcdefghijklmno", "微信_abcdefghijklmnop"),
        # Ids in other languages are shorter or longer than a visitor's name, however each letter is read.
        *("wx_张三", "wx_张三李四王五", "wx_nguyễnthịánh", "wx_éléonore", "wx_猫abcdefghijklmnopqrstuvwxyz", "wx_猫8"),
    ],
)
def test_other_ids_are_like_no_name_of_a_visitor(user):
    assert not resembles_visitor_name(user)


@pytest.mark.parametrize(
    "user", ["wx_łbcdefghijklmnop", "wx_ıbcdefghijklmnop", "wx_æbcdefghijklmno", "Wx_aßcdefghijklmno"]
)
def test_letters_that_unicode_does_not_take_apart_are_read_as_the_plain_ones(user):
    assert resembles_visitor_name(user)


@pytest.mark.parametrize(
    "user",
    [
        # The collation of Unicode (UTS 10) gives digits of one value one weight, whatever their script.
        *("wx_abcdefg٣hijklmno", "wx_abcdefg३hijklmno", "wx_٢٢٢٢٢٢٢٢٢٢٢٢٢٢٢٢"),
        # Letters of the same weight as one or two plain ones.
        *(
            "wx_ðbcdefghijklmnop",
            "wx_œbcdefghijklmno",
            "wx_ꝼbcdefghijklmnop",
            "wx_ỻbcdefghijklmno",
            "wx_ʦbcdefghijklmno",
        ),
        # Small letters above others: read as letters, or dropped like accents.
        *(
            "wx_abcdefghijklmno\u0363",
            "wx_abcdefghijklmnop\u0363",
            "w\u036f_abcdefghijklmnop",
            "w\u036fx_abcdefghijklmnop",
        ),
        # Letters that count for nothing there.
        *("wx_abcdefghـijklmnop", "wـx_abcdefghijklmnop", "wx_abcdefghـijkl.mnop+x"),
        # In the place of a letter stands one that is read as that letter somewhere.
        *("wx_ⱳbcdefghijklmnop", "ⱳx_abcdefghijklmnop", "wx_абвгдежзabcdefgh"),
    ],
)
def test_letters_and_digits_of_other_scripts_may_be_read_as_plain_ones(user):
    assert is_user(user)
    assert resembles_visitor_name(user)


async def name_of(world, person, **parameters):
    browser = Browser(world)
    said = await browser.login(person, **parameters)
    return (await browser.claims((await browser.exchange(said["code"])).json))["preferred_username"]


async def approved(world, user, person):
    """The proof of a code that a person got by scanning."""
    started = await world.start(user)
    await person.scan(await world.scan_url(started))
    return (await world.check(started, await person.code_in_chat()))["proof"]


async def handle_of(world, person):
    started = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})
    await person.say(started["scan"]["keyword"])
    await person.say("确认")
    return (await world.call("GET", f"/v1/logins/{started['id']}"))["handle"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_whoever_binds_a_name_of_this_form_binds_its_owner(world, spelling):
    owner, stranger = await world.person(), await world.person()
    name = await name_of(world, owner)
    user = SPELLINGS[spelling](name)
    path = f"/v1/bindings/{quote(user)}"
    for body in (
        {"openid": stranger.openid},
        {"openid": stranger.openid, "replace": True},
        {"handle": await handle_of(world, stranger)},
        {"proof": await approved(world, user, stranger)},
    ):
        refused = await world.call("PUT", path, body)
        assert (refused.status, refused.problem, refused["errors"][0]["pointer"]) == (400, "invalid", "/user"), body
    refused = await world.call("POST", "/v1/bind-intents", {"user": user, "client_ip": "192.0.2.1"})
    assert (refused.status, refused["errors"][0]["pointer"]) == (400, "/user")
    assert (await world.call("GET", path)).status == 404
    own = await world.call("PUT", path, {"openid": owner.openid})
    assert own.status == (201 if user == name else 400)


@pytest.mark.parametrize("way", ["openid", "handle", "proof"])
async def test_its_owner_is_bound_whatever_the_right_to_it_is(world, way):
    owner = await world.person()
    name = await name_of(world, owner)
    match way:
        case "openid":
            value = owner.openid
        case "handle":
            value = await handle_of(world, owner)
        case _:
            value = await approved(world, name, owner)
    assert (await world.call("PUT", f"/v1/bindings/{name}", {way: value, "display": "Ann"})).status == 201
    assert (await world.call("PUT", f"/v1/bindings/{name}", {way: value, "display": "Anna"})).status == 200
    assert await name_of(world, owner) == name


async def test_a_site_without_an_issuer_gives_no_such_names_and_keeps_none(new_world):
    async with new_world() as world:
        assert (await world.bind(NAME, await world.person())).status == 201


async def test_a_start_for_such_a_name_is_a_start_for_anybody(world):
    owner = await world.person()
    name = await name_of(world, owner)
    assert (await world.start(name, "reset")).status == 201


@pytest.mark.parametrize("since", ["another user", "unbound"])
async def test_a_login_that_was_to_bind_and_cannot_ends_with_an_error(new_world, since):
    """The app would send the person's codes under a name that is not bound to them."""
    async with new_world(**provider(BINDS)) as world:
        person, browser = await world.person(), Browser(world)
        name = await name_of(world, person) if since == "unbound" else ""
        if name:
            assert (await world.call("DELETE", f"/v1/bindings/{name}")).status == 204
        await browser.scanned_by(person, await browser.authorize())
        await person.say("确认")
        if name:
            assert (await world.bind(name, person)).status == 201
            assert (await world.call("DELETE", f"/v1/bindings/{name}")).status == 204
        else:
            assert (await world.bind("ann", person)).status == 201
        said = told(await browser.back())
        assert said["error"] == "access_denied"
        assert "WeChat" in said["error_description"]
        assert "code" not in said
        assert (await name_of(world, person)).startswith("wx_" if name else "ann")


async def test_a_binding_login_answers_the_same_when_it_is_asked_again(new_world):
    async with new_world(**provider(BINDS)) as world:
        person, browser = await world.person(), Browser(world)
        first = await browser.login(person)
        assert told(await browser.back()) == first
