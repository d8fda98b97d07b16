"""Problems of single sites that need an operator's attention, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.web.admin.worries import Worry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from codesvc.service.operators.refused_keys import RefusedKey
    from codesvc.store.webhooks import Endpoint
    from codesvc.web.admin.layout import Words


def endpoint_worries(w: Words, endpoints: Iterable[tuple[str, Endpoint]]) -> Iterator[Worry]:
    """What is wrong with the receivers of webhooks, by site."""
    for site, each in endpoints:
        count = w.t("count.waiting", count=w.number(each.waiting)) if each.waiting else ""
        if each.disabled is not None:
            text = w.t("worry.endpoint.disabled", site=site)
            yield Worry("bad", text, w.t("worry.endpoint.disabled.do"), count, each.disabled, "/admin/webhooks")
        elif each.failing:
            text = w.t("worry.endpoint.failing", site=site, failures=w.number(each.failures))
            yield Worry("bad", text, w.t("worry.endpoint.failing.do"), count, None, "/admin/webhooks", kind="endpoint")


def key_worries(w: Words, found: Iterable[RefusedKey | None]) -> Iterator[Worry]:
    """The sites that call with an unknown key: urgent if they do not call with a valid one."""
    for each in found:
        if each is None:
            continue
        count = w.t("count.refused", count=w.number(each.count))
        if not each.shut_out:
            yield Worry("warn", w.t("worry.key", site=each.site), w.t("worry.key.do"), count, each.since)
            continue
        called = w.t("worry.shut_out.never") if each.called is None else w.moment(each.called)
        text = w.t("worry.shut_out", site=each.site, called=called)
        yield Worry("bad", text, w.t("worry.shut_out.do"), count, each.since, kind="key")


def gateway_worries(w: Words, capped: Mapping[str, int]) -> Iterator[Worry]:
    """The sites whose limit of gateway messages is used up, with how many were not sent."""
    for site, count in capped.items():
        if count:
            text = w.t("worry.gateway_limit", site=site, count=w.number(count))
            yield Worry("bad", text, w.t("worry.gateway_limit.do"))
