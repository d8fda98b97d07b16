"""The API's calls around verifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.addresses import bucket, stated_address
from codesvc.domain.codes import VerificationId
from codesvc.domain.return_key import is_right
from codesvc.service.models import StartRequest
from codesvc.store.outcomes import Outcome
from codesvc.web import ratelimit
from codesvc.web.api import inputs
from codesvc.web.api.inputs import CheckInput, EmptyInput
from codesvc.web.api.message_inputs import stated_recipient
from codesvc.web.api.start_input import StartInput
from codesvc.web.api.user_ids import check_user
from codesvc.web.api.views import json_response, scan_code
from codesvc.web.authentication import authenticate, require_scope
from codesvc.web.context import services
from codesvc.web.event_streams.stream import stream_changes
from codesvc.web.problem import Problem, limited

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.service.models import Result

routes = web.RouteTableDef()


def identifier_in(request: web.Request) -> VerificationId:
    """The verification id of the path.

    Raises:
        Problem: it is not one.
    """
    found = VerificationId.parse(request.match_info["id"])
    if found is None:
        raise Problem("not-found", "There is no such verification.")
    return found


def problem_for(result: Result, limits: dict[str, str] | None = None) -> Problem:
    """The problem for a use case that ended without success; `limits` are the headers of a call that counted."""
    match result.outcome:
        case Outcome.ABSENT:
            return Problem("not-found", "There is no such verification.")
        case Outcome.ENDED:
            status = result.shown.status.value
            return Problem("verification-ended", f"This verification has ended: {status}.", verification_status=status)
        case Outcome.LIMITED if result.denial:
            name = "guess-budget" if result.denial.limit.endswith("_guesses") else "rate-limited"
            return limited(result.denial, name)
        case Outcome.WRONG if result.malformed:
            return Problem("malformed-code")
        case Outcome.WRONG:
            left = result.shown.attempts_left
            return Problem(
                "wrong-code", f"The code is wrong; attempts left: {left}.", headers=limits, attempts_left=left
            )
        case Outcome.EARLY:
            return limited(result.denial, "resend-too-soon") if result.denial else Problem("resend-too-soon")
        case Outcome.CLOSED:
            return Problem(
                "not-found",
                "There is no QR code to scan: this purpose brings no codes by scan, or, where scan.picture is not "
                "`scan`, the account has no QR codes with parameters, and its keyword brings the code.",
            )
        case Outcome.MISMATCH:
            return Problem("idempotency-mismatch")
        case _:
            return Problem("internal")


def expect(result: Result, *wanted: Outcome) -> Record:
    """The record of a use case that succeeded.

    Raises:
        Problem: it did not.
    """
    if result.outcome not in wanted:
        raise problem_for(result)
    return result.shown


@routes.post("/v1/verifications")
async def start(request: web.Request) -> web.Response:
    """Start a verification."""
    caller = authenticate(request, "verify")
    given, body = await inputs.read(request, StartInput)
    if given.vouched:
        require_scope(caller.key, "vouch")
    inputs.check_metadata(given.metadata)
    inputs.check_return_url(given.return_url, caller.site.config.origins)
    wanted = StartRequest(
        purpose=given.purpose,
        user=given.user,
        client_ip=stated_address(given.client_ip) if given.client_ip is not None else None,
        user_agent=given.user_agent,
        locale=inputs.language(given.locale),
        vouched=given.vouched,
        return_url=given.return_url,
        metadata=given.metadata,
        contact=stated_recipient(given.contact, "/contact") if given.contact is not None else None,
    )
    here = services(request)
    result = await here.verifications.start(caller.site, wanted, inputs.idempotency(request, body))
    if result.outcome is Outcome.ABSENT:
        raise Problem("verification-ended", "The verification that this Idempotency-Key started is no longer kept.")
    record = expect(result, Outcome.STARTED, Outcome.REPEATED)
    document = here.views.verification(record)
    headers = {
        "Location": here.address.path(f"/v1/verifications/{record.id}"),
        **ratelimit.headers(caller.site, ratelimit.STARTS, result.left),
    }
    return json_response(document, status=201, headers=headers)


@routes.get("/v1/verifications/{id}")
async def get(request: web.Request) -> web.Response:
    """Read a verification.

    Raises:
        Problem: the return key is not that of the browser that finished it.
    """
    caller, here = authenticate(request, "verify"), services(request)
    record = expect(await here.verifications.get(caller.site, identifier_in(request)), Outcome.DONE)
    return_key = request.query.get("return_key", "")
    if return_key and record.return_hash and not is_right(return_key, record.return_hash):
        raise Problem("forbidden", "This return_key is not that of the browser that finished the verification.")
    return json_response(here.views.verification_with_proof(record, return_key))


@routes.get("/v1/verifications/{id}/scan")
async def scan(request: web.Request) -> web.Response:
    """Attach a QR code if there is none yet."""
    caller, here = authenticate(request, "verify"), services(request)
    record = expect(await here.verifications.scan(caller.site, identifier_in(request)), Outcome.ATTACHED)
    view = here.views.verification(record)
    if view.scan is None:
        raise Problem(
            "not-found", "No scan may bring this code: the purpose wants the bound WeChat account, and there is none."
        )
    return json_response(scan_code(record.scene_url or "", view.scan, view.expires_at))


@routes.post("/v1/verifications/{id}/check")
async def check(request: web.Request) -> web.Response:
    """Check a typed code."""
    caller, here = authenticate(request, "verify"), services(request)
    given, body = await inputs.read(request, CheckInput)
    result = await here.verifications.check(
        caller.site,
        identifier_in(request),
        given.code,
        address=bucket(stated_address(given.client_ip)) if given.client_ip is not None else None,
        idempotency=inputs.idempotency(request, body),
    )
    limits = ratelimit.headers(caller.site, ratelimit.CHECKS, result.left) if result.left else {}
    if result.outcome is Outcome.WRONG:
        raise problem_for(result, limits)
    return json_response(here.views.verification_with_proof(expect(result, Outcome.APPROVED)), headers=limits)


@routes.post("/v1/verifications/{id}/resend")
async def resend(request: web.Request) -> web.Response:
    """Send the same code again."""
    caller, here = authenticate(request, "verify"), services(request)
    await inputs.read(request, EmptyInput)
    record = expect(await here.verifications.resend(caller.site, identifier_in(request)), Outcome.RESENT)
    return json_response(here.views.verification(record), headers=ratelimit.of_resend(record))


@routes.post("/v1/verifications/{id}/cancel")
async def cancel(request: web.Request) -> web.Response:
    """End a verification."""
    caller, here = authenticate(request, "verify"), services(request)
    await inputs.read(request, EmptyInput)
    result = await here.verifications.cancel(caller.site, identifier_in(request))
    return json_response(here.views.verification(expect(result, Outcome.DONE)))


@routes.get("/v1/verifications/{id}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: the verification at once, then at every change."""
    caller, here = authenticate(request, "verify"), services(request)
    identifier = identifier_in(request)
    return await stream_changes(request, caller.site, identifier, here.views.verification, scope="verify")


@routes.delete("/v1/users/{user}/guesses")
async def lift_guesses(request: web.Request) -> web.Response:
    """Lift a spent guess budget."""
    caller, here = authenticate(request, "admin"), services(request)
    await here.bindings.lift_guesses(caller.site, user_in(request), actor=caller.actor)
    return web.Response(status=204)


def user_in(request: web.Request) -> str:
    """The user of the path.

    Raises:
        Invalid: it has not the form of a user.
    """
    user = request.match_info["user"]
    check_user(user)
    return user
