"""The page behind a message's link: the details that the template's fields cannot hold, and "this was not me".

With `reveal = "tap"` in the purpose, the message hides the code and only this page shows it, so that nobody reads the
code on a locked screen. Only the WeChat account that received the message sees the page. Silent web authorisation
proves this (WECHAT.md 11).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain import codes
from codesvc.domain.codes import VerificationId
from codesvc.domain.oauth_state import ReturnPage
from codesvc.domain.signed_links import Use
from codesvc.domain.verification import Status
from codesvc.service.web_authorisation import browser_of
from codesvc.web.api.inputs import DisownForm
from codesvc.web.browser import account_in, goes_to_wechat, own_path, read_form, send_off, visit_cookie, visitor_of
from codesvc.web.context import services
from codesvc.web.languages import speech_for, spoken_by
from codesvc.web.pages.person_view import CopyButton, PersonPage, asked_from, render_person_page, render_person_problem
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.service.web_authorisation import Visitor
    from codesvc.sites.directory import AccountEntry, SiteEntry

routes = web.RouteTableDef()
_PAGE: Final = "/wechat/{account}/message/{token}"


def _subject(request: web.Request) -> tuple[AccountEntry, VerificationId]:
    """The account and the verification of the page.

    Raises:
        Problem: the link is not valid.
    """
    here, account = services(request), account_in(request, request.match_info["account"])
    subject = here.signed_links.read(Use.MESSAGE, request.match_info["token"])
    identifier = VerificationId.parse(subject.id) if subject and subject.place == account.name else None
    if identifier is None:
        raise Problem("not-found", "There is no such page.")
    return account, identifier


async def _received(
    request: web.Request, account: AccountEntry, identifier: VerificationId, visitor: Visitor
) -> tuple[SiteEntry, Record] | None:
    """The verification and its site; None if it is not kept, its site is gone, or another person got the message."""
    here = services(request)
    record = await here.verifications.find(account, identifier)
    site = here.directory.site(record.site) if record else None
    return (site, record) if record and site and record.sent_to == visitor.openid else None


@routes.get(_PAGE)
async def show(request: web.Request) -> web.Response:
    """Show the details of the message."""
    account, identifier = _subject(request)
    visitor = await visitor_of(request, account, identifier.text)
    if visitor is None:
        if not goes_to_wechat(request):
            return render_person_problem(request, None, "open")
        return send_off(request, account, ReturnPage("message", "", identifier.text), profile=False)
    received = await _received(request, account, identifier, visitor)
    if received is None:
        return render_person_problem(request, None, "other")
    return render_person_page(request, received[0], _page_for(request, *received))


@routes.post(_PAGE)
async def disown(request: web.Request) -> web.Response:
    """Handle "this was not me"."""
    account, identifier = _subject(request)
    await read_form(request, identifier.text, visit_cookie(request, identifier.text), DisownForm)
    visitor = await visitor_of(request, account, identifier.text)
    received = await _received(request, account, identifier, visitor) if visitor else None
    if visitor is None or received is None:
        return render_person_problem(request, None, "other")
    site, record = received
    await services(request).callback_events.disown(
        account, visitor.openid, dedupe=f"page/{record.id}", verification=record.id
    )
    t = speech_for(request)
    entered = record.status is Status.APPROVED
    hint = t("msg.entered.stopped") if entered else t("msg.stopped.hint")
    page = PersonPage(title=t("msg.stopped"), hint=hint, icon="stop", stage="expired")
    return render_person_page(request, site, page)


def _page_for(request: web.Request, site: SiteEntry, record: Record) -> PersonPage:
    here, t = services(request), speech_for(request)
    policy = site.purpose(record.purpose)
    subtitle = t("msg.subtitle", purpose=policy.name.spoken(spoken_by(request)) if policy else record.purpose)
    # The site may not have used the proof yet. Then "this was not me" still voids it.
    if record.status is Status.APPROVED and not record.disarmed:
        page = PersonPage(title=t("msg.entered"), hint=t("msg.entered.hint"), subtitle=subtitle, icon="shield")
        return _with_not_me(request, record, page)
    if record.status is not Status.PENDING or record.disarmed:
        return PersonPage(title=t("msg.over"), hint=t("msg.over.hint"), subtitle=subtitle, icon="stop", stage="expired")
    reference, variables = codes.reference(record.id), here.composer.variables(record)
    hidden = here.composer.hides_code(record)
    lines = [t("msg.until", time=variables["expires_time"])]
    if record.fixed.agent or record.fixed.place:
        lines.append(asked_from(t, record.fixed))
    code = (here.composer.code_of(record) or "") if hidden else ""
    key = "msg.code" if hidden else "msg.shown"
    page = PersonPage(
        title=t(key),
        hint=t(f"{key}.hint", reference=reference),
        subtitle=subtitle,
        icon="shield",
        lines=tuple(lines),
        digits=code,
        copy=CopyButton(text=code, label=t("msg.copy")) if code else None,
        reference=reference,
    )
    return _with_not_me(request, record, page)


def _with_not_me(request: web.Request, record: Record, page: PersonPage) -> PersonPage:
    """The page with the button "this was not me"."""
    return replace(
        page,
        action=own_path(request),
        token=services(request).oauth_states.form(browser_of(visit_cookie(request, record.id)), record.id),
        buttons=(("no", speech_for(request)("msg.no"), False),),
    )
