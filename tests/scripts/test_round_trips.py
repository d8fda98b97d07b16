"""How often an act goes to the store: what could be two calls with something between them is one script."""

from dataclasses import replace

from codesvc.domain.codes import VerificationId
from codesvc.runtime import metrics
from codesvc.sites.directory import SiteEntry
from codesvc.store.outcomes import Outcome
from codesvc.store.script import names


def calls(*scripts):
    """How often each of these scripts has run in this process, those that have not left out."""
    found = {}
    for script in scripts or names():
        series = metrics.STORE_SECONDS.labels(script)
        found[script] = int(sum(bucket.get() for bucket in series._buckets))
    return found


def since(before):
    return {script: more for script, count in calls(*before).items() if (more := count - before[script])}


async def test_a_resend_is_one_script(quiet_shop):
    record = await quiet_shop.started("alice")
    identifier = VerificationId.parse(record.id)
    before = calls()
    early = await quiet_shop.here.verifications.resend(quiet_shop.site, identifier)
    assert since(before) == {"resend": 1}
    assert (early.outcome, early.shown.id, early.denial.limit) == (Outcome.EARLY, record.id, "resend")
    quiet_shop.move(60_000)
    resent = await quiet_shop.here.verifications.resend(quiet_shop.site, identifier)
    assert since(before) == {"resend": 2}
    assert (resent.outcome, resent.shown.id) == (Outcome.RESENT, record.id)


async def test_a_purpose_that_the_site_has_lost_resends_nothing(quiet_shop):
    record = await quiet_shop.started("alice")
    quiet_shop.move(60_000)
    purposes = {name: policy for name, policy in quiet_shop.site.config.purposes.items() if name != record.purpose}
    config = replace(quiet_shop.site.config, purposes=purposes)
    site = SiteEntry(quiet_shop.site.name, config, quiet_shop.site.account)
    lost = await quiet_shop.here.verifications.resend(site, VerificationId.parse(record.id))
    assert (lost.outcome, lost.record) == (Outcome.ABSENT, None)


async def test_a_binding_is_one_script(shop):
    before = calls("bind", "read_binding")
    bound = await shop.here.bindings.bind_by_openid(shop.site, "alice", "o_alice", replace=False)
    assert since(before) == {"bind": 1}
    assert (bound.outcome, bound.binding.openid, bound.binding.reachable) == (Outcome.BOUND, "o_alice", True)


async def test_a_scan_is_one_script_and_so_is_following_by_a_scan_and_a_word(world):
    acts = ("claim", "follow", "note_activity", "record_receipt")
    for follows, by in ((True, "scan"), (False, "scan"), (True, "word")):
        person, started = await world.person(follows=follows), await world.start(f"{follows}-{by}", vouched=True)
        url, before = await world.scan_url(started), calls(*acts)
        await (person.scan(url) if by == "scan" else person.say(started["scan"]["keyword"]))
        if not follows:
            # WeChat shows the account first, and tells which scene led to it when the person follows.
            await person.follow()
        await world.delivery(started, "sent")
        assert since(before) == {"claim": 1}
        assert started["reference"] in (await person.messages())[-1]["content"]
