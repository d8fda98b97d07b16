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
    ("handle", "A handle; this call does not spend it.", examples.HANDLE),
    ("openid_handle", "The permanent pseudonym of a WeChat account on this site.", "oh_VZyHHvwug2bq"),
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
    description="Returns the claims if the proof is genuine, not expired and for your site. This spends it, unless "
    "`consume` is false. Compare `sub`, `purpose` and `vf` with your session. Binding spends it too, so "
    "check first with `consume: false`.",
    scope="verify",
    body=Body(shape=ProofInput, examples={"look": {"proof": examples.PROOF, "consume": False}}),
    answers=(Answer(description="The claims.", shape=schema.Claims, example=examples.CLAIMS),),
    problems=("proof-spent", "proof-expired", "bad-proof"),
)
KEYS: Final = Operation(
    method="GET",
    path="/.well-known/jwks.json",
    id="getProofKeys",
    tag="Proofs",
    summary="The public keys of proofs",
    description="For verifying a proof offline. Only the service knows whether it has been used.",
    access=Access.ANYBODY,
    answers=(Answer(description="A JWK set.", shape=schema.Jwks, example=examples.JWKS),),
)
PUT: Final = _call(
    method="PUT",
    path="/v1/bindings/{user}",
    id="bind",
    summary="Bind a user",
    description="Give exactly one of `proof` (spends it; binds the WeChat account that received the code), `handle` "
    "and `openid` (scope openids). `replace` moves a user from another WeChat account.",
    body=Body(
        shape=BindInput,
        examples={"proof": {"proof": examples.PROOF}, "move": {"handle": examples.HANDLE, "replace": True}},
        narrowed=_ONE_WAY,
    ),
    answers=(
        Answer(description="Already bound like this.", shape=schema.Binding, example=examples.BINDING),
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
    summary="Read the history of a user's bindings",
    description="Oldest first; for support staff.",
    answers=(Answer(description="The history.", shape=schema.History, example=examples.HISTORY),),
)
FIND: Final = _call(
    method="GET",
    path="/v1/bindings",
    id="findBindings",
    summary="Find the users of a WeChat account",
    description="Give exactly one of the query parameters.",
    parameters=tuple(in_query(name, description, example) for name, description, example in _LOOK_UPS),
    answers=(
        Answer(description="The users, at most 100.", shape=schema.Bindings, example={"bindings": [examples.BINDING]}),
    ),
    problems=("invalid", "bad-proof"),
)
LIFT: Final = _call(
    method="DELETE",
    path="/v1/users/{user}/guesses",
    id="liftGuesses",
    summary="Reset a user's guess budget",
    description="For a person whom you have identified by other means.",
    scope="admin",
    answers=(Answer(status=204, description="The budget was reset.", media=""),),
)
REDEEM: Final = Operation(
    method="POST",
    path="/v1/tickets/redeem",
    id="redeemTicket",
    tag="Tickets",
    summary="Redeem a ticket",
    description="Redeems a ticket that was opened by the WeChat account that requested it. Returns a `handle` to "
    "bind with or, for a reset, the user and a proof. Take `state` from your session, never from the request.",
    scope="verify",
    body=Body(shape=RedeemInput, examples={"back": {"ticket": "WyJyZWRlZW0iXQ.pX3", "state": "c2Vzc2lvbi1zdGF0ZQ"}}),
    answers=(Answer(description="The result.", shape=schema.Redemption, example=examples.REDEMPTION),),
    problems=("ticket-spent", "ticket-expired", "bad-ticket", "idempotency-mismatch"),
    retry=True,
)

CALLS: Final = (VERIFY, KEYS, PUT, GET, DELETE, HISTORY, FIND, LIFT, REDEEM)
