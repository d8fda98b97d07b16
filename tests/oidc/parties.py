"""A relying party of the tests' own: raw HTTP, so that every parameter can be wrong."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import jwt

from codesvc.config.api_keys import hash_line

if TYPE_CHECKING:
    from tests.world import Answer

SECRET = "s3cret-of-the-wiki_0123456789abcdefghijklmn"
CALLBACK = "https://wiki.example/callback"
SUBJECT_KEY = "a subject key that is only for tests, 0123456789abcdef"
CONFIDENTIAL = {
    "id": "wiki",
    "name": {"zh": "山月百科", "en": "Moonhill Wiki"},
    "secrets": [hash_line(SECRET)],
    "redirect_uris": [CALLBACK, "https://wiki.example/other?tenant=1"],
    "post_logout_redirect_uris": ["https://wiki.example/bye"],
}
PUBLIC = {
    "id": "app",
    "name": "Moonhill App",
    "redirect_uris": ["http://127.0.0.1/back", "com.example.app:/back", "https://spa.example/back"],
}
KEYS = {"oidc": {"subject_key": SUBJECT_KEY}}


def provider(*clients, **more):
    """Changes of the world's configuration: a site `shop` with these clients."""
    return {
        "oidc__subject_key": SUBJECT_KEY,
        "sites__shop__oidc": {"clients": list(clients or (CONFIDENTIAL, PUBLIC))},
        **more,
    }


def pkce():
    """A verifier and its challenge."""
    verifier = secrets.token_urlsafe(32)
    return verifier, base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def told(answer):
    """What a redirect to the relying party says."""
    assert answer.status == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True))


@dataclass
class Browser:
    """A browser with a cookie jar of its own."""

    world: object
    site: str = "shop"
    cookies: dict = field(default_factory=dict)

    async def get(self, url, *, method="GET", data=None, **headers) -> Answer:
        if url.startswith("/"):
            url = self.world.service + url
        base = url.removeprefix(self.world.service)
        jar = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        answer = await self.world.call(
            method, base, key=None, data=data, headers={**({"Cookie": jar} if jar else {}), **headers}
        )
        for line in answer.headers.getall("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    async def authorize(self, *, method="GET", headers=None, **parameters) -> Answer:
        given = {
            "response_type": "code",
            "client_id": "wiki",
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "st-1",
        }
        query = urlencode([(k, v) for k, v in (given | parameters).items() if v is not None])
        path = f"/oidc/{self.site}/authorize"
        if method == "POST":
            return await self.get(
                path,
                method="POST",
                data=query,
                **{"Content-Type": "application/x-www-form-urlencoded"},
                **(headers or {}),
            )
        return await self.get(f"{path}?{query}", **(headers or {}))

    async def page(self, started, language="en"):
        """The hosted page, and its state."""
        assert started.status == 303, started.text
        self.path = started.headers["Location"]
        page = await self.get(self.path, **{"Accept-Language": language})
        assert page.status == 200, page.text
        return page, (await self.get(self.path + "/state")).json

    async def scanned_by(self, person, started):
        """The person sends the keyword, and is asked."""
        _, state = await self.page(started)
        await person.say(state["scan"]["keyword"])
        return await person.last_text()

    async def back(self):
        """Fetch the answer, as the page does when the login is over."""
        state = (await self.get(self.path + "/state")).json
        return await self.get(state["return_to"])

    async def login(self, person, **parameters) -> dict:
        """Log a person in: what the relying party gets."""
        await self.scanned_by(person, await self.authorize(**parameters))
        await person.say("确认")
        return told(await self.back())

    async def exchange(
        self, code, *, site=None, basic=None, body=None, json=None, headers=None, **parameters
    ) -> Answer:
        """Call the token endpoint, with the secret in the body unless `basic` is given."""
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        sent = dict(headers or {})
        if basic is not None:
            sent["Authorization"] = aiohttp.encode_basic_auth(*basic)
        else:
            given |= {"client_id": "wiki", "client_secret": SECRET}
        given = {k: v for k, v in (given | parameters).items() if v is not None}
        path = f"/oidc/{site or self.site}/token"
        if json:
            return await self.world.call("POST", path, given, key=None, headers=sent)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.world.call("POST", path, key=None, data=body or urlencode(given), headers=sent)

    async def userinfo(self, token, *, site=None, method="GET", **more) -> Answer:
        return await self.world.call(method, f"/oidc/{site or self.site}/userinfo", key=token, **more)

    async def claims(self, tokens, *, audience="wiki"):
        """The claims of the ID token, verified by the published keys."""
        keys = (await self.world.call("GET", f"/oidc/{self.site}/jwks.json", key=None)).json["keys"]
        kid = jwt.get_unverified_header(tokens["id_token"])["kid"]
        key = next(key for key in keys if key["kid"] == kid)
        return jwt.decode(
            tokens["id_token"],
            jwt.PyJWK.from_dict(key).key,
            algorithms=[key["alg"]],
            audience=audience,
            issuer=f"{self.world.service}/oidc/{self.site}",
            options={"verify_iat": False},  # tests move the service's clock
        )


def hidden(html):
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', html))
