"""WeChat's callback: repeated pushes are answered alike, and what is not WeChat's stores nothing."""

from base64 import b64encode

import pytest

from codesvc.sandbox.cipher import encrypt, sign
from codesvc.sandbox.envelope import write_xml
from tests.service.callbacks import post, push_of, sealed, send
from tests.world import discloses

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><ToUserName>&c;</ToUserName></xml>'
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><ToUserName>&f;</ToUserName></xml>'


async def test_a_push_that_comes_twice_is_answered_alike_and_counts_once(world):
    person, started = await world.person(), await world.start()
    await world.fault("twice", times=1)
    await person.say(started["scan"]["keyword"])
    answers = [a["response"] for a in (await world.control("GET", "/callbacks?path=text"))["callbacks"]]
    assert len(answers) == 2
    assert all(answer != "success" for answer in answers)
    code = await person.code_in_chat()
    texts = [text for text in await person.texts() if code in text]
    assert len(set(texts)) == 1
    assert (await world.get(started))["delivery"] == {"channel": "reply", "status": "sent", "reason": None}
    assert (await world.check(started, code)).status == 200


async def test_the_same_push_repeated_by_hand_gives_the_same_text_while_pending_only(world):
    person, started = await world.person(), await world.start()
    push = push_of(world.platform.default_account, person.openid, text=started["scan"]["keyword"])
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    texts = [open_reply(world, await post(world, push)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert code in texts[0]
    await world.check(started, code)
    assert not discloses(open_reply(world, await post(world, push)), code)


def open_reply(world, answer):
    from codesvc.sandbox.cipher import decrypt
    from codesvc.wechat.xml import only, read

    account = world.platform.default_account
    root = read(answer.text.encode(), ValueError)
    inner = read(decrypt(account.aes_key, account.appid, only(root, "Encrypt", ValueError)).encode(), ValueError)
    return only(inner, "Content", ValueError)


async def test_a_lost_push_is_made_good_by_the_next(world):
    person, started = await world.person(), await world.start()
    await world.fault("lost", times=1)
    await person.say(started["scan"]["keyword"])
    assert (await world.get(started))["delivery"]["status"] == "awaiting_scan"
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_the_console_is_answered_with_its_echo_exactly_and_only_if_signed(world):
    token = world.platform.default_account.token
    query = f"timestamp=1&nonce=2&echostr=12345&signature={sign(token, '1', '2')}"
    echo = await world.call("GET", f"/wechat/main?{query}", key=None)
    assert (echo.status, echo.text) == (200, "12345")
    for bad in (query[:-1] + "x", query.replace("12345", "<b>"), "", "echostr=1"):
        refused = await world.call("GET", f"/wechat/main?{bad}", key=None)
        assert refused.status in {400, 403}
        assert "<b>" not in refused.text
    assert (await world.call("GET", f"/wechat/nobody?{query}", key=None)).status == 404


@pytest.mark.parametrize(
    "how",
    [
        {"token": "anothertoken"},
        {"at": 1},
        {"at": 99_999_999_999},
        {"inner": ""},
        {"inner": "<xml>"},
        {"inner": "<xml></xml>"},
        {"inner": "no xml at all"},
        {"inner": BOMB},
        {"inner": OUTSIDE},
        {"inner": "<xml>" + "<a>" * 500 + "</a>" * 500 + "</xml>"},
        {"inner": "<xml>" + "<a/>" * 5000 + "</xml>"},
        {"inner": "<xml><ToUserName>x</ToUserName>\0</xml>"},
    ],
    ids=lambda how: " ".join(f"{name}={value}" for name, value in how.items())[:40],
)
async def test_what_is_not_wechats_is_refused_and_stores_nothing(world, dump_kept, how):
    person, started = await world.person(), await world.start()
    before = dump_kept()
    answer = await post(world, push_of(world.platform.default_account, person.openid, text="hello"), **how)
    assert answer.status in {400, 403}
    assert answer.problem in {"bad-callback", "bad-signature"}
    assert "root:" not in answer.text
    assert dump_kept() == before
    assert (await world.get(started))["delivery"]["status"] == "awaiting_scan"


async def test_for_another_account_it_is_refused(world, dump_kept):
    account = world.platform.default_account
    before = dump_kept()
    fields = push_of(account, "o_person", text="hello") | {"ToUserName": "gh_000000000000"}
    assert (await post(world, fields)).problem == "bad-callback"
    other = encrypt(account.aes_key, "wx0000000000000000", write_xml(push_of(account, "o_person", text="hi")))
    assert (await tampered(world, other)).problem == "bad-callback"
    assert dump_kept() == before


async def tampered(world, encrypted):
    account = world.platform.default_account
    query, _ = sealed(account, push_of(account, "o_person", text="hello"))
    query["msg_signature"] = sign(account.token, query["timestamp"], query["nonce"], encrypted)
    return await send(world, query, write_xml({"ToUserName": account.original_id, "Encrypt": encrypted}))


@pytest.mark.parametrize(
    "encrypted",
    ["", "AAAA", "not base64!", b64encode(bytes(32)).decode(), b64encode(bytes(33)).decode(), "A" * 60_000],
    ids=lambda text: text[:12] or "empty",
)
async def test_a_wrong_envelope_is_refused(world, encrypted, dump_kept):
    before = dump_kept()
    answer = await tampered(world, encrypted)
    assert (answer.status, answer.problem) == (400, "bad-callback")
    assert dump_kept() == before


async def test_wrong_padding_tells_nothing_of_itself(world):
    account = world.platform.default_account
    good = encrypt(account.aes_key, account.appid, write_xml(push_of(account, "o_person", text="hello")))
    answers = {
        (await tampered(world, good[:n] + "AAAA" + good[n + 4 :])).json["detail"] for n in (0, 40, len(good) - 8)
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe<xml/>", b"<xml/>" * 3, b"\0" * 100, b"<xml>" + b"x" * 70_000 + b"</xml>"], ids=range(5)
)
async def test_any_other_body_is_refused(world, body, dump_kept):
    account = world.platform.default_account
    before = dump_kept()
    query, _ = sealed(account, push_of(account, "o_person", text="hello"))
    answer = await send(world, query, body)
    assert answer.status in {400, 403, 413}
    assert dump_kept() == before


async def test_a_callback_without_parameters_is_refused(world, dump_kept):
    before = dump_kept()
    answer = await world.call("POST", "/wechat/main", data=b"<xml/>", key=None)
    assert answer.status == 403
    assert dump_kept() == before


@pytest.mark.parametrize("text", ["hello", "验证码", "1234567", "abcd efgi", "😀" * 50, "a" * 2000, "' OR 1=1"])
async def test_small_talk_is_answered_with_silence(world, text):
    person = await world.person()
    said = len(await person.texts())
    await person.say(text)
    assert len(await person.texts()) == said


async def test_control_characters_in_a_text_are_dropped(world):
    person, started = await world.person(), await world.start()
    keyword = started["scan"]["keyword"]
    await person.say(f"\x02{keyword[:3]}\x0b\x10{keyword[3:]}\x1d\ufffe")
    assert (await world.check(started, await person.code_in_chat())).status == 200


@pytest.mark.parametrize(
    "broken", [b"\xe4\xbd", b"\xff", "谢谢".encode("gbk"), b"\xed\xa0\xbd\xed\xb8", b"\x00"], ids=repr
)
async def test_bytes_that_are_no_text_are_replaced(world, broken):
    """WeChat would say that the service is broken; half a character is what a long text may end with."""
    account, started, person = world.platform.default_account, await world.start(), await world.person()
    message = write_xml(push_of(account, person.openid, text=f"{started['scan']['keyword']}~"))
    answer = await post(world, {}, inner=message.encode().replace(b"~", broken))
    assert (answer.status, "<Encrypt>" in answer.text) == (200, True)
    assert (await world.get(started))["delivery"]["status"] == "sent"


async def test_a_keyword_with_text_around_it_is_understood_or_answered(world):
    person, started = await world.person(), await world.start()
    keyword = started["scan"]["keyword"]
    # Seven characters that mix letters and digits, whatever this keyword begins with.
    await person.say(f"a2{keyword[2:7]}。")
    assert "没有认出这个口令" in await person.last_text()
    await person.say(f"口令：「{keyword.upper()}」。")
    assert (await world.check(started, await person.code_in_chat())).status == 200
    heard = len(await person.texts())
    await person.say("什么时候发货？")
    assert len(await person.texts()) == heard


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"FromUserName": "o_person_1234567"}', "JSON"),
        ("<html><body>502</body></html>", "HTML"),
        ("a=b&c=d", "a form"),
    ],
)
async def test_what_is_no_xml_is_named_in_the_answer(world, body, said):
    query, _ = sealed(world.platform.default_account, {}, mode="plaintext")
    answer = await send(world, query, body)
    assert (answer.status, answer.problem) == (400, "bad-callback")
    assert said in answer["detail"]
    assert "o_person" not in answer.text
