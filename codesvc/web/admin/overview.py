"""The overview page: whether the service works, since when not, and which quota will be used up first."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.clock import unix_ms
from codesvc.domain.health import ROLLED_BACK
from codesvc.service.operators.account_state import right_trouble, token_contest, token_trouble
from codesvc.service.operators.forecast import backlog, outlooks
from codesvc.service.operators.refused_keys import read_refused_key
from codesvc.service.statistics.fields import Fact
from codesvc.service.statistics.reader import StatisticsReader
from codesvc.service.statistics.series import SPANS, details, quantile
from codesvc.service.statistics.summary import FUNNEL, Line, curve, errors, faults, lines, split, tell
from codesvc.web.admin.account_health import Health
from codesvc.web.admin.consequences import in_order
from codesvc.web.admin.filters import Chart, choice_in, together
from codesvc.web.admin.layout import draw, for_operators, words_of
from codesvc.web.admin.overview_tiles import tiles
from codesvc.web.admin.site_worries import endpoint_worries, gateway_worries, key_worries
from codesvc.web.admin.worries import certificate_worries, component_worries, registry_worries, worries
from codesvc.web.context import services
from codesvc.wechat.errors import NO_RIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.service.statistics.gauges import AccountStanding
    from codesvc.service.statistics.series import Figures
    from codesvc.service.statistics.summary import Story
    from codesvc.web.admin.filters import Choice
    from codesvc.web.admin.layout import Words
    from codesvc.web.admin.worries import Worry
    from codesvc.web.context import Services

routes = web.RouteTableDef()
_HUES: Final = {"steps": 0, "waits": 1, "fallback": 4, "reasons": 1, "limits": 1, "errors": 4}
"""The colours of charts with a meaning: green for success, orange and red for problems."""


async def healths(here: Services) -> list[Health]:
    """The state of all accounts, with the figures of the last 24 hours."""
    archive, now = StatisticsReader(here.store), unix_ms() / 1000
    heard = await here.readiness.callbacks.of(account.name for account in here.directory.active_accounts)

    async def health(standing: AccountStanding) -> Health:
        account = here.directory.accounts[standing.account]
        figures, last_hour, episodes = await asyncio.gather(
            archive.account(account, SPANS["24h"]),
            archive.account(account, SPANS["1h"]),
            archive.account_episodes(account),
        )
        known, token = heard[account.name], token_trouble(episodes)
        denied = right_trouble(episodes, account)
        wrong = [
            replace(fault, over=True) if fault.result == str(NO_RIGHT) and denied is None else fault
            for fault in faults(figures, episodes, known.now)
        ]
        ahead = outlooks(standing, last_hour.total, now)
        contest = token_contest(episodes) if token is None else None
        return Health(account.name, account.config.name, ahead, wrong, figures, known, token, contest)

    return list(await asyncio.gather(*(health(standing) for standing in await here.gauges.accounts())))


@routes.get("/admin")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show the overview."""
    here, choice, words = services(request), choice_in(request), words_of(request)
    await here.recorder.flush()
    archive = StatisticsReader(here.store)

    async def read(span: str) -> list[Figures]:
        return await asyncio.gather(*(archive.site(site, SPANS[span]) for site in choice.sites))

    calling = {site.account.name: site.account for site in choice.sites}
    spans = list(dict.fromkeys((choice.span.name, "1h", "24h")))
    read_spans, accounts, calls = await asyncio.gather(
        asyncio.gather(*map(read, spans)),
        healths(here),
        asyncio.gather(*(archive.account(account, choice.span) for account in calling.values())),
    )
    by_span = dict(zip(spans, read_spans, strict=True))
    found = by_span[choice.span.name]
    by_site = {site.name: each for site, each in zip(choice.sites, found, strict=True)}
    figures = together(found)
    queues = [backlog(queue) for queue in await here.gauges.queues()]
    story = tell(figures.total, choice.purposes)
    wrong = list(certificate_worries(words, here.readiness.certificate.seen, unix_ms()))
    guessed = story.limits.get("site_guesses", 0)
    wrong += worries(words, accounts, queues, await store_state(here), guessed=guessed, now=unix_ms())
    capped = {
        name: tell(each.total, choice.purposes).limits.get("gateway_messages", 0) for name, each in by_site.items()
    }
    wrong += gateway_worries(words, capped)
    hours = zip(choice.sites, by_span["1h"], strict=True)
    wrong += key_worries(
        words,
        await asyncio.gather(*(read_refused_key(here.store, here.key_uses, site, hour) for site, hour in hours)),
    )
    wrong += await besides(here, words)
    variables = {
        "choice": choice,
        "spans": list(SPANS),
        "story": story,
        "spark": {line.name: line for line in lines(figures, choice.purposes, (Fact.ISSUED, Fact.WRONG))},
        "charts": charts(figures, choice.purposes, words, together(calls)),
        "funnel": _funnel(story),
        "table": _table(choice, by_site),
        "logins": _logins(by_site),
        "accounts": accounts,
        "unseen": any(health.unseen for health in accounts),
        "worries": in_order(words, wrong),
        "tiles": tiles(together(by_span["1h"]), together(by_span["24h"]), figures, choice.purposes, _begun(wrong)),
        "as_of": unix_ms(),
        "figures": figures,
    }
    return draw(request, "overview.html", variables, page="overview")


