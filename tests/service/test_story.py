"""The main job, end to end: a code reaches a WeChat and proves a user."""

from tests.world import wrong


async def test_sign_up_by_scan(world):
    person = await world.person(follows=False)
    started = await world.start("attempt-1")
    assert started.status == 201
    assert started["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": None}
    await person.scan(await world.scan_url(started))
    assert await person.texts() == []
    await person.follow()
    code = await person.code_in_chat()
    assert started["reference"] in await person.last_text()
    assert (await world.get(started))["delivery"] == {"channel": "reply", "status": "sent", "reason": None}

    refused = await world.check(started, wrong(code))
    assert (refused.status, refused.problem, refused["attempts_left"]) == (422, "wrong-code", 4)
    approved = await world.check(started, code)
    assert (approved.status, approved["status"]) == (200, "approved")

    bound = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    assert (bound.status, bound["openid"], bound["made_by"]) == (201, person.openid, "proof")
    again = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    assert again.status == 200


async def test_reset_by_template_message(world):
    person = await world.bound("alice")
    started = await world.start("alice", "reset")
    assert started["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
    code = await person.wait_for_push()
    [message] = await person.messages("template")
    assert started["reference"] in message["data"]["thing2"]["value"]
    approved = await world.check(started, code)
    assert approved.status == 200
    claims = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})
    assert (claims["sub"], claims["purpose"], claims["basis"], claims["vf"]) == (
        "alice",
        "reset",
        "bound",
        started["id"],
    )
    again = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})
    assert (again.status, again.problem) == (410, "proof-spent")


async def test_receipt_moves_the_delivery_to_delivered(world):
    await world.bound("alice")
    started = await world.start("alice")
    await world.delivery(started, "sent", "delivered")
    await world.control("POST", "/settle")
    assert (await world.get(started))["delivery"] == {"channel": "template", "status": "delivered", "reason": None}


async def test_word_does_what_the_scan_does(world):
    person = await world.person()
    started = await world.start()
    await person.say(f" {started['scan']['keyword'].upper()} ")
    assert (await world.check(started, await person.code_in_chat())).status == 200
