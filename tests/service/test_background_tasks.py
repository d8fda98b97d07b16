"""A background task whose work raises an error that nobody expects goes on, and says so in the log."""

import asyncio

from structlog.testing import capture_logs

from codesvc.runtime import metrics
from codesvc.runtime.tasks import beside, end, kept_up
from tests.stores import until


async def test_work_that_fails_unexpectedly_begins_again_and_is_in_the_log():
    begun = []

    async def work():
        begun.append(1)
        if len(begun) < 3:
            raise OverflowError("integer too large")
        await asyncio.Event().wait()

    with capture_logs() as lines:
        task = asyncio.create_task(kept_up(work, "counting", pause_seconds=0))
        await until(lambda: len(begun) == 3)
        assert not task.done()
        await end([task])
    assert metrics.REGISTRY.get_sample_value("codesvc_task_failures_total", {"task": "counting"}) == 2
    said = [(line["event"], line["log_level"], line["task"], line["error"]) for line in lines]
    assert said == [("task_failed", "error", "counting", "OverflowError")] * 2


async def test_work_beside_a_context_is_kept_up():
    failed = asyncio.Event()

    async def work():
        failed.set()
        raise KeyError("gone")

    with capture_logs() as lines:
        async with beside(work, "watching"):
            await failed.wait()
            await until(lambda: lines)
    assert [(line["event"], line["task"]) for line in lines] == [("task_failed", "watching")]