def _begun(wrong: Sequence[Worry]) -> list[int]:
    """When each part of the present incident began, ms since 1970; empty if nothing is in the way of codes."""
    return [worry.since for worry in wrong if worry.incident and worry.since is not None]


def _funnel(story: Story) -> list[tuple[str, int, float]]:
    """The steps, each with its share of the largest one.

    That is the first, unless verifications that began before this span reached a later step in it.
    """
    steps = [(fact.value, getattr(story, fact.value)) for fact in FUNNEL]
    whole = max(1, *(count for _, count in steps))
    return [(name, count, count / whole) for name, count in steps]


def _table(choice: Choice, by_site: Mapping[str, Figures]) -> list[tuple[str, str, Story]]:
    """A row for each site and purpose with any activity."""
    rows = [
        (site, purpose, tell(found.total, [purpose])) for site, found in by_site.items() for purpose in choice.purposes
    ]
    return sorted((row for row in rows if row[2].issued), key=lambda row: -row[2].issued)


def _logins(by_site: Mapping[str, Figures]) -> list[tuple[str, str, int, int, int]]:
    """A row for each site and app with any login: started, signed in, and ended with an error."""
    rows = []
    for site, found in by_site.items():
        counts: dict[str, Counter[str]] = {}
        for detail, count in details(found.total, [""], Fact.LOGIN).items():
            client, _, outcome = detail.partition(".")
            counts.setdefault(client, Counter())[outcome] += count
        for client, each in counts.items():
            started, done = each.pop("started", 0), each.pop("signed_in", 0)
            rows.append((site, client, started, done, each.total()))
    return sorted(rows, key=lambda row: -row[2])


async def store_state(here: Services) -> tuple[str, float, int | None]:
    """The store's state; if it is `slow`, the median time of its scripts, seconds; and since when it is so, unix ms."""
    speed, now = here.store.speed, perf_counter()
    state, slow, begun = await here.readiness.state(), speed.late(now), speed.late_since
    since = None if slow is None or begun is None else round(unix_ms() - (now - begun) * 1000)
    if state == "ok":
        state = here.readiness.marks.state
    if state == "ok" and slow is not None:
        state = "slow"
    if state == ROLLED_BACK and (lost := here.readiness.marks.lost):
        since = lost[0]
    return state, slow or 0.0, since


async def besides(here: Services, words: Words) -> list[Worry]:
    """What is wrong with this process, with the receivers of webhooks and with the registry."""
    listening = [site for site in here.directory.sites.values() if site.config.webhook is not None]
    endpoints = await asyncio.gather(*(here.webhooks.endpoint(site) for site in listening))
    named = [(site.name, each) for site, each in zip(listening, endpoints, strict=True)]
    found = [*component_worries(words, here.readiness.of_process()), *endpoint_worries(words, named)]
    return found + list(registry_worries(words, here.directory.judgement.broken))


def charts(figures: Figures, purposes: Sequence[str], words: Words, calls: Figures) -> list[Chart]:
    """The charts of the overview."""
    t = words.t

    def within(fact: Fact, share: float, name: str) -> Line:
        return curve(name, figures, lambda point: quantile(details(point, purposes, fact), share))

    def chart(name: str, look: str, drawn: Sequence[Line], labels: Sequence[str], of: Figures = figures) -> Chart:
        kind, unit = look.split()
        words = t(f"chart.{name}"), t(f"chart.{name}.hint")
        return Chart(name, *words, kind, unit, labels, drawn, of, _HUES.get(name, 1))

    steps = lines(figures, purposes, FUNNEL)
    waits = [
        within(Fact.TO_DELIVERED, 0.5, "delivered.p50"),
        within(Fact.TO_DELIVERED, 0.95, "delivered.p95"),
        within(Fact.TO_APPROVED, 0.5, "approved.p50"),
    ]
    fallen = [curve("fallback", figures, lambda point: tell(point, purposes).fallback_share)]
    reasons = split(figures, purposes, Fact.FALLEN_BACK)
    limits = split(figures, [*purposes, ""], Fact.REFUSED)
    found = [
        chart("steps", "lines count", steps, [words.named("step", line.name) for line in steps]),
        chart("waits", "lines seconds", waits, [t(f"wait.{line.name}") for line in waits]),
        chart("fallback", "lines share", fallen, [t("share.fallback")]),
        chart("reasons", "bars count", reasons, [words.named("reason", line.name) for line in reasons]),
        chart("limits", "bars count", limits, [words.named("limit", line.name) for line in limits]),
    ]
    wrong = errors(calls)
    found.append(chart("errors", "bars count", wrong, [words.named("result", one.name) for one in wrong], calls))
    return found
