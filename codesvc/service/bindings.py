"""Who is bound to which WeChat, and the proofs by which a site binds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.store.answers import Answer, Binding
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.directory import SiteEntry
    from codesvc.proof import Claims, Proofs
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True)
class BindingResult:
    """How a binding call ended, and the binding where there is one."""

    outcome: Outcome
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class ProofResult:
    """How looking at a proof ended, and its claims where it is genuine."""

    outcome: Outcome
    claims: Claims | None = None


class Bindings:
    """The use cases around bindings and proofs."""

    def __init__(self, store: Store, proofs: Proofs) -> None:
        self._store = store
        self._proofs = proofs

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
            return BindingResult(answer.outcome)
        flat, reachable = answer.rest
        return BindingResult(answer.outcome, Binding.parse(flat, reachable=reachable == 1))

    async def bind_by_proof(self, site: SiteEntry, user: str, proof: str, *, replace: bool) -> BindingResult:
        """Bind the openid that was sent the code: BOUND, SAME, CONFLICT, SPENT, STALE_PROOF; ABSENT if not genuine."""
        claims = self._proofs.read(proof, audience=site.name)
        if claims is None:
            return BindingResult(Outcome.ABSENT)
        return await self._bind(site, user, made_by="proof", proof_of=claims.verification, replace=replace)

    async def bind_by_openid(self, site: SiteEntry, user: str, openid: str, *, replace: bool) -> BindingResult:
        """Bind an openid that the site knows: BOUND, SAME or CONFLICT."""
        return await self._bind(site, user, made_by="openid", openid=openid, replace=replace)

    async def _bind(
        self, site: SiteEntry, user: str, *, made_by: str, replace: bool, openid: str = "", proof_of: str = ""
    ) -> BindingResult:
        keys = site.keys
        raw = await self._store.call(
            "bind",
            keys.partition,
            {"binding": keys.binding(site.name, user), "record": keys.record(proof_of)},
            {
                "root": keys.root,
                "account": keys.account,
                "channel": channel(self._store.prefix),
                "site": site.name,
                "user": user,
                "openid": openid,
                "unionid": "",
                "made_by": made_by,
                "proof_of": proof_of,
                "replace": int(replace),
                "many": int(site.config.users_per_wechat == "many"),
            },
        )
        outcome = Answer.parse(raw).outcome
        if outcome not in {Outcome.BOUND, Outcome.SAME}:
            return BindingResult(outcome)
        current = await self.get(site, user)
        return BindingResult(outcome, current.binding)

    async def unbind(self, site: SiteEntry, user: str) -> BindingResult:
        """Remove a binding: DONE or ABSENT."""
        keys = site.keys
        raw = await self._store.call(
            "unbind",
            keys.partition,
            {"binding": keys.binding(site.name, user)},
            {"root": keys.root, "account": keys.account, "site": site.name, "user": user},
        )
        return BindingResult(Answer.parse(raw).outcome)

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

    async def lift_guesses(self, site: SiteEntry, user: str) -> None:
        """Give a user a fresh guess budget."""
        keys = site.keys
        await self._store.call(
            "lift_guesses", keys.partition, {"user_guesses": keys.window("user_guesses", site.name, user)}, {}
        )
