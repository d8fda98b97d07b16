"""wechat-server's protocol, asked as the panels ask (KINDS.md section 11.3), on an account that can only answer."""

from __future__ import annotations

import re

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.domain.keyring import Keyring
from codesvc.domain.wechat_server import LONG_LENGTH, MOST_LIVE, WechatServerSecrets, is_code, space
from tests.kinds import world_of
from tests.people.asks import reply
from tests.world import KEY as SITE_KEY
from tests.world import MASTER, SCOPES

TOKEN = "csk_shop_" + "w" * 43
KEYS = [
    {"name": "server", "hash": hash_line(SITE_KEY), "scopes": SCOPES},
    {"name": "panel", "hash": hash_line(TOKEN), "scopes": ["wechat_server"]},
]
UNKNOWN = {"data": "", "message": "", "success": True}
REFUSED = {"message": "无权进行此操作，未登录或 token 无效", "success": False}


@pytest.fixture
async def panel(new_world):
    async with world_of(
        new_world, "unverified_subscription", sites__shop__wechat_server={}, sites__shop__keys=KEYS
    ) as world:
        yield world


async def ask(world, code, *, token=TOKEN, path="/api/wechat/user", headers=None):
    """As the Go clients do: the code in the address as it is, the token raw."""
    query = "" if code is None else f"?code={code}"
    sent = {"Authorization": token} if token else {}
    async with world.http.get(f"{world.service}{path}{query}", headers=sent | (headers or {})) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def code_for(person):
    text = await reply(person, "验证码")
    first, _, more = text.partition("\n")
    assert re.fullmatch(r"[1-9]\d{7}", first)
    assert "山月茶铺" in more
    assert "不要告诉任何人" in more
    return first


async def test_a_code_logs_in_once(panel):
    person = await panel.person()
    code = await code_for(person)
    assert await ask(panel, code) == {"data": person.openid, "message": "", "success": True}
    assert await ask(panel, code) == UNKNOWN


@pytest.mark.parametrize(
    ("token", "headers"),
    [(f"Bearer {TOKEN}", None), (TOKEN, {"Accept": "application/json"}), (TOKEN, {"Content-Type": "application/json"})],
)
async def test_every_client_is_understood(panel, token, headers):
    person = await panel.person()
    assert (await ask(panel, await code_for(person), token=token, headers=headers))["data"] == person.openid


@pytest.mark.parametrize("code", ["12345678", "0", "x", "a%20b", "../../etc", "%00", "9" * 300, "１２３４５６７８"])
async def test_an_unknown_code_is_nobodys(panel, code):
    assert await ask(panel, code) == UNKNOWN


async def test_no_code_is_a_wrong_parameter(panel):
    for code in (None, "", "%20"):
        assert await ask(panel, code) == {"message": "无效的参数", "success": False}


@pytest.mark.parametrize("token", ["", "wrong", SITE_KEY, "Bearer", f"Token {TOKEN}"])
async def test_only_a_key_of_the_scope_may_ask(panel, token):
    code = await code_for(await panel.person())
    assert await ask(panel, code, token=token) == REFUSED
    assert (await ask(panel, code))["data"]


async def test_the_key_may_nothing_else(panel):
    answer = await panel.call("POST", "/v1/verifications", {"purpose": "register", "user": "x"}, key=TOKEN)
    assert answer.status == 403


async def test_the_access_token_is_not_handed_out(panel):
    assert (await ask(panel, None, path="/api/wechat/access_token"))["success"] is False


async def test_it_is_off_by_default(new_world):
    async with world_of(new_world, "unverified_subscription", sites__shop__keys=KEYS) as world:
        person = await world.person()
        assert "口令" in await reply(person, "验证码")
        assert await ask(world, "12345678") == REFUSED


async def test_a_code_lives_for_three_minutes(panel):
    person = await panel.person()
    first = await code_for(person)
    await panel.advance(179)
    second = await code_for(person)
    assert (await ask(panel, first))["data"] == person.openid
    await panel.advance(181)
    assert await ask(panel, second) == UNKNOWN


