"""The address of every adapter: authenticate, read, take, answer. Nothing is sent before the answer."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from functools import partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from aiohttp import web

from codesvc.config.relay_settings import Inbound
from codesvc.domain.addresses import stated_address
from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import Invalid, StoreUnavailable
from codesvc.domain.identifiers import is_user
from codesvc.domain.recipient import MessageKind
from codesvc.domain.secret import Secret
from codesvc.runtime import repeated_lines
from codesvc.service.message_models import (
    LEAST_LIFE,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    MOST_LIFE,
    MessageRequest,
    same_call,
)
from codesvc.service.messages import recipient_of
from codesvc.web.api.inputs import language
from codesvc.web.context import SITE, services
from codesvc.web.inbound.adapter import Call, Reason, Refusal, Taken, Unreadable, unauthenticated
from codesvc.web.inbound.adapter_list import ADAPTERS
from codesvc.web.problem import Problem
from codesvc.web.site_calls import SiteCall

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.message import Message
    from codesvc.service.message_models import MessageResult
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.context import Services
    from codesvc.web.inbound.adapter import Adapter, Reading

routes = web.RouteTableDef()
_log = structlog.get_logger(__name__)
_RETRY_AFTER: Final = 2
"""Seconds, while the store does not answer or the site has too many calls under way."""
_CJK: Final = re.compile(r"[\u3400-\u9fff]")
_LETTERS: Final = re.compile(r"[A-Za-z]{2}")
_DECOYS: Final = {
    # The call of an unknown site is compared with this secret, which no caller has, so that it takes as long as others.
    name: Inbound(adapter=name, secrets=(Secret(f"whsec_{token_urlsafe(32)}"),))
    for name in ADAPTERS
}
_unfinished: set[asyncio.Task[Taken]] = set()


class _Refused(Exception):
    """A message was not taken."""

    def __init__(self, reason: Reason, detail: str, retry_after: int = 0) -> None:
        super().__init__(reason.value)
        self.reason, self.detail, self.retry_after = reason, detail, retry_after


class _Removed(Exception):
    """The site, the source or its secret was removed while the call waited for its turn."""


class _Caller(NamedTuple):
    """Who made a call: a source of a site, by its name there."""

    site: SiteEntry
    name: str
    source: Inbound


@routes.post("/inbound/{adapter}/{site}")
@routes.get("/inbound/{adapter}/{site}", allow_head=False)
@routes.post("/inbound/{adapter}/{site}/{word:[A-Za-z0-9_.-]{1,64}}")
@routes.get("/inbound/{adapter}/{site}/{word:[A-Za-z0-9_.-]{1,64}}", allow_head=False)
@routes.post("/inbound/{adapter}/{site}/2010-04-01/Accounts/{account}/Messages.json")
async def receive(request: web.Request) -> web.Response:
    """Take what an identity system sends.

    Systems that know no purpose can have a word for it behind the address. Clients of Twilio append their own path.
    """
    here = services(request)
    # Signatures are made with the time of this machine; test mode moves only the service's clock.
    call = Call(await request.read(), request.headers, request.query, unix_ms() / 1000)
    adapter, named = ADAPTERS.get(request.match_info["adapter"]), request.match_info["site"]
    find = partial(_caller, here, adapter, named, call)
    caller = find()
    if adapter is None or caller is None:
        return _unknown(here, adapter, named)
    site, name, source = caller
    request[SITE] = site.name
    here.key_uses.note_site(site.name)
    locale: str = source.locale
    try:
        readings = adapter.read(source, call)
        if readings:
            locale = _locale(source, readings[0])
        else:
            _log.info("inbound_without_code", site=site.name, source=name)
        wanted = partial(_wanted, adapter.repeats_ms, request.match_info.get("word", ""))
        taking = _take(here, caller, find, readings, wanted)
        return adapter.answer(await _in_time(taking, here.site_calls.answer_seconds))
    except _Removed:
        return _unknown(here, adapter, named)
    except Unreadable as error:
        refused = _Refused(Reason.MALFORMED, str(error))
    except Invalid as error:
        of_recipient = error.pointer.startswith("/recipient")
        refused = _Refused(Reason.RECIPIENT if of_recipient else Reason.INVALID, str(error))
    except StoreUnavailable:
        refused = _Refused(Reason.UNAVAILABLE, "the service is temporarily unavailable", _RETRY_AFTER)
    except Problem as problem:
        refused = _Refused(Reason.LIMITED, problem.type.title, _RETRY_AFTER)
    except _Refused as error:
        refused = error
    _log.warning("inbound_refused", site=site.name, source=name, reason=refused.reason.value, why=refused.detail)
    words = here.texts.speech(locale)(f"relay.{refused.reason}", seconds=refused.retry_after)
    return adapter.refuse(Refusal(refused.reason, words, refused.detail, refused.retry_after))


def _unknown(here: Services, adapter: Adapter | None, named: str) -> web.Response:
    """Note for operators a call that no source made. Returns its answer."""
    site = here.directory.sites.get(named)
    names = (site.name if site else None, adapter.name if adapter else None)
    repeated_lines.note(_log_unauthenticated, str(names), site=names[0], source=names[1])
    if site is not None and site.config.inbound:
        here.recorder.key_refused(site.name)
    return unauthenticated()


def _caller(here: Services, adapter: Adapter | None, named: str, call: Call) -> _Caller | None:
    """The source that one of its secrets is right for. Several sources of one adapter are all tried."""
    if adapter is None:
        return None
    site = here.directory.site(named)
    sources = {} if site is None else site.config.inbound
    tried = [(name, source) for name, source in sources.items() if source.adapter == adapter.name]
    if site is None or not tried:
        adapter.authenticate(_DECOYS[adapter.name], call)
        return None
    right = [_Caller(site, *pair) for pair in tried if adapter.authenticate(pair[1], call)]
    return right[0] if right else None


async def _take(
    here: Services,
    caller: _Caller,
    find: Callable[[], _Caller | None],
    readings: Sequence[Reading],
    wanted: Callable[[_Caller, Reading], MessageRequest],
) -> Taken:
    """Take one message after the other. After a wait `find` says who the caller is now.

    Raises:
        _Refused, Invalid, StoreUnavailable: one was not taken; those before it were.
        Problem: none was, because too many calls of the site are under way.
        _Removed: none was.
    """
    with closing(SiteCall(here.site_calls, caller.site.name, "inbound")) as call:
        now = find() if await call.turn() else caller
        if now is None:
            raise _Removed
        messages = [_message_of(await here.messages.accept(now.site, wanted(now, reading))) for reading in readings]
    recipients = tuple(reading.recipient for reading in readings)
    return Taken(messages[0].id, messages[0].created, recipients) if messages else Taken("", unix_ms())


def _wanted(repeats_ms: int, said: str, caller: _Caller, reading: Reading) -> MessageRequest:
    site, name, source = caller
    kind = MessageKind.EMAIL if "@" in reading.recipient else MessageKind.SMS
    # Refused here, so that the system hears which of its values is wrong, before it hears of a missing gateway.
    recipient_of(site, kind, reading.recipient, source.region)
    # A word behind the address is in no signature: it fills a gap, and replaces nothing that the system says.
    purpose = source.purpose_of(reading.word or said)
    return MessageRequest(
        kind=kind,
        recipient=reading.recipient,
        region=source.region,
        user=reading.user if source.users == "system" and reading.user and is_user(reading.user) else "",
        known_recipient=reading.known_recipient,
        claims_recipient=reading.claims_recipient,
        code=reading.code,
        # A code needs no text of the system's: one that is too long is replaced by ours.
        text="" if reading.code and not _fits(reading.text, LONGEST_TEXT) else reading.text,
        subject=reading.subject if _fits(reading.subject, LONGEST_SUBJECT) and reading.subject.isprintable() else "",
        purpose=purpose,
        locale=_locale(source, reading),
        expires_in=int(min(max(reading.expires_in or source.expires_in, LEAST_LIFE), MOST_LIFE)),
        client_ip=_address(reading.address),
        # Recipient and code count beside an id, because a text that is not an id must not hide a code. Of the address
        # only the purpose counts, which is one of the source's few: other words make no new call of a signed one.
        dedupe=same_call(
            name, reading.id, kind.value, reading.recipient, reading.code or reading.text, reading.word, purpose
        ),
        dedupe_ms=repeats_ms,
        source=name,
    )


def _fits(text: str, longest: int) -> bool:
    return len(text) <= longest and "\0" not in text


def _locale(source: Inbound, reading: Reading) -> str:
    """The language that the system says, else that of its text, else the source's."""
    if reading.language:
        return language(reading.language)
    if _CJK.search(reading.text):
        return "zh"
    return "en" if _LETTERS.search(reading.text) else source.locale


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The person's address. What is none costs no message: it only cannot be counted."""
    try:
        return stated_address(text) if text else None
    except Invalid:
        return None


