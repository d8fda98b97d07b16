"""The steps that every API call shares: configured faults, checks, handler, answer, journal (WECHAT.md 1, 2).

Clients see the order of the checks: https, the path, the method, the token, the right of the account, the quota, and
then the body. Every answer is HTTP 200, unless a fault changes it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import web

from codesvc.sandbox.api.call import Call, Endpoint, File
from codesvc.sandbox.api.others import describe_other
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.errcodes import ERRMSG, ApiError
from codesvc.sandbox.fault import Fault
from codesvc.sandbox.hosts import API_HOSTS
from codesvc.sandbox.identifiers import mint_rid
from codesvc.sandbox.journal import Entry
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.request_body import read_request
from codesvc.sandbox.rights import need_right

_MAX_BODY_BYTES = 2**20  # for calls that are not uploads
_TEXT_TYPES = (
    "application/json",
    "text/",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "application/xml",
)


class ApiServer:
    """Serves the endpoints of the API table."""

    def __init__(self, platform: Platform, courier: Courier) -> None:
        self._platform = platform
        self._courier = courier

    def handler(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of one endpoint."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, endpoint)

        return handle

    async def handle_unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer every other path with 40066. The text says whether the real platform has such a path."""
        return await self._serve(request, None)

    async def _serve(self, request: web.Request, endpoint: Endpoint | None) -> web.StreamResponse:
        platform, started = self._platform, time.monotonic()
        now = platform.clock.now()
        try:
            raw = await read_request(request)
        except (web.HTTPRequestEntityTooLarge, web.HTTPBadRequest, web.HTTPRequestTimeout):
            raw = b"{"  # the platform answers an unreadable body like invalid JSON
        if len(raw) > _MAX_BODY_BYTES and not (endpoint and endpoint.upload):
            raw = b"{"
        remote, label = request.remote or "127.0.0.1", request.headers.get("Content-Type", "")
        call = Call(platform, request.path, _query(request), raw, remote, now, mint_rid(now), content_type=label)
        entry = Entry(
            direction="api",
            at=now,
            method=request.method,
            path=request.path,
            query=str(request.rel_url),
            request=_readable(call.raw, request.content_type),
            rid=call.rid,
            account=self._find_account(call),
        )
        fault = platform.faults.for_call(call.path, entry.account)
        answered = self._answer(request, endpoint, call, fault)
        body = {} if isinstance(answered, File) else answered
        entry.account = call.subject.spec.appid if call.subject else entry.account
        entry.note = describe_other(call.path) if endpoint is None else None
        self._courier.dispatch_outbox()
        status, headers, payload = self._wrap(call, answered, fault)
        entry.fault = fault.kind if fault else None
        entry.status, entry.response = status, _readable(payload, headers["Content-Type"])
        entry.errcode = body.get("errcode")
        entry.duration = time.monotonic() - started
        platform.journal.add(entry)
        platform.event_bus.publish("call", entry=entry.describe())
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.delay)
        if fault and fault.kind == "reset" and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status, body=payload, headers=headers)

    def _answer(
        self, request: web.Request, endpoint: Endpoint | None, call: Call, fault: Fault | None
    ) -> dict[str, Any] | File:
        try:
            if fault and fault.kind == "revoke_token":
                self._revoke(call)
            if fault and fault.kind in {"http", "reset"} and not fault.comes_after:
                return {}
            if fault and fault.kind == "errcode" and not fault.comes_after:
                return _refuse(call, ApiError(fault.errcode, fault.errmsg))
            body = self._act(request, endpoint, call)
        except ApiError as error:
            return _refuse(call, error)
        if fault and fault.kind == "errcode":
            return _refuse(call, ApiError(fault.errcode, fault.errmsg))
        return body if isinstance(body, File) else dict(body)

    def _act(self, request: web.Request, endpoint: Endpoint | None, call: Call) -> Mapping[str, Any] | File:
        if request.scheme == "http" and (request.url.host or "") in API_HOSTS:
            raise ApiError(43003)
        if endpoint is None:
            raise ApiError(40066, f"{ERRMSG[40066]}: {describe_other(call.path)}")
        if request.method != endpoint.method and not (endpoint.posted and request.method == "POST"):
            raise ApiError(43001 if endpoint.method == "GET" else 43002)
        if endpoint.token:
            call.subject, _ = self._platform.account_of_token(call.query.get("access_token", ""))
            if endpoint.right is not None:
                need_right(call.subject.spec.kind, endpoint.right)
            call.subject.quotas.spend(call.path, call.now)
        return endpoint.act(call)

    def _wrap(
        self, call: Call, body: Mapping[str, Any] | File, fault: Fault | None
    ) -> tuple[int, dict[str, str], bytes]:
        if fault and fault.kind == "http":
            return int(fault.status), {"Content-Type": "text/html"}, b"<html><body>sandbox fault</body></html>"
        if isinstance(body, File):
            named = f'attachment; filename="{body.name}"'
            headers, payload = {"Content-Type": body.content_type, "Content-disposition": named}, body.content
        else:
            label = "text/plain" if call.path.startswith("/sns/") else self._platform.settings.content_type
            headers, payload = {"Content-Type": label}, msgspec.json.encode(body)
        if fault and fault.kind == "truncated":
            payload = payload[: len(payload) // 2]
        return 200, headers, payload

    def _revoke(self, call: Call) -> None:
        account, token = self._platform.account_of_token(call.query.get("access_token", ""))
        account.credentials.revoke(call.now, token.kind)

    def _find_account(self, call: Call) -> str | None:
        """The account that a call is about: its token's, or the one that it names, such as to get a token."""
        with suppress(ApiError):
            return self._platform.account_of_token(call.query.get("access_token", ""))[0].spec.appid
        appid: object = call.query.get("appid")
        if appid is None:
            with suppress(ApiError):
                appid = call.body.get("appid")
        return appid if isinstance(appid, str) and appid in self._platform.accounts else None


def _readable(payload: bytes, label: str) -> str:
    """The text of a body for the journal; of a file only the size and the type."""
    if payload and not label.startswith(_TEXT_TYPES):
        return f"({len(payload)} bytes of {label.partition(';')[0]})"
    return payload.decode("utf-8", "replace")


def _refuse(call: Call, error: ApiError) -> dict[str, Any]:
    """The JSON of an error. WeChat adds the request id to errmsg: after a comma under `/sns/`, else after a blank."""
    tail = f", rid: {call.rid}" if call.path.startswith("/sns/") else f" rid: {call.rid}"
    return {"errcode": error.errcode, "errmsg": error.errmsg + tail}


def _query(request: web.Request) -> dict[str, str]:
    """The query parameters; of a repeated parameter the first value."""
    return {name: request.query[name] for name in request.query}
