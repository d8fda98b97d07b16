"""A value that is never shown by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Text that only `reveal()` gives away: not `repr`, `str`, formatting or pickling.

    Two secrets compare in constant time; a secret never equals plain text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself. Keep the result out of logs, errors and anything that lives long."""
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
        """Refuse pickling: a pickle is a file or a message, and both are read by others.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret cannot be pickled")

    def _octets(self) -> bytes:
        # surrogatepass: a comparison must not fail on text that a rule would refuse anyway.
        return self._text.encode("utf-8", "surrogatepass")
