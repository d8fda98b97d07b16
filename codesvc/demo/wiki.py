"""Moonhill Wiki: a third party's app, which signs people in by OpenID Connect and calls no API of WeChat.

It does by hand what a framework's library does: discovery, the code flow with PKCE, and the check of the ID token. See
docs/en/openid.md.
"""

import html
import secrets
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import jwt
from aiohttp import web

from codesvc.domain.base_encodings import base64url
from codesvc.domain.language_tags import nearest

CLIENT: Final = "moonhill-wiki"
_COOKIE: Final = "moonhill_wiki"
_MOST_WAITING: Final = 1_000
_WORDS: Final = {
    "zh": {
        "title": "山月百科",
        "hint": "一个第三方应用：它只会 OpenID Connect，不调用微信和这家茶铺的接口。",
        "login": "用微信登录",
        "in": "已登录：{name}",
        "claims": "应用得到的信息",
        "out": "退出",
        "failed": "没有登录：{error}",
        "mismatch": "返回的 {name} 与发出的不一致",
    },
    "en": {
        "title": "Moonhill Wiki",
        "hint": "A third-party app: it speaks OpenID Connect only. It calls no API of WeChat or of the tea shop.",
        "login": "Log in with WeChat",
        "in": "Logged in: {name}",
        "claims": "What the app receives",
        "out": "Log out",
        "failed": "Not logged in: {error}",
        "mismatch": "the {name} that came back is not the one that was sent",
    },
}
_PAGE: Final = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; font: 16px/1.6 system-ui, "Noto Sans CJK SC", sans-serif }}
body {{ margin: 0 auto; padding: 2rem 1rem; max-width: 34rem }}
a.button {{ display: inline-block; padding: .7rem 1.4rem; border-radius: .6rem; background: #2b4c7e; color: #fff;
  text-decoration: none }}
pre {{ overflow-x: auto; padding: 1rem; border-radius: .6rem; background: #7f8f8722 }}
</style><main><h1>{title}</h1><p>{hint}</p>{body}</main></html>"""


class Wiki:
    """The app.

    Args:
        issuer: the issuer that its administrator entered.
        secret: the secret of its client.
        address: its own.
    """

    def __init__(self, issuer: str, secret: str, address: str) -> None:
        self._issuer = issuer
        self._secret = secret
        self._callback = f"{address}/callback"
        self._waiting: dict[str, tuple[str, str, str]] = {}
        self._sessions: dict[str, dict[str, Any]] = {}

    async def home(self, request: web.Request) -> web.Response:
        """The only page."""
        claims = self._sessions.get(request.cookies.get(_COOKIE, ""))
        words = _words(request)
        if claims is None:
            return _page(request, f'<p><a class="button" href="/login">{words["login"]}</a></p>')
        rows = html.escape("\n".join(f"{name}: {value}" for name, value in claims.items()))
        name = html.escape(str(claims.get("name", "")))
        body = f"<p><strong>{words['in'].format(name=name)}</strong></p><h2>{words['claims']}</h2><pre>{rows}</pre>"
        return _page(request, f'{body}<p><a href="/logout">{words["out"]}</a></p>')

    async def login(self, request: web.Request) -> web.Response:
        """Go to the issuer."""
        self._sessions.pop(request.cookies.get(_COOKIE, ""), None)
        about = await self._discovered()
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        while len(self._waiting) >= _MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[state] = (nonce, verifier, browser)
        challenge = base64url(sha256(verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": self._callback,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _go(f"{about['authorization_endpoint']}?{urlencode(query)}", cookie=browser)

    async def callback(self, request: web.Request) -> web.Response:
        """Come back: compare state and issuer, exchange the code, check the ID token."""
        given = request.query
        nonce, verifier, browser = self._waiting.pop(given.get("state", ""), ("", "", ""))
        if not browser or request.cookies.get(_COOKIE) != browser or given.get("iss") != self._issuer:
            return _failed(request, _words(request)["mismatch"].format(name="state / iss"))
        if "code" not in given:
            return _failed(request, given.get("error", ""))
        about = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": given["code"],
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        key = {"Authorization": aiohttp.encode_basic_auth(CLIENT, self._secret)}
        async with aiohttp.ClientSession() as http:
            async with http.post(about["token_endpoint"], data=form, headers=key) as answer:
                tokens = await answer.json()
            if "id_token" not in tokens:
                return _failed(request, tokens.get("error", ""))
            async with http.get(about["jwks_uri"]) as answer:
                keys = jwt.PyJWKSet.from_dict(await answer.json())
        signer = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
        claims = jwt.decode(
            tokens["id_token"], signer.key, algorithms=["RS256"], audience=CLIENT, issuer=self._issuer, leeway=30
        )
        if claims.get("nonce") != nonce:
            return _failed(request, _words(request)["mismatch"].format(name="nonce"))
        # A new session: who began this login may have set the cookie that the browser brought.
        session = secrets.token_urlsafe(32)
        self._sessions[session] = claims
        return _go("/", cookie=session)

    async def logout(self, request: web.Request) -> web.Response:
        """Forget the session."""
        self._sessions.pop(request.cookies.get(_COOKIE, ""), None)
        return _go("/")

    async def _discovered(self) -> dict[str, Any]:
        async with aiohttp.ClientSession() as http, http.get(f"{self._issuer}/.well-known/openid-configuration") as it:
            found: dict[str, Any] = await it.json()
            return found


def create_wiki(*, issuer: str, secret: str, address: str) -> web.Application:
    """The app as an aiohttp application."""
    wiki, app = Wiki(issuer, secret, address), web.Application()
    app.add_routes(
        [
            web.get("/", wiki.home),
            web.get("/login", wiki.login),
            web.get("/callback", wiki.callback),
            web.get("/logout", wiki.logout),
        ]
    )
    return app


def _language(request: web.Request) -> str:
    return nearest(request.headers.get("Accept-Language", ""), tuple(_WORDS), "zh")


def _words(request: web.Request) -> dict[str, str]:
    return _WORDS[_language(request)]


def _page(request: web.Request, body: str) -> web.Response:
    language, words = _language(request), _words(request)
    text = _PAGE.format(language=language, title=words["title"], hint=words["hint"], body=body)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


def _failed(request: web.Request, error: str) -> web.Response:
    words = _words(request)
    said = html.escape(words["failed"].format(error=error))
    return _page(request, f'<p role="alert">{said}</p><p><a class="button" href="/login">{words["login"]}</a></p>')


def _go(url: str, *, cookie: str = "") -> web.Response:
    response = web.Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})
    if cookie:
        response.set_cookie(_COOKIE, cookie, httponly=True, samesite="Lax")
    return response