async def test_guesses_make_codes_longer_and_lock_nobody_out(panel):
    person = await panel.person()
    before = await code_for(person)
    for number in range(20):
        assert await ask(panel, str(10_000_000 + number)) == UNKNOWN
    assert await ask(panel, before) == UNKNOWN
    text = await reply(person, "验证码")
    code = text.partition("\n")[0]
    assert len(code) == LONG_LENGTH
    assert (await ask(panel, code))["data"] == person.openid


async def test_wrong_long_codes_use_nothing_up(panel, dump):
    wrong = "1" + "0" * (LONG_LENGTH - 1)
    assert await ask(panel, wrong) == UNKNOWN
    before = dump()
    for _ in range(5):
        assert await ask(panel, wrong) == UNKNOWN
    assert dump() == before


async def test_the_codes_of_a_crowd_make_nobody_wait(panel):
    crowd = [await panel.person() for _ in range(MOST_LIVE // 10)]
    for _ in range(10):
        for member in crowd:
            await code_for(member)
    person = await panel.person()
    code = (await reply(person, "验证码")).partition("\n")[0]
    assert len(code) == LONG_LENGTH
    assert (await ask(panel, code))["data"] == person.openid
    await panel.advance(181)
    await code_for(person)


async def test_one_person_gets_no_more_codes_than_keywords(panel):
    person = await panel.person()
    for _ in range(10):
        await code_for(person)
    assert "分钟" in await reply(person, "验证码")


async def test_a_repeated_callback_brings_the_same_code(panel):
    await panel.control("POST", "/faults", {"kind": "twice", "times": 1})
    person = await panel.person()
    await person.say("验证码")
    codes = {text.partition("\n")[0] for text in await person.texts() if re.match(r"\d{8}\n", text)}
    assert len(codes) == 1
    assert (await ask(panel, codes.pop()))["data"] == person.openid


async def test_the_menu_button_of_wechat_server_does_the_same(new_world):
    changes = {"sites__shop__wechat_server": {}, "sites__shop__keys": KEYS}
    async with world_of(new_world, "unverified_service", **changes) as world:
        person = await world.person()
        await world.control("POST", f"/users/{person.openid}/click", {"key": "USER_VERIFICATION"})
        code = (await person.last_text()).partition("\n")[0]
        assert (await ask(world, code))["data"] == person.openid


async def test_the_menu_button_is_nobodys_that_does_not_name_it(new_world):
    """With several panels it went to the first in memory, so an unrelated change gave it to another one."""
    changes = {
        "sites__shop__wechat_server": {"keywords": ["茶铺"]},
        "sites__cafe__wechat_server": {"keywords": ["咖啡"]},
        "sites__shop__keys": KEYS,
    }
    async with world_of(new_world, "unverified_service", **changes) as world:
        person = await world.person()
        await world.control("POST", f"/users/{person.openid}/click", {"key": "USER_VERIFICATION"})
        assert "没有认出这条消息" in await person.last_text()
        assert (await reply(person, "茶铺")).partition("\n")[0].isdigit()


async def test_codes_and_openids_are_in_no_log(panel, capsys):
    person = await panel.person()
    code = await code_for(person)
    await ask(panel, code)
    said = capsys.readouterr()
    assert code not in said.out + said.err
    assert person.openid not in said.out + said.err


async def test_the_store_does_not_hold_the_code(panel, dump):
    code = await code_for(await panel.person())
    assert code not in str(dump())


def test_codes_are_spread_and_have_a_form():
    secrets = WechatServerSecrets(Keyring(MASTER.encode()))
    made = {secrets.code("shop", f"m{number}", 8) for number in range(2_000)}
    assert len(made) > 1_990
    assert all(is_code(code) and len(code) == 8 for code in made)
    assert secrets.code("shop", "m", 8) != secrets.code("cafe", "m", 8)
    assert secrets.name("shop", "12345678") != secrets.name("cafe", "12345678")
    assert space(8) == 90_000_000
