"""Scenes: the parameters of temporary QR codes, by which WeChat's events say what was scanned."""

import secrets
from typing import Final

SCENE_PREFIX: Final = "cs_"
"""The beginning of this service's scenes. It separates them from scenes of another back end on the same account."""


def new_scene() -> str:
    """A scene that cannot be guessed: the prefix and 120 random bits, 23 characters of the 64 that WeChat allows."""
    return SCENE_PREFIX + secrets.token_urlsafe(15)
