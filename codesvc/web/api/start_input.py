"""The type of the request that starts a verification."""

from typing import Annotated, Any

from msgspec import Meta, field

from codesvc.web.api.inputs import Address, Input, Locale, ReturnUrl, UserAgent
from codesvc.web.api.message_inputs import RecipientInput
from codesvc.web.api.user_ids import StartedUser


class StartInput(Input):
    """Body of POST /v1/verifications."""

    purpose: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="register, reset, or one that the configuration declares",
            examples=["register", "reset"],
        ),
    ]
    user: StartedUser
    contact: Annotated[
        RecipientInput | None,
        Meta(
            description="the last resort: if WeChat cannot deliver the code, or not in time, your own SMS or e-mail "
            "gateway sends the same code there. The site needs a `relay` with a gateway for it"
        ),
    ] = None
    client_ip: Address | None = None
    user_agent: UserAgent = ""
    locale: Locale = "zh-CN"
    vouched: Annotated[
        bool,
        Meta(description="you have authenticated the person by other means; this lets a user without a binding scan"),
    ] = False
    return_url: ReturnUrl | None = None
    metadata: Annotated[
        dict[str, Any],
        Meta(
            description="up to 4 KiB of your own data, returned unchanged",
            examples=[{"cart": "c-81"}],
            extra_json_schema={"additionalProperties": True},
        ),
    ] = field(default_factory=dict)
