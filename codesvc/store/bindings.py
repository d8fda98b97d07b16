"""Scripts about bindings of a site's users to WeChat accounts, and about the proofs that bind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from codesvc.domain.binding import BindingChange
from codesvc.store.act import Act
from codesvc.store.replies import Binding, Reply, fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class BindingReply(Reply, frozen=True):
    """The reply of a script about one binding.

    Attributes:
        binding: its fields, empty if the outcome has none.
        unreachable: why no message reaches the person, "" if one may (`Binding.unreachable`).
    """

    binding: Annotated[dict[str, str], fields_of] = msgspec.field(default_factory=dict)
    unreachable: str = ""

    @property
    def found(self) -> Binding | None:
        """The binding, if there is one."""
        return Binding.of(self.binding, unreachable=self.unreachable) if self.binding else None


class BoundReply(BindingReply, frozen=True):
    """The reply of the script that binds.

    Attributes:
        wait_ms: ms until the key may write again, for LIMITED.
    """

    wait_ms: int = 0


class Unbound(Reply, frozen=True):
    """DONE, ABSENT or LIMITED.

    Attributes:
        openid: whose binding was removed.
        wait_ms: ms until the key may write again, for LIMITED.
    """

    openid: str = ""
    wait_ms: int = 0


def _found(raw: Sequence[object]) -> tuple[tuple[str, Binding], ...]:
    return tuple(
        (user.decode(), Binding.of(fields_of(flat), unreachable=why.decode()))  # type: ignore[attr-defined, arg-type]
        for user, flat, why in zip(raw[::3], raw[1::3], raw[2::3], strict=True)
    )


class BindingsFound(Reply, frozen=True):
    """DONE."""

    bindings: Annotated[tuple[tuple[str, Binding], ...], _found] = ()


def _changes(raw: Sequence[bytes]) -> tuple[BindingChange, ...]:
    return tuple(msgspec.json.decode(line, type=BindingChange) for line in raw)


class History(Reply, frozen=True):
    """DONE.

    Attributes:
        lines: the history of a user's bindings, oldest first.
    """

    lines: Annotated[tuple[BindingChange, ...], _changes] = ()


class Imported(Reply, frozen=True):
    """DONE.

    Attributes:
        verdicts: for each row bound, same, user (has another WeChat account) or wechat (has another user).
    """

    verdicts: tuple[str, ...] = ()


class Bind(msgspec.Struct, frozen=True, kw_only=True):
    """A binding that a site wants.

    Attributes:
        made_by: proof, openid or handle.
        display: the name under which the person recognises the account, see `codesvc.domain.display_name`.
        openid: the WeChat account to bind; "" if the proof names it.
        proof_of: the verification that proves it, "" for none.
        handle_of: the login or ticket whose handle proves it, "" for none.
        handle_until: when that handle ends, ms.
        replace: whether to move the user from another WeChat account.
        many: whether a WeChat account may have several users of the site.
        notices: whether people are notified.
        actor: who binds, for the audit log.
        hooks: events that the site's webhook listens to, as the scripts read them.
        key: the API key that writes, for its limit; `-chat` for the people themselves, "" for none.
        writes: how often that key may write, encoded; "" for no limit.
    """

    site: str
    user: str
    made_by: str
    display: str = ""
    openid: str = ""
    proof_of: str = ""
    handle_of: str = ""
    handle_until: int = 0
    replace: bool
    many: bool
    notices: bool
    actor: str
    hooks: str
    key: str = ""
    writes: str = ""


class Unbind(msgspec.Struct, frozen=True, kw_only=True):
    """A binding to remove. What is not listed is as in `Bind`.

    Attributes:
        by: the actor for the history.
        actor: the actor for the audit log.
        reason: for the audit log.
        notices: whether the person is notified.
    """

    site: str
    user: str
    by: str
    actor: str
    reason: str
    notices: bool
    hooks: str
    key: str = ""
    writes: str = ""


class Bindings:
    """Bindings in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._read = Act(deployment, "read_binding", BindingReply)
        self._bind = Act(deployment, "bind", BoundReply)
        self._unbind = Act(deployment, "unbind", Unbound)
        self._find = Act(deployment, "find_bindings", BindingsFound)
        self._history = Act(deployment, "read_history", History)
        self._import = Act(deployment, "import_bindings", Imported)
        self._note_unionid = Act(deployment, "note_unionid", Reply)
        self._spend_proof = Act(deployment, "spend_proof", Reply)
        self._lift_guesses = Act(deployment, "lift_guesses", Reply)

    async def read(self, keys: Keys, site: str, user: str) -> BindingReply:
        """Read a binding: DONE or ABSENT."""
        return await self._read(keys, {"binding": keys.binding(site, user)}, {})

    async def bind(self, keys: Keys, wanted: Bind) -> BoundReply:
        """Create a binding: BOUND, SAME, CONFLICT, SPENT, STALE_PROOF, ABSENT (no such proof) or LIMITED."""
        return await self._bind(
            keys,
            {
                "binding": keys.binding(wanted.site, wanted.user),
                "record": keys.record(wanted.proof_of),
                "spent": keys.spent(wanted.handle_of),
                "writes": keys.window("binding_writes", wanted.site, wanted.key),
            },
            {
                "site": wanted.site,
                "user": wanted.user,
                "openid": wanted.openid,
                "unionid": "",
                "made_by": wanted.made_by,
                "display": wanted.display,
                "actor": wanted.actor,
                "proof_of": wanted.proof_of,
                "handle_of": wanted.handle_of,
                "handle_until": wanted.handle_until,
                "replace": int(wanted.replace),
                "many": int(wanted.many),
                "notices": int(wanted.notices),
                "hooks": wanted.hooks,
                "binding_writes": wanted.writes,
            },
        )

    async def unbind(self, keys: Keys, unwanted: Unbind) -> Unbound:
        """Remove a binding."""
        return await self._unbind(
            keys,
            {
                "binding": keys.binding(unwanted.site, unwanted.user),
                "writes": keys.window("binding_writes", unwanted.site, unwanted.key),
            },
            {
                "site": unwanted.site,
                "user": unwanted.user,
                "by": unwanted.by,
                "actor": unwanted.actor,
                "reason": unwanted.reason,
                "notices": int(unwanted.notices),
                "hooks": unwanted.hooks,
                "binding_writes": unwanted.writes,
            },
        )

    async def find(self, keys: Keys, site: str, *, openid: str, unionid: str, most: int) -> BindingsFound:
        """The users that a WeChat account is bound to, or a person by unionid if `openid` is ""."""
        index = keys.owners(site, openid) if openid else keys.union(site, unionid)
        return await self._find(keys, {"index": index}, {"site": site, "most": most})

    async def history(self, keys: Keys, site: str, user: str) -> History:
        """The history of a user's bindings; bounded (`codesvc.store.script`)."""
        return await self._history(
            keys, {"history": keys.history(site, user), "binding": keys.binding(site, user)}, {"site": site}
        )

    async def take_over(self, keys: Keys, site: str, rows: bytes, *, many: bool, dry: bool) -> Imported:
        """Import bindings.

        `rows` is JSON: lists of user, openid, unionid, since (ms as text, "" for now) and display name ("" keeps it).
        """
        return await self._import(keys, {}, {"site": site, "rows": rows, "many": int(many), "dry": int(dry)})

    async def note_unionid(self, keys: Keys, site: str, user: str, *, openid: str, unionid: str) -> Reply:
        """Keep the unionid of a bound person: DONE, or STALE if the user has another binding by now."""
        return await self._note_unionid(
            keys,
            {"binding": keys.binding(site, user), "union": keys.union(site, unionid)},
            {"site": site, "user": user, "openid": openid, "unionid": unionid},
        )

    async def spend_proof(self, keys: Keys, site: str, verification: str, *, consume: bool) -> Reply:
        """Whether a proof is fresh and not spent: DONE, SPENT, STALE_PROOF or ABSENT; `consume` spends it."""
        return await self._spend_proof(
            keys, {"record": keys.record(verification)}, {"site": site, "consume": int(consume)}
        )

    async def lift_guesses(self, keys: Keys, site: str, user: str, *, actor: str, reason: str) -> None:
        """Reset the limit of wrong guesses of a user."""
        await self._lift_guesses(
            keys,
            {"user_guesses": keys.window("user_guesses", site, user), "lately": keys.lately(site, user)},
            {"actor": actor, "site": site, "user": user, "reason": reason},
        )
