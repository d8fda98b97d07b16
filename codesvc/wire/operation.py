"""How health, the test clock and the events of another back end are answered."""

from __future__ import annotations

from typing import Annotated

from codesvc.wire.answer import Answer, Time, told


class Health(Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Annotated[str, told("ok", example="ok")]


class Readiness(Answer, frozen=True, kw_only=True):
    """Whether the process can do its work."""

    status: Annotated[str, told("ready or unavailable", words=("ready", "unavailable"), example="ready")]
    store: Annotated[str, told("what the store said", example="ok")]


class Clock(Answer, frozen=True, kw_only=True):
    """The service's time, in test mode."""

    offset: Annotated[float, told("how far it is ahead, seconds", example=60.0)]
    now: Time


class Heard(Answer, frozen=True, kw_only=True):
    """What a push meant to the service."""

    ours: Annotated[bool, told("whether the push was meant for the service")]
    reply: Annotated[str | None, told("what you may say in the chat; never a code or a link")]
