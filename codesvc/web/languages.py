"""Which language a browser wants, and who speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.context import services

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.web.texts import Speech

_LONGEST_HEADER: Final = 512


def spoken_by(request: web.Request) -> str:
    """The name of the language, such as `zh`, by `Accept-Language`."""
    return services(request).texts.chosen(request.headers.get("Accept-Language", "")[:_LONGEST_HEADER])


def speech_for(request: web.Request) -> Speech:
    """What speaks it."""
    return services(request).texts.speech(spoken_by(request))
