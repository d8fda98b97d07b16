"""Submitted forms. Every handler reads its form here, so that what is not a form is refused in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

FORM: Final = "application/x-www-form-urlencoded"
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii", ""})


async def form_of(request: web.Request) -> Mapping[str, str]:
    """The fields of a submitted form; of a field that is sent twice, the last one. No fields if the body is not a form.

    Raises:
        Problem: the form is not UTF-8, as the HTML standard wants it, or cannot be read.
    """
    # Other charsets are names of Python codecs, some of which raise errors of any kind.
    if (request.charset or "").strip(" '\"").lower() not in _CHARSETS:
        raise Problem("malformed", "A form must be UTF-8.")
    try:
        fields = await request.post()
    except (LookupError, ValueError):
        raise Problem("malformed", "The form cannot be read.") from None
    return {name: value for name, value in fields.items() if isinstance(value, str)}
