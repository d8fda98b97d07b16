"""The types of requests about messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from codesvc.domain.errors import Invalid
from codesvc.domain.recipient import MessageKind
from codesvc.service.message_models import LEAST_LIFE, LONGEST_SUBJECT, LONGEST_TEXT, MOST_LIFE
from codesvc.web.api.inputs import Address, Input, Locale
from codesvc.web.api.user_ids import User  # noqa: TC001


class RecipientInput(Input):
    """A phone number or an e-mail address: exactly one of the two."""

    phone: Annotated[
        str,
        Meta(
            min_length=4,
            max_length=40,
            description="in E.164, or as dialled in the region of the site's `relay`",
            examples=["+8613800138000"],
        ),
    ] = ""
    email: Annotated[str, Meta(min_length=3, max_length=254, examples=["alice@example.com"])] = ""


class MessageInput(Input):
    """Body of POST /v1/messages."""

    recipient: RecipientInput | None = None
    user: User = ""
    code: Annotated[str, Meta(min_length=1, max_length=64, description="that you made", examples=["721082"])] = ""
    purpose: Annotated[
        str, Meta(max_length=32, description="of the configuration; without one, that of the site's `relay`")
    ] = ""
    text: Annotated[str, Meta(max_length=LONGEST_TEXT, description="for the gateway; without one, ours")] = ""
    subject: Annotated[str, Meta(max_length=LONGEST_SUBJECT, description="of an e-mail; without one, ours")] = ""
    locale: Locale = "zh-CN"
    expires_in: Annotated[
        int, Meta(ge=LEAST_LIFE, le=MOST_LIFE, description="how long the code is valid, seconds", examples=[300])
    ] = 300
    client_ip: Address | None = None
    reference: Annotated[
        str, Meta(max_length=8, description="what your page shows beside the code: letters and digits", examples=["KX"])
    ] = ""


class RecipientsInput(Input):
    """Body of POST /v1/recipients."""

    recipient: RecipientInput


def recipient_of(given: RecipientInput, pointer: str = "/recipient") -> tuple[MessageKind, str]:
    """The kind and the recipient, as given. `pointer` is where it stands in the body.

    Raises:
        Invalid: there are both, or neither.
    """
    if bool(given.phone) == bool(given.email):
        raise Invalid("must have exactly one of phone and email", pointer)
    return (MessageKind.SMS, given.phone) if given.phone else (MessageKind.EMAIL, given.email)
