"""What is kept for long is kept as long as the configuration says."""

DAY = 86_400


async def test_histories_and_the_audit_log_are_kept_as_configured(new_world, valkey):
    kept = {"history_retention": 3 * DAY, "audit_retention": 2 * DAY}
    async with new_world(store=kept) as world:
        await world.bound("alice")
        await world.call("DELETE", "/v1/bindings/alice")
        [history] = valkey.keys("*:history:shop:alice")
        assert 2 * DAY < valkey.ttl(history) <= 3 * DAY
        [audit] = valkey.keys("*:audit:shop")
        assert DAY < valkey.ttl(audit) <= 2 * DAY
    async with new_world() as world:
        await world.bound("alice")
        assert 399 * DAY < valkey.ttl(history) <= 400 * DAY


async def test_a_binding_is_its_own_line_of_the_history_as_long_as_history_is_kept(new_world, valkey):
    async with new_world(store={"history_retention": 3 * DAY}) as world:

        async def told():
            return [line["event"] for line in (await world.call("GET", "/v1/bindings/alice/history"))["history"]]

        await world.bound("alice")
        assert await told() == ["bound"]
        assert not valkey.keys("*:history:shop:alice")
        await world.advance(3 * DAY + 1)
        assert await told() == []
        await world.call("DELETE", "/v1/bindings/alice")
        assert await told() == ["removed"]
