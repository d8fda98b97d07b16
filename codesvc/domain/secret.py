"""A text value that is never shown by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A secret text. Only `reveal()` returns it; `repr`, `str` and formatting hide it, and pickling fails.

    Two secrets are compared in constant time. A secret never equals plain text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret text. The result must not appear in logs or errors, nor be kept in long-lived objects."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._octets(), other._octets())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse pickling: a pickle is a file or a message that other programs can read.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret cannot be pickled")

    def _octets(self) -> bytes:
        # surrogatepass: comparing must not fail, even for text that a rule would reject.
        return self._text.encode("utf-8", "surrogatepass")
