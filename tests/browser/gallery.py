"""The pictures of the READMEs, into `docs/images/`: a desk and two phones, in each language, the first also dark."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.scenes import SCENES, looking
from tests.browser.stage import PHONE_AGENT, staged
from tests.chromium import chromium_for_pictures, running_chromium

if TYPE_CHECKING:
    from tests.browser.stage import Stage

DIRECTORY = Path("docs/images")
MOST_BYTES = 750_000  # of all together, the operator's pages too: every clone carries them
SHARPNESS = 1.5
SHEETS = {"page": ("picture", "replied", "login"), "widget": ("widget_scan", "approved", "ask_bind")}
DESK, PHONE = {"width": 1040, "height": 735}, {"width": 360, "height": 680}
PAGE = """<!doctype html><style>
body {{ zoom: .7; margin: 0; width: 1500px; height: 620px; overflow: hidden; background: {ground}; }}
img {{ position: absolute; border-radius: 18px; box-shadow: 0 0 0 1px {line}; }}
img:nth-of-type(1) {{ left: 40px; top: 27px; width: 800px; }}
img:nth-of-type(2) {{ left: 880px; top: 40px; width: 280px; border-radius: 28px; }}
img:nth-of-type(3) {{ left: 1190px; top: 40px; width: 280px; border-radius: 28px; }}
</style>{images}"""


async def take(stage: Stage, scene: str, *, phone: bool, locale: str, dark: bool) -> str:
    agent = PHONE_AGENT.replace("Version/18.1", "MicroMessenger/8.0.54") if scene == "ask_bind" else PHONE_AGENT
    options = {"viewport": PHONE, "user_agent": agent, "has_touch": True} if phone else {"viewport": DESK}
    async with stage.visitor(locale=locale, dark=dark, **options | {"device_scale_factor": SHARPNESS}) as context:
        page = await SCENES[scene](stage, looking(context))
        await page.evaluate("document.fonts.ready")
        await page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        return base64.b64encode(await page.screenshot()).decode()


async def compose(stage: Stage, sheet: str, locale: str, *, dark: bool) -> None:
    desk, *phones = SHEETS[sheet]
    taken = [await take(stage, desk, phone=False, locale=locale, dark=dark)]
    taken += [await take(stage, scene, phone=True, locale=locale, dark=dark) for scene in phones]
    images = "".join(f'<img src="data:image/png;base64,{picture}">' for picture in taken)
    context = await stage.browser.new_context(viewport={"width": 1050, "height": 434})
    page = await context.new_page()
    colours = {"ground": "#1c2420", "line": "#38453e"} if dark else {"ground": "#dfe7e2", "line": "#cfd8d3"}
    await page.set_content(PAGE.format(images=images, **colours))
    await page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    name = f"{sheet}-{locale[:2]}-{'dark' if dark else 'light'}.png"
    await page.screenshot(path=DIRECTORY / name)
    await context.close()


async def main() -> None:
    async with running_chromium(chromium_for_pictures()) as chromium, staged(chromium) as stage:
        for sheet in SHEETS:
            for locale in ("zh-CN", "en-US"):
                for dark in (False, True) if sheet == "page" else (False,):
                    await compose(stage, sheet, locale, dark=dark)


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    asyncio.run(main())
    size = sum(path.stat().st_size for path in DIRECTORY.glob("*.png"))
    if size > MOST_BYTES:
        raise SystemExit(f"{DIRECTORY} has {size} bytes, more than {MOST_BYTES}")
