"""The types of requests about messages.

Patterns here only describe: `codesvc.service.messages` holds them, for every way in, and says in words what is wrong.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from codesvc.domain.errors import Invalid
from codesvc.domain.recipient import MessageKind
from codesvc.service.message_models import LEAST_LIFE, LONGEST_SUBJECT, LONGEST_TEXT, MOST_LIFE
from codesvc.web.api.inputs import Address, Input, Locale
from codesvc.web.api.user_ids import MessageUser


class RecipientInput(Input):
    """A phone number or an e-mail address: exactly one of the two."""

    phone: (
        Annotated[
            str,
            Meta(
                min_length=4,
                max_length=40,
                description="in E.164 format, or as dialled in the region of the site's `relay`",
                examples=["+8613800138000"],
            ),
        ]
        | UnsetType
    ) = UNSET
    email: Annotated[str, Meta(min_length=3, max_length=254, examples=["alice@example.com"])] | UnsetType = UNSET


class MessageInput(Input):
    """Body of POST /v1/messages."""

    recipient: RecipientInput | None = None
    user: MessageUser | UnsetType = UNSET
    known_recipient: Annotated[
        bool,
        Meta(
            description="you have verified before that the recipient belongs to this user; without it, the code is "
            "sent by WeChat only if the recipient's own user id is bound to the same WeChat account, because "
            "the code may be meant to prove it"
        ),
    ] = False
    code: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                extra_json_schema={"pattern": r"^[!-~]{1,64}(?!\n)$"},
                description="the code that you generated: visible ASCII characters",
                examples=["721082"],
            ),
        ]
        | UnsetType
    ) = UNSET
    purpose: Annotated[
        str, Meta(max_length=32, description="a purpose in the configuration; by default that of the site's `relay`")
    ] = ""
    text: Annotated[
        str,
        Meta(
            max_length=LONGEST_TEXT,
            extra_json_schema={"pattern": r"^[^\u0000]*$"},
            description="the text for the gateway; by default the built-in text",
        ),
    ] = ""
    subject: Annotated[
        str,
        Meta(
            max_length=LONGEST_SUBJECT,
            description="the subject of an e-mail, in printable characters; by default the built-in subject",
        ),
    ] = ""
    locale: Locale = "zh-CN"
    expires_in: Annotated[
        int, Meta(ge=LEAST_LIFE, le=MOST_LIFE, description="how many seconds the code is valid", examples=[300])
    ] = 300
    client_ip: Address | None = None
    reference: Annotated[
        str,
        Meta(
            max_length=8,
            extra_json_schema={"pattern": r"^[A-Za-z0-9]{0,8}(?!\n)$"},
            description="the reference that your page shows beside the code: letters and digits",
            examples=["KX"],
        ),
    ] = ""


class RecipientsInput(Input):
    """Body of POST /v1/recipients."""

    recipient: RecipientInput


def stated_recipient(given: RecipientInput, pointer: str = "/recipient") -> tuple[MessageKind, str]:
    """The kind and the recipient, as given. `pointer` is where it stands in the body.

    Raises:
        Invalid: there are both, or neither.
    """
    match given.phone, given.email:
        case str(phone), UnsetType():
            return MessageKind.SMS, phone
        case UnsetType(), str(email):
            return MessageKind.EMAIL, email
        case _:
            raise Invalid("must have exactly one of phone and email", pointer)
