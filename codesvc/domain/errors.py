"""What can go wrong inside, said without HTTP.

A denial that a caller can act on (a limit, a wrong code) is a value, not an exception: see the outcome enums of
`codesvc.store.outcomes`. The classes here are for what a use case cannot answer at all. `codesvc.web.problem` is the
only place that turns them into status codes.
"""

from __future__ import annotations


class CodesvcError(Exception):
    """Root of everything this package raises on purpose; its text is safe to log."""


class Invalid(CodesvcError):
    """The caller's input is wrong in a way that another try with the same input cannot mend.

    Attributes:
        pointer: JSON pointer (RFC 6901) of the offending member, or "" for the whole.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class StoreUnavailable(CodesvcError):
    """The store did not answer, or answered that it cannot write.

    Whatever was asked may or may not have happened; nothing is retried by itself (DESIGN, known traps).

    Attributes:
        state: the store's state in a word or two, for `/readyz`.
    """

    def __init__(self, message: str, state: str = "no answer") -> None:
        super().__init__(message)
        self.state = state


class ScriptError(CodesvcError):
    """A script failed inside the store: our own fault, never the caller's."""


class PlatformUnavailable(CodesvcError):
    """WeChat could not be asked for something that was needed at once (a QR code on demand)."""
