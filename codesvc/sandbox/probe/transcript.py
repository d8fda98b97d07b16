"""The transcript of a walk: a JSON document, one event after the other (docs: claims)."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from codesvc.sandbox.account import Mode
from codesvc.sandbox.rights import AccountKind

FORMAT = "codesvc-probe/1"
EventKind = Literal["call", "callback", "redirect", "answer", "skipped"]


class UnusableTranscript(ValueError):
    """The file is not a transcript of this format."""


@dataclass
class Event:
    """One thing that happened.

    Attributes:
        kind: a call to the platform, a callback from it, the browser's return, the operator's answer, a skipped step.
        name: the path of a call, the event of a callback, the question of an answer, the reason of a skip.
        seconds: since the event before. The comparison uses them only for callbacks that the platform sends by itself.
        timed: whether the platform, and no person, decided when it happened.
        shape: the answer or the request, without its values (`shapes`).
        elements: the names of a callback's elements in their order, outer ones first.
    """

    step: str
    kind: EventKind
    name: str
    seconds: float = 0.0
    timed: bool = False
    status: int | None = None
    content_type: str | None = None
    shape: Any = None
    elements: list[str] = field(default_factory=list)


@dataclass
class Transcript:
    """A whole walk.

    Attributes:
        kind: the kind of account, as the operator named it.
        mode: how callbacks are encrypted.
        recorded_on: the day, as `2026-11-29`; no time of day.
    """

    kind: AccountKind
    mode: Mode
    recorded_on: str
    version: str = ""
    events: list[Event] = field(default_factory=list)

    def steps(self) -> list[str]:
        """The names of the steps that were taken, in their order."""
        return list(dict.fromkeys(event.step for event in self.events if event.kind != "skipped"))

    def of(self, step: str) -> dict[str, Event]:
        """The events of one step by kind and name. The second of the same kind and name is `x #2`, and so on."""
        found: dict[str, Event] = {}
        for event in self.events:
            if event.step != step:
                continue
            label = base = f"{event.kind} {event.name}"
            count = 1
            while label in found:
                count += 1
                label = f"{base} #{count}"
            found[label] = event
        return found

    def write(self) -> str:
        """The document."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    def save(self, path: Path) -> None:
        """Write it to a file that only its owner reads."""
        path.touch(mode=0o600)
        path.write_text(self.write(), encoding="utf-8")


def read(text: str) -> Transcript:
    """Read a document.

    Raises:
        UnusableTranscript: it is of another format, or its members are wrong.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise UnusableTranscript(f"not a transcript of the format {FORMAT}")
        return msgspec.convert(document, Transcript, strict=True)
    except (ValueError, RecursionError) as error:  # msgspec's error is a ValueError
        if isinstance(error, UnusableTranscript):
            raise
        raise UnusableTranscript(f"not a transcript of the format {FORMAT}: {error}") from error
