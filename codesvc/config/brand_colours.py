"""Notices about brand colours that are used in another shade, because the colour itself would be hard to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.config.faults import Fault
from codesvc.domain.colours import DARK, LIGHT, READABLE, Scheme, legibility, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codesvc.config.settings import Brand, Site


def colour_notices(sites: Mapping[str, Site]) -> Iterator[Fault]:
    """A notice for each colour that was set and cannot be read in the scheme that it was set for."""
    for name, site in sites.items():
        for option, colour, scheme in _set_colours(site.brand):
            ratio = legibility(colour, scheme)
            if ratio < READABLE:
                kind = "dark" if scheme is DARK else "light"
                yield Fault(
                    ("sites", name, "brand", option),
                    f"{colour} has a contrast of {ratio:.1f} : 1 on the {kind} pages, where text needs {READABLE} : 1 "
                    f"(WCAG AA); they use the nearest readable shade, {readable(colour, scheme)}",
                )


def _set_colours(brand: Brand) -> Iterator[tuple[str, str, Scheme]]:
    if brand.accent is not None:
        yield "accent", brand.accent, LIGHT
    if brand.accent_dark is not None:
        yield "accent_dark", brand.accent_dark, DARK
