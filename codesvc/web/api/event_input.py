"""The body of `POST /v1/wechat/events`, apart from its route so that the contract can describe it."""

from typing import Annotated, Literal

from msgspec import Meta

from codesvc.domain.identifiers import OPENID_PATTERN
from codesvc.web.api import inputs


class Addressee(inputs.Input, forbid_unknown_fields=False):
    """Of such a body, what says whose key it takes: the rest is read of a caller who has it."""

    account: str


class EventInput(inputs.Input):
    """Body of POST /v1/wechat/events: one push that the caller received and verified.

    `id` is the same for every repetition of one push: WeChat's MsgId, or person, time, event and key combined.
    """

    account: Annotated[str, Meta(max_length=32, description="the account's name in the configuration")]
    type: Annotated[
        Literal["subscribe", "scan", "unsubscribe", "text", "template_receipt"], Meta(description="what happened")
    ]
    openid: Annotated[str, Meta(pattern=OPENID_PATTERN, description="the openid of the person")]
    id: Annotated[str, Meta(min_length=1, max_length=128, description="the same for every repetition of one push")]
    scene: Annotated[str, Meta(min_length=1, max_length=64, description="for a scan or subscribe")] | None = None
    content: Annotated[str, Meta(max_length=2048, description="for a text")] | None = None
    msgid: Annotated[int, Meta(ge=1, le=2**63 - 1, description="for a template receipt")] | None = None
    status: Annotated[str, Meta(max_length=64, description="for a template receipt: success or failed…")] | None = None
