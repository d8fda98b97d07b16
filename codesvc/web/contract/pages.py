"""The calls that a page token allows, for a customer's own page."""

from __future__ import annotations

from typing import Final

from codesvc.client import schema
from codesvc.domain import logo
from codesvc.web.api.inputs import EmptyInput, PageCheckInput
from codesvc.web.contract import examples, parameters
from codesvc.web.contract.operation import EVENTS, FORM, HTML, JSON, Access, Answer, Body, Operation, Parameter

_PAGES: Final = (schema.VerificationPage, schema.IntentPage)
_ON: Final = (
    Answer(status=200, description="", media=HTML, schema={"type": "string"}),
    Answer(
        status=303,
        description="A form was posted: on to the page again, or after approval to `return_url`.",
        media="",
        headers=("Location",),
    ),
)
_ACTS: Final = ("check", "events", "renew", "resend", "state")

SHOW: Final = Operation(
    method="GET",
    path="/p/{page_token}",
    id="showPage",
    tag="Pages",
    summary="The hosted page",
    description="Send the browser here. Afterwards it goes to your `return_url` with `verification`, `bind_intent` or "
    "`login` in the query: compare that id with your session's, then read the state with your key.",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    answers=(Answer(status=200, description="A page.", media=HTML, schema={"type": "string"}),),
    problems=("not-found",),
    people=True,
)
STATE: Final = Operation(
    method="GET",
    path="/p/{page_token}/state",
    id="getPageState",
    tag="Pages",
    summary="What the page shows, as JSON",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    answers=(Answer(status=200, description="The state.", shape=_PAGES, example=examples.PAGE),),
    problems=("not-found", "forbidden"),
)
WATCH: Final = Operation(
    method="GET",
    path="/p/{page_token}/events",
    id="watchPage",
    tag="Pages",
    summary="What the page shows, as it changes",
    description="Server-sent events: `event: change`. `now` is null in them.",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    answers=(
        Answer(
            status=200,
            description="The stream.",
            media=EVENTS,
            shape=_PAGES,
            example=examples.event(examples.PAGE | {"now": None}),
        ),
    ),
    problems=("not-found", "forbidden", "too-many-streams"),
)
PICTURE: Final = Operation(
    method="GET",
    path="/p/{page_token}/qr.{kind}",
    id="getPagePicture",
    tag="Pages",
    summary="The QR code",
    description="Attaches a QR code if there is none yet. PNG is for phones, which can neither keep an SVG among "
    "their photos nor read one by a long press. Where `scan.picture` is `follow`, the account's own picture comes, "
    "whatever `kind` is.",
    access=Access.PAGE,
    parameters=(
        parameters.PAGE_TOKEN,
        Parameter(
            name="kind",
            place="path",
            description="The kind of picture.",
            schema={"type": "string", "enum": ["png", "svg"]},
            example="svg",
        ),
    ),
    answers=(
        Answer(status=200, description="A picture.", media="image/svg+xml", schema={"type": "string"}),
        *(Answer(status=200, description="A picture.", media=f"image/{form}", schema={}) for form in logo.FORMS),
    ),
    problems=("not-found", "verification-ended", "intent-ended", "wechat-unavailable"),
)
CHECK: Final = Operation(
    method="POST",
    path="/p/{page_token}/check",
    id="checkOnPage",
    tag="Pages",
    summary="Check a code from the page",
    description="The address that is counted is the browser's own. A form post is answered by a page or a redirect.",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    body=Body(shape=PageCheckInput, examples={"typed": {"code": "721082"}}, media=(JSON, FORM)),
    answers=(
        Answer(
            status=200,
            description="Approved. No proof stands here: read it with your key.",
            shape=schema.VerificationPage,
            example=examples.PAGE | {"status": "approved", "scan": None},
        ),
        *_ON,
    ),
    problems=("not-found", "forbidden", "verification-ended", "wrong-code", "malformed-code", "guess-budget"),
    people=True,
)
RESEND: Final = Operation(
    method="POST",
    path="/p/{page_token}/resend",
    id="resendOnPage",
    tag="Pages",
    summary="Send the same code again, from the page",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    body=Body(shape=EmptyInput, examples={"nothing": {}}, media=(JSON, FORM), required=False),
    answers=(Answer(status=200, description="The state.", shape=schema.VerificationPage, example=examples.PAGE), *_ON),
    problems=("not-found", "forbidden", "verification-ended", "resend-too-soon"),
    people=True,
)
RENEW: Final = Operation(
    method="POST",
    path="/p/{page_token}/renew",
    id="renewOnPage",
    tag="Pages",
    summary="Start a successor, once",
    description="What has expired, was superseded or is out of attempts, or whose QR code another WeChat account has "
    "used, gets one successor: same user, purpose, metadata and `return_url`. It counts as a start, from "
    "the browser's own address. Asked again, the same successor comes. A successor has none. The "
    "predecessor's `successor` names it to your server.",
    access=Access.PAGE,
    parameters=(parameters.PAGE_TOKEN,),
    body=Body(shape=EmptyInput, examples={"nothing": {}}, media=(JSON, FORM), required=False),
    answers=(
        Answer(status=200, description="The successor.", shape=schema.Renewal, example=examples.RENEWAL),
        Answer(status=200, description="", media=HTML, schema={"type": "string"}),
        Answer(
            status=303,
            description="A form was posted: on to the successor's page.",
            media="",
            headers=("Location",),
        ),
    ),
    problems=("not-found", "forbidden", "verification-ended", "intent-ended", "rate-limited"),
    people=True,
)
PREFLIGHT: Final = Operation(
    method="OPTIONS",
    path="/p/{page_token}/{act}",
    id="mayPageCall",
    tag="Pages",
    summary="May a page of that origin call? (CORS)",
    description="Yes to the site's own `origins`, named in Access-Control-Allow-Origin.",
    access=Access.PAGE,
    parameters=(
        parameters.PAGE_TOKEN,
        Parameter(
            name="act",
            place="path",
            description="What it would call.",
            schema={"type": "string", "enum": list(_ACTS)},
            example="state",
        ),
    ),
    answers=(Answer(status=204, description="It may.", media=""),),
    problems=("not-found", "forbidden"),
)

CALLS: Final = (SHOW, STATE, WATCH, PICTURE, CHECK, RESEND, RENEW, PREFLIGHT)
