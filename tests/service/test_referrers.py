"""No page tells another site where a browser came from, and every answer says what a browser may do with it.

Every route is walked: none may be forgotten.
"""

import re

import aiohttp
import pytest

from codesvc.web.headers import COMMON_HEADERS
from tests.service.test_admin import ADMIN, Operator

FILLERS = {"name": "wrong-code", "site": "shop", "user": "alice", "language": "en"} | dict.fromkeys(
    ("version", "person", "id"), "x"
)
WITH_FORMS = re.compile(r"/(admin|p)(/|$)")
"""Pages that send forms of their own, as threat-model.md says."""


def walk(app, page_token):
    """Every address that a browser could open: GET routes, with something in the place of each variable."""
    for route in app.router.routes():
        if route.method == "GET" and route.resource is not None:
            pattern = route.resource.canonical
            yield pattern, re.sub(r"\{(\w+)\}", lambda found: FILLERS.get(found[1], page_token), pattern)


@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_page_keeps_its_address_to_itself(new_world, signed_in):
    async with new_world(admin=ADMIN) as world:
        started = await world.start()
        intent = await world.call("POST", "/v1/bind-intents", {"user": "alice", "client_ip": "192.0.2.1"})
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            operator = Operator(world, http)
            if signed_in:
                await operator.sign_in()
            seen, same_origin = set(), set()
            for token in (started["page_token"], intent["page_token"], "x"):
                for pattern, path in walk(world.app, token):
                    if "events" in pattern:
                        continue
                    async with http.get(world.service + path, allow_redirects=False) as answer:
                        policy = answer.headers.get("Referrer-Policy")
                        assert policy in {"no-referrer", "same-origin"}, pattern
                        seen.add(pattern)
                        if policy == "same-origin":
                            same_origin.add(pattern)
                            # Only where a form of the page is sent: with no-referrer its Origin would be `null`.
                            assert answer.content_type == "text/html", pattern
            assert len(seen) > 25
            assert same_origin
            assert [pattern for pattern in same_origin if not WITH_FORMS.match(pattern)] == []


async def test_every_answer_says_what_a_browser_may_do_with_it(new_world):
    """What is no page of the service may run nothing: not if it were HTML, SVG or XML either."""
    async with new_world(admin=ADMIN) as world, aiohttp.ClientSession() as http:
        started = await world.start()
        kinds = set()
        for pattern, path in walk(world.app, started["page_token"]):
            if "events" in pattern:
                continue
            async with http.get(world.service + path, allow_redirects=False) as answer:
                policy = answer.headers.get("Content-Security-Policy", "")
                assert policy.startswith("default-src 'none'"), pattern
                kinds.add(answer.content_type)
                if answer.content_type not in {"text/html", "image/svg+xml"}:
                    assert policy == COMMON_HEADERS["Content-Security-Policy"], pattern
        assert {"text/html", "application/json", "application/problem+json", "text/javascript"} <= kinds
        for method, path in (("POST", "/v1/verifications"), ("POST", "/nowhere"), ("PUT", "/healthz")):
            answer = await world.call(method, path, {}, key=None)
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox", path
