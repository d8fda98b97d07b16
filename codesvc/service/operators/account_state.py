"""Whether an account gets an access token, and which calls WeChat refuses until an operator acts.

Both follow from the calls of all processes. The rules themselves are pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from codesvc.domain.account_kinds import right_of
from codesvc.domain.clock import rfc3339
from codesvc.service.statistics.fields import account_subject, call_field
from codesvc.service.statistics.summary import FINE
from codesvc.wechat.call_labels import ENDPOINTS, OTHER
from codesvc.wechat.errcode_advice import CONTEST_REMEDY, call_remedy, token_remedy, token_words
from codesvc.wechat.errcodes import TABLE, judge
from codesvc.wechat.errors import NO_RIGHT, TOKEN_REPLACED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import AccountEntry
    from codesvc.store.counts import Episode
    from codesvc.store.store import Store

_TOKEN: Final = call_field("token", "")
_WITHOUT_TOKEN: Final = (_TOKEN, call_field("oauth", ""), call_field(OTHER, ""))
"""Calls that carry no access token of the account: their 40001 means a wrong secret."""


@dataclass(frozen=True, slots=True)
class TokenTrouble:
    """An access token cannot be had.

    Attributes:
        state: the account's state on `/readyz`.
        result: WeChat's errcode, or the word of a call without an answer.
        since: the first failure, ms since 1970.
        last: the latest one.
    """

    state: ClassVar[str] = "no token"
    result: str
    since: int
    last: int

    @property
    def errcode(self) -> int | None:
        """WeChat's errcode, None if it did not answer."""
        return int(self.result) if self.result.lstrip("-").isdigit() else None

    @property
    def words(self) -> str:
        """What is wrong, in English."""
        return token_words(self.result)

    @property
    def remedy(self) -> str:
        """What to do, in English."""
        return token_remedy(self.result)

    @property
    def means(self) -> str:
        """All of it as two sentences."""
        return f"No access token since {rfc3339(self.since)}: {self.words}. Nothing can be sent. {self.remedy}"


@dataclass(frozen=True, slots=True)
class CallRefusal:
    """WeChat refuses a call with an errcode that does not end by itself. Times and state are as in `TokenTrouble`.

    Attributes:
        call: the call, as in the metrics: `template`, `qrcode`, …
        errcode: WeChat's errcode.
        since: the first failure, ms since 1970.
    """

    state: ClassVar[str] = "refused"
    call: str
    errcode: int
    since: int
    last: int

    @property
    def words(self) -> str:
        """What is refused, since when and why, in English."""
        why = judge(self.errcode).reason.replace("-", " ")
        return f"WeChat has refused the call {self.call} since {rfc3339(self.since)}: {why} (errcode {self.errcode})"

    @property
    def remedy(self) -> str:
        """What to do, in English."""
        return call_remedy(self.errcode)

    @property
    def means(self) -> str:
        """All of it as sentences."""
        return f"{self.words}. Codes come by scan or keyword where possible. {self.remedy}"


@dataclass(frozen=True, slots=True)
class TokenContest:
    """WeChat refuses access tokens although they are new (40001): another system fetches one for the same account.

    Attributes:
        since: the first refusal, ms since 1970.
        last: the latest one.
    """

    state: ClassVar[str] = "token replaced"
    since: int
    last: int

    @property
    def means(self) -> str:
        """What is wrong and what to do, in English."""
        return (
            f"WeChat refuses new access tokens since {rfc3339(self.since)} (errcode {TOKEN_REPLACED}), so codes wait. "
            f"{CONTEST_REMEDY}"
        )


def token_contest(episodes: Mapping[str, Episode]) -> TokenContest | None:
    """Whether tokens are refused, for an account that gets them; None as soon as any call with one has succeeded."""
    calls = {name: each for name, each in episodes.items() if not name.startswith(_WITHOUT_TOKEN)}
    refused = [each for name, each in calls.items() if name.endswith(f".{TOKEN_REPLACED}")]
    if not refused:
        return None
    last = max(each.last for each in refused)
    fine = max((each.last for name, each in calls.items() if name.endswith(f".{FINE}")), default=0)
    return TokenContest(min(each.since for each in refused), last) if last > fine else None


