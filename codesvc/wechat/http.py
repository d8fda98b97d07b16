"""One HTTP exchange with WeChat: JSON out, a JSON object in, and nothing secret in what goes wrong.

aiohttp's exceptions carry the address, and the address carries access_token and secret. So they are translated here,
and the translation is raised after the handler has ended: not even `__context__` leads back to the address.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from codesvc.wechat.call_labels import Heard, endpoint_of, hears_nothing, result_of
from codesvc.wechat.errors import (
    Garbled,
    NameNotResolved,
    NotSent,
    NotTrusted,
    OutcomeUnknown,
    WeChatError,
    WeChatFault,
    WeChatTimeout,
    WeChatUnreachable,
)

_MAX_ANSWER = 1024 * 1024
_MAX_ERRMSG = 200
_OK = 200
_RID = re.compile(r"\s*\brid:\s*([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")
_decoder = msgspec.json.Decoder(dict[str, Any])
# Tokens, openids, template ids: nothing a person needs to read is that long.
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{24,}")
_BLOT = "***"
_ASKING = {"Accept-Encoding": "identity"}
_SENDING = {**_ASKING, "Content-Type": "application/json"}
_SHORTEST_BLOTTED = 4


@dataclass(slots=True)
class _Progress:
    """How far one exchange has come.

    Attributes:
        may_be_sent: False only if it is certain that no octet of the request has been written.
    """

    may_be_sent: bool = True


def sending_trace() -> aiohttp.TraceConfig:
    """The trace by which `Wire` knows whether a request that failed was sent; for `ClientSession(trace_configs=…)`.

    The type of aiohttp's exception does not say it: if the times for the connection and for the whole exchange expire
    together, as after a stall of the event loop, it is the same `TimeoutError` as for an answer that does not come.
    """

    async def begun(_: object, context: SimpleNamespace, __: object) -> None:
        if isinstance(context.trace_request_ctx, _Progress):
            context.trace_request_ctx.may_be_sent = False

    async def sending(_: object, context: SimpleNamespace, __: object) -> None:
        # aiohttp calls this before it writes the headers.
        if isinstance(context.trace_request_ctx, _Progress):
            context.trace_request_ctx.may_be_sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begun)
    trace.on_request_headers_sent.append(sending)
    return trace


class Wire:
    """Asks WeChat, one question at a time.

    Args:
        http: the shared session; it is neither opened nor closed here. Without `sending_trace` in it, an exchange that
            timed out counts as one that may have been sent.
        timeout: seconds for a whole exchange; half of it, and 3 s at most, for getting a connection.
        heard: is told of every call that ended.
    """

    def __init__(self, http: aiohttp.ClientSession, *, timeout: float = 8.0, heard: Heard = hears_nothing) -> None:
        """Split the time, so that a dead address is told apart from a slow answer."""
        self._heard = heard
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(3.0, timeout / 2))

    async def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | bytes | str | None = None,
    ) -> dict[str, Any]:
        """Send one request and return WeChat's JSON object.

        Args:
            method: GET or POST.
            url: where to.
            params: added to its query; every value there is taken for a secret.
            body: an object to send as raw UTF-8 JSON (WeChat refuses escapes, code 40033), or what to send as it is.

        Raises:
            WeChatUnreachable: nothing was sent.
            WeChatTimeout: it may have arrived, but no whole answer came.
            Garbled: an answer came that is none.
            WeChatError: WeChat said no.
        """
        started, result = perf_counter(), "0"
        try:
            return await self._ask(method, url, params, body)
        except WeChatFault as fault:
            result = result_of(fault)
            raise
        finally:
            self._heard(endpoint_of(url), result, perf_counter() - started)

    async def _ask(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | bytes | str | None,
    ) -> dict[str, Any]:
        data = _encoded(body) if isinstance(body, Mapping) else body
        target = _target(url, params)
        status, raw = await self._exchange(method, target, data)
        if status != _OK:
            raise Garbled(f"WeChat answered HTTP {status}")
        answer = _object(raw)
        errcode = _errcode(answer)
        if errcode:
            text, rid = _clean(answer.get("errmsg"), [*target.query.values(), *_leaves(body)])
            raise WeChatError(errcode, text, rid)
        return answer

    async def _exchange(self, method: str, url: URL, data: bytes | str | None) -> tuple[int, bytes]:
        headers = _ASKING if data is None else _SENDING
        fault: NotSent | OutcomeUnknown
        progress = _Progress()
        try:
            async with self._http.request(
                method,
                url,
                data=data,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                return response.status, await _read(response)
        except aiohttp.ClientConnectorDNSError:
            fault = NameNotResolved("WeChat's name cannot be resolved")
        except aiohttp.ClientConnectorCertificateError:
            fault = NotTrusted("whoever answered for WeChat has no valid certificate")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch):
            fault = WeChatUnreachable("no connection to WeChat")
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            if not progress.may_be_sent:
                fault = WeChatUnreachable("no connection to WeChat")
            elif isinstance(error, TimeoutError):
                fault = WeChatTimeout("WeChat did not answer in time")
            else:
                fault = WeChatTimeout("the connection to WeChat broke before a whole answer came")
        raise fault


@lru_cache(maxsize=64)
def _with_token(url: str, access_token: str) -> URL:
    # The same few, as long as the token lives.
    return URL(url).update_query(access_token=access_token)


def _target(url: str, params: Mapping[str, str] | None) -> URL:
    if params and len(params) == 1 and (token := params.get("access_token")):
        return _with_token(url, token)
    return URL(url).update_query(params or {})


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        # Half an emoji, cut off by somebody else.
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > _MAX_ANSWER:
            raise Garbled("WeChat's answer is larger than 1 MiB")
    return bytes(raw)


def _object(raw: bytes) -> dict[str, Any]:
    answer: object = None
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(raw)
    with suppress(ValueError, RecursionError):
        # Nicknames with raw control characters and broken UTF-8 have been seen; they must not hide a msgid.
        answer = json.loads(raw.decode("utf-8-sig", "replace"), strict=False)
    if not isinstance(answer, dict):
        raise Garbled("WeChat's answer is not a JSON object")
    return answer


def _errcode(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode", 0)
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        raise Garbled("WeChat's errcode is not a number")
    return code


def _clean(errmsg: object, secrets: Iterable[str]) -> tuple[str, str | None]:
    text = errmsg if isinstance(errmsg, str) else ""
    found = _RID.search(text)
    text = _RID.sub("", text)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_BLOTTED:
            text = text.replace(secret, _BLOT)
    text = "".join(character if character.isprintable() else " " for character in _OPAQUE.sub(_BLOT, text))
    return text.strip()[:_MAX_ERRMSG], found[1] if found else None


def _leaves(value: object) -> Iterable[str]:
    """Every string that we sent: WeChat may quote it back, and it may be a code."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _leaves(member)
