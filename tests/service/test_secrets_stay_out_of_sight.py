"""Secrets stay out of sight (DESIGN rules 1 and 8): not in the logs, not in the store."""

import io
import logging
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
import structlog
from redis import ResponseError

from codesvc.domain.errors import in_words
from codesvc.runtime.log_redaction import only_shapes, text
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.service.callbacks import post, push_of
from tests.world import KEY, MASTER, OTHER_KEY, discloses, wrong


@contextmanager
def log():
    """Everything that is logged, by us and by libraries, as the service writes it for machines."""
    text = io.StringIO()
    before, root = structlog.get_config(), logging.getLogger()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            only_shapes,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(text),
        cache_logger_on_first_use=False,
    )
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        structlog.configure(**before)


async def live_through_everything(world):
    """A day in the life; returns everything that must be seen nowhere: the codes, and what is longer than those."""
    owner, stranger = await world.bound("alice.the-owner"), await world.person()
    codes = set()
    secrets = {owner.openid, stranger.openid, "alice.the-owner", "attempt.secret-name", KEY, OTHER_KEY}
    secrets |= {DEFAULT_ACCOUNT.secret, DEFAULT_ACCOUNT.token, DEFAULT_ACCOUNT.aes_key, MASTER}

    pushed = await world.start("alice.the-owner", "reset")
    code = await owner.wait_for_push()
    await world.check(pushed, wrong(code), client_ip="198.51.100.77")
    approved = await world.check(pushed, code, headers={"Idempotency-Key": "very-secret-order"})
    codes.add(code)
    secrets |= {pushed["page_token"], approved["proof"], "very-secret-order"}
    await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})
    await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"][:-3] + "xyz"})

    scanned = await world.start("attempt.secret-name")
    url = await world.scan_url(scanned)
    await stranger.scan(url)
    code = await stranger.code_in_chat()
    await owner.scan(url)
    await world.page("GET", scanned)
    await world.page("POST", scanned, "/check", {"code": code})
    bound = await world.get(scanned)
    await world.call("PUT", "/v1/bindings/attempt.secret-name", {"proof": bound["proof"]})
    codes.add(code)
    secrets |= {scanned["page_token"], bound["proof"], scanned["scan"]["keyword"], url}

    await world.fault("errcode", errcode=43004, path="/cgi-bin/message/template/send", times=1)
    failed = await world.start("alice.the-owner")
    await world.delivery(failed, "awaiting_scan")
    await world.fault("truncated", path="/cgi-bin/message/template/send", times=1)
    await world.delivery(await world.start("alice.the-owner"), "unknown", "sent", "delivered")
    await owner.say("不是我")
    await owner.unfollow()
    await world.call("GET", f"/v1/bindings/{'alice.the-owner'}", key="csk_wrong_key_0123456789")
    await world.call("POST", "/v1/verifications", data=b'{"user": "attempt.secret-name"')
    await world.call("GET", "/p/" + scanned["page_token"] + "x", key=None)
    await post(world, push_of(DEFAULT_ACCOUNT, owner.openid, text="hello"), token="wrongtoken")
    await post(world, push_of(DEFAULT_ACCOUNT, owner.openid, text="hello"), inner="<xml>")
    secrets |= {"csk_wrong_key_0123456789"}
    for call in (await world.control("GET", "/calls"))["calls"]:
        secrets |= set(re.findall(r"access_token=([^&\s]+)", call["query"]))
    return codes, secrets


async def test_none_of_them_is_in_any_log_line(new_world):
    with log() as text:
        async with new_world() as world:
            codes, secrets = await live_through_everything(world)
    written = text.getvalue()
    assert {"request", "claim", "delivery_attempt", "callback_refused"} <= set(re.findall(r'"event": "(\w+)"', written))
    assert len(codes) == 2
    assert len(secrets) > 16
    assert [secret for secret in secrets if secret in written] == []
    assert [code for code in codes if discloses(written, code)] == []


async def test_the_capture_would_see_one():
    with log() as text:
        structlog.get_logger("x").info("event", request_id="12345678")
        logging.getLogger("aiohttp").error("654321")
    assert "12345678" in text.getvalue()
    assert discloses(text.getvalue(), "654321")


