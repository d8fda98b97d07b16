"""The trace by which a caller knows whether a request that failed may have been sent.

The type of aiohttp's exception is not enough. If the event loop stalls, the timeouts for the connection and for the
whole exchange expire together. aiohttp then raises the same `TimeoutError` as for an answer that does not come.
"""

from types import SimpleNamespace

import aiohttp

from codesvc.domain.request_progress import RequestProgress


def sending_trace() -> aiohttp.TraceConfig:
    """For `ClientSession(trace_configs=…)`: it fills the `RequestProgress` that is a request's `trace_request_ctx`."""

    async def begun(_: object, context: SimpleNamespace, __: object) -> None:
        if isinstance(context.trace_request_ctx, RequestProgress):
            context.trace_request_ctx.may_be_sent = False

    async def sending(_: object, context: SimpleNamespace, __: object) -> None:
        # aiohttp calls this before it writes the headers.
        if isinstance(context.trace_request_ctx, RequestProgress):
            context.trace_request_ctx.may_be_sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begun)
    trace.on_request_headers_sent.append(sending)
    return trace
