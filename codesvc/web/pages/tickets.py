"""Links from the chat to a site. They lead through the service, which lets only their owner pass (`domain.ticket`)."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.client.schema import Redemption
from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import Invalid
from codesvc.domain.oauth_state import ReturnPage
from codesvc.domain.signed_links import Use
from codesvc.domain.ticket import TicketPurpose, is_ticket
from codesvc.domain.visit_cookie import beginning, proven
from codesvc.service.web_authorisation import browser_of
from codesvc.store.outcomes import Outcome
from codesvc.web.api import inputs
from codesvc.web.api.inputs import DigitsForm, RedeemInput
from codesvc.web.api.views import ABSENT, json_response, wire_time
from codesvc.web.authentication import authenticate
from codesvc.web.browser import (
    account_in,
    goes_to_wechat,
    has_planted_cookie,
    keep_cookie,
    own_path,
    read_form,
    see_other,
    send_off,
    visit_cookie,
    visit_name,
)
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.pages.person_view import CopyButton, PersonPage, render_person_page, render_person_problem
from codesvc.web.pages.verification_view import device
from codesvc.web.problem import Problem
from codesvc.web.uris import with_parameters

if TYPE_CHECKING:
    from codesvc.domain.ticket import Ticket
    from codesvc.sites.directory import AccountEntry, SiteEntry

routes = web.RouteTableDef()
_SHORTEST_STATE: Final = 8
_LONGEST_STATE: Final = 256


async def _subject(request: web.Request) -> tuple[AccountEntry, SiteEntry, Ticket, str] | None:
    """The account, site and target of a link; None if it has ended.

    Raises:
        Problem: the link is not valid.
    """
    here = services(request)
    subject = here.signed_links.read(Use.TICKET, request.match_info["token"])
    if subject is None or not is_ticket(subject.id):
        raise Problem("not-found", "There is no such page.")
    account = account_in(request, subject.place)
    ticket = await here.tickets.get(account, subject.id)
    site = here.directory.site(ticket.site) if ticket else None
    if ticket is None or site is None or not ticket.good:
        return None
    chat = site.config.chat
    landing = chat.bind_url if ticket.wish is TicketPurpose.BIND else chat.reset_url
    return (account, site, ticket, landing) if landing else None


async def _proven(request: web.Request, account: AccountEntry, ticket: Ticket) -> bool | None:
    """Whether this browser belongs to the WeChat account that requested the link; None if not known yet."""
    cookie = visit_cookie(request, ticket.id)
    if not cookie:
        return None
    if compare_digest(ticket.proven.encode(), browser_of(cookie).encode()):
        return True
    visitor = await services(request).visits.who(account, cookie, ticket.id)
    return visitor.openid == ticket.openid if visitor else None


@routes.get("/t/{token}")
async def open_link(request: web.Request) -> web.Response:
    """Open a link: redirect to WeChat's web authorisation or to the site, or show a page with digits."""
    found = await _subject(request)
    if found is None:
        return render_person_problem(request, None, "over", status=410)
    account, site, ticket, landing = found
    if has_planted_cookie(request, ticket.id):
        return render_person_problem(request, site, "cookies")
    proven = await _proven(request, account, ticket)
    if proven:
        return see_other(with_parameters(landing, ticket=request.match_info["token"]))
    if proven is not None:
        return render_person_problem(request, site, "other")
    if goes_to_wechat(request) and account.config.may(Right.WEB_AUTHORISATION):
        return send_off(request, account, ReturnPage("ticket", "", ticket.id), profile=False)
    return _digits_page(request, account, site, ticket)


