"""Clocks of two processes differ a little: what one of them has signed or done is good and done for the other."""

import pytest

from codesvc.config import Operator
from codesvc.domain.clock import unix_ms
from codesvc.domain.keyring import Keyring
from codesvc.domain.passwords import NOBODY
from codesvc.web.admin.sessions import Sessions
from codesvc.wechat.callback_format import CALLBACK_WINDOW
from tests.service.callbacks import push_of, sealed, send
from tests.world import MASTER

EIGHT_HOURS = 28_800


def process(*, ahead=0):
    """The sessions of a process whose clock is `ahead` seconds ahead of the one that signs."""
    operators = {"anna": Operator(password=NOBODY)}
    keyring = Keyring(MASTER.encode())
    return Sessions(None, keyring, operators, EIGHT_HOURS, now=lambda: unix_ms() + round(ahead * 1000))


@pytest.mark.parametrize(("ahead", "good"), [(-30, True), (0, True), (EIGHT_HOURS - 60, True), (-120, False)])
async def test_a_session_is_read_by_a_process_whose_clock_is_a_little_behind(ahead, good):
    session, cookie = process().visitor(near=False)
    assert await process(ahead=ahead).read(cookie, near=False) == (session if good else None)


async def test_a_session_ends():
    _, cookie = process().visitor(near=False)
    assert await process(ahead=EIGHT_HOURS + 1).read(cookie, near=False) is None


def test_a_known_browser_is_known_to_a_process_whose_clock_is_a_little_behind():
    cookie = process().make_known("anna", "")
    assert process(ahead=-30).known(cookie)
    assert not process(ahead=-3600).known(cookie)


async def test_the_mark_of_a_callback_outlives_its_span_by_the_difference_of_two_clocks(world, valkey):
    """It is good for 300 s before and after: 600 s by one clock, and more by two."""
    person, account = await world.person(), world.platform.default_account
    before = set(valkey.keys("*:seen:*"))
    await send(world, *sealed(account, push_of(account, person.openid, text="不是我")))
    marks = set(valkey.keys("*:seen:*")) - before
    assert marks
    margin = 300_000
    assert all(valkey.pttl(each) > 2 * CALLBACK_WINDOW * 1000 + margin for each in marks)
