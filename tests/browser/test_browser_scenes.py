"""Every scene as a machine reads it: WCAG 2.2 AA by axe, nothing wider than the screen, light and dark."""

from __future__ import annotations

import pytest

from tests.browser.scenes import INSIDE_WECHAT, SCENES, looking
from tests.browser.stage import PHONE, WECHAT_AGENT, WHOLE
from tests.browser.test_browser_access import COLOURS, RULES, chinese_faults, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STILL = """() => {
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((each) => each.shadowRoot ?? [])];
  return Promise.all(roots.flatMap((root) => root.getAnimations()).map((each) => each.finished.catch(() => 0)));
}"""
"""Wait until no colour is on its way to another."""
LOOKS = [(phone, locale) for phone in (True, False) for locale in ("zh-CN", "en-US")]


def cases():
    for number, name in enumerate(SCENES):
        for each, (phone, locale) in enumerate(LOOKS):
            turn = each == number % len(LOOKS)
            if name in INSIDE_WECHAT and not phone:
                continue
            if turn or WHOLE or name in INSIDE_WECHAT:
                yield pytest.param(name, phone, locale, id=f"{name}-{'phone' if phone else 'desk'}-{locale}")


@pytest.mark.parametrize(("name", "phone", "locale"), list(cases()))
async def test_everybody_can_read_it(stage, name, phone, locale):
    inside = {"viewport": PHONE, "user_agent": WECHAT_AGENT} if name in INSIDE_WECHAT else {"phone": phone}
    async with stage.visitor(locale=locale, **inside) as context:
        page = await SCENES[name](stage, looking(context))
        for scheme, rules in (("light", RULES), ("dark", COLOURS)):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.evaluate(STILL)
            assert (scheme, await violations(page, rules)) == (scheme, [])
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert locale != "zh-CN" or await chinese_faults(page) == []
