"""How long the store keeps data that is rarely read, and how much of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the store keeps data that is rarely read, in ms, and how much of it.

    Attributes:
        history: how long the history of a user's bindings is kept after its last change.
        audit: how long a line of the audit log is kept.
        audit_lines: the most lines of the audit log of one site; the store drops them in blocks of about a hundred.
    """

    history: int = 400 * 86_400_000
    audit: int = 400 * 86_400_000
    audit_lines: int = 20_000
