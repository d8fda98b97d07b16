"""What this process has compiled of the shipped templates.

They are the same in each `Templates`, and to compile a page takes longer than to render it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from types import CodeType

    from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """The code of the last source that was compiled under each name."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code, if the source is the same."""
        checksum, code = self._found.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        self._found[bucket.key] = bucket.checksum, bucket.code


COMPILED: Final = CompiledTemplates()
