"""The outcomes of the scripts. Each script's header lists its outcomes, and a test compares the two."""

from enum import StrEnum


class Outcome(StrEnum):
    """The first element of every script's answer."""

    DONE = "done"
    ABSENT = "absent"
    ENDED = "ended"
    LIMITED = "limited"
    COLLISION = "collision"
    # start
    STARTED = "started"
    REPEATED = "repeated"
    MISMATCH = "mismatch"
    # check
    APPROVED = "approved"
    WRONG = "wrong"
    # resend
    RESENT = "resent"
    EARLY = "early"
    # scan
    ATTACHED = "attached"
    EMPTY = "empty"
    CLOSED = "closed"
    # claim
    CLAIMED = "claimed"
    REFUSED = "refused"
    OTHER = "other"
    # delivery
    BEGUN = "begun"
    STALE = "stale"
    EARLY_RECEIPT = "early-receipt"
    # binding
    BOUND = "bound"
    SAME = "same"
    CONFLICT = "conflict"
    SPENT = "spent"
    STALE_PROOF = "stale-proof"
    # erasing
    WAITING = "waiting"
    # bind intents and logins
    ASKED = "asked"
    CHOOSE = "choose"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    # logins for relying parties
    STRANGER = "stranger"