def _digits_page(request: web.Request, account: AccountEntry, site: SiteEntry, ticket: Ticket) -> web.Response:
    t, here = speech_for(request), services(request)
    known = visit_cookie(request, ticket.id)
    cookie = known or here.visit_cookies.begun(ticket.id)
    browser = browser_of(cookie)
    shown = ticket.browser == browser
    key = "tk.digits" if shown else "tk.show"
    words = {"account": account.config.name}
    hint = "tk.waiting" if shown and "sent" in request.query else f"{key}.hint"
    # Where WeChat is on another device, copied digits do not get into the chat.
    here_too = device(request) == "phone"
    digits, label = (
        here.tickets.digits(ticket, browser) if shown else "",
        t("tk.copy") if here_too else t("keyword.copy"),
    )
    page = PersonPage(
        subtitle=t("tk.subtitle", **words),
        title=t(key, **words),
        hint=t(hint, **words),
        icon="chat",
        digits=digits,
        copy=CopyButton(text=digits, label=label, opens=here_too, main=here_too) if shown else None,
        account=account.config.name if shown and here_too else "",
        action=own_path(request),
        token=here.oauth_states.form(browser_of(beginning(cookie)), ticket.id),
        buttons=() if shown else (("show", t("tk.digits"), True),),
        back=(f"{own_path(request)}?sent", t("tk.go")) if shown else None,
    )
    response = render_person_page(request, site, page)
    if not known:
        keep_cookie(request, response, cookie, name=visit_name(ticket.id))
    return response


@routes.post("/t/{token}")
async def show_digits(request: web.Request) -> web.Response:
    """In a browser other than WeChat's: show digits, which the person sends in the chat.

    They prove a new cookie, unless this browser shows them already: another person may know the one it came with.
    """
    found = await _subject(request)
    if found is None:
        return render_person_problem(request, None, "over", status=410)
    account, _, ticket, _ = found
    cookie, response = visit_cookie(request, ticket.id), see_other(own_path(request))
    await read_form(request, ticket.id, beginning(cookie), DigitsForm)
    if not compare_digest(ticket.browser.encode(), browser_of(cookie).encode()):
        cookie = proven(cookie)
        keep_cookie(request, response, cookie, name=visit_name(ticket.id))
    await services(request).tickets.show_digits(account, ticket.id, browser_of(cookie))
    return response


@routes.get("/t/{token}/go")
async def go_on(request: web.Request) -> web.Response:
    """The site redirects the browser back with a state of its session, and gets a redeem code for this state."""
    found = await _subject(request)
    if found is None:
        return render_person_problem(request, None, "over", status=410)
    account, site, ticket, landing = found
    state = request.query.get("state", "")
    if not _SHORTEST_STATE <= len(state) <= _LONGEST_STATE:
        raise Invalid("must be 8 to 256 characters that the site made for this session", "/state")
    if not await _proven(request, account, ticket):
        return render_person_problem(request, site, "other")
    code = services(request).tickets.redeem_code(account, ticket, state)
    return see_other(with_parameters(landing, redeem=code, state=state))


@routes.post("/v1/tickets/redeem")
async def redeem(request: web.Request) -> web.Response:
    """Redeem a code with the session's state: answers a handle for binding, or a reset's user and proof."""
    caller = authenticate(request, "verify")
    given, body = await inputs.read(request, RedeemInput)
    once = inputs.idempotency(request, body)
    redeemed = await services(request).tickets.redeem(caller.site, given.ticket, given.state, once)
    match redeemed.outcome:
        case Outcome.DONE:
            pass
        case Outcome.SPENT:
            raise Problem("ticket-spent")
        case Outcome.ENDED:
            raise Problem("ticket-expired")
        case Outcome.MISMATCH:
            raise Problem("idempotency-mismatch")
        case _:
            raise Problem("bad-ticket")
    record = redeemed.record
    document = Redemption(
        kind=redeemed.wish or "",
        handle=redeemed.handle,
        user=record.user if record else ABSENT,
        verification=record.id if record else ABSENT,
        approved_at=wire_time(record.approved or record.now) if record else ABSENT,
        proof=redeemed.proof if record else ABSENT,
    )
    return json_response(document)
