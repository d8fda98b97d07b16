"""Confirmation pages in WeChat's browser, and the return from web authorisation (WECHAT.md 11).

A GET shows the question, a POST answers it. WeChat's web authorisation proves which openid uses the browser, separately
for each question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.intent import LIVE, IntentId, IntentStatus, Kind
from codesvc.domain.oauth_state import ReturnPage
from codesvc.domain.signed_links import Subject, Use
from codesvc.service.web_authorisation import browser_of
from codesvc.store.outcomes import Outcome
from codesvc.web.api.inputs import AnswerForm
from codesvc.web.authentication import browser_address
from codesvc.web.browser import (
    account_in,
    go_to,
    goes_to_wechat,
    has_planted_cookie,
    keep_cookie,
    login_browsers,
    own_path,
    read_form,
    see_other,
    send_off,
    visit_cookie,
    visit_name,
    visitor_of,
)
from codesvc.web.context import services
from codesvc.web.languages import speech_for, spoken_by
from codesvc.web.pages.intent_view import page_path
from codesvc.web.pages.person_view import PersonPage, asked_from, render_person_page, render_person_problem
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.domain.intent import Intent
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.web.texts import Speech

routes = web.RouteTableDef()
_PAGE: Final = "/wechat/{account}/ask/{token}"
_GOOD: Final = frozenset({IntentStatus.BOUND, IntentStatus.APPROVED, IntentStatus.UNKNOWN})


async def _subject(request: web.Request) -> tuple[AccountEntry, SiteEntry, IntentId, Intent | None]:
    """The account, site and intent of the page.

    Raises:
        Problem: the link is not valid, or its site does not exist any more.
    """
    here, account = services(request), account_in(request, request.match_info["account"])
    subject = here.signed_links.read(Use.ASK, request.match_info["token"])
    site = here.directory.site(subject.place) if subject else None
    identifier = IntentId.parse(subject.id) if subject else None
    if site is None or identifier is None or site.account.name != account.name:
        raise Problem("not-found", "There is no such page.")
    return account, site, identifier, (await here.intents.get(site, identifier)).intent


def _theirs(intent: Intent, openid: str) -> bool:
    """Whether this WeChat account may answer: it scanned the code, or web authorisation accepts every account."""
    if intent.method == "oauth" and intent.status is IntentStatus.PENDING:
        return True
    return intent.claimed_by == openid


def _begun_elsewhere(request: web.Request, intent: Intent) -> bool:
    """Whether another browser began this login for an app, without a scan: then only that browser may confirm it.

    A link to the question that its sender began would log the sender in.
    """
    if intent.oidc is None or intent.method != "oauth" or intent.status not in LIVE:
        return False
    return intent.oidc.browser not in login_browsers(request)


@routes.get(_PAGE)
async def show(request: web.Request) -> web.Response:
    """Show the question."""
    account, site, identifier, intent = await _subject(request)
    if intent is None or intent.status in {IntentStatus.EXPIRED, IntentStatus.CANCELED}:
        return render_person_problem(request, site, "expired", status=410)
    if _begun_elsewhere(request, intent):
        return render_person_problem(request, site, "elsewhere")
    visitor = await visitor_of(request, account, identifier.text)
    if visitor is None:
        if not goes_to_wechat(request):
            return render_person_problem(request, site, "open")
        errand = ReturnPage("ask", site.name, identifier.text)
        # A login needs no profile: WeChat proves the openid silently, and the page asks.
        return send_off(request, account, errand, profile=intent.method == "oauth" and intent.kind is Kind.BIND)
    if not _theirs(intent, visitor.openid):
        return render_person_problem(request, site, "other")
    return render_person_page(
        request, site, _question(request, intent) if intent.status in LIVE else _end(request, intent)
    )


@routes.post(_PAGE)
async def decide(request: web.Request) -> web.Response:
    """Handle the answer."""
    account, site, identifier, intent = await _subject(request)
    cookie, here = visit_cookie(request, identifier.text), services(request)
    form = await read_form(request, identifier.text, cookie, AnswerForm)
    if intent is not None and _begun_elsewhere(request, intent):
        return render_person_problem(request, site, "elsewhere")
    visitor = await visitor_of(request, account, identifier.text)
    if visitor is None or intent is None or not _theirs(intent, visitor.openid):
        return render_person_problem(request, site, "other")
    if intent.method == "oauth":
        await here.decisions.claim(account, identifier, visitor.openid, by="oauth", unionid=visitor.unionid)
    choice = form.act if form.act.isdigit() else ""
    answer = await here.decisions.decide(
        account, visitor.openid, yes=form.act == "yes" or bool(choice), choice=choice, identifier=identifier
    )
    if answer.outcome is Outcome.ABSENT:
        return render_person_problem(request, site, "other")
    if answer.outcome is Outcome.LIMITED:
        return render_person_problem(request, site, "later", status=429)
    if intent.oidc is not None and intent.method == "oauth" and answer.outcome is not Outcome.CHOOSE:
        # In this very browser the login's page waits for the answer.
        return see_other(page_path(request, intent))
    # Redirect to the page with GET, so that a reload does not send the form again.
    return see_other(own_path(request))


def _buttons(t: Speech, intent: Intent) -> tuple[tuple[str, str, bool], ...]:
    refusal = ("no", t("ask.no"), False)
    if len(intent.choices) > 1:
        named = enumerate(intent.recognisable_choices[:9], 1)
        return *((str(number), t("ask.as", user=user), True) for number, user in named), refusal
    label = t("ask.yes.bind") if intent.kind is Kind.BIND else t("ask.yes.login")
    return ("yes", label, True), refusal


def _where(request: web.Request, intent: Intent) -> str:
    """What the person logs in to: the site, or a relying party by way of the site."""
    language = spoken_by(request)
    site = services(request).directory.sites[intent.site].config.name.spoken(language)
    return site if intent.oidc is None else intent.oidc.spoken_with(site, language)


def _question(request: web.Request, intent: Intent) -> PersonPage:
    t = speech_for(request)
    lines = []
    if intent.fixed.agent or intent.fixed.place:
        lines.append(asked_from(t, intent.fixed))
    if intent.kind is Kind.BIND:
        title = t("ask.bind", user=intent.recognisable_user)
    else:
        title = t("ask.login", site=_where(request, intent))
        if intent.oidc is not None and intent.oidc.host:
            lines.insert(0, t("ask.login.host", host=intent.oidc.host))
        if not intent.choices and intent.oidc is None:
            lines.append(t("ask.new"))
        elif not intent.choices and intent.oidc is not None and intent.oidc.binds:
            lines.append(t("ask.login.binds"))
        elif len(intent.choices) == 1:
            lines.append(t("ask.account", user=intent.recognisable_choices[0]))
    return PersonPage(
        subtitle=t(f"{intent.kind.value}.subtitle"),
        title=title,
        hint=t("ask.check"),
        icon="shield",
        lines=tuple(lines),
        reference=intent.reference,
        action=own_path(request),
        token=services(request).oauth_states.form(browser_of(visit_cookie(request, intent.id)), intent.id),
        buttons=_buttons(t, intent),
    )


def _end(request: web.Request, intent: Intent) -> PersonPage:
    t, site = speech_for(request), services(request).directory.sites[intent.site]
    words = {"site": _where(request, intent), "account": site.account.config.name}
    key = f"{intent.kind.value}.{intent.shown_status.value}"
    return PersonPage(
        subtitle=t(f"{intent.kind.value}.subtitle"),
        title=t(key, **words),
        hint=t(f"{key}.hint", **words),
        icon="check" if intent.status in _GOOD else "stop",
        stage="approved" if intent.status in _GOOD else "expired",
    )


@routes.get("/wechat/{account}/oauth")
async def arrive(request: web.Request) -> web.Response:
    """WeChat redirects a browser back. This only records the openid; it decides nothing."""
    account, here = account_in(request, request.match_info["account"]), services(request)
    state = request.query.get("state", "")[:256]
    named = here.oauth_states.named(state)
    if named and has_planted_cookie(request, named.id):
        return render_person_problem(request, None, "cookies")
    arrival = await here.visits.arrive(
        account,
        code=request.query.get("code", "")[:256],
        state=state,
        cookie=visit_cookie(request, named.id) if named else "",
        address=browser_address(request),
    )
    errand = arrival.errand
    if arrival.problem == "often":
        page = render_person_problem(request, None, "often", status=429)
        page.headers["Retry-After"] = str(arrival.retry_after)
        return page
    if errand is None or arrival.problem:
        return render_person_problem(request, None, arrival.problem or "stale")
    response = _on_to(request, account, errand)
    if arrival.cookie:
        keep_cookie(request, response, arrival.cookie, name=visit_name(errand.id))
    return response


def _on_to(request: web.Request, account: AccountEntry, errand: ReturnPage) -> web.Response:
    links = services(request).signed_links
    if errand.page == "message":
        return see_other(links.message_url(account.name, errand.id))
    if errand.page == "ask":
        token = links.sign(Use.ASK, Subject(errand.place, errand.id))
        return go_to(request, f"/wechat/{account.name}/ask/{token}")
    return go_to(request, f"/t/{links.sign(Use.TICKET, Subject(account.name, errand.id))}")