async def _in_time(taking: Coroutine[Any, Any, Taken], seconds: float) -> Taken:
    """The result, if it comes in time. A later result is not undone: a repeat of the call then finds it.

    Raises:
        StoreUnavailable: it does not.
        _Refused, _Removed, Invalid, Problem: as `_take`.
    """
    task = asyncio.create_task(taking)
    _unfinished.add(task)
    task.add_done_callback(_finish)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise StoreUnavailable("no answer in time")
    return task.result()


def _finish(task: asyncio.Task[Taken]) -> None:
    _unfinished.discard(task)
    if not task.cancelled():
        task.exception()  # Read here, since no caller may be left to read it: a refusal has been answered by then.


def _message_of(result: MessageResult) -> Message:
    """The message that was taken, now or by the same call before.

    Raises:
        _Refused: none was.
    """
    if result.denial is not None:
        wait = result.denial.retry_after
        raise _Refused(Reason.LIMITED, f"the limit {result.denial.limit} is reached", wait)
    if result.message is None:
        # The person asks again and gets another code; a replay stays one.
        raise _Refused(Reason.UNAVAILABLE, "the same call was taken before, too long ago to repeat it", _RETRY_AFTER)
    return result.message


def _log_unauthenticated(*, site: str | None, source: str | None, count: int) -> None:
    _log.info("inbound_unauthenticated", site=site, source=source, count=count)
