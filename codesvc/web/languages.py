"""Selects the language of a page for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.web.context import services

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.web.texts import Speech


def asked_by(request: web.Request) -> str:
    """The `Accept-Language` of a request; several lines are one list (RFC 9110 section 5.3)."""
    return ",".join(request.headers.getall("Accept-Language", ()))


def spoken_by(request: web.Request) -> str:
    """The name of the language, such as `zh`, from `Accept-Language`."""
    return services(request).texts.chosen(asked_by(request))


def speech_for(request: web.Request) -> Speech:
    """The texts in that language."""
    return services(request).texts.speech(spoken_by(request))
