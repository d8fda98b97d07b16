"""Tracing by OpenTelemetry: from an API call through the outbox to WeChat, and back with WeChat's receipt.

It is an extra (`pip install codesvc[otel]`), switched on by `service.traces`. When off, each call costs one comparison
and OpenTelemetry is not imported. The trace context is stored in the verification's record, and the outbox entry names
that record. So a delivery that another process makes hours later belongs to the trace of the call that caused it. Spans
contain ids, names and our own words, never a user, an address, a code or an openid. WeChat receives no trace header.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from codesvc.domain.errors import CodesvcError

_Result = TypeVar("_Result")
_tracer: Any = None


class TracingMissing(CodesvcError):
    """Traces are switched on, but OpenTelemetry is not installed."""


def switch_on(provider: Any = None) -> None:
    """Start tracing.

    Args:
        provider: an OpenTelemetry TracerProvider. None: one that sends by OTLP over HTTP, configured by the standard
            variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …).

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
    """The current span as a `traceparent`, "" without tracing."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def _context_of(parent: str | None) -> Any:
    """The context of a `traceparent`. Without one it is None, which means the current context."""
    if not parent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def within(
    name: str, coroutine: Coroutine[Any, Any, _Result], *, parent: str | None = None, **attributes: str | int
) -> Coroutine[Any, Any, _Result]:
    """The coroutine itself, or with tracing a coroutine that runs it inside a span.

    Args:
        name: name of the span, a constant of the code.
        coroutine: the coroutine that runs inside the span.
        parent: `traceparent` of the parent span; None: the current span.
        attributes: attributes of the span.
    """
    return coroutine if _tracer is None else _spanned(name, coroutine, parent, attributes)


async def _spanned(
    name: str, coroutine: Coroutine[Any, Any, _Result], parent: str | None, attributes: dict[str, str | int]
) -> _Result:
    # Only the error's type is recorded, because its text may contain secrets.
    with _tracer.start_as_current_span(
        name,
        context=_context_of(parent),
        attributes=_prefixed(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            return await coroutine
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            raise


def event(name: str, parent: str, **attributes: str | int) -> None:
    """Add a span to the trace of an earlier call, with a link to the current span."""
    if _tracer is None or not parent:
        return
    from opentelemetry.trace import Link, get_current_span

    current_span = get_current_span().get_span_context()
    links = [Link(current_span)] if current_span.is_valid else []
    _tracer.start_span(name, context=_context_of(parent), attributes=_prefixed(attributes), links=links).end()


def _prefixed(attributes: dict[str, str | int]) -> dict[str, str | int]:
    return {f"codesvc.{name}": value for name, value in attributes.items()}
