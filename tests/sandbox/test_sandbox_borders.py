"""What the sandbox may import, what the manual must mention, and requests nobody should make."""

import ast
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from yarl import URL

from codesvc.sandbox import account, create_app
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.settings import Settings

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "en" / "sandbox-reference.md").read_text()


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("path", sorted((ROOT / "codesvc" / "sandbox").rglob("*.py")), ids=lambda p: p.stem)
def test_imports_nothing_of_the_service(path):
    for name in imports(path):
        assert not name.startswith("codesvc") or name.startswith("codesvc.sandbox"), name
        assert name.partition(".")[0] != "wechatpy"


def test_manual_names_every_call_setting_and_default():
    routes = {route.resource.canonical for route in create_app(Platform()).router.routes() if route.resource}
    for path in routes:
        if path.startswith("/sandbox"):
            parts = [part for part in path.split("/") if part and not part.startswith("{")]
            assert all(part in MANUAL for part in parts), path
    for endpoint in ENDPOINTS:
        assert endpoint.path.rpartition("/")[2] in MANUAL, endpoint.path
    for name in Settings.__dataclass_fields__:
        assert f"`{name}`" in MANUAL
    spec = account.DEFAULT_ACCOUNT
    values = [spec.appid, spec.secret, spec.original_id, spec.token, spec.aes_key]
    for value in values + [template.template_id for template in spec.templates]:
        assert value in MANUAL


NASTY = ["%00", "%FF%FE", "..%2F..", "%F0%9F%98%80", "a" * 7000, quote("<script>"), "%0d%0aX: y", "[]", "{}", "-1"]


@pytest.mark.parametrize("value", NASTY)
async def test_nasty_queries_and_paths_never_break_it(wechat, value):
    names = ("access_token", "appid", "secret", "openid", "code", "ticket", "grant_type", "next_openid", "redirect_uri")
    query = "&".join(f"{name}={value}" for name in names)
    paths = [endpoint.path for endpoint in ENDPOINTS]
    paths += ["/connect/oauth2/authorize", "/mp/subscribemsg", "/cgi-bin/showqrcode", f"/cgi-bin/{value}"]
    paths += [f"/sandbox/users/{value}/messages", f"/sandbox/accounts/{value}", f"/sandbox/faults/{value}"]
    for path in paths:
        for method in ("GET", "POST"):
            url = URL(f"{wechat.url}{path}?{query}"[:8000], encoded=True)
            headers = {"X-Sandbox-Person": "%FF", "Cookie": "sandbox_person=%00; sandbox_session=é"}
            async with wechat.client.session.request(method, url, data=b"\xff{", headers=headers) as response:
                assert response.status < 500, (method, path)


async def test_a_huge_body_is_refused(wechat):
    token = await wechat.token()
    huge = BytesIO(b'{"touser":"' + b"x" * 2_000_000 + b'"}')
    _, raw = await wechat.raw("POST", "/cgi-bin/message/template/send", data=huge, query={"access_token": token})
    assert b'"errcode":47001' in raw
