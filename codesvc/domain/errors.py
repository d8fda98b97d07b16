"""Exceptions of the service, independent of HTTP.

A refusal that a caller can act on, such as a limit or a wrong code, is a value and not an exception: see the outcomes
in `codesvc.store.outcomes`. The classes of this module are for failures that a use case cannot answer.
`codesvc.web.problem` translates them into HTTP status codes; nothing else does.
"""

import re
from typing import Final

_ARGUMENTS: Final = re.compile(
    r"Command # \d+ \(.*\) of pipeline caused error: |, with args beginning with: .*", re.DOTALL
)


def in_words(error: BaseException) -> str:
    """An error's text for people: of one of the operating system the file and the reason, without `[Errno 2]`.

    A store's error repeats the command with its arguments, which name users and openids: they are left out.
    """
    if isinstance(error, OSError) and error.strerror and error.errno is not None:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return _ARGUMENTS.sub("", str(error))


class CodesvcError(Exception):
    """Base class of every exception that this package raises on purpose. Its text is safe to log."""


class Invalid(CodesvcError):
    """The caller's input is invalid, so that repeating the call with the same input cannot succeed.

    Attributes:
        pointer: JSON pointer (RFC 6901) of the invalid member, or "" for the whole input.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class StoreUnavailable(CodesvcError):
    """The store did not answer, or reported that it cannot write.

    The request may or may not have been executed, so it is never retried automatically (DESIGN, known traps). Whatever
    reads or writes the store may raise this, so docstrings name it only where it means more.

    Attributes:
        state: the store's state in one or two words, for `/readyz`.
    """

    def __init__(self, message: str, state: str = "no answer") -> None:
        super().__init__(message)
        self.state = state


class ScriptError(CodesvcError):
    """A script failed inside the store. This is a defect of the service, never an error of the caller."""


class PlatformUnavailable(CodesvcError):
    """WeChat could not be asked for something that was needed at once (a QR code on demand)."""
