"""Who is bound to which WeChat, and the proofs by which a site binds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain import webhook
from codesvc.domain.binding import Passage
from codesvc.domain.errors import Invalid
from codesvc.domain.intent import random_id
from codesvc.domain.verification import Basis
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import Answer, Binding

if TYPE_CHECKING:
    from codesvc.domain.openid_handle import Claim, Handles
    from codesvc.domain.proof import Claims, Proofs
    from codesvc.service.profile_sync import People
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_MOST_FOUND: Final = 100
SITE: Final = "site"
"""Who acts, where nobody says by which key."""


@dataclass(frozen=True, slots=True)
class BindingResult:
    """How a binding call ended, the binding where there is one, and ms by the clock that decides."""

    outcome: Outcome
    binding: Binding | None = None
    now: int = 0


@dataclass(frozen=True, slots=True)
class ProofResult:
    """How looking at a proof ended, and its claims where it is genuine."""

    outcome: Outcome
    claims: Claims | None = None


def _refuse_test_identity(site: SiteEntry, user: str) -> None:
    if site.test_code(user) is not None:
        raise Invalid("a test identity never reaches WeChat: only a proof of a test identity binds one", "/user")


class Bindings:
    """The use cases around bindings and proofs.

    Args:
        store: where state lives.
        proofs: reads proofs.
        handles: opens handles.
        people: learns what WeChat knows of a newly bound person.
    """

    def __init__(self, store: Store, proofs: Proofs, handles: Handles, people: People) -> None:
        self._store = store
        self._proofs = proofs
        self._handles = handles
        self._people = people

    async def get(self, site: SiteEntry, user: str) -> BindingResult:
        """Look up: DONE or ABSENT."""
        keys = site.keys
        raw = await self._store.call(
            "read_binding",
            keys.partition,
            {"binding": keys.binding(site.name, user)},
            {"root": keys.root, "account": keys.account},
        )
        answer = Answer.parse(raw)
        if answer.outcome is not Outcome.DONE:
            return BindingResult(answer.outcome, now=answer.now)
        flat, reachable = answer.rest
        return BindingResult(answer.outcome, Binding.parse(flat, reachable=reachable == 1), answer.now)

    async def bind_by_proof(
        self, site: SiteEntry, user: str, proof: str, *, replace: bool, actor: str = SITE
    ) -> BindingResult:
        """Bind the openid that was sent the code: BOUND, SAME, CONFLICT, SPENT, STALE_PROOF; ABSENT if not genuine."""
        claims = self._proofs.read(proof, audience=site.name)
        if claims is None:
            return BindingResult(Outcome.ABSENT)
        if claims.basis != Basis.TEST:
            _refuse_test_identity(site, user)
        return await self._bind(site, user, made_by="proof", proof_of=claims.verification, replace=replace, actor=actor)

    async def bind_by_openid(
        self, site: SiteEntry, user: str, openid: str, *, replace: bool, actor: str = SITE
    ) -> BindingResult:
        """Bind an openid that the site knows: BOUND, SAME or CONFLICT."""
        _refuse_test_identity(site, user)
        return await self._bind(site, user, made_by="openid", openid=openid, replace=replace, actor=actor)

    async def bind_by_handle(
        self, site: SiteEntry, user: str, handle: str, *, replace: bool, actor: str = SITE
    ) -> BindingResult:
        """Bind the WeChat behind a handle: as `bind_by_proof`."""
        _refuse_test_identity(site, user)
        claim = self._handles.open(site.name, handle)
        if claim is None:
            return BindingResult(Outcome.ABSENT)
        return await self._bind(site, user, made_by="handle", claim=claim, replace=replace, actor=actor)

    async def _bind(
        self,
        site: SiteEntry,
        user: str,
        *,
        made_by: str,
        replace: bool,
        actor: str,
        openid: str = "",
        proof_of: str = "",
        claim: Claim | None = None,
    ) -> BindingResult:
        keys = site.keys
        raw = await self._store.call(
            "bind",
            keys.partition,
            {
                "binding": keys.binding(site.name, user),
                "record": keys.record(proof_of),
                "spent": keys.spent(claim.source if claim else ""),
                "outbox": keys.outbox,
            },
            {
                "root": keys.root,
                "account": keys.account,
                "appid": site.account.config.appid,
                "channel": channel(self._store.prefix),
                "notice": random_id("nt"),
                "site": site.name,
                "user": user,
                "openid": claim.openid if claim else openid,
                "unionid": "",
                "made_by": made_by,
                "actor": actor,
                "proof_of": proof_of,
                "handle_of": claim.source if claim else "",
                "handle_until": claim.until if claim else 0,
                "replace": int(replace),
                "many": int(site.config.users_per_wechat == "many"),
                "notices": int(site.config.binding_notices),
                "event": webhook.seed(),
                "hooks": site.wanted,
            },
        )
        outcome = Answer.parse(raw).outcome
        if outcome not in {Outcome.BOUND, Outcome.SAME}:
            return BindingResult(outcome)
        current = await self.get(site, user)
        if current.binding is not None and outcome is Outcome.BOUND:
            self._people.meet(site, user, current.binding.openid)
        return BindingResult(outcome, current.binding)

    async def unbind(
        self, site: SiteEntry, user: str, *, by: str = "site", actor: str = SITE, reason: str = ""
    ) -> BindingResult:
        """Remove a binding and tell the person: DONE or ABSENT."""
        keys = site.keys
        raw = await self._store.call(
            "unbind",
            keys.partition,
            {"binding": keys.binding(site.name, user), "outbox": keys.outbox},
            {
                "root": keys.root,
                "account": keys.account,
                "appid": site.account.config.appid,
                "channel": channel(self._store.prefix),
                "notice": random_id("nt"),
                "site": site.name,
                "user": user,
                "by": by,
                "actor": actor,
                "reason": reason,
                "notices": int(site.config.binding_notices),
                "event": webhook.seed(),
                "hooks": site.wanted,
            },
        )
        return BindingResult(Answer.parse(raw).outcome)

    async def find(self, site: SiteEntry, *, openid: str = "", unionid: str = "") -> list[tuple[str, Binding]]:
        """The users that a WeChat, or a person by unionid, is bound to, at most 100."""
        keys = site.keys
        index = keys.owners(site.name, openid) if openid else keys.union(site.name, unionid)
        raw = await self._store.call(
            "find_bindings",
            keys.partition,
            {"index": index},
            {"root": keys.root, "account": keys.account, "site": site.name, "most": _MOST_FOUND},
        )
        found = raw[2]
        return [
            (found[i].decode(), Binding.parse(found[i + 1], reachable=found[i + 2] == 1))
            for i in range(0, len(found), 3)
        ]

    async def history(self, site: SiteEntry, user: str) -> list[Passage]:
        """What became of a user's bindings, oldest first; bounded (`codesvc.store.script`)."""
        keys = site.keys
        raw = await self._store.call(
            "read_history",
            keys.partition,
            {"history": keys.history(site.name, user), "binding": keys.binding(site.name, user)},
            {"site": site.name},
        )
        return [msgspec.json.decode(line, type=Passage) for line in raw[2]]

    async def verify_proof(self, site: SiteEntry, proof: str, *, consume: bool) -> ProofResult:
        """Genuine, fresh, mine? DONE, SPENT, STALE_PROOF, or ABSENT if it is no proof of this site's."""
        claims = self._proofs.read(proof, audience=site.name)
        if claims is None:
            return ProofResult(Outcome.ABSENT)
        keys = site.keys
        raw = await self._store.call(
            "spend_proof",
            keys.partition,
            {"record": keys.record(claims.verification)},
            {"site": site.name, "consume": int(consume)},
        )
        return ProofResult(Answer.parse(raw).outcome, claims)

    async def lift_guesses(self, site: SiteEntry, user: str, *, actor: str = SITE, reason: str = "") -> None:
        """Give a user a fresh guess budget."""
        keys = site.keys
        await self._store.call(
            "lift_guesses",
            keys.partition,
            {"user_guesses": keys.window("user_guesses", site.name, user)},
            {"root": keys.root, "actor": actor, "site": site.name, "user": user, "reason": reason},
        )
