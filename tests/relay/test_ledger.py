"""The ledger of messages: by site, kind and day, with reasons and money; on a page and as a file."""

from codesvc.domain.message import HANDED_REASONS
from codesvc.domain.quota import day_of
from codesvc.service.statistics.fields import Fact, field
from codesvc.service.statistics.relay_ledger import LEDGER_SPAN, rows_of
from codesvc.service.statistics.series import Figures
from codesvc.web.admin.layout import speeches
from tests.relay.conftest import ended, rows, send, user_of
from tests.service.test_admin import ADMIN


async def test_it_counts_what_became_of_each_message_and_what_was_saved(new_relay, stub, admin):
    async with new_relay(admin=ADMIN, relay={"price": 0.05}) as world:
        operator = await admin(world)
        world.clock.go.clear()
        person = await world.person()
        await world.bind(await user_of(world), person)
        await ended(world, await send(world), "delivered")
        world.clock.go.set()
        await ended(world, await send(world), "handed_over")
        await ended(world, await send(world, phone="+8613900139000"), "handed_over")
        stub.answers = [(400, "{}")]
        await ended(world, await send(world, phone="+8613700137000"), "failed")
        [row] = await rows(world, operator)
        found = {name: row[name] for name in ("site", "kind", "asked", "delivered", "handed_over", "failed", "saved")}
        assert found == {
            "site": "shop", "kind": "sms", "asked": "4", "delivered": "1", "handed_over": "2", "failed": "1",
            "saved": "0.0500",
        }  # fmt: skip
        assert (row["handed_over_no-binding"], row["handed_over_repeated"], row["currency"]) == ("1", "1", "CNY")
        status, _, page = await operator.get("/admin/relay")
        assert status == 200
        assert "¥0.05" in page
        assert "13800138000" not in page


async def test_shadow_mode_shows_what_wechat_would_have_delivered(new_relay, admin):
    async with new_relay(admin=ADMIN, relay={"price": 0.05, "shadow": True}) as world:
        operator = await admin(world)
        await world.bind(await user_of(world), await world.person())
        await ended(world, await send(world), "handed_over")
        await ended(world, await send(world, phone="+8613900139000"), "handed_over")
        [row] = await rows(world, operator)
        assert (row["handed_over_shadow"], row["would_push"], row["saved"], row["would_save"]) == (
            "2", "1", "0.0000", "0.0500",
        )  # fmt: skip
        assert "影子模式" in (await operator.get("/admin/relay"))[2]


def test_a_day_of_which_the_span_has_only_a_part_is_no_row():
    hour, now = 3_600_000, 1_700_000_000_000 // 3_600_000 * 3_600_000
    starts = [now - hour * back for back in reversed(range(LEDGER_SPAN.buckets))]
    busy = {field("login", Fact.MESSAGE_ASKED, "sms"): 1}
    # Without messages today, so that a day less than usual has some.
    points = [{} if day_of(start) == day_of(now) else busy for start in starts]
    found = rows_of("shop", Figures(LEDGER_SPAN, starts, points), ["login"], price=0.05)
    assert [row.asked for row in found] == [24] * 30


def test_every_reason_has_a_text():
    for speech in speeches().values():
        for reason in HANDED_REASONS:
            assert ("", f"relay.why.{reason}") in speech.places
