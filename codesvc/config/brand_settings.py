"""The looks of a site's pages and widget, and notices about colours that are used in another shade."""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from codesvc.config.constraints import Between, colour, logo_picture
from codesvc.config.faults import Fault
from codesvc.domain.colours import DARK, LIGHT, READABLE, Scheme, legibility, readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The looks of a site's pages and widget. `logo` is a data URL; in the file it may name a picture's file."""

    logo: Annotated[str, logo_picture] | None = None
    accent: Annotated[str, colour] | None = None
    accent_dark: Annotated[str, colour] | None = None
    radius: Annotated[int, Between(0, 32)] = 20  # CSS pixels
    qr_frame: Literal["line", "accent", "none"] = "line"


def colour_notices(brands: Mapping[str, Brand]) -> Iterator[Fault]:
    """A notice for each colour that was set and cannot be read in the scheme that it was set for."""
    for name, brand in brands.items():
        for option, chosen, scheme in _set_colours(brand):
            ratio = legibility(chosen, scheme)
            if ratio < READABLE:
                kind = "dark" if scheme is DARK else "light"
                yield Fault(
                    ("sites", name, "brand", option),
                    f"{chosen} has a contrast of {ratio:.1f} : 1 on the {kind} pages, but text needs {READABLE} : 1 "
                    f"(WCAG AA); they use the nearest readable shade, {readable(chosen, scheme)}",
                )


def _set_colours(brand: Brand) -> Iterator[tuple[str, str, Scheme]]:
    if brand.accent is not None:
        yield "accent", brand.accent, LIGHT
    if brand.accent_dark is not None:
        yield "accent_dark", brand.accent_dark, DARK
