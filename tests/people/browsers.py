"""Browsers: WeChat's own (the sandbox plays it) and any other."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.world import Answer

SITE = "http://127.0.0.1:1"  # nobody listens there: a browser that was sent to the site has arrived where it should
CHAT = {"bind_url": f"{SITE}/bind", "reset_url": f"{SITE}/reset"}
WITH_CHAT = {"sites__shop__origins": [SITE], "sites__shop__chat": CHAT}


async def open_in_wechat(person, url, **more):
    """Open a link in this person's WeChat; where it ended."""
    return await person.world.control("POST", f"/users/{person.openid}/open", {"url": url, **more})


async def press(person, view, act):
    """Press a button of the page that `view` shows."""
    token = re.search(r'name="token" value="(\w+)"', view["body"])[1]
    return await open_in_wechat(person, view["url"], form={"token": token, "act": act})


class Browser:
    """Any browser but WeChat's, with cookies of its own."""

    def __init__(self, http):
        self.http = http

    async def go(self, url, form=None, headers=None):
        method = "GET" if form is None else "POST"
        async with self.http.request(method, url, data=form, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.text(), None)

    async def show_digits(self, link):
        page = await self.go(link)
        token = re.search(r'name="token" value="(\w+)"', page.text)[1]
        assert (await self.go(link, {"token": token, "act": "show"})).status == 303
        return re.search(r'id="digits">(\d{6})<', (await self.go(link)).text)[1]


@asynccontextmanager
async def browser():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Browser(http)


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def links_in(text):
    return re.findall(r'href="([^"]+)"', text)
