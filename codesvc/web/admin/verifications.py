"""The pages of verifications: the latest ones, a search by user or id, and one with its timeline."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.audit import AuditAct, operator
from codesvc.domain.codes import VerificationId
from codesvc.domain.identifiers import is_user
from codesvc.domain.timeline import Step, StepKind, read_timeline
from codesvc.domain.verification import Status
from codesvc.service.operators.account_state import read_token_trouble
from codesvc.service.operators.diagnosis import Arrived, Diagnosis, diagnose
from codesvc.service.operators.queries import OperatorQueries
from codesvc.service.statistics.fields import NO_PUSH_MEANT
from codesvc.service.statistics.recorder import MOST_LATEST
from codesvc.web.admin.consequences import in_order
from codesvc.web.admin.filters import choice_in
from codesvc.web.admin.layout import draw, for_operators, signed_in, words_of
from codesvc.web.admin.links import person_route
from codesvc.web.admin.peers_affected import problem_extent
from codesvc.web.admin.worries import Worry, case_worries, certificate_in_the_way, token_worry
from codesvc.web.browser import go_to
from codesvc.web.context import services
from codesvc.web.forms import form_of
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.domain.record import Record

routes = web.RouteTableDef()
_SHOWN: Final = 50
"""How many verifications the list shows."""
_TONES: Final = {
    StepKind.DELIVERED: "good",
    StepKind.APPROVED: "good",
    StepKind.SCANNED: "good",
    StepKind.FAILED: "bad",
    StepKind.EXHAUSTED: "bad",
    StepKind.REFUSED: "bad",
    StepKind.TURNED_AWAY: "bad",
    StepKind.WRONG: "warn",
    StepKind.TROUBLE: "warn",
    StepKind.UNKNOWN: "warn",
    StepKind.AWAITING_SCAN: "warn",
    StepKind.DISOWNED: "bad",
    StepKind.CANCELED: "warn",
    StepKind.SUPERSEDED: "warn",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A verification in a list."""

    record: Record
    diagnosis: Diagnosis
    person: str


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """A step of the timeline: its time (ms since 1970), its text and its tone."""

    at: int
    step: Step | None
    key: str
    tone: str


def row_of(request: web.Request, record: Record) -> Row:
    """A verification as a row of a list."""
    return Row(record, diagnose(record), person_route(services(request).keyring, record.site, record.user))


def timeline_of(record: Record) -> list[TimelineStep]:
    """All steps, oldest first, with an expiry at the end, which is computed and not stored."""
    steps = read_timeline(record.trail or "")
    found = [TimelineStep(record.created, None, "started", "")]
    for step in steps:
        plain = step.kind is StepKind.AWAITING_SCAN and step.reason in NO_PUSH_MEANT
        tone = "" if plain else _TONES.get(step.kind, "")
        found.append(
            TimelineStep(record.created + step.after_ms, step, "wants_scan" if plain else step.kind.value, tone)
        )
    if record.status is Status.EXPIRED:
        found.append(TimelineStep(record.expires, None, "expired", "warn"))
    return sorted(found, key=lambda moment: moment.at)


@routes.get("/admin/verifications")
@for_operators
async def show_all(request: web.Request) -> web.Response:
    """Show the latest verifications."""
    here, choice = services(request), choice_in(request)
    await here.recorder.flush()
    book, only = OperatorQueries(here.store, here.directory), request.query.get("only", "") == "trouble"
    # A filter goes before the cut, so what may not be shown is read, too.
    most = MOST_LATEST if only or choice.purpose else _SHOWN + 1
    listed = [await book.latest(site, most=most) for site in choice.sites]
    records = [record for found in listed for record in found if choice.purpose in {"", record.purpose}]
    rows = [row_of(request, record) for record in sorted(records, key=lambda record: -record.created)]
    wanted = [row for row in rows if not only or row.diagnosis.went_wrong or row.diagnosis.arrived == "no"]
    full = any(len(found) >= MOST_LATEST for found in listed)
    return _draw_list(request, wanted, only="trouble" if only else "", read=len(records), full=full)


def _draw_list(
    request: web.Request,
    rows: list[Row],
    *,
    only: str = "",
    missing: str = "",
    status: int = 200,
    read: int = 0,
    full: bool = False,
) -> web.Response:
    """The list.

    Args:
        request: the request.
        rows: what passes the filters, newest first; so many as fit are shown.
        only: `trouble`, or "" for all.
        missing: a search text that found nothing.
        status: the status of the answer.
        read: how many verifications were looked at.
        full: whether a site may have older ones, which no list has.
    """
    variables = {
        "choice": choice_in(request),
        "rows": rows[:_SHOWN],
        "only": only,
        "missing": missing,
        "read": read,
        "cut": _SHOWN if len(rows) > _SHOWN else 0,
        "most": MOST_LATEST if full else 0,
    }
    return draw(request, "verifications.html", variables, page="verifications", status=status)


@routes.post("/admin/verifications")
@for_operators
async def search(request: web.Request) -> web.Response:
    """Search by id or by a site's user; the search text is posted, so that it is in no address."""
    here, fields = services(request), await form_of(request)
    text = unicodedata.normalize("NFC", str(fields.get("query", "")).strip())
    name = str(fields.get("site", ""))
    if VerificationId.parse(text) is not None:
        return go_to(request, f"/admin/verifications/{text}")
    site = here.directory.sites.get(name)
    if site is not None and is_user(text):
        return go_to(request, person_route(here.keyring, site.name, text))
    return _draw_list(request, [], missing=text[:128], status=422)


@routes.get("/admin/verifications/{id}")
@for_operators
async def show_one(request: web.Request) -> web.Response:
    """Show one verification with its timeline."""
    here = services(request)
    await here.recorder.flush()
    record = await OperatorQueries(here.store, here.directory).find(request.match_info["id"])
    site = here.directory.sites.get(record.site) if record else None
    if record is None or site is None:
        raise Problem("not-found", "There is no such verification, or no longer.")
    diagnosis = diagnose(record)
    worries: list[Worry] = []
    if diagnosis.arrived in {Arrived.NO, Arrived.NOT_YET}:
        heard = (await here.readiness.callbacks.of([site.account.name]))[site.account.name]
        title = site.account.config.name
        worries = certificate_in_the_way(words_of(request), here.readiness.certificate.seen, record.expires)
        worries += case_worries(words_of(request), title, heard, record.created, record.expires)
        trouble = await read_token_trouble(here.store, site.account)
        if trouble is not None and trouble.since <= record.expires and trouble.last >= record.created:
            worries.append(token_worry(words_of(request), title, trouble))
        worries = in_order(words_of(request), worries)
    await here.auditing.note(
        operator(signed_in(request).name), AuditAct.LOOKED_UP, site=site, user=record.user, detail=record.id[:12]
    )
    variables = {
        "record": record,
        "row": row_of(request, record),
        "site_title": site.config.name,
        "diagnosis": diagnosis,
        "company": await problem_extent(here, site, diagnosis),
        "timeline": timeline_of(record),
        "account": site.account,
        "worries": worries,
    }
    return draw(request, "verification.html", variables, page="verifications")
