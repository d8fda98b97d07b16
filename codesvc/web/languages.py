"""Selects the language of a page for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.context import services

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.web.texts import Speech

_LONGEST_HEADER: Final = 512


def spoken_by(request: web.Request) -> str:
    """The name of the language, such as `zh`, from `Accept-Language`."""
    return services(request).texts.chosen(request.headers.get("Accept-Language", "")[:_LONGEST_HEADER])


def speech_for(request: web.Request) -> Speech:
    """The texts in that language."""
    return services(request).texts.speech(spoken_by(request))
