"""One trace from the API through the outbox to WeChat and back by its receipt; nothing of it where it is off."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from codesvc.runtime import tracing
from tests.world import discloses

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans(monkeypatch):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", None)  # put back at the end of the test
    tracing.switch_on(provider)
    return exporter.get_finished_spans


async def test_a_trace_goes_through_the_outbox_to_wechat_and_comes_back_with_the_receipt(new_world, spans):
    async with new_world() as world:
        owner = await world.bound("alice.the-owner")
        started = await world.start(
            "alice.the-owner", "register", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        )
        code = await owner.wait_for_push()
        await world.delivery(started, "delivered")
        ours = {span.name: span for span in spans() if f"{span.context.trace_id:032x}" == TRACE}
        assert {"/v1/verifications", "deliver", "send to WeChat", "receipt"} <= ours.keys()
        assert ours["/v1/verifications"].parent.span_id == int("00f067aa0ba902b7", 16)
        assert ours["deliver"].parent.span_id == ours["/v1/verifications"].context.span_id
        assert ours["send to WeChat"].parent.span_id == ours["deliver"].context.span_id
        assert ours["receipt"].parent.span_id == ours["/v1/verifications"].context.span_id
        callback = next(span for span in spans() if span.context.span_id == ours["receipt"].links[0].context.span_id)
        assert callback.name == "/wechat/{account}"
        told = "".join(span.to_json() for span in spans())
        for secret in ("alice.the-owner", owner.openid, started["page_token"]):
            assert secret not in told
        assert not discloses(told, code)


async def test_only_a_callers_trace_goes_on_here(new_world, spans):
    """With a stranger's, a stranger would decide which requests are traced, past any sampler."""
    header = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    async with new_world() as world:
        started = await world.start("u-1", headers=header)
        await world.call("GET", f"/p/{started['page_token']}", key=None, headers=header)
        await world.call("GET", f"/v1/verifications/{started['id']}", key="cs_" + "x" * 43, headers=header)
    ours = {span.name for span in spans() if f"{span.context.trace_id:032x}" == TRACE}
    assert ours == {"/v1/verifications"}
    assert len({span.name for span in spans()} - ours) >= 2


async def test_every_step_is_one_line(new_world):
    async with new_world() as world:
        owner = await world.bound("alice.the-owner")
        with capture_logs() as lines:
            started = await world.start("alice.the-owner", "register")
            code = await owner.wait_for_push()
            await world.delivery(started, "delivered")
            for _ in range(2):
                await world.check(started, "1" * len(code) if code != "1" * len(code) else "2" * len(code))
            await world.check(started, code)
    steps = [line["step"] for line in lines if line["event"] == "step"]
    assert steps == ["started", "queued", "sent", "delivered", "wrong", "wrong", "approved"]


def test_without_it_everything_else_works():
    """As where it is not installed: whoever imports it fails. (redis-py looks whether it is there by itself.)"""
    code = (
        "import sys; sys.modules['opentelemetry'] = None; import codesvc.app, codesvc.runtime.tracing as t; t.current()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_wanted_and_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(tracing.TracingMissing, match=r"codesvc\[otel\]"):
        tracing.switch_on()