@pytest.mark.parametrize(
    "text", ["{}", "验证码{}。", '{{"code": "{}"}}', r"b'\x06{}\x00'", r"a code:\n{}\n", "({})", "at {}."]
)
def test_a_code_of_its_own_is_seen(text):
    assert discloses(text.format("482913"), "482913")


@pytest.mark.parametrize("text", ["1{}", "0.{}", "vf_a{}", "T12:00:00.{}Z", "{}7", "{}.25", "token-{}", "b'\x06'"])
def test_the_same_digits_by_chance_are_not(text):
    assert not discloses(text.format("482913"), "482913")


async def test_the_store_holds_no_code_no_key_no_token_and_no_proof(new_world, valkey):
    """Openids and users it must hold; everything by which somebody could pass for another it must not."""
    async with new_world() as world:
        codes, secrets = await live_through_everything(world)
        kept = b"\n".join(key + b" " + valkey.dump(key) for key in valkey.scan_iter(count=1000))
        plain = repr({key: dump_of(valkey, key) for key in valkey.scan_iter(count=1000)})
    must = {s for s in secrets if s.startswith(("o", "alice", "attempt", "http")) or len(s) == 8}
    assert [secret for secret in secrets - must if secret in plain or secret.encode() in kept] == []
    held = (plain, kept.decode("latin-1"))
    assert [code for code in codes for text in held if discloses(text, code)] == []
    assert re.search(r"alice\.the-owner", plain)


def dump_of(valkey, key):
    kind = valkey.type(key)
    reader = {b"hash": valkey.hgetall, b"set": valkey.smembers, b"string": valkey.get, b"stream": valkey.xrange}.get(
        kind
    )
    return reader(key) if reader else valkey.lrange(key, 0, -1) if kind == b"list" else valkey.zrange(key, 0, -1)


async def test_errors_and_problem_documents_quote_no_secret(world):
    started = await world.start("alice.the-owner")
    for answer in (
        await world.check(started, "secretcode"),
        await world.call("POST", "/v1/proofs/verify", {"proof": "secret.proof.text"}),
        await world.call("GET", "/v1/bindings/alice.the-owner", key="csk_secret_key"),
        await world.call("PUT", "/v1/bindings/alice.the-owner", {"openid": "secret openid"}),
        await world.start("secret user"),
    ):
        assert answer.status >= 400
        assert "secret" not in answer.text
        assert "alice" not in answer.text


async def test_plaintext_mode_logs_no_more(new_world):
    with log() as text:
        async with new_world(account=replace(DEFAULT_ACCOUNT, mode="plaintext")) as world:
            person, started = await world.person(), await world.start()
            await person.say(started["scan"]["keyword"])
            await world.delivery(started, "sent")
            code = await person.code_in_chat()
    assert "claim" in text.getvalue()
    assert not discloses(text.getvalue(), code)
    for secret in (person.openid, started["scan"]["keyword"], started["page_token"]):
        assert secret not in text.getvalue()


def test_an_error_of_a_store_is_told_to_people_without_its_commands_arguments(valkey):
    """As a command line tells it, whose output others keep."""
    valkey.set("cs:binding:shop:alice", "1", ex=60)
    pipe = valkey.pipeline(transaction=False)
    pipe.hset("cs:binding:shop:alice", mapping={"openid": "oNobody", "at": "(1)"})
    with pytest.raises(ResponseError) as wrong_kind:
        pipe.execute()
    with pytest.raises(ResponseError) as unknown:
        valkey.execute_command("HSAT", "cs:binding:shop:alice", "openid", "oNobody")
    for error, word in ((wrong_kind.value, "wrong kind of value"), (unknown.value, "unknown command")):
        assert "alice" in str(error)
        assert word in in_words(error)
        assert not {"alice", "oNobody"} & set(re.findall(r"\w+", in_words(error)))


def test_an_error_text_with_nuls_is_logged():
    assert text("script start: ERR \x005\x00 status 503") == "script start: ERR  5  status 503"
