"""HTTP exchanges with WeChat: JSON in both directions, and errors without secrets.

aiohttp's exceptions contain the URL, and the URL contains access_token and secret. So this module translates them. It
raises the translated exception outside of the handler, so that not even `__context__` refers to the URL.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import OutboundProxy, ProxyProblem, leaving, problem_of_status
from codesvc.domain.request_progress import RequestProgress
from codesvc.wechat.call_labels import CallObserver, endpoint_of, ignore_call, result_of
from codesvc.wechat.errors import (
    Garbled,
    NameNotResolved,
    NotSent,
    NotTrusted,
    OutcomeUnknown,
    ProxyAnswered,
    ProxyFailed,
    ServerFault,
    WeChatError,
    WeChatFault,
    WeChatTimeout,
    WeChatUnreachable,
)
from codesvc.wechat.proxy_faults import problem_of

_MAX_ANSWER = 1024 * 1024
_MAX_ERRMSG = 200
_OK = 200
_SERVER_FAULT = 500
_RID = re.compile(r"\s*\brid:\s*([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")
_decoder = msgspec.json.Decoder(dict[str, Any])
# Matches tokens, openids and template ids. WeChat's error texts have no other words of that length.
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{24,}")
_REDACTED = "***"
# For http there is no tunnel: an error of the proxy looks like an answer of WeChat (RFC 9110 15.5.8, 15.6.3).
_PROXY_STATUSES = frozenset({407, 502, 503, 504})
_GET_HEADERS = {"Accept-Encoding": "identity"}
_POST_HEADERS = {**_GET_HEADERS, "Content-Type": "application/json"}
_SHORTEST_REDACTED = 4


class HttpExchange:
    """Makes single exchanges with WeChat.

    Args:
        http: the shared session. The caller opens and closes it. Without `sending_trace` in it, a request that timed
            out counts as one that may have been sent.
        timeout: seconds for a whole exchange. Half of it, but at most 3 s, is the limit for connecting.
        observe: called after every exchange, with its result and duration (`CallObserver`).
        proxy: the outbound proxy; None: connect directly.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        timeout: float = 8.0,
        observe: CallObserver = ignore_call,
        proxy: OutboundProxy | None = None,
    ) -> None:
        """Set a shorter timeout for connecting, so that an unreachable host can be distinguished from a slow answer."""
        self._observe = observe
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(3.0, timeout / 2))
        self._proxy = proxy

    async def exchange(
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
            url: the URL.
            params: added to the URL's query; every value is treated as a secret.
            body: an object to send as raw UTF-8 JSON (WeChat refuses escapes, code 40033), or data to send unchanged.

        Raises:
            WeChatUnreachable: nothing was sent.
            WeChatTimeout: WeChat may have received the request, but no complete answer came.
            Garbled: the answer is unusable.
            WeChatError: WeChat refused.
        """
        started, result = perf_counter(), "0"
        try:
            target = URL(url).update_query(params or {})
            data = _encoded(body) if isinstance(body, Mapping) else body
            status, raw = await self._request(method, target, data)
            if status != _OK:
                raise (ServerFault if status >= _SERVER_FAULT else Garbled)(f"WeChat answered HTTP {status}")
            answer = _object(raw)
            if errcode := _errcode(answer):
                text, rid = _redacted(answer.get("errmsg"), [*target.query.values(), *_strings_in(body)])
                raise WeChatError(errcode, text, rid)
        except WeChatFault as fault:
            result = result_of(fault)
            raise
        else:
            return answer
        finally:
            self._observe(endpoint_of(url), result, perf_counter() - started)

    async def _request(self, method: str, url: URL, data: bytes | str | None) -> tuple[int, bytes]:
        headers = _GET_HEADERS if data is None else _POST_HEADERS
        by_proxy, login = leaving(self._proxy, url.scheme)
        progress = RequestProgress()
        try:
            async with self._http.request(
                method,
                url,
                data=data,
                headers=headers | login,
                timeout=self._timeout,
                allow_redirects=False,
                trace_request_ctx=progress,
                **by_proxy,
            ) as response:
                if self._proxy is not None and url.scheme == "http" and response.status in _PROXY_STATUSES:
                    raise ProxyAnswered(problem_of_status(response.status))
                return response.status, await _read(response)
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            fault = self._fault(error, progress)
        raise fault

    def _fault(self, error: aiohttp.ClientError | OSError, progress: RequestProgress) -> NotSent | OutcomeUnknown:
        """Translate an exception of aiohttp or of the system into an error of ours, without the URL."""
        problem = problem_of(error, self._proxy)
        if problem is not None:
            return ProxyFailed(problem)
        if isinstance(getattr(error, "os_error", error), PrivateAddress):
            return WeChatUnreachable(
                "its address is not public, or this machine's own: only the configuration file may name such a one"
            )
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return NameNotResolved("WeChat's host name does not resolve")
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return NotTrusted("the server that answered as WeChat has no valid certificate")
        if isinstance(
            error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ServerFingerprintMismatch
        ):
            return WeChatUnreachable("no connection to WeChat")
        if not progress.may_be_sent:
            # With a proxy, it is the proxy's fault: it closed the connection, or its answer to CONNECT was not HTTP.
            return (
                ProxyFailed(ProxyProblem.UNREACHABLE) if self._proxy else WeChatUnreachable("no connection to WeChat")
            )
        if isinstance(error, TimeoutError):
            return WeChatTimeout("WeChat did not answer in time")
        return WeChatTimeout("the connection to WeChat broke before the answer was complete")


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        # The text has an unpaired surrogate, for example because another program cut an emoji in half.
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
        # WeChat sends nicknames with control characters or broken UTF-8. The rest, such as a msgid, must be readable.
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


def _redacted(errmsg: object, secrets: Iterable[str]) -> tuple[str, str | None]:
    text = errmsg if isinstance(errmsg, str) else ""
    found = _RID.search(text)
    text = _RID.sub("", text)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_REDACTED:
            text = text.replace(secret, _REDACTED)
    text = "".join(character if character.isprintable() else " " for character in _OPAQUE.sub(_REDACTED, text))
    return text.strip()[:_MAX_ERRMSG], found[1] if found else None


def _strings_in(value: object) -> Iterable[str]:
    """Every string of a request body. WeChat may quote one in errmsg, and one may be a verification code."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _strings_in(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _strings_in(member)
