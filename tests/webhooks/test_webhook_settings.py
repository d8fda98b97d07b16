"""A webhook's secrets stay out of sight, and a webhook that is set while the service runs is in force."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.registry.test_admin_api import ACCOUNT, ADMINS, BAR, a_site, ask
from tests.registry.test_registry import until
from tests.registry.test_sites_that_left import APPIDS
from tests.service.test_secrets_stay_out_of_sight import log
from tests.webhooks.receiver import OTHER_SECRET, SECRET, delivery, hook, receiving, send_test


async def test_no_log_line_and_no_answer_holds_a_secret_an_address_or_a_user(new_world, receiver, dump):
    webhook = hook(receiver, secrets=[OTHER_SECRET, SECRET]) | {"url": receiver.url + "?token=the-query"}
    with log() as text:
        async with new_world(sites__shop__webhook=webhook) as world:
            receiver.answers = [500, 204]
            person = await world.bound("alice.the-user")
            await person.unfollow()
            await receiver.wait(2)
            await delivery(world, await send_test(world), "delivered")
            listed = await world.call("GET", "/v1/webhooks/deliveries")
            shown = await world.call("GET", "/v1/webhooks")
            kept = repr(dump())
    written = text.getvalue()
    assert written.count('"event": "webhook_attempt"') >= 3
    for secret in (SECRET, OTHER_SECRET, "the-query", "alice.the-user"):
        assert secret not in written
    for secret in (SECRET, OTHER_SECRET, "the-query"):
        assert secret not in listed.text + shown.text + kept
    # The receiver gets what the log must not have.
    assert receiver.got[0].data["user"] == "alice.the-user"


async def test_a_webhook_that_is_set_changed_and_taken_away_at_run_time(new_world, receiver):
    over = asyncio.Event()

    async def hangs(_):
        await over.wait()
        return web.Response()

    receiver.answers = [hangs]
    async with receiving(secret=OTHER_SECRET) as moved, new_world(admin__keys=ADMINS) as world:
        await a_site(world, webhook=hook(receiver))
        key = (await ask(world, "PUT", "/sites/bar/keys/binder", {"scopes": ["bindings", "openids"]}))["key"]

        async def bind(user):
            answer = await world.call("PUT", f"/v1/bindings/{user}", {"openid": f"o-person-{user}"}, key=key)
            assert answer.status == 201, answer.text

        await bind("u-1")
        await receiver.wait()
        # Somebody is at this site just now, and hears of it.
        other = hook(moved, secrets=[OTHER_SECRET], events=["binding.removed"])
        assert (await ask(world, "PATCH", "/sites/bar", {"webhook": other})).status == 200
        await bind("u-2")
        await world.call("DELETE", "/v1/bindings/u-2", key=key)
        (gone,) = await moved.wait()
        assert (gone.kind, gone.data["user"]) == ("binding.removed", "u-2")
        over.set()
        assert (await ask(world, "PATCH", "/sites/bar", {"webhook": None})).status == 200
        await world.call("DELETE", "/v1/bindings/u-1", key=key)
        assert [received.data["user"] for received in receiver.got] == ["u-1"]
        assert (len(moved.got), moved.forged) == (1, 0)


@pytest.mark.parametrize("account", ["main", "elsewhere"])
async def test_a_site_made_anew_gets_and_reads_no_event_of_the_former_one(new_world, receiver, valkey, account):
    receiver.answers = [204, 500]
    scopes = {"scopes": ["bindings", "openids", "admin"]}
    async with receiving(secret=OTHER_SECRET) as moved, new_world(admin__keys=ADMINS) as world:
        await a_site(world, webhook=hook(receiver))
        key = (await ask(world, "PUT", "/sites/bar/keys/binder", scopes))["key"]
        for user in ("u-1", "u-2"):
            path = f"/v1/bindings/{user}"
            assert (await world.call("PUT", path, {"openid": f"o-person-{user}"}, key=key)).status == 201
            assert (await world.call("DELETE", path, key=key)).status == 204

        async def waiting():
            listed = await world.call("GET", "/v1/webhooks/deliveries?status=pending", key=key)
            return any(each["attempts"] for each in listed["deliveries"])

        await until(waiting)
        assert (await ask(world, "DELETE", "/sites/bar")).status == 204
        if account != "main":
            made = await ask(world, "PUT", f"/accounts/{account}", ACCOUNT | {"appid": APPIDS[account]})
            assert made.status == 201
        table = BAR | {"account": account, "webhook": hook(moved, secrets=[OTHER_SECRET])}
        assert (await ask(world, "PUT", "/sites/bar?again=true", table)).status == 201
        for kept in ("webhook:bar:*", "webhook-log:bar", "webhook-due:bar", "webhook-done:bar", "webhook-state:bar"):
            assert [*valkey.scan_iter(match=f"cs:*:{kept}")] == []
        key = (await ask(world, "PUT", "/sites/bar/keys/binder", scopes))["key"]
        assert (await world.call("GET", "/v1/webhooks/deliveries", key=key))["deliveries"] == []
        assert (await world.call("PUT", "/v1/bindings/u-3", {"openid": "o-person-u-3"}, key=key)).status == 201
        assert [received.data["user"] for received in await moved.wait()] == ["u-3"]
