"""The looks of a site's pages and widget, computed once from its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.colours import DARK, LIGHT, Palette, palette
from codesvc.domain.logo import Logo, parse

if TYPE_CHECKING:
    from codesvc.config.brand_settings import Brand


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks that a site has chosen.

    Attributes:
        logo: the picture; None: the first letter of the site's name.
        light: the colours of the light scheme; None: the service's own.
        dark: those of the dark scheme.
        radius: the radius of the card's corners, in CSS pixels; smaller parts have less.
        qr_frame: `line`, `accent` or `none`.
    """

    logo: Logo | None
    light: Palette | None
    dark: Palette | None
    radius: int
    qr_frame: str

    @classmethod
    def of(cls, brand: Brand) -> Looks:
        """The looks that these options describe. Without a dark accent the light one is made lighter."""
        dark = brand.accent_dark or brand.accent
        return cls(
            logo=parse(brand.logo) if brand.logo else None,
            light=palette(brand.accent, LIGHT) if brand.accent else None,
            dark=palette(dark, DARK) if dark else None,
            radius=brand.radius,
            qr_frame=brand.qr_frame,
        )
