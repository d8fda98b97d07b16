"""What goes into the scripts about one verification, and what comes out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from codesvc.store.replies import Reply, VerificationReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.keys import Keys


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class StartRules:
    """What all starts of one site and purpose have in common. Kept by the caller: a call is prepared once for each.

    Attributes:
        keys: of the site's account.
        site: its name.
        purpose: its name.
        scan: who may scan: off, bound or open.
        disclose: whether the site may learn that a user is bound.
        attempts: how many guesses one code stands.
        code_life_ms: how long a code is good.
        max_life_ms: how long it is good at most, with all resends.
        resend_after_ms: how long a resend has to wait.
        max_live: how many pending ones a user may have with one purpose and address.
        channels: by which a push goes, in order, separated by commas.
        rates: each limit as the scripts read it; "" is no limit.
        shared_pushes: what the account's sites together have to remember of pushes to one WeChat.
        hooks: events that the site's webhook listens to, as the scripts read them.
    """

    keys: Keys
    site: str
    purpose: str
    scan: str
    disclose: bool
    attempts: int
    code_life_ms: int
    max_life_ms: int
    resend_after_ms: int
    max_live: int
    channels: str
    rates: Mapping[str, str]
    shared_pushes: str
    hooks: str


@dataclass(frozen=True, slots=True)
class Start:
    """One start.

    Attributes:
        id: with a code of the usual length.
        long_id: with the longer code, which is taken past the site's limit of guesses.
        user: whom the code is for.
        address: the bucket of who asks, `-` where the site sends none.
        fixed: what never changes of the record, JSON.
        vouched: whether the site has authenticated the person by other means.
        keyword: eight characters that bring the code in the chat, "" for none.
        idempotency_key: "" for none.
        fingerprint: of the request that came with it.
    """

    id: str
    long_id: str
    user: str
    address: str
    fixed: bytes
    vouched: bool
    keyword: str
    idempotency_key: str
    fingerprint: str


class Started(VerificationReply, frozen=True):
    """STARTED, REPEATED, MISMATCH, LIMITED, COLLISION, or ABSENT where a repeated one is no longer kept.

    Attributes:
        long: whether the longer code was made.
        left: what the limits leave (`fragments/windows.lua`).
        limit: which limit refused.
        wait_ms: until it allows a start.
    """

    long: bool = False
    left: str = ""
    limit: str = ""
    wait_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CheckRules:
    """What all checks of one site have in common; as `StartRules`.

    Attributes:
        keys: of the site's account.
        site: its name.
        rates: each limit as the scripts read it; "" is no limit.
    """

    keys: Keys
    site: str
    rates: Mapping[str, str]


class Checked(VerificationReply, frozen=True):
    """APPROVED, WRONG, ENDED, LIMITED, MISMATCH or ABSENT; other attributes as `Started`.

    Attributes:
        repeated: the call's Idempotency-Key has had this answer before; nothing was taken.
    """

    repeated: bool = False
    left: str = ""
    limit: str = ""
    wait_ms: int = 0


class Resend(msgspec.Struct, frozen=True):
    """How a purpose resends.

    Attributes:
        code_life: how much longer the code is good, ms.
        max_life: how long it is good at most, counted from its start, ms.
        resend_after: how long the next resend has to wait, ms.
        channels: by which a push goes, in order, separated by commas.
    """

    code_life: int
    max_life: int
    resend_after: int
    channels: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ResendRules:
    """What all resends of one site have in common; as `StartRules`.

    Attributes:
        keys: of the site's account.
        site: its name.
        purposes: how each of its purposes resends.
        rates: each limit as the scripts read it.
        shared_pushes: as `StartRules`.
    """

    keys: Keys
    site: str
    purposes: Mapping[str, Resend]
    rates: Mapping[str, str]
    shared_pushes: str


class Resent(VerificationReply, frozen=True):
    """RESENT, EARLY, ENDED, or ABSENT, also where the site no longer has the purpose.

    Attributes:
        wait_ms: of EARLY: until a resend is possible.
    """

    wait_ms: int = 0


class SceneAttached(VerificationReply, frozen=True):
    """ATTACHED, EMPTY (no QR code was at hand), CLOSED, ENDED, ABSENT, LIMITED.

    Attributes:
        pool_left: how many QR codes remain in the pool.
    """

    pool_left: int = 0


class UserRead(Reply, frozen=True):
    """What an operator asks about a user.

    Attributes:
        verifications: the latest ids, newest first.
        pushes_left: what the limit of pushes leaves.
        guesses_left: what the limit of guesses leaves.
    """

    verifications: tuple[str, ...] = ()
    pushes_left: str = ""
    guesses_left: str = ""
