"""Calls the service's own callback as WeChat does: by its public address, signed, and encrypted if so configured.

The GET is the request that WeChat's console sends when the address is entered. The POST carries an event with a name
that WeChat does not use. The service accepts it, answers `success` and changes nothing.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

from codesvc.doctor.finding import Finding, fail, ok
from codesvc.domain.callback_health import PROBE_OPENID
from codesvc.domain.outbound_proxy import leaving
from codesvc.domain.service_address import ServiceAddress
from codesvc.runtime.answer_bodies import read_at_most
from codesvc.wechat import crypto
from codesvc.wechat.proxy_faults import problem_of

if TYPE_CHECKING:
    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.sites.directory import AccountEntry

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)  # WeChat hangs up after 5 s (WECHAT.md 9.4)
_LONGEST_READ: Final = 4096
_OK: Final = 200
EVENT: Final = "codesvc_check"
_BAD, _FORBIDDEN, _NOT_FOUND = 400, 403, 404


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """An answer of the callback; without an answer `status` is None and `body` says why."""

    status: int | None
    body: str


async def check(
    account: AccountEntry, http: aiohttp.ClientSession, public_url: str, proxy: OutboundProxy | None = None
) -> list[Finding]:
    """Send the GET, then the POST, through `proxy` if the public address is reached through it."""
    url = ServiceAddress(public_url).url(f"/wechat/{account.name}")
    echo = str(secrets.randbelow(10**18))
    verified = await _ask(http, "GET", url, {**_signed(account), "echostr": echo}, proxy=proxy)
    findings = [judge(account.name, url, "address check (GET)", verified, wanted=echo)]
    query, body = probing_event(account)
    answered = await _ask(http, "POST", url, query, body, proxy=proxy)
    findings.append(judge(account.name, url, "event (POST)", answered, wanted="success"))
    return findings


def judge(account: str, url: str, act: str, answer: CallbackAnswer, *, wanted: str) -> Finding:
    """Whether the callback gave the right answer."""
    what = f"accounts.{account}: callback, {act}"
    if answer.status is None:
        remedy = "Start the service, and make sure that service.public_url leads to it (DNS, TLS, proxy)."
        return fail(what, f"{url} does not answer: {answer.body}", remedy)
    if answer.status == _OK and answer.body == wanted:
        return ok(what, f"{url} answers as WeChat expects")
    if answer.status == _FORBIDDEN:
        remedy = (
            "The running service's token, AES key, appid, mode or clock differs from this file's or this machine's."
        )
        return fail(what, f"{url} rejects the signature made with this file's token", remedy)
    if answer.status == _BAD and "does not open with this account's keys" in answer.body:
        found = f"{url} cannot decrypt what was encrypted with this file's aes_key and appid"
        remedy = (
            "The running service has a different aes_key (EncodingAESKey) or appid. Reload it, or correct this file."
        )
        return fail(what, found, remedy)
    if answer.status == _NOT_FOUND:
        prefix = urlsplit(url).path.removesuffix(f"/wechat/{account}")
        way = f"remove {prefix} and forward the rest" if prefix else "forward /wechat/"
        remedy = f"Make the proxy {way} unchanged; the service must have an account named {account}."
        return fail(what, f"{url} answers 404 (not found)", remedy)
    found = f"{url} answers {answer.status}" + ("" if answer.status != _OK else " with an unexpected body")
    return fail(what, found, "Check what is between service.public_url and the service, and the service's log.")


def probing_event(account: AccountEntry) -> tuple[dict[str, str], bytes]:
    """Query and body of an event as WeChat sends it, in the account's mode (WECHAT.md 9.2, 9.3)."""
    keys = account.callback_keys
    now = int(time.time())
    receiver = account.config.original_id or "gh_000000000000"
    plain = (
        f"<xml><ToUserName><![CDATA[{receiver}]]></ToUserName><FromUserName><![CDATA[{PROBE_OPENID}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{EVENT}]]></Event></xml>"
    )
    query = {**_signed(account), "openid": PROBE_OPENID}
    if keys.mode == "plaintext":
        return query, plain.encode()
    sealed = crypto.encrypt(plain.encode(), keys.aes_keys[0], keys.appid)
    signature = crypto.signature(keys.tokens[0], query["timestamp"], query["nonce"], sealed)
    body = f"<xml><ToUserName><![CDATA[{receiver}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return {**query, "encrypt_type": "aes", "msg_signature": signature}, body.encode()


def _signed(account: AccountEntry) -> dict[str, str]:
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
    signature = crypto.signature(account.callback_keys.tokens[0], timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


async def _ask(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    query: dict[str, str],
    body: bytes | None = None,
    *,
    proxy: OutboundProxy | None,
) -> CallbackAnswer:
    arguments, login = leaving(proxy, urlsplit(url).scheme)
    headers = {**login, **({"Content-Type": "text/xml"} if body else {})}
    try:
        async with http.request(
            method, url, params=query, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False, **arguments
        ) as response:
            raw = await read_at_most(response.content, _LONGEST_READ)
            return CallbackAnswer(response.status, raw.decode("utf-8", "replace"))
    except TimeoutError:
        return CallbackAnswer(None, "no answer within 5 s")
    except (aiohttp.ClientError, OSError) as error:
        problem = problem_of(error, proxy)
        if problem is not None:
            return CallbackAnswer(None, problem.words)
        # The error's text has the address with its signature, so only its type is reported.
        return CallbackAnswer(None, type(error).__name__)
