"""What other websites can do with our pages, and a page token with the service: nothing that is not meant."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from playwright.async_api import expect

from codesvc.runtime.http_server import listening
from tests.browser.stage import wechat_of
from tests.stores import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOREIGN = "http://127.0.0.1:9"  # nobody listens there; the browser is answered before it asks
NONCE = re.compile(r"script-src 'nonce-([^']+)'; style-src 'nonce-\1'")


async def fetch(stage, url, **more):
    async with stage.http.request(more.pop("method", "GET"), url, allow_redirects=False, **more) as answer:
        return answer.status, answer.headers, await answer.text()


async def framed_by(context, origin, url):
    """A page of that origin with ours in a frame; the frame's headline, if it was let in."""
    page = await context.new_page()
    body = f'<!doctype html><title>x</title><iframe src="{url}" width="600" height="800"></iframe>'
    await page.route(f"{origin}/framing", lambda route: route.fulfill(body=body, content_type="text/html"))
    await page.goto(f"{origin}/framing")
    await page.wait_for_load_state("networkidle")
    return page.frame_locator("iframe").locator("#page h1")


async def test_nothing_runs_that_the_page_did_not_bring(stage):
    pages = [
        (await stage.start())["page_url"],
        (await stage.ask("logins"))["page_url"],
        f"{stage.addresses.service}/p/none",
    ]
    nonces = set()
    for url in [*pages, *pages]:
        _, headers, html = await fetch(stage, url, headers={"Accept": "text/html"})
        policy = headers["Content-Security-Policy"]
        nonces.add(nonce := NONCE.search(policy)[1])
        assert "default-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        for tag in re.findall(r"<(?:script|style)\b[^>]*>", html):
            assert f'nonce="{nonce}"' in tag or 'type="application/json"' in tag
        assert not re.search(r"<[^>]+\s(?:on\w+|style)=|javascript:", html)
    assert len(nonces) == 2 * len(pages)


async def test_only_the_sites_own_pages_frame_it(stage):
    url = (await stage.start())["page_url"]
    context = await stage.browser.new_context(locale="zh-CN")
    await expect(await framed_by(context, stage.addresses.website, url)).to_have_text("微信扫码，获取验证码")
    await expect(await framed_by(context, FOREIGN, url)).to_have_count(0)
    await context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_form_of_a_site_with_a_policy_leads_to_the_hosted_page_as_documented(stage, language):
    """Chromium holds the redirect after a form against form-action: `'self'` alone, as helmet sends, stops it."""
    started = await stage.start()
    page_of_the_widget = Path(__file__).parents[2] / "docs" / language / "widget.md"
    documented = re.search(r"^form-action 'self' (\S+)$", page_of_the_widget.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented[1] == "https://code.example.com/"

    async def show(request):
        policy = f"default-src 'self'; form-action 'self' {request.query.get('more', '')}"
        form = '<!doctype html><title>x</title><form method="post" action="/signup"><button>Go on</button></form>'
        return web.Response(text=form, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def start(_):
        raise web.HTTPSeeOther(started["page_url"])

    site = web.Application()
    site.add_routes([web.get("/", show), web.post("/signup", start)])
    port = free_port()
    async with listening(site, "127.0.0.1", port), await stage.browser.new_context() as context:
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{port}/")
        async with page.expect_console_message(lambda said: "form-action" in said.text):
            await page.get_by_role("button", name="Go on").click()
        assert urlsplit(page.url).port == port
        await page.goto(f"http://127.0.0.1:{port}/?more={stage.addresses.service}/")
        await page.get_by_role("button", name="Go on").click()
        await expect(page).to_have_url(started["page_url"])


async def test_nobody_frames_a_question_inside_wechat(stage):
    person, started = await stage.person(follows=True), await stage.ask("bind-intents", user="framed")
    await person.scan(started["id"])
    async with wechat_of(person) as context:
        page = await context.new_page()
        answer = await page.goto(await person.link())
        await expect(page.get_by_role("button", name="绑定")).to_be_visible()
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_the_way_back_does_not_tell_where_one_comes_from(stage):
    person, started = (
        await stage.person(follows=True),
        await stage.start(return_url=f"{stage.addresses.website}/signup/return"),
    )
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(started["page_url"])
        await person.scan(started["id"])
        async with page.expect_request("**/signup/return?**") as made:
            await page.locator("#code").press_sequentially(await person.code())
        headers = await (await made.value).all_headers()
        assert "referer" not in headers
        assert started["page_token"] not in str(headers)


@pytest.mark.parametrize("act", ["check", "resend"])
@pytest.mark.parametrize("body", [{"data": {"code": "111111"}}, {"json": {"code": "111111"}}], ids=["form", "script"])
async def test_a_foreign_page_posts_nothing(stage, act, body):
    started = await stage.start()
    url = f"{started['page_url']}/{act}"
    for origin in (FOREIGN, "null"):
        status, headers, _ = await fetch(stage, url, method="POST", headers={"Origin": origin}, **body)
        assert status == 403
        assert "Access-Control-Allow-Origin" not in headers
    assert (await stage.api("GET", f"/v1/verifications/{started['id']}"))["attempts_left"] == 5


async def test_a_page_token_opens_its_own_page_and_nothing_else(stage):
    one, two, login = await stage.start(), await stage.start(), await stage.ask("logins")
    token, service = one["page_token"], stage.addresses.service
    for method, path in (
        ("GET", f"/v1/verifications/{one['id']}"),
        ("POST", f"/v1/verifications/{one['id']}/cancel"),
        ("GET", "/v1/bindings/alice"),
        ("POST", "/v1/verifications"),
        ("GET", f"/v1/logins/{login['id']}"),
    ):
        for key in (token, login["page_token"]):
            headers = {"Authorization": f"Bearer {key}"}
            assert (await fetch(stage, service + path, method=method, headers=headers, json={}))[0] == 401
    # Neither half of one token goes with a half of another, and a kind is not taken for the other.
    mixed = token.rpartition(".")[0] + "." + two["page_token"].rpartition(".")[2]
    swapped = [mixed, token[:-2], login["page_token"].removeprefix("i."), f"i.{token}"]
    for wrong in swapped:
        assert (await fetch(stage, f"{service}/p/{wrong}/state"))[0] == 404
    for each in (one, login):
        path = urlsplit(each["page_url"]).path
        _, _, text = await fetch(stage, f"{service}{path}/state")
        assert not re.search(r'"(?:user|proof|handle|openid|metadata|id)"', text)
        for method in ("PUT", "DELETE", "PATCH"):
            assert (await fetch(stage, service + path, method=method))[0] == 405
