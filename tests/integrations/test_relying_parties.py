"""Relying parties that others wrote, unmodified: each runs as a website of its own, and a person signs in to it.

Auth.js, openid-client and passport-openidconnect from npm; django-allauth and Authlib's client from PyPI; Apache's
mod_auth_openidc where the machine has it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from codesvc.config.api_keys import hash_line
from tests.doctor.test_documents import BLOCK
from tests.node_tools import installed
from tests.oidc.parties import SUBJECT_KEY
from tests.stores import free_port

HERE = Path(__file__).parent
PROGRAMS = HERE / "relying_parties"
PAGES = HERE.parents[1] / "docs" / "en" / "openid"
SECRET = "s3cret-of-the-relying-party_0123456789abcdef"


@pytest.fixture(scope="session")
def node(request, tmp_path_factory):
    return installed(request, tmp_path_factory, HERE / "node" / "package.json")


def clients(website, **more):
    uris = [
        f"{website}{path}" for path in ("/callback", "/auth/callback/wechat", "/accounts/oidc/wechat/login/callback/")
    ]
    wiki = {"id": "wiki", "name": "Moonhill Wiki", "secrets": [hash_line(SECRET)], "redirect_uris": uris, **more}
    spa = {"id": "spa", "name": "Moonhill App", "redirect_uris": uris[:1]}
    return [wiki, spa]


@pytest.fixture
async def shop(new_world):
    """A world whose issuer knows a website that is about to run."""
    port = free_port()
    website = f"http://127.0.0.1:{port}"
    issuer = {"oidc__subject_key": SUBJECT_KEY, "sites__shop__oidc": {"clients": clients(website)}}
    async with new_world(**issuer) as world:
        yield world, website, port


@asynccontextmanager
async def running(shop, directory, *command):
    """The website's process, and a browser."""
    _, website, _ = shop
    log = (directory / "log").open("wb")
    environment = os.environ | {"CLIENT_SECRET": SECRET, "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONPATH": ""}
    process = await asyncio.create_subprocess_exec(*command, cwd=directory, env=environment, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            for _ in range(600):
                try:
                    async with browser.get(f"{website}/nothing-here"):
                        break
                except aiohttp.ClientError:
                    assert process.returncode is None, (directory / "log").read_text()
                    await asyncio.sleep(0.1)
            yield browser
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        log.close()


async def sign_in(world, browser, person, start, **posted):
    """Press the button, scan, say yes: what the website shows in the end."""
    method = "POST" if posted else "GET"
    async with browser.request(method, start, data=posted or None) as page:
        html = await page.text()
        assert str(page.url).startswith(f"{world.service}/p/"), f"{page.url} {page.status} {html[:800]}"
        async with browser.get(f"{page.url}/state") as state:
            await person.say((await state.json())["scan"]["keyword"])
        assert "Moonhill" in await person.last_text()
        await person.say("确认")
        async with browser.get(f"{page.url}/state") as state:
            back = (await state.json())["return_to"]
    async with browser.get(back) as end:
        text = await end.text()
        assert end.status == 200, text[:2000]
        return text


def prepared(node, directory, name):
    """A program beside the packages that it imports."""
    shutil.copy(PROGRAMS / name, directory)
    (directory / "node_modules").symlink_to(node / "node_modules")
    return shutil.which("node"), name


@pytest.mark.parametrize("method", ["basic", "post", "none"])
async def test_openid_client(node, shop, tmp_path, method):
    world, website, port = shop
    program = prepared(node, tmp_path, "openid_client.mjs")
    async with running(shop, tmp_path, *program, f"{world.service}/oidc/shop", str(port), method) as browser:
        person = await world.bound("u-1")
        found = json.loads(await sign_in(world, browser, person, f"{website}/login"))
        assert found["claims"]["preferred_username"] == found["told"]["preferred_username"] == "u-1"
        async with browser.get(f"{website}/callback?error=access_denied&state=x") as refused:
            assert refused.status == 500


async def test_passport(node, shop, tmp_path):
    world, website, port = shop
    program = prepared(node, tmp_path, "passport.mjs")
    async with running(shop, tmp_path, *program, f"{world.service}/oidc/shop", str(port)) as browser:
        found = json.loads(await sign_in(world, browser, await world.bound("u-1"), f"{website}/login"))
        assert found["username"] == "u-1"


async def test_auth_js(node, shop, tmp_path):
    world, website, port = shop
    program = prepared(node, tmp_path, "authjs.mjs")
    async with running(shop, tmp_path, *program, f"{world.service}/oidc/shop", str(port)) as browser:
        start = f"{website}/auth/signin/wechat"
        await sign_in(world, browser, await world.bound("u-1"), start, callbackUrl=f"{website}/auth/session")
        async with browser.get(f"{website}/auth/session") as session:
            assert (await session.json())["profile"]["preferred_username"] == "u-1"


async def test_django_allauth(shop, tmp_path):
    world, website, port = shop
    command = (sys.executable, str(PROGRAMS / "allauth_site.py"), f"{world.service}/oidc/shop", str(port), "db")
    async with running(shop, tmp_path, *command) as browser:
        person, start = await world.bound("u-1"), f"{website}/accounts/oidc/wechat/login/"
        found = json.loads(await sign_in(world, browser, person, start))
        assert found["username"] == "u-1"
        browser.cookie_jar.clear()
        again = json.loads(await sign_in(world, browser, person, start))
        assert (again["username"], again["data"]["userinfo"]) == ("u-1", found["data"]["userinfo"])


def printed(page, language, values):
    """The program that a page of docs/en/openid prints, with a reader's own values."""
    [code] = (code for kind, code in BLOCK.findall((PAGES / f"{page}.md").read_text("utf-8")) if kind == language)
    for example, value in values.items():
        assert example in code
        code = code.replace(example, value)
    return code


async def test_authlib(shop, tmp_path):
    world, website, port = shop
    issuer = f"{world.service}/oidc/shop"
    own = {"https://code.example.com/oidc/shop": issuer, '"app"': '"wiki"', '"SECRET"': f'"{SECRET}"'}
    (tmp_path / "app.py").write_text(printed("authlib", "python", own))
    command = (sys.executable, "-m", "flask", "run", "--port", str(port))
    async with running(shop, tmp_path, *command) as browser:
        person = await world.person()
        assert (await sign_in(world, browser, person, f"{website}/login")).startswith("微信用户")


APACHE = """
ServerRoot "{root}"
PidFile "{home}/pid"
ErrorLog "{home}/errors"
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
User nobody
Group nogroup
Mutex posixsem
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
DocumentRoot "{home}/htdocs"
Header set X-User "expr=%{{REMOTE_USER}}"
Header set X-Subject "expr=%{{reqenv:OIDC_CLAIM_sub}}"
"""


@pytest.fixture(scope="session")
def apache(request, tmp_path_factory):
    """Apache and its mod_auth_openidc: the machine's own, or Debian's packages unpacked once; else it is said."""
    if Path("/usr/lib/apache2/modules/mod_auth_openidc.so").exists() and shutil.which("apache2"):
        return Path("/")
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("NOT TESTED: mod_auth_openidc needs Debian's packages")
    cache = getattr(request.config, "cache", None)
    home = (cache.mkdir("apache") if cache else tmp_path_factory.mktemp("apache")) / "root"
    if not (home / "usr/lib/apache2/modules/mod_auth_openidc.so").exists():
        names = ("libapache2-mod-auth-openidc", "apache2-bin", "libapr1", "libaprutil1", "libcjose0", "libhiredis0.14")
        command = (shutil.which("apt-get"), "download", *names)
        done = subprocess.run(
            command,
            cwd=home.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"NOT TESTED: Debian's packages of mod_auth_openidc cannot be had: {done.stderr[-200:]}")
        for package in home.parent.glob("*.deb"):
            subprocess.run((shutil.which("dpkg"), "-x", package, home), check=True, timeout=60)
    return home


def arranged(home, apache, port, own):
    """A directory that Apache's own user may read, with a page and a configuration."""
    home.chmod(0o755)
    (home / "htdocs").mkdir()
    (home / "htdocs" / "wiki.html").write_text("the wiki")
    modules = apache / "usr/lib/apache2/modules"
    text = APACHE.format(root=home, home=home, modules=modules, port=port)
    (home / "httpd.conf").write_text(text + printed("apache", "apache", own))
    return home


async def test_mod_auth_openidc(apache, shop, monkeypatch):
    """The nonce, the state and the times are checked by a relying party in C, which Nextcloud's neighbours use."""
    world, website, port = shop
    issuer = f"{world.service}/oidc/shop"
    with tempfile.TemporaryDirectory() as name:
        own = {"https://code.example.com/oidc/shop": issuer, "https://app.example.com": website}
        home = arranged(Path(name), apache, port, own | {"ID apache": "ID wiki", "SECRET": SECRET})
        monkeypatch.setenv("LD_LIBRARY_PATH", str(apache / "usr/lib/x86_64-linux-gnu"))
        program = str(apache / "usr/sbin/apache2")
        async with running(shop, home, program, "-X", "-f", str(home / "httpd.conf")) as browser:
            person = await world.bound("u-1")
            assert await sign_in(world, browser, person, f"{website}/wiki.html") == "the wiki"
            async with browser.get(f"{website}/wiki.html") as again:
                assert again.headers["X-User"] == "u-1"
                assert len(again.headers["X-Subject"]) == 32
