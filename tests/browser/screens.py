"""Screenshots of every state, into `screens/`: `python -m tests.browser.screens [part of a name]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.scenes import INSIDE_WECHAT, SCENES, looking
from tests.browser.stage import PHONE, WECHAT_AGENT, staged
from tests.chromium import chromium_for_pictures, running_chromium

if TYPE_CHECKING:
    from tests.browser.stage import Stage

DIRECTORY = Path("screens")
LOOKS: dict[str, dict[str, Any]] = {
    "phone-light": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
    "desktop-light": {},
    "desktop-dark": {"dark": True},
    "desktop-en": {"locale": "en-US"},
    "phone-en": {"phone": True, "locale": "en-US"},
    "wechat": {"viewport": PHONE, "user_agent": WECHAT_AGENT, "device_scale_factor": 2},
    "wechat-dark": {"viewport": PHONE, "user_agent": WECHAT_AGENT, "device_scale_factor": 2, "dark": True},
}


async def photograph(stage: Stage, scene_name: str, look_name: str) -> None:
    async with stage.visitor(**LOOKS[look_name]) as context:
        page = await SCENES[scene_name](stage, looking(context))
        await page.evaluate("document.fonts.ready")
        await page.evaluate(
            "Promise.all([...document.images].map(i => i.complete || new Promise(r => { i.onload = i.onerror = r; })))"
        )
        await page.screenshot(path=DIRECTORY / f"{scene_name}--{look_name}.png", full_page=scene_name != "reference")


async def main(wanted: list[str]) -> None:
    async with running_chromium(chromium_for_pictures()) as chromium, staged(chromium) as stage:
        # Look by look: a scene in which WeChat fails, several times in a row, would open the circuit breaker.
        for look_name in LOOKS:
            for scene_name in SCENES:
                if scene_name in INSIDE_WECHAT and "wechat" not in look_name:
                    continue
                name = f"{scene_name}--{look_name}"
                if not wanted or any(part in name for part in wanted):
                    await photograph(stage, scene_name, look_name)
                    sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    asyncio.run(main(sys.argv[1:]))
