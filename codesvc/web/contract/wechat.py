"""The calls that WeChat makes, or a site's back end that forwards WeChat's callbacks."""

from typing import Any, Final

from codesvc.client import schema
from codesvc.web.api.event_input import EventInput
from codesvc.web.contract import parameters
from codesvc.web.contract.operation import Access, Answer, Body, Operation, in_query

_TEXT: Final = {"type": "string"}
_NEEDED: Final = {"scan": ["scene"], "text": ["content"], "template_receipt": ["msgid", "status"]}


def _needs(kind: str, names: list[str]) -> dict[str, Any]:
    """The JSON schema of the rule that an event of this type needs these members."""
    return {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": {"required": names, "properties": {name: {"not": {"type": "null"}} for name in names}},
    }


EVENT: Final = Operation(
    method="POST",
    path="/v1/wechat/events",
    id="hearEvent",
    tag="WeChat",
    summary="Forward a WeChat callback that your own back end received",
    description="Needs one of the account's `event_keys`. `scan` needs `scene`, `text` needs `content`, "
    "`template_receipt` needs `msgid` and `status`.",
    access=Access.EVENT_KEY,
    body=Body(
        shape=EventInput,
        examples={
            "scan": {
                "account": "main",
                "type": "scan",
                "openid": "o9tYIyvtrlVRXythhmMc49CLRBne",
                "id": "24189731845932",
                "scene": "cs_4f7qk2m5",
            }
        },
        narrowed={"allOf": [_needs(kind, names) for kind, names in _NEEDED.items()]},
    ),
    answers=(
        Answer(
            description="Whether the event was for this service, and what to reply.",
            shape=schema.Heard,
            example={"ours": True, "reply": None},
        ),
    ),
)
_SIGNED: Final = tuple(
    in_query(name, description, example)
    for name, description, example in (
        (
            "signature",
            "The signature of a plaintext callback, or of the address check.",
            "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9",
        ),
        ("msg_signature", "The signature of an encrypted callback.", "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9"),
        ("timestamp", "The time of the signature, in seconds since 1970.", "1795339816"),
        ("nonce", "A random string that is part of the signature.", "1320562132"),
    )
)
CALLBACK_CHECK: Final = Operation(
    method="GET",
    path="/wechat/{account}",
    id="verifyCallback",
    tag="WeChat",
    summary="WeChat's check of the callback address",
    description="Enter this address in the account's console at WeChat.",
    access=Access.SIGNATURE,
    parameters=(
        parameters.ACCOUNT,
        *_SIGNED,
        in_query("echostr", "The text to return.", "5837397692398912"),
    ),
    answers=(Answer(description="`echostr`.", media="text/plain", schema=_TEXT),),
    problems=("not-found", "bad-signature", "bad-callback"),
)
CALLBACK: Final = Operation(
    method="POST",
    path="/wechat/{account}",
    id="receivePush",
    tag="WeChat",
    summary="WeChat's callbacks",
    description="The body is WeChat's XML.",
    access=Access.SIGNATURE,
    parameters=(parameters.ACCOUNT, *_SIGNED),
    answers=(
        Answer(description="`success`, if there is no reply.", media="text/plain", schema=_TEXT),
        Answer(description="A reply in the chat.", media="application/xml", schema={}),
    ),
    problems=("not-found", "bad-signature", "bad-callback", "slow-request", "too-large", "compressed", "unavailable"),
)

CALLS: Final = (EVENT, CALLBACK_CHECK, CALLBACK)
