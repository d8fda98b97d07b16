"""The calls around verifications."""

from functools import partial
from typing import Final

from codesvc.client import schema
from codesvc.web.api.inputs import CheckInput
from codesvc.web.api.start_input import StartInput
from codesvc.web.contract import examples, parameters
from codesvc.web.contract.operation import EVENTS, Answer, Body, Operation, in_query

_ID: Final = {"id": "$response.body#/id"}
_TOKEN: Final = {"page_token": "$response.body#/page_token"}
_GO_ON: Final = {
    "getVerification": _ID,
    "getVerificationScan": _ID,
    "checkVerification": _ID,
    "resendVerification": _ID,
    "cancelVerification": _ID,
    "showPage": _TOKEN,
    "getPageState": _TOKEN,
    "getPagePicture": _TOKEN,
    "checkOnPage": _TOKEN,
    "resendOnPage": _TOKEN,
}
_DOCUMENT: Final = "The verification."

_call = partial(Operation, tag="Verifications", scope="verify")
START: Final = _call(
    method="POST",
    path="/v1/verifications",
    id="startVerification",
    summary="Start a verification",
    description="Makes a code and sends it to the WeChat account that is bound to `user`, if there is one. Otherwise, "
    "and wherever `scan` is not null, the person scans the QR code of `page_url` or `scan.image_url` and receives the "
    "code in the chat. For a sign-up pass a random id for each attempt as `user`, never the typed name.",
    body=Body(
        shape=StartInput,
        examples={
            "register": {
                "purpose": "register",
                "user": "attempt-7f3a",
                "client_ip": "192.0.2.1",
                "user_agent": "Mozilla/5.0 (iPhone)",
                "return_url": "https://shop.example/back",
                "metadata": {"cart": "c-81"},
            },
            "reset": {"purpose": "reset", "user": "alice", "client_ip": "2001:db8::7", "locale": "en"},
        },
    ),
    answers=(
        Answer(
            status=201,
            description="Started, now or by an earlier call with this Idempotency-Key.",
            shape=schema.Verification,
            example=examples.VERIFICATION,
            headers=("Location",),
            links=_GO_ON,
        ),
    ),
    problems=("verification-ended", "idempotency-mismatch", "rate-limited"),
    retry=True,
    limited=True,
)
GET: Final = _call(
    method="GET",
    path="/v1/verifications/{id}",
    id="getVerification",
    summary="Read a verification",
    description="Includes `proof` for 10 minutes after approval. A verification that has ended can be read for an "
    "hour. If the purpose has `return_key = true` and it was finished on the hosted page, `proof` is "
    "included only with the `return_key` that the browser brought to `return_url`; a wrong one is refused.",
    parameters=(
        parameters.VERIFICATION,
        in_query(
            "return_key",
            "The value that the browser brought back from the hosted page.",
            "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-",
        ),
    ),
    answers=(Answer(description=_DOCUMENT, shape=schema.Verification, example=examples.VERIFICATION),),
    problems=("not-found",),
)
SCAN: Final = _call(
    method="GET",
    path="/v1/verifications/{id}/scan",
    id="getVerificationScan",
    summary="Get the content of the QR code",
    description="Creates a QR code if there is none yet, which uses one of the account's 100,000 a day. Needed only "
    "if you draw the image yourself: `image_url` and the page do this too.",
    parameters=(parameters.VERIFICATION,),
    answers=(Answer(description="The QR code.", shape=schema.ScanCode, example=examples.SCAN_CODE),),
    problems=("not-found", "verification-ended", "wechat-unavailable"),
)
CHECK: Final = _call(
    method="POST",
    path="/v1/verifications/{id}/check",
    id="checkVerification",
    summary="Check a typed code",
    description="Spaces, dashes, case and full-width digits are ignored. Until a code has been sent, every code is "
    "wrong. Of two simultaneous correct checks exactly one is approved; with an Idempotency-Key that "
    "call can be retried.",
    parameters=(parameters.VERIFICATION,),
    body=Body(shape=CheckInput, examples={"typed": {"code": "721082", "client_ip": "192.0.2.1"}}),
    answers=(
        Answer(
            description="Approved, with `proof`.",
            shape=schema.Verification,
            example=examples.APPROVED,
            links={"verifyProof": {"proof": "$response.body#/proof"}},
        ),
    ),
    problems=(
        "not-found",
        "verification-ended",
        "wrong-code",
        "malformed-code",
        "idempotency-mismatch",
        "guess-budget",
    ),
    retry=True,
    limited=True,
)
RESEND: Final = _call(
    method="POST",
    path="/v1/verifications/{id}/resend",
    id="resendVerification",
    summary="Send the same code again",
    parameters=(parameters.VERIFICATION,),
    body=parameters.NOTHING,
    answers=(Answer(description=_DOCUMENT, shape=schema.Verification, example=examples.VERIFICATION),),
    problems=("not-found", "verification-ended", "resend-too-soon"),
    limited=True,
)
CANCEL: Final = _call(
    method="POST",
    path="/v1/verifications/{id}/cancel",
    id="cancelVerification",
    summary="End a verification",
    parameters=(parameters.VERIFICATION,),
    body=parameters.NOTHING,
    answers=(Answer(description=_DOCUMENT, shape=schema.Verification, example=examples.CANCELED),),
    problems=("not-found", "verification-ended"),
)
WATCH: Final = _call(
    method="GET",
    path="/v1/verifications/{id}/events",
    id="watchVerification",
    summary="Watch a verification",
    description="Server-sent events: `event: change` with the verification as `data`, immediately and at every "
    "change, until it ends. A comment line every 15 seconds keeps the connection open through proxies. One that "
    "ends with `retry: 5000` was one too many: reopen it after that time.",
    parameters=(parameters.VERIFICATION,),
    answers=(
        Answer(
            description="The stream.",
            media=EVENTS,
            shape=schema.Verification,
            example=examples.event(examples.VERIFICATION),
        ),
    ),
    problems=("not-found",),
)

CALLS: Final = (START, GET, SCAN, CHECK, RESEND, CANCEL, WATCH)
