"""The API's calls around bindings and proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web
from msgspec import UNSET

from codesvc.client import schema
from codesvc.domain.binding import MOST_USERS
from codesvc.domain.errors import Invalid
from codesvc.store.outcomes import Outcome
from codesvc.web.api import inputs, views
from codesvc.web.api.display_names import wanted_name
from codesvc.web.api.inputs import BindInput, ProofInput
from codesvc.web.api.user_ids import check_openid
from codesvc.web.api.verifications import user_in
from codesvc.web.api.views import json_response
from codesvc.web.authentication import authenticate, require_scope
from codesvc.web.context import services
from codesvc.web.problem import Problem, limited

if TYPE_CHECKING:
    from codesvc.service.bindings import BindingResult
    from codesvc.sites.directory import Caller, SiteEntry
    from codesvc.store.replies import Binding

routes = web.RouteTableDef()
_LOOK_UPS: Final = frozenset({"openid_handle", "handle", "openid", "unionid"})


def _refuse(outcome: Outcome, site: SiteEntry) -> Problem:
    match outcome:
        case Outcome.CONFLICT if site.config.users_per_wechat == "many":
            why = (
                f"The user has another WeChat account, or this one has {MOST_USERS} users of the site, the most it may."
            )
            return Problem("binding-conflict", why)
        case Outcome.CONFLICT:
            return Problem("binding-conflict")
        case Outcome.SPENT:
            return Problem("proof-spent")
        case Outcome.STALE_PROOF:
            return Problem("proof-expired")
        case _:
            return Problem("bad-proof")


def _refusal(request: web.Request, caller: Caller, result: BindingResult) -> Problem:
    if result.denial is None:
        return _refuse(result.outcome, caller.site)
    services(request).recorder.refused(caller.site.name, "", result.denial.limit)
    return limited(result.denial)


def _draw(request: web.Request, caller: Caller, user: str, found: Binding | None) -> schema.Binding:
    if found is None:
        raise Problem("not-found", "This user is not bound.")
    return views.binding(
        user,
        found,
        openid_handle=services(request).handles.name(caller.site.name, found.openid),
        wechat=services(request).store.tag_of(caller.site.name, found.openid),
        with_openid="openids" in caller.key.scopes,
    )


def _openid_in(request: web.Request, caller: Caller) -> str:
    """The openid to look up: given by openid handle, by handle (which stays unspent), or by openid.

    Raises:
        Problem: the handle is not one of this site, or an openid is given by a key without the scope openids.
    """
    here, query = services(request), request.query
    if "openid" in query:
        require_scope(caller.key, "openids")
        return query["openid"]
    if "handle" in query:
        claim = here.handles.open(caller.site.name, caller.site.account.config.appid, query["handle"])
        openid = claim.openid if claim else None
    else:
        openid = here.handles.openid(caller.site.name, query.get("openid_handle", ""))
    if openid is None:
        raise Problem("bad-proof", "This handle does not belong to this site.")
    return openid


@routes.get("/v1/bindings")
async def find(request: web.Request) -> web.Response:
    """The users of a WeChat account, looked up by handle or (with the scope openids) by openid or unionid."""
    caller = authenticate(request, "bindings")
    if len(request.query) != 1 or not request.query.keys() <= _LOOK_UPS:
        raise Invalid(f"give exactly one of {', '.join(sorted(_LOOK_UPS))}")
    bindings = services(request).bindings
    if "unionid" in request.query:
        require_scope(caller.key, "openids")
        found = await bindings.find(caller.site, unionid=request.query["unionid"])
    else:
        found = await bindings.find(caller.site, openid=_openid_in(request, caller))
    return json_response(schema.Bindings(bindings=[_draw(request, caller, user, binding) for user, binding in found]))


@routes.get("/v1/bindings/{user}/history")
async def history(request: web.Request) -> web.Response:
    """The history of a user's bindings, oldest first, for support staff; contains no openid."""
    caller = authenticate(request, "bindings")
    user = user_in(request)
    changes = await services(request).bindings.history(caller.site, user)
    return json_response(schema.History(user=user, history=[views.binding_change(change) for change in changes]))


@routes.get("/v1/bindings/{user}")
async def get(request: web.Request) -> web.Response:
    """Look up a binding."""
    caller = authenticate(request, "bindings")
    user = user_in(request)
    result = await services(request).bindings.get(caller.site, user)
    return json_response(_draw(request, caller, user, result.binding))


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
    by = {"display": wanted_name(given.display), "actor": caller.actor, "key": caller.key_id}
    if given.openid is not UNSET:
        require_scope(caller.key, "openids")
        check_openid(given.openid, services(request).settings.mode)
        result = await bindings.bind_by_openid(caller.site, user, given.openid, replace=given.replace, **by)
    elif given.proof is not UNSET:
        result = await bindings.bind_by_proof(caller.site, user, given.proof, replace=given.replace, **by)
    else:
        result = await bindings.bind_by_handle(caller.site, user, str(given.handle), replace=given.replace, **by)
    if result.outcome not in {Outcome.BOUND, Outcome.SAME}:
        raise _refusal(request, caller, result)
    return json_response(
        _draw(request, caller, user, result.binding), status=201 if result.outcome is Outcome.BOUND else 200
    )


@routes.delete("/v1/bindings/{user}")
async def delete(request: web.Request) -> web.Response:
    """Unbind a user."""
    caller = authenticate(request, "bindings")
    result = await services(request).bindings.unbind(
        caller.site, user_in(request), actor=caller.actor, key=caller.key_id
    )
    if result.outcome is Outcome.LIMITED:
        raise _refusal(request, caller, result)
    if result.outcome is not Outcome.DONE:
        raise Problem("not-found", "This user is not bound.")
    return web.Response(status=204)


@routes.post("/v1/proofs/verify")
async def verify_proof(request: web.Request) -> web.Response:
    """Verify that a proof is genuine, fresh and of the calling site; spends it, unless `consume` is false."""
    caller = authenticate(request, "verify")
    given, _ = await inputs.read(request, ProofInput)
    result = await services(request).bindings.verify_proof(caller.site, given.proof, consume=given.consume)
    if result.outcome is not Outcome.DONE or result.claims is None:
        raise _refuse(result.outcome, caller.site)
    return json_response(result.claims.raw)


@routes.get("/.well-known/jwks.json")
async def jwks(request: web.Request) -> web.Response:
    """The public keys of proofs."""
    return json_response(services(request).keyring.jwks, headers={"Cache-Control": "public, max-age=300"})
