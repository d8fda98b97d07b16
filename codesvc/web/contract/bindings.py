"""The calls around proofs, bindings and tickets."""

from functools import partial
from typing import Any, Final

from codesvc.client import schema
from codesvc.web.api.inputs import BindInput, ProofInput, RedeemInput
from codesvc.web.contract import examples, parameters
from codesvc.web.contract.operation import Access, Answer, Body, Operation, in_query

_ONE_WAY: Final[dict[str, Any]] = {
    # A condition and not a union, so that generated types stay one type with optional members.
    "if": {"oneOf": [{"required": [way]} for way in ("proof", "handle", "openid")]},
    "else": False,
}
_LOOK_UPS: Final = (
    ("handle", "A handle, which is not spent by looking.", examples.HANDLE),
    ("openid_handle", "The lasting name of a WeChat account on this site.", "oh_VZyHHvwug2bq"),
    ("openid", "An openid; scope openids.", "o9tYIyvtrlVRXythhmMc49CLRBne"),
    ("unionid", "A unionid; scope openids.", "oR5GjjgEhCMJFyzaVZdrxZ2zRRF4"),
)

_call = partial(Operation, tag="Bindings", scope="bindings", parameters=(parameters.USER,))
VERIFY: Final = Operation(
    method="POST",
    path="/v1/proofs/verify",
    id="verifyProof",
    tag="Proofs",
    summary="Verify a proof",
    description="Genuine, fresh and yours: its claims. That spends it, unless `consume` is false. Compare `sub`, "
    "`purpose` and `vf` with your session. Binding spends it too, so look first with `consume: false`.",
    scope="verify",
    body=Body(shape=ProofInput, examples={"look": {"proof": examples.PROOF, "consume": False}}),
    answers=(Answer(description="What it says.", shape=schema.Claims, example=examples.CLAIMS),),
    problems=("proof-spent", "proof-expired", "bad-proof"),
)
KEYS: Final = Operation(
    method="GET",
    path="/.well-known/jwks.json",
    id="getProofKeys",
    tag="Proofs",
    summary="The public keys of proofs",
    description="For reading a proof offline. Only the service knows whether it is spent.",
    access=Access.ANYBODY,
    answers=(Answer(description="A JWK set.", shape=schema.Jwks, example=examples.JWKS),),
)
PUT: Final = _call(
    method="PUT",
    path="/v1/bindings/{user}",
    id="bind",
    summary="Bind a user",
    description="By exactly one of `proof` (spends it; binds the WeChat account that got the code), `handle` and "
    "`openid` (scope openids). `replace` moves a user from another WeChat account.",
    body=Body(
        shape=BindInput,
        examples={"proof": {"proof": examples.PROOF}, "move": {"handle": examples.HANDLE, "replace": True}},
        narrowed=_ONE_WAY,
    ),
    answers=(
        Answer(description="Bound as before.", shape=schema.Binding, example=examples.BINDING),
        Answer(
            status=201,
            description="Bound.",
            shape=schema.Binding,
            example=examples.BINDING,
            links={
                "getBinding": {"user": "$response.body#/user"},
                "getBindingHistory": {"user": "$response.body#/user"},
                "unbind": {"user": "$response.body#/user"},
                "findBindings": {"openid_handle": "$response.body#/openid_handle"},
            },
        ),
    ),
    problems=("binding-conflict", "proof-spent", "proof-expired", "bad-proof", "rate-limited"),
)
GET: Final = _call(
    method="GET",
    path="/v1/bindings/{user}",
    id="getBinding",
    summary="Look up a user's binding",
    answers=(Answer(description="The binding.", shape=schema.Binding, example=examples.BINDING),),
    problems=("not-found",),
)
DELETE: Final = _call(
    method="DELETE",
    path="/v1/bindings/{user}",
    id="unbind",
    summary="Unbind a user",
    answers=(Answer(status=204, description="No longer bound.", media=""),),
    problems=("not-found", "rate-limited"),
)
HISTORY: Final = _call(
    method="GET",
    path="/v1/bindings/{user}/history",
    id="getBindingHistory",
    summary="What became of a user's bindings",
    description="Oldest first; for support staff.",
    answers=(Answer(description="The history.", shape=schema.History, example=examples.HISTORY),),
)
FIND: Final = _call(
    method="GET",
    path="/v1/bindings",
    id="findBindings",
    summary="Find the users of a WeChat account",
    description="By exactly one of the query's members.",
    parameters=tuple(in_query(name, description, example) for name, description, example in _LOOK_UPS),
    answers=(
        Answer(description="At most 100 of them.", shape=schema.Bindings, example={"bindings": [examples.BINDING]}),
    ),
    problems=("invalid", "bad-proof"),
)
LIFT: Final = _call(
    method="DELETE",
    path="/v1/users/{user}/guesses",
    id="liftGuesses",
    summary="Lift a spent guess budget",
    description="For a person whom you have identified by other means.",
    scope="admin",
    answers=(Answer(status=204, description="The budget is whole.", media=""),),
)
REDEEM: Final = Operation(
    method="POST",
    path="/v1/tickets/redeem",
    id="redeemTicket",
    tag="Tickets",
    summary="Redeem a ticket",
    description="Redeems a ticket that was opened with the WeChat account which requested it: gives a `handle` to bind "
    "with, or for a reset the user and a proof. `state` is the one in your session, never the one in the request.",
    scope="verify",
    body=Body(shape=RedeemInput, examples={"back": {"ticket": "WyJyZWRlZW0iXQ.pX3", "state": "c2Vzc2lvbi1zdGF0ZQ"}}),
    answers=(Answer(description="What it brought.", shape=schema.Redemption, example=examples.REDEMPTION),),
    problems=("ticket-spent", "ticket-expired", "bad-ticket", "idempotency-mismatch"),
    retry=True,
)

CALLS: Final = (VERIFY, KEYS, PUT, GET, DELETE, HISTORY, FIND, LIFT, REDEEM)
