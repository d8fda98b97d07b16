"""The scenes by name, and where they are to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, Page

    from tests.browser.stage import Stage

    Scene = Callable[[Stage, Callable[[str], Awaitable[Page]]], Awaitable[Page]]

SCENES: dict[str, Scene] = {}
INSIDE_WECHAT: set[str] = set()
"""Scenes that exist in WeChat's own browser only."""


def looking(context: BrowserContext) -> Callable[[str], Awaitable[Page]]:
    """What a scene opens its pages with, in this context."""

    async def look(url: str) -> Page:
        page = await context.new_page()
        await page.goto(url)
        return page

    return look


def scene(function: Scene) -> Scene:
    SCENES[function.__name__] = function
    return function


def shows(name: str, address: str) -> None:
    """Add a scene that is the page at an address; `at` in it stands for the stage's addresses."""

    async def page_at(stage: Stage, look: Callable[[str], Awaitable[Page]]) -> Page:
        return await look(address.format(at=stage.addresses))

    SCENES[name] = page_at


def inside_wechat(function: Scene) -> Scene:
    INSIDE_WECHAT.add(function.__name__)
    return scene(function)
