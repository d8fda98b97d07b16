"""Problems that need an operator's attention, in words: for the banner of the overview, the accounts and a case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from codesvc.domain import callback_health
from codesvc.domain.certificate import CertificateState
from codesvc.domain.channels import LISTED
from codesvc.domain.health import EMPTIED, OK, ROLLED_BACK
from codesvc.service.operators.forecast import until_midnight
from codesvc.wechat.call_labels import UNANSWERED
from codesvc.wechat.errcodes import judge_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codesvc.domain.callback_health import CallbackState, Heard
    from codesvc.domain.certificate import Certificate
    from codesvc.domain.health import ComponentHealth
    from codesvc.service.operators.account_state import TokenTrouble
    from codesvc.service.operators.forecast import Outlook
    from codesvc.service.statistics.summary import Fault
    from codesvc.web.admin.account_health import Health
    from codesvc.web.admin.layout import Words

WORDED: Final = frozenset({"descriptors", "proxies", "webhook_proxy", "master_key", "log", "clock"})
"""Parts of /readyz that are named by `component_worries`."""
_PUSHES: Final = frozenset(LISTED)
"""Calls that carry codes, by the names of their channels, and that a scan or keyword makes up for."""
_SPENT: Final = "45009"
"""WeChat's errcode for a quota that is used up (WECHAT.md 13)."""


@dataclass(frozen=True, slots=True)
class Worry:
    """One line of the banner.

    Attributes:
        tone: `bad` if an operator has to act, `warn` if they should look.
        text: what is wrong.
        hint: what to do, "" if the text says it.
        count: how often, in words; "" if it is not counted.
        since: the first time, ms since 1970; None if it is not known.
        link: the route of the page that says more, "" for none.
        callbacks: the reason of refused callbacks, or `missing`; "" for anything else.
        kind: what kind of problem it is (`codesvc.web.admin.consequences`), "" if nothing follows from it.
        account: the account that has it, "" for the whole service.
        cause: the text of the problem that it follows from, "" for none.
        until: when it ends by itself, ms since 1970; None if it does not, or that is not known.
        unanswered: whether WeChat gave no answer.
    """

    tone: str
    text: str
    hint: str = ""
    count: str = ""
    since: int | None = None
    link: str = ""
    callbacks: str = ""
    kind: str = ""
    account: str = ""
    cause: str = ""
    until: int | None = None
    unanswered: bool = False

    @property
    def incident(self) -> bool:
        """Whether codes do not come as usual because of it."""
        return self.tone == "bad" and self.link != "/admin/webhooks"


def callback_worries(w: Words, title: str, heard: Heard) -> Iterator[Worry]:
    """What is wrong with an account's callbacks."""
    for each in callback_health.states(heard):
        if each.state != "ok":
            yield _callbacks(w, title, each)


def _callbacks(w: Words, title: str, each: CallbackState) -> Worry:
    label, count = each.label, w.number(each.count)
    key = "shown" if each.state == "missing" else "refused"
    hint = w.t(f"callbacks.{label}.do")
    if each.tone == "notice":
        hint = w.t("callbacks.stranger")
    return Worry(
        "bad" if each.tone == "urgent" else "warn",
        w.t("worry.callbacks", account=title, what=w.t(f"callbacks.{label}")),
        hint,
        w.t(f"count.{key}", count=count),
        each.since,
        "/admin/accounts",
        label,
    )


def case_worries(w: Words, title: str, heard: Heard, begun: int, ended: int) -> list[Worry]:
    """Faults of the callbacks while a verification could be scanned, also if they are over by now."""
    found = [
        each
        for each in callback_health.states(heard)
        if each.since is not None and each.since <= ended and (each.at or 0) >= begun
    ]
    known = {each.state for each in found}
    for state, refused in (("refused", heard.signed), ("unsigned", heard.unsigned)):
        if refused is not None and state not in known and refused.since <= ended and refused.at >= begun:
            found += callback_health.states(callback_health.while_it_lasted(heard, refused, state))
    return [_callbacks(w, title, each) for each in found if each.state != "ok"]