def call_refusal(episodes: Mapping[str, Episode]) -> CallRefusal | None:
    """The latest refusal that an operator has to act on; None if there is none, or the same call has succeeded since.

    A right that is missing is no such refusal (`right_trouble`).
    """
    current: list[CallRefusal] = []
    for name, episode in episodes.items():
        _, call, result = name.split(".", 2)
        if name.startswith(_TOKEN) or not result.lstrip("-").isdigit() or result in {FINE, str(NO_RIGHT)}:
            continue
        fine = episodes.get(call_field(call, FINE))
        known = TABLE.get(int(result))
        if known is not None and known.alarm and (fine is None or episode.last > fine.last):
            current.append(CallRefusal(call, int(result), episode.since, episode.last))
    return max(current, key=lambda each: each.last, default=None)


async def read_call_refusal(store: Store, account: AccountEntry) -> CallRefusal | None:
    """The refusal of an account's calls, from the store."""
    return call_refusal(await _episodes(store, account))


async def read_account_trouble(
    store: Store, account: AccountEntry
) -> TokenTrouble | TokenContest | RightTrouble | CallRefusal | None:
    """The trouble with an account's token, else with its rights, else with its calls, from the store."""
    episodes = await _episodes(store, account)
    return (
        token_trouble(episodes) or token_contest(episodes) or right_trouble(episodes, account) or call_refusal(episodes)
    )


def token_trouble(episodes: Mapping[str, Episode]) -> TokenTrouble | None:
    """The trouble with the account's token; None if the latest fetch succeeded, or none was made."""
    fine = episodes.get(_TOKEN + FINE)
    found = [
        (name.removeprefix(_TOKEN), episode)
        for name, episode in episodes.items()
        if name.startswith(_TOKEN) and not name.endswith(f".{FINE}")
    ]
    current = [(result, each) for result, each in found if fine is None or each.last > fine.last]
    if not current:
        return None
    result, latest = max(current, key=lambda pair: pair[1].last)
    return TokenTrouble(result, latest.since, latest.last)


@dataclass(frozen=True, slots=True)
class RightTrouble:
    """WeChat refuses calls that the configured kind may make (48001), while the token works.

    Attributes:
        endpoints: labels of the calls (`codesvc.wechat.call_labels.ENDPOINTS`).
        since: the first refusal, ms since 1970.
    """

    state: ClassVar[str] = "no right"
    endpoints: tuple[str, ...]
    since: int
    account: str
    kind: str

    @property
    def means(self) -> str:
        """What is wrong and what to do, in English."""
        return (
            f"WeChat refuses {', '.join(self.endpoints)} since {rfc3339(self.since)}: errcode {NO_RIGHT}, the account "
            f"lacks the right. The token works: this is a fault of configuration. accounts.{self.account}.kind is "
            f'"{self.kind}": let `codesvc check` find the kind, and see whether the verification (认证) has lapsed.'
        )


def right_trouble(episodes: Mapping[str, Episode], account: AccountEntry) -> RightTrouble | None:
    """The rights that WeChat denies although the configured kind has them; None if it denies none.

    What the kind lacks is left out: since it was configured, such calls are not made any more.
    """
    found: dict[str, int] = {}
    for path, endpoint in ENDPOINTS.items():
        refused, fine = (episodes.get(call_field(endpoint, result)) for result in (str(NO_RIGHT), FINE))
        right = right_of(path)
        if refused is not None and (fine is None or fine.last <= refused.last) and account.config.may(right):
            found[endpoint] = refused.since
    if not found:
        return None
    return RightTrouble(tuple(found), min(found.values()), account.name, account.config.kind)


async def read_trouble(store: Store, account: AccountEntry) -> tuple[TokenTrouble | None, RightTrouble | None]:
    """The trouble with an account's token and with its rights, from the store."""
    episodes = await _episodes(store, account)
    return token_trouble(episodes), right_trouble(episodes, account)


async def read_token_trouble(store: Store, account: AccountEntry) -> TokenTrouble | None:
    """The trouble with an account's token, from the store."""
    return token_trouble(await _episodes(store, account))


async def _episodes(store: Store, account: AccountEntry) -> Mapping[str, Episode]:
    return (await store.counts.episodes(account.store_keys, account_subject(account.name))).episodes
