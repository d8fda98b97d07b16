"""The use cases of bindings, and of the proofs by which a site binds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Required, TypedDict, Unpack

from codesvc.domain.display_name import SAME
from codesvc.domain.errors import Invalid
from codesvc.domain.limits import LimitReached
from codesvc.domain.verification import Basis
from codesvc.service.visitor_names import is_reserved, name_of_another
from codesvc.store.bindings import Bind, Unbind
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.domain.binding import BindingChange
    from codesvc.domain.openid_handle import Claim, Handles
    from codesvc.domain.proof import Claims, Proofs
    from codesvc.service.profile_sync import ProfileSync
    from codesvc.service.visitor_names import VisitorNames
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.bindings import BoundReply, Unbound
    from codesvc.store.replies import Binding
    from codesvc.store.store import Store

_MOST_FOUND: Final = 100
SITE: Final = "site"
"""The actor of a call that names no key."""
WRITES: Final = "binding_writes"
"""The limit on what one API key binds and unbinds. What a site's people bind in WeChat or by an app's login is counted
apart, with the same rates. Imports and the operator's pages have none.
"""


@dataclass(frozen=True, slots=True)
class BindingResult:
    """The outcome of a binding call, the binding if there is one, the store's time in ms, and the limit if reached."""

    outcome: Outcome
    binding: Binding | None = None
    now: int = 0
    denial: LimitReached | None = None


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The outcome of verifying a proof, and its claims if it is genuine."""

    outcome: Outcome
    claims: Claims | None = None


def _denial(site: SiteEntry, reply: BoundReply | Unbound) -> LimitReached | None:
    if reply.outcome is not Outcome.LIMITED:
        return None
    return LimitReached(WRITES, reply.wait_ms, site.config.limits.binding_writes)


def _refuse_test_identity(site: SiteEntry, user: str) -> None:
    if site.test_code(user) is not None:
        raise Invalid("a test identity never reaches WeChat; it can be bound only with its own proof", "/user")


class HowBound(TypedDict, total=False):
    """How a user is bound, whatever the right to it is.

    Attributes:
        replace: whether the user may move to another WeChat account.
        display: a name as `codesvc.domain.display_name` has it: `SAME` keeps the present one, `NONE` removes it.
        actor: the actor who binds, for the audit log.
        key: the API key that writes (`Caller.key_id`), "" for none. With one the outcome may be LIMITED.
    """

    replace: Required[bool]
    display: str
    actor: str
    key: str


class Bindings:
    """The use cases of bindings and proofs. Where the outcome is LIMITED, `denial` says how."""

    def __init__(
        self, store: Store, proofs: Proofs, handles: Handles, profile_sync: ProfileSync, names: VisitorNames
    ) -> None:
        self._store = store.bindings
        self._verifications = store.verifications
        self._names = names
        self._proofs = proofs
        self._handles = handles
        self._profile_sync = profile_sync

    async def get(self, site: SiteEntry, user: str) -> BindingResult:
        """Read a binding: DONE or ABSENT."""
        reply = await self._store.read(site.store_keys, site.name, user)
        return BindingResult(reply.outcome, reply.found, reply.now)

    async def bind_by_proof(self, site: SiteEntry, user: str, proof: str, **how: Unpack[HowBound]) -> BindingResult:
        """Bind the openid that received the code: BOUND, SAME, CONFLICT, SPENT, STALE_PROOF; ABSENT if not genuine.

        Raises:
            Invalid: the code came by the site's gateway, or the user is a test identity, or has the name by which apps
                know another WeChat account. The other ways to bind raise it for these users too.
        """
        claims = self._proofs.read(proof, audience=site.name)
        if claims is None:
            return BindingResult(Outcome.ABSENT)
        if claims.basis in {Basis.CONTACT, Basis.EITHER}:
            raise Invalid(
                "this code was sent to a phone number or an e-mail address, where others may have read it: use a "
                "bind intent",
                "/proof",
            )
        if claims.basis != Basis.TEST:
            _refuse_test_identity(site, user)
        await self._refuse_name_of_another(site, user, proof_of=claims.verification)
        return await self._bind(site, user, made_by="proof", proof_of=claims.verification, **how)

    async def bind_by_openid(self, site: SiteEntry, user: str, openid: str, **how: Unpack[HowBound]) -> BindingResult:
        """Bind an openid that the site already knows: BOUND, SAME or CONFLICT."""
        _refuse_test_identity(site, user)
        await self._refuse_name_of_another(site, user, openid)
        return await self._bind(site, user, made_by="openid", openid=openid, **how)

    async def bind_by_handle(self, site: SiteEntry, user: str, handle: str, **how: Unpack[HowBound]) -> BindingResult:
        """Bind the WeChat account of a handle, with the outcomes of `bind_by_proof`."""
        _refuse_test_identity(site, user)
        claim = self._handles.open(site.name, site.account.config.appid, handle)
        if claim is None:
            return BindingResult(Outcome.ABSENT)
        await self._refuse_name_of_another(site, user, claim.openid)
        return await self._bind(site, user, made_by="handle", claim=claim, **how)

    async def _refuse_name_of_another(
        self, site: SiteEntry, user: str, openid: str = "", *, proof_of: str = ""
    ) -> None:
        if is_reserved(site, user) and proof_of:
            found = (await self._verifications.read(site.store_keys, proof_of, site=site.name)).record
            openid = (found and found.sent_to) or ""
        if not await self._names.is_free_for(site, user, openid):
            raise name_of_another()

    async def _bind(
        self,
        site: SiteEntry,
        user: str,
        *,
        made_by: str,
        replace: bool,
        display: str = SAME,
        actor: str = SITE,
        key: str = "",
        openid: str = "",
        proof_of: str = "",
        claim: Claim | None = None,
    ) -> BindingResult:
        wanted = Bind(
            site=site.name,
            user=user,
            made_by=made_by,
            display=display,
            openid=claim.openid if claim else openid,
            proof_of=proof_of,
            handle_of=claim.source if claim else "",
            handle_until=claim.until if claim else 0,
            replace=replace,
            many=site.config.users_per_wechat == "many",
            notices=site.config.binding_notices,
            actor=actor,
            hooks=site.wanted,
            key=key,
            writes=site.rates[WRITES] if key else "",
        )
        reply = await self._store.bind(site.store_keys, wanted)
        if reply.found is not None and reply.outcome is Outcome.BOUND:
            self._profile_sync.meet(site, user, reply.found.openid)
        return BindingResult(reply.outcome, reply.found, denial=_denial(site, reply))

    async def unbind(
        self, site: SiteEntry, user: str, *, by: str = "site", actor: str = SITE, reason: str = "", key: str = ""
    ) -> BindingResult:
        """Remove a binding and notify the person: DONE, ABSENT or LIMITED."""
        unwanted = Unbind(
            site=site.name,
            user=user,
            by=by,
            actor=actor,
            reason=reason,
            notices=site.config.binding_notices,
            hooks=site.wanted,
            key=key,
            writes=site.rates[WRITES] if key else "",
        )
        reply = await self._store.unbind(site.store_keys, unwanted)
        return BindingResult(reply.outcome, denial=_denial(site, reply))

    async def find(self, site: SiteEntry, *, openid: str = "", unionid: str = "") -> list[tuple[str, Binding]]:
        """The users that a WeChat account (`openid`) or a person (`unionid`) is bound to, at most 100."""
        reply = await self._store.find(site.store_keys, site.name, openid=openid, unionid=unionid, most=_MOST_FOUND)
        return list(reply.bindings)

    async def history(self, site: SiteEntry, user: str) -> list[BindingChange]:
        """The history of a user's bindings, oldest first; its length is bounded (`codesvc.store.script`)."""
        return list((await self._store.history(site.store_keys, site.name, user)).lines)

    async def verify_proof(self, site: SiteEntry, proof: str, *, consume: bool) -> ProofResult:
        """Verify a proof: DONE, SPENT, STALE_PROOF, or ABSENT if it is not a genuine proof for this site."""
        claims = self._proofs.read(proof, audience=site.name)
        if claims is None:
            return ProofResult(Outcome.ABSENT)
        reply = await self._store.spend_proof(site.store_keys, site.name, claims.verification, consume=consume)
        return ProofResult(reply.outcome, claims)

    async def lift_guesses(self, site: SiteEntry, user: str, *, actor: str = SITE, reason: str = "") -> None:
        """Reset the limit of wrong guesses of a user."""
        await self._store.lift_guesses(site.store_keys, site.name, user, actor=actor, reason=reason)
