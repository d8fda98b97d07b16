"""The scenes by name, and where they are to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from tests.browser.stage import Stage

    Scene = Callable[[Stage, Callable[[str], Awaitable[Page]]], Awaitable[Page]]

SCENES: dict[str, Scene] = {}
INSIDE_WECHAT: set[str] = set()
"""Scenes that exist in WeChat's own browser only."""


def scene(function: Scene) -> Scene:
    SCENES[function.__name__] = function
    return function


def inside_wechat(function: Scene) -> Scene:
    INSIDE_WECHAT.add(function.__name__)
    return scene(function)
