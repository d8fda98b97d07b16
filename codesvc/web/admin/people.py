"""The page of a person: binding, its history, verifications and limits; operators act on them and give a reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.audit import AuditAct, operator
from codesvc.domain.visible_text import hidden_in
from codesvc.service.operators.queries import OperatorQueries
from codesvc.store.outcomes import Outcome
from codesvc.web.admin.layout import draw, for_operators, signed_in
from codesvc.web.admin.links import person_of
from codesvc.web.admin.verifications import row_of
from codesvc.web.browser import go_to
from codesvc.web.context import services
from codesvc.web.forms import form_of
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()
SHORTEST_REASON: Final = 4
_LONGEST_REASON: Final = 300


def _person(request: web.Request) -> tuple[SiteEntry, str]:
    """The site and user of the page.

    Raises:
        Problem: the address is not valid, or its site does not exist any more.
    """
    here = services(request)
    found = person_of(here.keyring, request.match_info["person"])
    site = here.directory.sites.get(found[0]) if found else None
    if found is None or site is None:
        raise Problem("not-found", "There is no such person.")
    return site, found[1]


async def _reason(request: web.Request) -> tuple[str, str]:
    """The operator's reason, on one line, and what is wrong with it: the name of a text, "" if nothing is."""
    fields = await form_of(request)
    # A text field may hold line breaks and tabs; what else moves or reorders the text beside it is refused.
    reason = " ".join(re.split(r"[ \t\r\n\u00a0\u3000]+", str(fields.get("reason", "")))).strip()[:_LONGEST_REASON]
    if len(reason) < SHORTEST_REASON:
        return reason, "reason.missing"
    return reason, "reason.hidden" if hidden_in(reason) else ""


async def _draw(request: web.Request, *, problem: str = "", status: int = 200) -> web.Response:
    """The page. What draws it notes the look: a refused form shows the person, too."""
    here, (site, user) = services(request), _person(request)
    await here.auditing.note(
        operator(signed_in(request).name), AuditAct.LOOKED_UP, site=site, user=user, detail="person"
    )
    book = OperatorQueries(here.store, here.directory)
    found = await here.bindings.get(site, user)
    records = await book.of_user(site, user)
    variables = {
        "site": site,
        "user": user,
        "binding": found.binding,
        "wechat": here.store.tag_of(site.name, found.binding.openid) if found.binding else "",
        "history": list(reversed(await here.bindings.history(site, user))),
        "rows": [row_of(request, record) for record in records],
        "uses": await book.uses(site, user),
        "problem": problem,
        "done": request.query.get("done", ""),
        "here": here.address.path(f"/admin/people/{request.match_info['person']}"),
    }
    return draw(request, "person.html", variables, page="verifications", status=status)


@routes.get("/admin/people/{person}")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show the person."""
    return await _draw(request)


@routes.post("/admin/people/{person}/unbind")
@for_operators
async def unbind(request: web.Request) -> web.Response:
    """Remove the binding; the person is notified, and the audit log keeps the reason."""
    site, user = _person(request)
    reason, problem = await _reason(request)
    if problem:
        return await _draw(request, problem=problem, status=422)
    actor = operator(signed_in(request).name)
    result = await services(request).bindings.unbind(site, user, by="operator", actor=actor, reason=reason)
    done = "unbound" if result.outcome is Outcome.DONE else "absent"
    return go_to(request, f"/admin/people/{request.match_info['person']}?done={done}")


@routes.post("/admin/people/{person}/lift")
@for_operators
async def lift(request: web.Request) -> web.Response:
    """Reset the user's guess budget."""
    site, user = _person(request)
    reason, problem = await _reason(request)
    if problem:
        return await _draw(request, problem=problem, status=422)
    actor = operator(signed_in(request).name)
    await services(request).bindings.lift_guesses(site, user, actor=actor, reason=reason)
    return go_to(request, f"/admin/people/{request.match_info['person']}?done=lifted")
