"""`/sandbox/websites`: website applications with an appid of their own."""

from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from codesvc.sandbox.control.guard import Conflict, answer, read_json, replace_members
from codesvc.sandbox.identifiers import mint_appid, mint_secret
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.website import DEFAULT_WEBSITE


class WebsiteControl:
    """Handlers for website applications."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [web.get("/sandbox/websites", self.list), web.post("/sandbox/websites", self.create)]

    async def list(self, _request: web.Request) -> web.Response:
        """All website applications, the default one first."""
        return answer({"websites": [asdict(website) for website in self._platform.websites.values()]})

    async def create(self, request: web.Request) -> web.Response:
        """Make one, or change the one with the given appid; 201 if it is new. What is not given is invented."""
        given = await read_json(request, dict[str, Any])
        appid = str(given.get("appid"))
        if appid in self._platform.accounts:
            raise Conflict("taken", "an account has this appid")
        known = self._platform.websites.get(appid)
        base = known or replace(DEFAULT_WEBSITE, appid=mint_appid(), secret=mint_secret())
        website = replace_members(base, given)
        self._platform.websites[website.appid] = website
        return answer(asdict(website), 200 if known else 201)
