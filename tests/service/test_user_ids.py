"""User ids of any script; an unfit one is refused in the same words by every call, and the words name what is wrong."""

import csv
import io
import unicodedata
from urllib.parse import quote

import pytest

from codesvc.client import Client
from codesvc.config import parse
from codesvc.domain.binding_lines import read_rows, writer
from codesvc.domain.identifiers import is_user
from codesvc.domain.masking import isolated, masked_user, shown_user
from tests.service.scripts_of_users import OF_ANY_SCRIPT
from tests.webhooks.receiver import hook, receiving
from tests.world import KEY, document


@pytest.mark.parametrize(
    ("user", "wrong"),
    [
        ("al ice", "its character 3 is a space (U+0020)"),
        ("爱\u3000丽", "its character 2 is IDEOGRAPHIC SPACE (U+3000)"),
        ("alice\n", "its character 6 is a control character (U+000A)"),
        ("alice\u200b", "its character 6 is ZERO WIDTH SPACE (U+200B)"),
        ("alice\u202e", "its character 6 is RIGHT-TO-LEFT OVERRIDE (U+202E)"),
        ("爱\u3164", "its character 2 is HANGUL FILLER (U+3164)"),
        ("葱\U000e0100", "its character 2 is VARIATION SELECTOR-17 (U+E0100)"),
        ("😊", "its character 1 is SMILING FACE WITH SMILING EYES (U+1F60A)"),
        ("爱*", "its character 2 is ASTERISK (U+002A)"),
        ("jose\u0301", "from its character 4 on it is not in Unicode's normal form C"),
        ("\u0301jose", "it begins with COMBINING ACUTE ACCENT (U+0301)"),
        (".alice", "it begins with FULL STOP (U+002E)"),
        ("a" * 129, "it has 129 characters"),
        ("爱" * 129, "it has 129 characters"),
    ],
)
async def test_what_is_wrong_is_said(world, user, wrong):
    started = await world.start(user)
    intent = await world.call("POST", "/v1/bind-intents", {"user": user})
    path = quote(user, safe="")
    looked_up = await world.call("GET", f"/v1/bindings/{path}")
    bound = await world.call("PUT", f"/v1/bindings/{path}", {"openid": "o_abcdef"})
    lifted = await world.call("DELETE", f"/v1/users/{path}/guesses")
    answers = (started, intent, looked_up, bound, lifted)
    assert {answer.status for answer in answers} == {400}
    assert wrong in started["detail"]
    assert "A-Z" in started["detail"]
    assert "^" not in started["detail"]
    assert all(answer["errors"] == started["errors"] for answer in answers)
    assert started["errors"][0]["pointer"] == "/user"


async def test_an_empty_one_is_too(world):
    assert "it is empty" in (await world.start(""))["detail"]


@pytest.mark.parametrize("user", OF_ANY_SCRIPT, ids=lambda user: unicodedata.name(user[0]))
async def test_users_of_any_script_go_the_whole_way(new_world, user):
    assert is_user(user)
    async with receiving() as receiver, new_world(sites__shop__webhook=hook(receiver)) as world:
        path = quote(user, safe="")
        approved = await world.approved(user)
        assert approved["user"] == user
        bound = await world.call("PUT", f"/v1/bindings/{path}", {"proof": approved["proof"]})
        assert (bound.status, bound["user"]) == (201, user)
        assert (await world.call("GET", f"/v1/bindings/{path}"))["user"] == user
        found = await world.call("GET", f"/v1/bindings?openid={approved['openid']}")
        assert [each["user"] for each in found["bindings"]] == [user]
        assert (await world.call("GET", f"/v1/bindings/{path}/history")).status == 200
        assert (await world.call("DELETE", f"/v1/users/{path}/guesses")).status in {200, 204}
        intent = await world.call("POST", "/v1/bind-intents", {"user": user, "client_ip": "192.0.2.1"})
        assert (intent.status, intent["user"]) == (201, user)
        [event] = await receiver.of("binding.created")
        assert event.data["user"] == user
        async with Client(world.service, KEY) as service:
            assert (await service.get_binding(user)).user == user
        assert (await world.call("DELETE", f"/v1/bindings/{path}")).status in {200, 204}


async def test_two_users_of_a_wechat_are_told_apart_in_a_login(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.bound("张三")
        assert (await world.bind(quote("李四"), person)).status == 201
        login = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})
        await person.say(login["scan"]["keyword"])
        await person.say("1")
        found = await world.call("GET", f"/v1/logins/{login['id']}")
        assert found["user"] in {"张三", "李四"}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_files_hold_them(kind):
    file = io.StringIO(newline="")
    write = writer(file, kind)
    for user in OF_ANY_SCRIPT:
        write(user, "o" + "a" * 27, None, 1_750_000_000_000, "")
    file.seek(0)
    rows = list(read_rows(file, kind))
    assert [row.user for row in rows] == list(OF_ANY_SCRIPT)
    assert {row.problem for row in rows} == {""}


OTHERS = [("jose\u0301", "normal form"), ("爱\u202e", "U+202E"), ("\u0301a", "must begin")]


@pytest.mark.parametrize(("user", "why"), OTHERS)
def test_files_with_others_say_why(user, why):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("user", "openid"), (user, "o_abcdef")])
    file.seek(0)
    [row] = read_rows(file, "csv")
    assert why in row.problem


def test_test_identities_may_have_them(tmp_path):
    tables = document("https://a.example", "http://127.0.0.1:1", sites__shop__test_users={"测试-*": "246810"})
    settings = parse(tables, env={}, directory=tmp_path)
    assert settings.sites["shop"].test_users == {"测试-*": "246810"}


def test_what_runs_to_the_left_reorders_nothing_beside_it():
    hebrew = "אבגדהוזח"
    assert shown_user(hebrew) == f"\u2068{hebrew[:2]}***{hebrew[-2:]}\u2069"
    assert isolated("爱丽丝") == "爱丽丝"
    assert masked_user("张三") == "张***"
