"""Arguments and replies of the scripts about one verification."""

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
    """The arguments that all starts of one site and purpose share.

    The caller keeps the object, so that its call is prepared once.

    Attributes:
        scan: who may scan: off, bound or open.
        disclose_binding: whether the site may learn that a user is bound.
        attempts: how many wrong guesses one code allows.
        code_life_ms: how long a code is valid.
        code_max_life_ms: how long it is valid at most, with all resends.
        resend_after_ms: how long a resend has to wait.
        push_delay_ms: how long a push waits for a newer start of the same person, before it is sent.
        max_live: the most pending verifications of a user with one purpose and address.
        channels: the channels of a push, in order, separated by commas.
        rates: each limit as the scripts read it; "" means no limit.
        shared_pushes: the rates that decide how many pushes to one WeChat account are stored, for all of its sites.
        hooks: events that the site's webhook listens to, as the scripts read them.
    """

    keys: Keys
    site: str
    purpose: str
    scan: str
    disclose_binding: bool
    attempts: int
    code_life_ms: int
    code_max_life_ms: int
    resend_after_ms: int
    push_delay_ms: int
    max_live: int
    channels: str
    rates: Mapping[str, str]
    shared_pushes: str
    hooks: str


@dataclass(frozen=True, slots=True)
class Start:
    """The arguments of one start.

    Attributes:
        id: with a code of the usual length.
        long_id: with the longer code, which is used after the site's limit of guesses is reached.
        longest_id: with a code so long that guesses at it have no budget, for when that of the longer ones is short.
        user: the site's identifier of the person.
        address: the rate-limit bucket of the client's address, `-` if the site sends none.
        fixed_json: the constant part of the record, JSON.
        vouched: whether the site has authenticated the person by other means.
        keyword: eight characters that bring the code in the chat, "" for none.
        idempotency_key: "" for none.
        fingerprint: the hash of the request with that key.
        predecessor: the verification whose page starts it, "" if the site does.
        contact: what `contact_start.lua` reads of a last resort, b"" for none.
        contact_box: its sealed recipient.
    """

    id: str
    long_id: str
    longest_id: str
    user: str
    address: str
    fixed_json: bytes
    vouched: bool
    keyword: str
    idempotency_key: str
    fingerprint: str
    predecessor: str = ""
    contact: bytes = b""
    contact_box: bytes = b""


class Started(VerificationReply, frozen=True):
    """STARTED, REPEATED, MISMATCH, LIMITED, COLLISION, ENDED, or ABSENT if a repeated one is no longer kept.

    ENDED: the predecessor may start no successor.

    Attributes:
        long: whether a longer code is used.
        left: how much of each limit remains (`fragments/windows.lua`).
        limit: the limit that refused.
        wait_ms: ms until the limit allows a start.
    """

    long: bool = False
    left: str = ""
    limit: str = ""
    wait_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CheckRules:
    """The arguments that all checks of one site share; as `StartRules`.

    Attributes:
        return_purposes: the purposes with `return_key`, separated by commas.
    """

    keys: Keys
    site: str
    rates: Mapping[str, str]
    return_purposes: str = ""


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
    """The resend settings of one purpose, as MessagePack for the script, which names no unit.

    Attributes:
        code_life_ms: how much longer the code is valid, ms.
        code_max_life_ms: how long it is valid at most, counted from its start, ms.
        resend_after_ms: how long the next resend has to wait, ms.
        channels: the channels of a push, in order, separated by commas.
    """

    code_life_ms: int = msgspec.field(name="code_life")
    code_max_life_ms: int = msgspec.field(name="code_max_life")
    resend_after_ms: int = msgspec.field(name="resend_after")
    channels: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ResendRules:
    """The arguments that all resends of one site share; as `StartRules`.

    Attributes:
        purposes: how each of its purposes resends.
    """

    keys: Keys
    site: str
    purposes: Mapping[str, Resend]
    rates: Mapping[str, str]
    shared_pushes: str


class Resent(VerificationReply, frozen=True):
    """RESENT, EARLY, ENDED, or ABSENT; ABSENT also if the site no longer has the purpose.

    Attributes:
        wait_ms: ms until a resend is possible, for EARLY.
        whole_ms: ms that a resend has to wait after the one before, for EARLY.
    """

    wait_ms: int = 0
    whole_ms: int = 0


class SceneAttached(VerificationReply, frozen=True):
    """ATTACHED, EMPTY (the pool is, and a call that creates a QR code was charged), CLOSED, ENDED, ABSENT, LIMITED.

    Attributes:
        pool_left: how many QR codes remain in the pool.
    """

    pool_left: int = 0


class UserRead(Reply, frozen=True):
    """A user's latest verifications and use of limits, for operators.

    Attributes:
        verifications: the latest ids, newest first.
        pushes_left: how much of the limit of pushes remains.
        guesses_left: how much of the limit of guesses remains.
    """

    verifications: tuple[str, ...] = ()
    pushes_left: str = ""
    guesses_left: str = ""
