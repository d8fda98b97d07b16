"""What every gateway is given, and what it answers. One module for each kind, behind one small protocol."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.domain.recipient import Recipient

GATEWAY_SECONDS: Final = 10.0
"""How long a call of a gateway may take."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_NOT_IN_A_REASON: Final = re.compile(r"[^a-z0-9.-]")
_LONGEST_REASON: Final = 48


class Taken(StrEnum):
    """What became of a call."""

    YES = "yes"
    """The gateway said that it took the message."""
    NO = "no"
    """The gateway did not take the message, and will not: the request is wrong, or the recipient."""
    LATER = "later"
    """The gateway certainly did not take the message, and may do so later."""
    UNKNOWN = "unknown"
    """The message may have been sent: the request was sent, and its answer was not read or did not say."""


class GatewayAnswer(msgspec.Struct, frozen=True):
    """The result of a call.

    Attributes:
        taken: whether the gateway took the message.
        reason: a word for the failure, `[a-z0-9.-]`; "" for none. Of what a gateway wrote it holds at most a code of
            its documentation.
        retry_after_seconds: seconds until the gateway wants to be asked again, 0 if it does not say.
    """

    taken: Taken
    reason: str = ""
    retry_after_seconds: int = 0


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a gateway gets it. Its repr hides code, text and recipient.

    Attributes:
        id: the message's id, the same in every call: the gateway's idempotency id.
        code: "" if the caller sent a text alone.
        purpose: the site's name of the purpose.
        locale: `zh` or `en`.
        reason: why it comes to the gateway.
        created: when it was accepted, ms.
        expires: when the code's life ends, ms.
        minutes: how long the code is still valid.
    """

    id: str
    site: str
    user: str
    recipient: Recipient
    code: str
    text: str
    subject: str
    purpose: str
    locale: str
    reason: str
    created: int
    expires: int
    minutes: int

    def __repr__(self) -> str:
        return f"Handover({self.id[:10]}…)"

    def placeholders(self, templates: Mapping[str, str], template: str = "") -> dict[str, str]:
        """The values of the placeholders (`codesvc.config.relay_settings.PLACEHOLDERS`).

        `templates` are the gateway's templates by purpose, `template` the one for all others.
        """
        return {
            "to": self.recipient.text,
            "to_digits": self.recipient.text.removeprefix("+"),
            "to_national": self.recipient.national,
            "country_code": self.recipient.country_code,
            "code": self.code,
            "text": self.text,
            "subject": self.subject,
            "template": templates.get(self.purpose, template),
            "minutes": str(self.minutes),
            "purpose": self.purpose,
            "locale": self.locale,
            "id": self.id,
        }


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders replaced, each once: what is put in is not looked at again."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def reason_of(code: str) -> str:
    """A vendor's code as the reason of an answer."""
    return _NOT_IN_A_REASON.sub("", code.lower().replace("_", "-"))[:_LONGEST_REASON]


class Gateway(Protocol):
    """A gateway of a site."""

    @property
    def idempotent(self) -> bool:
        """Whether the gateway recognises a repeated id.

        If so, a call whose outcome is unknown is made again under the same id. If not, the message ends as `unknown`,
        because a repeat could be a second message.
        """

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Make one call. Failures of the network or the gateway are not raised: the answer reports them."""