def token_meaning(w: Words, result: str) -> str:
    """Why there is no access token, and what to do."""
    if result.lstrip("-").isdigit():
        return w.named("reason", judge_token(int(result)).reason)
    return w.named("meaning", result)


def token_worry(w: Words, title: str, trouble: TokenTrouble) -> Worry:
    """An account without an access token."""
    name = f"errcode {trouble.result}" if trouble.errcode is not None else w.named("result", trouble.result)
    return Worry(
        "bad",
        w.t("worry.token", account=title, what=name),
        w.t("worry.token.meanwhile", what=token_meaning(w, trouble.result)),
        "",
        trouble.since,
        "/admin/accounts",
        kind="token",
        unanswered=trouble.errcode is None,
    )


def _fault(w: Words, title: str, fault: Fault) -> Worry:
    count = w.t("count.failed", count=w.number(fault.count))
    if fault.triage is None:
        text = w.t("worry.silent", account=title, result=w.named("result", fault.result))
        hint = w.t("worry.token.meanwhile", what=w.named("meaning", fault.result))
        return Worry("bad", text, hint, count, fault.since, "/admin/accounts", kind="silent")
    meaning, remedy = _headline(w.named("reason", fault.triage.reason))
    text = w.t("worry.fault", account=title, code=fault.result, meaning=meaning)
    calls = w.t("comma").join(w.named("endpoint", each) for each in fault.endpoints)
    hint = remedy or w.t("worry.fault.calls", calls=calls)
    if _PUSHES & set(fault.endpoints):
        hint = w.t("worry.fault.meanwhile", what=hint)
    return Worry("bad", text, hint, count, fault.since, "/admin/accounts")


def _recovered(w: Words, worry: Worry) -> Worry:
    """A fault that may come again, but is over for now. It needs no act, and causes nothing else."""
    return replace(
        worry, tone="warn", text=w.t("worry.recovered", what=worry.text), hint=w.t("worry.recovered.do"), kind=""
    )


def _headline(meaning: str) -> tuple[str, str]:
    """What happened, and what to do ("" if the text does not say it): the parts before and after the colon."""
    happened, colon, remedy = meaning.replace("：", ": ", 1).partition(": ")
    remedy = remedy.strip()
    return happened.rstrip(".。"), remedy[:1].upper() + remedy[1:] if colon else ""


def account_worries(w: Words, health: Health, now: int | None = None) -> Iterator[Worry]:
    """What is wrong with an account, the worst first; `now` in ms since 1970, None if ends need not be said."""
    return (replace(worry, account=health.account) for worry in _of_account(w, health, now))


def _of_account(w: Words, health: Health, now: int | None) -> Iterator[Worry]:
    title = health.title
    yield from callback_worries(w, title, health.heard)
    if health.token is not None:
        yield token_worry(w, title, health.token)
    if health.contest is not None:
        text = w.t("worry.contest", account=title)
        yield Worry("bad", text, w.t("worry.contest.do"), "", health.contest.since, "/admin/accounts", kind="token")
    gone = {each.what for each in health.outlooks if _gone(each)}
    spent = {each.endpoints[0]: each for each in health.faults if each.result == _SPENT and set(each.endpoints) <= gone}
    for fault in health.faults:
        if fault in spent.values():
            continue  # the exhausted quota is reported below
        if fault.over or (health.token is not None and set(fault.endpoints) <= {"token"}):
            continue
        if fault.needs_action or fault.result in UNANSWERED:
            yield _recovered(w, _fault(w, title, fault)) if fault.recovered else _fault(w, title, fault)
    for each in health.outlooks:
        if each.low and not (each.what == "token" and health.token is not None):
            yield _low(w, title, each, spent.get(each.what), now)


def _gone(each: Outlook) -> bool:
    return each.what in {"template", "qrcode"} and each.known and not each.left


