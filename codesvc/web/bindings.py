"""The API's calls around bindings and proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from msgspec import UNSET

from codesvc.errors import Invalid
from codesvc.store.outcomes import Outcome
from codesvc.web import inputs, views
from codesvc.web.api import user_in
from codesvc.web.callers import authenticate
from codesvc.web.inputs import BindInput, ProofInput
from codesvc.web.problem import Problem
from codesvc.web.services import services
from codesvc.web.views import json_response

if TYPE_CHECKING:
    from codesvc.directory import Caller
    from codesvc.service.bindings import BindingResult

routes = web.RouteTableDef()


def _refuse(outcome: Outcome) -> Problem:
    match outcome:
        case Outcome.CONFLICT:
            return Problem("binding-conflict")
        case Outcome.SPENT:
            return Problem("proof-spent")
        case Outcome.STALE_PROOF:
            return Problem("proof-expired")
        case _:
            return Problem("bad-proof")


def _draw(caller: Caller, user: str, result: BindingResult) -> dict[str, Any]:
    if result.binding is None:
        raise Problem("not-found", "This user is not bound.")
    return views.binding(user, result.binding, with_openid="openids" in caller.key.scopes)


@routes.get("/v1/bindings/{user}")
async def get(request: web.Request) -> web.Response:
    """Look up a binding."""
    caller = authenticate(request, "bindings")
    user = user_in(request)
    return json_response(_draw(caller, user, await services(request).bindings.get(caller.site, user)))


@routes.put("/v1/bindings/{user}")
async def put(request: web.Request) -> web.Response:
    """Bind a user by exactly one of proof, handle, openid."""
    caller = authenticate(request, "bindings")
    user = user_in(request)
    given, _ = await inputs.read(request, BindInput)
    ways = [name for name in ("proof", "handle", "openid") if getattr(given, name) is not UNSET]
    if len(ways) != 1:
        raise Invalid("give exactly one of proof, handle, openid")
    bindings = services(request).bindings
    if given.openid is not UNSET:
        if "openids" not in caller.key.scopes:
            raise Problem("forbidden", "This key lacks the scope openids.", scope="openids")
        result = await bindings.bind_by_openid(caller.site, user, given.openid, replace=given.replace)
    elif given.proof is not UNSET:
        result = await bindings.bind_by_proof(caller.site, user, given.proof, replace=given.replace)
    else:
        raise Problem("bad-proof", "That is not a handle of this site's.")
    if result.outcome not in {Outcome.BOUND, Outcome.SAME}:
        raise _refuse(result.outcome)
    return json_response(_draw(caller, user, result), status=201 if result.outcome is Outcome.BOUND else 200)


@routes.delete("/v1/bindings/{user}")
async def delete(request: web.Request) -> web.Response:
    """Unbind a user."""
    caller = authenticate(request, "bindings")
    result = await services(request).bindings.unbind(caller.site, user_in(request))
    if result.outcome is not Outcome.DONE:
        raise Problem("not-found", "This user is not bound.")
    return web.Response(status=204)


@routes.post("/v1/proofs/verify")
async def verify_proof(request: web.Request) -> web.Response:
    """Is this proof genuine, fresh and mine? Spends it unless told not to."""
    caller = authenticate(request, "verify")
    given, _ = await inputs.read(request, ProofInput)
    here = services(request)
    result = await here.bindings.verify_proof(caller.site, given.proof, consume=given.consume)
    if result.outcome is not Outcome.DONE or result.claims is None:
        raise _refuse(result.outcome)
    if here.settings.mode == "live" and result.claims.basis == "test":
        raise Problem("bad-proof", "This is a proof of a test identity.")
    return json_response(result.claims.raw)


@routes.get("/.well-known/jwks.json")
async def jwks(request: web.Request) -> web.Response:
    """The public keys of proofs."""
    return json_response(services(request).keyring.jwks, headers={"Cache-Control": "public, max-age=300"})
