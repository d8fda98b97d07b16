"""Calls the gateway of a site for a message, and decides what follows from its answer."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog
from jinja2 import TemplateError

from codesvc.delivery.gateways.gateway import GatewayAnswer, Handover, Taken
from codesvc.domain.codes import VerificationId, derive
from codesvc.domain.message import MessageStatus
from codesvc.runtime import metrics
from codesvc.sites.lazy import PerEntry
from codesvc.store.messages import MessageResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codesvc.delivery.gateways.gateway import Gateway
    from codesvc.delivery.gateways.gateway_list import Gateways
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.message import Message
    from codesvc.domain.recipient import Recipient
    from codesvc.domain.sealed_content import SealedContent, Seals
    from codesvc.messages.relay_texts import RelayTexts
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import Directory
    from codesvc.store.messages import MessageBegun

PAUSES: Final = (1.0, 3.0, 8.0, 15.0)
"""Seconds between the calls of a gateway that may take a message later; the last one repeats until the code expires."""
MOST_PER_SITE: Final = 32
"""The most gateway calls at once for one site, so that a slow gateway delays no other site."""

_log = structlog.get_logger(__name__)


class Relaying(NamedTuple):
    """The parts that only messages need."""

    texts: RelayTexts
    seals: Seals
    gateways: Gateways
    keyring: Keyring


class Verdict(NamedTuple):
    """The consequences of a call.

    Attributes:
        result: what to record; None if nothing is known for certain, and the same id is called again.
        pause_seconds: seconds until the next call; None if there is none.
    """

    result: MessageResult | None
    pause_seconds: float | None = None


class GatewayCalls:
    """Calls gateways."""

    def __init__(self, directory: Directory, parts: Relaying, recorder: Recorder) -> None:
        self._directory, self._parts, self._recorder = directory, parts, recorder
        # A change of the site leaves them: calls that hang hold the old ones, and new ones would allow as many more.
        self._lanes = PerEntry(directory.sites, lambda _: asyncio.Semaphore(MOST_PER_SITE), lambda _: None)

    async def call(
        self, begun: MessageBegun, number: int, mark: Callable[[], Awaitable[MessageBegun | None]]
    ) -> Verdict | None:
        """Call the gateway once, for the `number`-th time in this process, counted from 0.

        `mark` records, once it is this message's turn, that a call may have been made, and looks again: the message may
        have ended meanwhile, or wait for something else. Then there is no call and no verdict.
        """
        message = begun.shown
        site = self._directory.sites.get(message.site)
        content = self._content(message, begun.box)
        gateway = self._parts.gateways.of(site, message.kind) if site else None
        if content is None or content.recipient is None or gateway is None:
            reason = "lost" if content is None else "no-gateway" if gateway is None else "no-recipient"
            return Verdict(MessageResult(result=MessageStatus.FAILED.value, reason=reason))
        end = MessageStatus.FAILED
        try:
            # Before the wait for a place, because the site may be gone after it.
            handover = self._handover(message, content, content.recipient)
            async with self._lanes[message.site]:
                marked = await mark()
                if marked is None or marked.step != "hand":
                    return None
                if marked.spent:
                    self._recorder.gateway_spent(message)
                    return Verdict(MessageResult(result=MessageStatus.FAILED.value, reason="gateway-limit"))
                if marked.again and not gateway.idempotent:
                    # An earlier attempt has called the gateway, and its process died before it knew the answer.
                    return _verdict(message, gateway, GatewayAnswer(Taken.UNKNOWN, "interrupted"), number)
                end = MessageStatus.UNKNOWN
                answer = await gateway.hand(handover)
        except (LookupError, ValueError, TypeError, TemplateError) as error:
            # A fault of the program, as in `Worker`. Another call would meet it again, also of an idempotent gateway.
            _log.exception("job_failed", subject=message.id, kind="message", error=type(error).__name__)
            return Verdict(MessageResult(result=end.value, reason="error"))
        return _verdict(message, gateway, answer, number)

    def _content(self, message: Message, box: bytes) -> SealedContent | None:
        """The decrypted content with its code, which is derived for a verification; None if it cannot be decrypted."""
        content = self._parts.seals.open(message.id, box)
        if content is None or not message.verification:
            return content
        identifier = VerificationId.parse(message.verification)
        master = self._parts.keyring.find(identifier.key_id) if identifier else None
        if identifier is None or master is None:
            return None
        return msgspec.structs.replace(content, code=derive(master.code_key, identifier))

    def _handover(self, message: Message, content: SealedContent, recipient: Recipient) -> Handover:
        texts = self._parts.texts
        return Handover(
            id=message.id,
            site=message.site,
            user=message.user,
            recipient=recipient,
            code=content.code,
            text=texts.text(message, content),
            subject=texts.subject(message, content),
            purpose=message.purpose,
            locale=message.locale,
            reason=message.reason,
            created=message.created,
            expires=message.expires,
            minutes=message.minutes,
        )


def _verdict(message: Message, gateway: Gateway, answer: GatewayAnswer, number: int) -> Verdict:
    metrics.GATEWAY_CALLS.labels(message.site, message.kind.value, answer.taken.value).inc()
    _log.info(
        "gateway_called",
        message=message.id,
        site=message.site,
        kind=message.kind.value,
        outcome=answer.taken.value,
        reason=answer.reason or None,
    )
    ends = {
        Taken.YES: MessageStatus.HANDED_OVER.value,
        Taken.NO: MessageStatus.FAILED.value,
        Taken.UNKNOWN: "" if gateway.idempotent else MessageStatus.UNKNOWN.value,
    }
    end = ends.get(answer.taken, "")
    if end:
        return Verdict(MessageResult(result=end, reason=answer.reason))
    pause = max(PAUSES[min(number, len(PAUSES) - 1)] * random.uniform(0.8, 1.2), answer.retry_after_seconds)  # noqa: S311  spreads retries
    return Verdict(MessageResult(result="later", reason=answer.reason) if answer.taken is Taken.LATER else None, pause)
