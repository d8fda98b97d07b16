"""The calls that a page token allows: the hosted page, and those that a site's own page makes."""

from functools import partial
from typing import Final

from codesvc.client import schema
from codesvc.domain import logo
from codesvc.web.api.inputs import PageCheckInput
from codesvc.web.contract import examples, parameters
from codesvc.web.contract.operation import EVENTS, FORM, HTML, JSON, Access, Answer, Body, Operation, in_path

_PAGES: Final = (schema.VerificationPage, schema.IntentPage)
_STATE: Final = Answer(description="The state of the page.", shape=_PAGES, example=examples.PAGE)


def _for_people(description: str) -> tuple[Answer, Answer]:
    """What a form post is answered with: the page itself, or a redirect, which is described."""
    return (
        Answer(description="", media=HTML, schema={"type": "string"}),
        Answer(
            status=303, description=f"After a form post: a redirect to {description}.", media="", headers=("Location",)
        ),
    )


_ON: Final = _for_people("the page, or after approval to `return_url`")
_ACTS: Final = ("check", "disown", "events", "renew", "resend", "state")

_page_call = partial(Operation, tag="Pages", access=Access.PAGE, parameters=(parameters.PAGE_TOKEN,))
SHOW: Final = _page_call(
    method="GET",
    path="/p/{page_token}",
    id="showPage",
    summary="The hosted page",
    description="Send the browser to this page. At the end it goes to your `return_url` with `verification`, "
    "`bind_intent` or `login` in the query. Compare that id with the one in your session, then read the state with "
    "your key.",
    answers=(Answer(description="A page.", media=HTML, schema={"type": "string"}),),
    problems=("not-found",),
    people=True,
)
STATE: Final = _page_call(
    method="GET",
    path="/p/{page_token}/state",
    id="getPageState",
    summary="Read the page's state as JSON",
    answers=(_STATE,),
    problems=("not-found", "forbidden"),
)
WATCH: Final = _page_call(
    method="GET",
    path="/p/{page_token}/events",
    id="watchPage",
    summary="Watch the page's state",
    description="Server-sent events of type `change`. Their `now` is null.",
    answers=(
        Answer(
            description="The stream.",
            media=EVENTS,
            shape=_PAGES,
            example=examples.event(examples.PAGE | {"now": None}),
        ),
    ),
    problems=("not-found", "forbidden", "too-many-streams"),
)
PICTURE: Final = _page_call(
    method="GET",
    path="/p/{page_token}/qr.{kind}",
    id="getPagePicture",
    summary="The QR code",
    description="Creates the QR code at the first request. Use PNG on phones: they can neither save an SVG as a photo "
    "nor scan it by a long press. If `scan.picture` is `follow`, the answer is the account's own picture, whatever "
    "`kind` is, or `not-found` if it has none.",
    parameters=(
        parameters.PAGE_TOKEN,
        in_path("kind", "The image format.", "svg", {"type": "string", "enum": ["png", "svg"]}),
    ),
    answers=(
        Answer(description="The image.", media="image/svg+xml", schema={"type": "string"}),
        *(Answer(description="The image.", media=f"image/{form}", schema={}) for form in logo.FORMS),
    ),
    problems=("not-found", "verification-ended", "intent-ended", "wechat-unavailable"),
)
CHECK: Final = _page_call(
    method="POST",
    path="/p/{page_token}/check",
    id="checkOnPage",
    summary="Check a code from the page",
    description="The guess counts against the browser's IP address. A form post gets a page or a redirect.",
    body=Body(shape=PageCheckInput, examples={"typed": {"code": "721082"}}, media=(JSON, FORM)),
    answers=(
        Answer(
            description="Approved. The answer has no proof: read the proof with your key.",
            shape=schema.VerificationPage,
            example=examples.PAGE | {"status": "approved", "scan": None},
        ),
        *_ON,
    ),
    problems=("not-found", "forbidden", "verification-ended", "wrong-code", "malformed-code", "guess-budget"),
    people=True,
)
RESEND: Final = _page_call(
    method="POST",
    path="/p/{page_token}/resend",
    id="resendOnPage",
    summary="Send the same code again, from the page",
    body=parameters.NOTHING_OR_FORM,
    answers=(Answer(description="The state.", shape=schema.VerificationPage, example=examples.PAGE), *_ON),
    problems=("not-found", "forbidden", "verification-ended", "resend-too-soon"),
    people=True,
)
RENEW: Final = _page_call(
    method="POST",
    path="/p/{page_token}/renew",
    id="renewOnPage",
    summary="Renew it, once",
    description="Starts one successor with the same user, purpose, metadata and `return_url`. This is possible if the "
    "verification, bind intent or login has expired, if the verification was superseded or has no attempts left, or if "
    "another WeChat account has used the QR code. It counts as a start from the IP address of the browser. A repeated "
    "call returns the same successor. A successor cannot be renewed, nor a verification with a phone number or e-mail "
    "address. Your server finds the successor in the member `successor` of the predecessor.",
    body=parameters.NOTHING_OR_FORM,
    answers=(
        Answer(description="The successor.", shape=schema.Renewal, example=examples.RENEWAL),
        *_for_people("the successor's page"),
    ),
    problems=("not-found", "forbidden", "verification-ended", "intent-ended", "rate-limited"),
    people=True,
)
DISOWN: Final = _page_call(
    method="POST",
    path="/p/{page_token}/disown",
    id="disownOnPage",
    summary="Report that another WeChat account has scanned",
    description="Cancels a bind intent. Within ten minutes of the confirmation it removes the binding that the "
    "intent made, and the WeChat account is notified. Other bindings stay.",
    parameters=(parameters.INTENT_PAGE_TOKEN,),
    body=parameters.NOTHING_OR_FORM,
    answers=(
        _STATE,
        *_for_people("the page"),
    ),
    problems=("not-found", "forbidden", "intent-ended"),
    people=True,
)
PREFLIGHT: Final = _page_call(
    method="OPTIONS",
    path="/p/{page_token}/{act}",
    id="mayPageCall",
    summary="CORS preflight of a site's own page",
    description="Allows the `origins` of the site, by the header Access-Control-Allow-Origin.",
    parameters=(
        parameters.PAGE_TOKEN,
        in_path(
            "act", "The method of the call that the page will make.", "state", {"type": "string", "enum": list(_ACTS)}
        ),
    ),
    answers=(Answer(status=204, description="The origin is allowed.", media=""),),
    problems=("not-found", "forbidden"),
)

CALLS: Final = (SHOW, STATE, WATCH, PICTURE, CHECK, RESEND, RENEW, DISOWN, PREFLIGHT)
