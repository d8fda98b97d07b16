"""Colours of a site's brand, and shades of them that everybody can read (WCAG 2.2, success criterion 1.4.3).

A brand's colour is chosen for a logo, not for small text. So each scheme, light and dark, gets the shade nearest to it
that has a contrast of 4.5 : 1 in every use: as text on the card, as text on a tint of itself, and under the text of a
button.
"""

import re
from dataclasses import dataclass
from typing import Final

READABLE: Final = 4.5  # WCAG 2.2 AA, for text of any size
COLOUR: Final = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
TINT: Final = 11  # per cent of the accent in the tint of a card; widget.css mixes the same
_PRESSED: Final = 22  # per cent of ink in a button under the pointer, as in widget.css

_LINEAR_TO: Final = 0.04045  # sRGB is linear up to here (IEC 61966-2-1)

_RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours of the pages that a brand does not change; style.css and widget.css have the same."""

    card: str
    ink: str
    on_accent: str
    ground: str
    toward: str


LIGHT: Final = Scheme(card="#ffffff", ink="#13201a", on_accent="#ffffff", ground="#f1f3f2", toward="#000000")
DARK: Final = Scheme(card="#151d19", ink="#e8f0ec", on_accent="#04211a", ground="#0d1110", toward="#ffffff")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme that depend on the accent, as `#rrggbb`.

    Attributes:
        accent: buttons and links.
        press: a button under the pointer.
        tint: the background of marked parts.
        ground: the page behind the card.
        glow: the light at the top of the page.
    """

    accent: str
    press: str
    tint: str
    ground: str
    glow: str


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, percent: int, other: str) -> str:
    """`percent` of a colour and the rest of another, as CSS's `color-mix(in srgb, …)`."""
    parts = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round((a * percent + b * (100 - percent)) / 100):02x}" for a, b in parts)


def legibility(accent: str, scheme: Scheme) -> float:
    """The least contrast that an accent has in its uses."""
    tint = mixed(accent, TINT, scheme.card)
    return min(contrast(accent, ground) for ground in (scheme.card, tint, scheme.on_accent))


def readable(accent: str, scheme: Scheme) -> str:
    """The accent, or the nearest shade of it that can be read: darker in the light scheme, lighter in the dark one."""
    shades = (mixed(scheme.toward, percent, accent) for percent in range(101))
    return next(shade for shade in shades if legibility(shade, scheme) >= READABLE)


def palette(accent: str, scheme: Scheme) -> Palette:
    """The colours of a scheme for a brand's accent."""
    shade = readable(accent.lower(), scheme)
    return Palette(
        accent=shade,
        press=mixed(scheme.ink, _PRESSED, shade),
        tint=mixed(shade, TINT, scheme.card),
        ground=mixed(shade, 4, scheme.ground),
        glow=mixed(shade, 12, scheme.ground),
    )


def _rgb(colour: str) -> _RGB:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= _LINEAR_TO else float(((part + 0.055) / 1.055) ** 2.4)
