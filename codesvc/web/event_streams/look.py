"""One read of what a stream shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from codesvc.client.schema import Answer


@dataclass(frozen=True, slots=True)
class StreamState:
    """The state of a streamed object at one read.

    Attributes:
        document: the state that may be disclosed.
        over: whether the state is final.
        until_ms: milliseconds until the state changes by time alone.
    """

    document: Answer
    over: bool
    until_ms: int

    def event(self) -> bytes:
        """The event as bytes."""
        return b"event: change\ndata: " + msgspec.json.encode(self.document) + b"\n\n"
