"""The Flask website of the documentation in a real Chromium: its own forms are taken, another website's are not."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from tests.integrations.test_integrations import PASSWORD, example, running
from tests.stores import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FORM = """<!doctype html><form method="post" action="{}"><input name="name" value="mallory">
<input name="password" value="known to mallory"></form><script>document.forms[0].submit()</script>"""


@pytest.mark.parametrize("policy", ["no-referrer", "unsafe-url"])
async def test_a_form_of_another_website_begins_nothing(chromium, new_world, tmp_path, policy):
    """A visitor would bind their WeChat to an account whose password the other website chose."""
    port = free_port()
    website = f"http://127.0.0.1:{port}"
    [code] = example("flask", "python")
    (tmp_path / "shop.py").write_text(code, encoding="utf-8")
    command = (sys.executable, "-m", "flask", "--app", "shop", "run", "--port", str(port))
    async with new_world(sites__shop__origins=[website]) as world, await chromium.new_context() as context:
        world.line = SimpleNamespace(url=world.service)
        async with running((world, website, port), tmp_path, *command):
            page = await context.new_page()
            page_of_another = {
                "body": FORM.format(f"{website}/signup"),
                "content_type": "text/html",
                "headers": {"Referrer-Policy": policy},
            }
            await page.route("https://evil.example/", lambda route: route.fulfill(**page_of_another))
            async with page.expect_response(f"{website}/signup") as refused:
                await page.goto("https://evil.example/", wait_until="commit")
            assert (await refused.value).status == 403
            await page.wait_for_url(f"{website}/signup")
            assert await context.cookies(website) == []
            # With this policy a browser's own forms say `Origin: null`, and helmet sets it.
            await page.goto(f"{website}/signup")
            tag = f'<meta name="referrer" content="{policy}">'
            await page.evaluate("tag => document.head.insertAdjacentHTML('beforeend', tag)", tag)
            await page.fill("[name=name]", "guest")
            await page.fill("[name=password]", PASSWORD)
            await page.click("button")
            await page.wait_for_url(f"{world.service}/p/**")
