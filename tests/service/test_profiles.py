"""The profile of who was just bound is read in the background: so many calls at once for an account, and no more."""

from structlog.testing import capture_logs

from codesvc.web.context import SERVICES


async def test_wechat_that_does_not_answer_holds_so_many_calls_of_an_account_and_no_more(world):
    world.app[SERVICES].bindings._profile_sync.most_under_way = 2
    people = [await world.person() for _ in range(3)]
    await world.fault("slow", path="/cgi-bin/user/info", delay=3600)
    with capture_logs() as lines:
        for number, person in enumerate(people):
            assert (await world.bind(f"u-{number}", person)).status == 201
    said = [line for line in lines if line["event"] == "person_not_known"]
    assert [(line["account"], line["error"]) for line in said] == [("main", "too many")]
