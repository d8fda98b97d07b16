"""Traces by OpenTelemetry: from a call of the API through the outbox to WeChat, and back by WeChat's receipt.

An extra (`pip install codesvc[otel]`) that the configuration switches on (`service.traces`). Off, it costs a look at
one name, and this package imports nothing of OpenTelemetry. The context travels in the verification's record, which the
outbox entry names, so that a delivery hours and processes later belongs to the trace of the call that caused it. Spans
carry ids, names and words of ours, never a user, an address, a code or an openid. Nothing is handed on to WeChat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Coroutine

_Result = TypeVar("_Result")
_tracer: Any = None


class TracingMissing(CodesvcError):
    """The configuration wants traces, and the installation has no OpenTelemetry."""


def switch_on(provider: Any = None) -> None:
    """Trace from now on.

    Args:
        provider: an OpenTelemetry TracerProvider; None: one that sends by OTLP over HTTP, as the standard variables
            `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and so on say.

    Raises:
        TracingMissing: OpenTelemetry is not installed.
    """
    global _tracer  # noqa: PLW0603  one for the process, as OpenTelemetry's own
    if provider is None and _tracer is not None:
        return
    _tracer = (provider or _sending_provider()).get_tracer("codesvc")


def _sending_provider() -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracingMissing("service.traces needs OpenTelemetry; install codesvc[otel]") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "codesvc"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def current() -> str:
    """The present span as a `traceparent`, "" where nothing is traced."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def _under(parent: str | None) -> Any:
    """The context that a `traceparent` names; None, for the present one, without one."""
    if not parent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def within(
    name: str, told: Coroutine[Any, Any, _Result], *, parent: str | None = None, **about: str | int
) -> Coroutine[Any, Any, _Result]:
    """The coroutine itself; where something is traced, one that runs inside a span.

    Args:
        name: of the span; from the code, never somebody's input.
        told: what happens in it.
        parent: the `traceparent` under which it stands; None: under the present span.
        about: attributes.
    """
    return told if _tracer is None else _spanned(name, told, parent, about)


async def _spanned(
    name: str, told: Coroutine[Any, Any, _Result], parent: str | None, about: dict[str, str | int]
) -> _Result:
    # An error's text was not written to be shown; its type is.
    with _tracer.start_as_current_span(
        name, context=_under(parent), attributes=_named(about), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            return await told
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            raise


def told(name: str, parent: str, **about: str | int) -> None:
    """Add to the trace of something earlier what has just been heard of it; the present span is named beside it."""
    if _tracer is None or not parent:
        return
    from opentelemetry.trace import Link, get_current_span

    here = get_current_span().get_span_context()
    links = [Link(here)] if here.is_valid else []
    _tracer.start_span(name, context=_under(parent), attributes=_named(about), links=links).end()


def _named(about: dict[str, str | int]) -> dict[str, str | int]:
    return {f"codesvc.{name}": value for name, value in about.items()}