def _low(w: Words, title: str, each: Outlook, refused: Fault | None, now: int | None) -> Worry:
    """A quota that is low or gone; `refused`: the calls that WeChat has refused because of it."""
    gone = _gone(each)
    count = w.t("gone.in", time=w.seconds(each.ends_in_seconds)) if each.ends_in_seconds else ""
    if refused is not None:
        count = w.t("count.failed", count=w.number(refused.count))
    text = w.t(f"worry.{'gone' if gone else 'low'}.{each.what}", account=title)
    since = None if refused is None else refused.since
    until = round(now + until_midnight(now / 1000) * 1000) if gone and now is not None else None
    hint = w.t(f"quota.gone.do.{each.what}") if gone else ""
    kind = {"token": "expiring"}.get(each.what, each.what)
    tone = "bad" if gone else "warn"
    return Worry(tone, text, hint, count, since, "/admin/accounts", kind=kind, until=until)


def component_worries(w: Words, conditions: Iterable[ComponentHealth]) -> Iterator[Worry]:
    """What is wrong with the parts that have no words of their own elsewhere on the page."""
    for each in conditions:
        if each.state != OK and each.component in WORDED:
            tone = "warn" if each.state == "scarce" else "bad"
            what = w.named("result", each.state)
            yield Worry(
                tone, w.t(f"worry.{each.component}", what=what), w.t(f"worry.{each.component}.do"), kind=each.component
            )


def certificate_worries(w: Words, certificate: Certificate | None, now: int) -> Iterator[Worry]:
    """What is wrong with the certificate of the public address; nothing if none was seen.

    It stands first on the page: callbacks that do not come, and people who do not, are its effects.
    """
    state = OK if certificate is None else certificate.state(now)
    if certificate is None or state == OK:
        return
    tone = "warn" if state is CertificateState.ENDING else "bad"
    key = f"worry.certificate.{CertificateState(state).name.lower()}"
    text = w.t(key, host=certificate.host, at=w.moment(certificate.ends))
    since = certificate.ends if state is CertificateState.EXPIRED else None
    yield Worry(tone, text, w.t(f"{key}.do"), "", since, kind="certificate")


def certificate_in_the_way(w: Words, certificate: Certificate | None, ended: int) -> list[Worry]:
    """The certificate, if it was over before a verification ended; of another fault it is not known since when."""
    if certificate is None or not 0 < certificate.ends <= ended:
        return []
    return list(certificate_worries(w, certificate, ended))


def registry_worries(w: Words, broken: Mapping[str, str]) -> Iterator[Worry]:
    """Entries of the registry that are not used, because they break a rule."""
    for entry, why in broken.items():
        yield Worry("bad", w.t("worry.registry", entry=entry, what=why), w.t("worry.registry.do"))


def worries(
    w: Words,
    accounts: Iterable[Health],
    queues: Sequence[Outlook],
    store: tuple[str, float, int | None],
    *,
    guessed: int,
    now: int,
) -> list[Worry]:
    """All problems; empty if there are none.

    Args:
        w: the texts.
        accounts: the state of the accounts.
        queues: the outboxes.
        store: the state of the store, how many seconds half of the scripts take or more if it is slow, and
            since when.
        guessed: how many longer codes were made because a site is guessed at.
        now: ms since 1970.
    """
    found: list[Worry] = []
    if store[0] == "slow":
        text = w.t("worry.slow", time=w.seconds(store[1]))
        found.append(Worry("bad", text, w.t("worry.slow.do"), since=store[2], kind="store"))
    elif store[0] == ROLLED_BACK:
        found.append(Worry("bad", w.t("worry.rolled_back"), w.t("worry.rolled_back.do"), since=store[2]))
    elif store[0] == EMPTIED:
        found.append(Worry("bad", w.t("worry.emptied"), w.t("worry.emptied.do"), kind="store"))
    elif store[0] != "ok":
        found.append(Worry("bad", w.t("worry.store", state=store[0]), w.t("worry.store.do"), kind="store"))
    for health in accounts:
        found += account_worries(w, health, now)
    if stuck := [queue for queue in queues if queue.low]:
        text = w.t("worry.stuck", count=w.number(sum(queue.left for queue in stuck)))
        since = round(now - max(queue.age_seconds for queue in stuck) * 1000)
        found.append(Worry("bad", text, w.t("worry.stuck.do"), "", since, "/admin/accounts", kind="outbox"))
    if guessed:
        found.append(Worry("bad", w.t("worry.guessed", count=w.number(guessed))))
    return found
