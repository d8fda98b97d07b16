"""The calls around bind intents and logins; both kinds have the same calls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from codesvc.client import schema
from codesvc.web.api.inputs import BindIntentInput, LoginInput
from codesvc.web.contract import examples, parameters
from codesvc.web.contract.operation import EVENTS, Answer, Body, Operation

if TYPE_CHECKING:
    from codesvc.web.api.inputs import Input
    from codesvc.web.contract.operation import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    path: str
    name: str
    noun: str
    scope: str
    identifier: Parameter
    asked: type[Input]
    sent: dict[str, Any]
    shape: type[schema.Answer]
    example: dict[str, Any]
    about: str


_BIND: Final = _Kind(
    path="/v1/bind-intents",
    name="BindIntent",
    noun="bind intent",
    scope="bindings",
    identifier=parameters.BIND_INTENT,
    asked=BindIntentInput,
    sent={"user": "alice", "client_ip": "192.0.2.1", "return_url": "https://shop.example/account"},
    shape=schema.BindIntent,
    example=examples.BIND_INTENT,
    about="Binds a user who is logged in on your site. With `method: oauth` there is a `link` to open in "
    "WeChat instead of a QR code. After the scan, WeChat shows the site, the masked user and the "
    "reference, and the person confirms.",
)
_LOGIN: Final = _Kind(
    path="/v1/logins",
    name="Login",
    noun="login",
    scope="verify",
    identifier=parameters.LOGIN,
    asked=LoginInput,
    sent={"client_ip": "192.0.2.1", "return_url": "https://shop.example/welcome"},
    shape=schema.Login,
    example=examples.LOGIN,
    about="Identifies the person who scans and confirms: returns `user` or, for a first-time visitor, status "
    "`unknown` and a `handle` to bind with. Read it from your server with your key; never trust a "
    "browser to say who it is.",
)


def _calls(kind: _Kind) -> tuple[Operation, ...]:
    one, identified = f"{kind.path}/{{id}}", (kind.identifier,)
    id_of, token_of = {"id": "$response.body#/id"}, {"page_token": "$response.body#/page_token"}
    shown = Answer(description=f"The {kind.noun}.", shape=kind.shape, example=kind.example)
    call = partial(Operation, tag="By scan", scope=kind.scope)
    ended = kind.example | {"status": "canceled", "scan": None}
    start = call(
        method="POST",
        path=kind.path,
        id=f"start{kind.name}",
        summary=f"Start a {kind.noun}",
        description=kind.about,
        body=Body(shape=kind.asked, examples={"web": kind.sent}),
        answers=(
            Answer(
                status=201,
                description="Started, now or by an earlier call with this Idempotency-Key.",
                shape=kind.shape,
                example=kind.example,
                headers=("Location",),
                links={
                    f"get{kind.name}": id_of,
                    f"get{kind.name}Scan": id_of,
                    f"cancel{kind.name}": id_of,
                    "showPage": token_of,
                    "getPageState": token_of,
                    "getPagePicture": token_of,
                },
            ),
        ),
        problems=("intent-ended", "idempotency-mismatch", "rate-limited"),
        retry=True,
        limited=True,
    )
    get = call(
        method="GET",
        path=one,
        id=f"get{kind.name}",
        summary=f"Read a {kind.noun}",
        parameters=identified,
        answers=(shown,),
        problems=("not-found",),
    )
    scan = call(
        method="GET",
        path=f"{one}/scan",
        id=f"get{kind.name}Scan",
        summary=f"Get the content of a {kind.noun}'s QR code",
        parameters=identified,
        answers=(Answer(description="The QR code.", shape=schema.ScanCode, example=examples.SCAN_CODE),),
        problems=("not-found", "intent-ended", "wechat-unavailable"),
    )
    cancel = call(
        method="POST",
        path=f"{one}/cancel",
        id=f"cancel{kind.name}",
        summary=f"End a {kind.noun}",
        parameters=identified,
        body=parameters.NOTHING,
        answers=(Answer(description=f"The {kind.noun}.", shape=kind.shape, example=ended),),
        problems=("not-found", "intent-ended"),
    )
    watch = call(
        method="GET",
        path=f"{one}/events",
        id=f"watch{kind.name}",
        summary=f"Watch a {kind.noun}",
        description="Server-sent events: `event: change`, immediately and at every change, until it ends. One that "
        "ends with `retry: 5000` was one too many: reopen it after that time.",
        parameters=identified,
        answers=(
            Answer(description="The stream.", media=EVENTS, shape=kind.shape, example=examples.event(kind.example)),
        ),
        problems=("not-found",),
    )
    return start, get, scan, cancel, watch


CALLS: Final = (*_calls(_BIND), *_calls(_LOGIN))
