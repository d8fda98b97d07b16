"""Dear requests of strangers to single routes: identity systems, callbacks, an issuer, the holders of page tokens."""

from __future__ import annotations

import base64
import json
import time
from hashlib import sha1
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.dear_requests import BODIES, FORM, HEADERS, LIMIT, LONGEST_FORM, OCTETS, QUERIES, QUERY, Dear, request
from bench.service import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLBACKS = {
    "56 kB": b"<xml><Encrypt>" + b"A" * 56_000 + b"</Encrypt></xml>",
    "many envelopes": b"<xml>" + b"<Encrypt>A</Encrypt>" * 2_700 + b"</xml>",
    "many elements": b"<xml>" + b"<a/>" * 14_000 + b"</xml>",
    "many attributes": b"<xml " + b" ".join(b'a%d=""' % n for n in range(7_000)) + b"></xml>",
    "many references": b"<xml>" + b"&#1;" * 14_000 + b"</xml>",
    "many sections": b"<xml><a>" + b"<![CDATA[" * 6_000 + b"</a></xml>",
    "many short sections": b"<xml><a>" + b"<![CDATA[]]>" * 4_600 + b"</a></xml>",
    "many comments": b"<xml>" + b"<!---->" * 8_000 + b"</xml>",
    **{
        f"{size} kB of {name}": b"<xml><Content><![CDATA[" + part * (size * 1_000 // len(part)) + b"]]></Content></xml>"
        for size in (16, 64)
        for name, part in {
            "letters": b"a",
            "controls": b"\x02a",
            "line breaks": b"\r\n",
            "marks": b"\xcc\x80",
            "brackets": b"]]",
        }.items()
    },
}
_CODES = {"ligatures": "\ufdfa", "marks": "\u0300", "digits and blanks": "1 ", "Han": "验"}
"""What a code of the greatest length is made of, so that it is dear to read."""


def of_inbound() -> Iterator[Dear]:
    """Calls of identity systems with forged signatures: one is computed over the whole body before it is refused."""
    now, body = str(int(time.time())), b'{"sms":{"otp":"' + b"1" * (LIMIT - 30) + b'"}}'
    forged: dict[str, dict[str, str]] = {
        "supabase": {
            "webhook_id": "a",
            "webhook_timestamp": now,
            "webhook_signature": " ".join(["v1," + "A" * 43 + "="] * 150),
        },
        "zitadel": {"ZITADEL_Signature": f"t={now}" + ",v1=" * 1_500},
        "authgear": {"x_authgear_body_signature": "0" * 64},
        "logto": {"Authorization": "Basic " + "QUE6" * 1_900},
        "casdoor": {},
    }
    for adapter, headers in forged.items():
        for site in ("shop", "nobody"):
            raw = request("POST", f"/inbound/{adapter}/{site}?key={'%41' * 500}", body, **headers)
            yield Dear("POST /inbound/{adapter}/{site}", f"a forged signature, {adapter}, {site}", raw)


def of_callbacks(account: str) -> Iterator[Dear]:
    """Callbacks: signed by nobody, or sent by a reader of one genuine address, to an account in this mode."""
    now, route = str(int(time.time())), "POST /wechat/{account}"
    genuine = sha1("".join(sorted((TOKEN, now, "n"))).encode()).hexdigest()
    queries = {
        "no signature": f"timestamp={now}&nonce=n&encrypt_type=aes&msg_signature={'0' * 40}",
        "a forged signature": f"signature={'0' * 40}&timestamp={now}&nonce=n&encrypt_type=aes",
        "an old address": f"signature={genuine}&timestamp=1&nonce=n&encrypt_type=aes",
        "a read address": f"signature={genuine}&timestamp={now}&nonce=n&encrypt_type=aes&msg_signature={'0' * 40}",
        "a read address, plain": f"signature={genuine}&timestamp={now}&nonce=n",
    }
    for shape, body in _CALLBACKS.items():
        for said, query in queries.items():
            raw = request("POST", f"/wechat/{account}?{query}", body, "text/xml")
            yield Dear(route, f"{shape}, {said}, {account}", raw)


def of_an_issuer(site: str, keys: bytes) -> Iterator[Dear]:
    """OpenID Connect, which strangers may call: requests that are as they should be, and as long as they may be.

    Args:
        site: with the clients `app` (public) and `wiki` (confidential).
        keys: the issuer's key set: a token that names one of its keys has to be verified.
    """
    base, challenge = f"/oidc/{site}", "a" * 43
    asked = (
        f"client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A8%2Fback&response_type=code&code_challenge={challenge}"
    )
    asked += "&code_challenge_method=S256&scope=openid%20profile%20email"
    kid = json.loads(keys)["keys"][0]["kid"]
    head = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": kid}).encode()).rstrip(b"=").decode()
    hint = f"{head}.{base64.urlsafe_b64encode(b'{}' * 500).rstrip(b'=').decode()}.{'A' * 342}"
    shapes = {
        "a login": asked,
        "a login with a long state": f"{asked}&state={'s' * 4_000}",
        "a login with a forged hint": f"{asked}&id_token_hint={hint}",
        "a refused login with a long state": f"{asked}&prompt=none&state={'s' * 4_000}",
        "a wrong address": f"{asked}x",
    }
    shapes["a login with many scopes"] = f"{asked}+{'a+' * 3_000}"
    shapes["a login with many prompts"] = f"{asked}&prompt={'a+' * 3_000}"
    for shape, query in shapes.items():
        for method in ("GET", "POST"):
            raw = (
                request(method, f"{base}/authorize?{query}", Accept="text/html")
                if method == "GET"
                else request(method, f"{base}/authorize", query.encode(), FORM, Accept="text/html")
            )
            yield Dear(f"{method} /oidc/{{site}}/authorize", shape, raw)
    yield from _of_states(f"{base}/authorize", asked)
    code = f"grant_type=authorization_code&redirect_uri=x&code_verifier={challenge}&code="
    basic = "Basic " + base64.b64encode(b"wiki:" + b"x" * 4_000).decode()
    for call in ("token", "revoke"):
        body = f"{code}oc_aaaa_{'a' * 43}&token=ot_aaaa_{'a' * 43}&client_id=app".encode()
        yield Dear(f"POST /oidc/{{site}}/{call}", "a forged one", request("POST", f"{base}/{call}", body, FORM))
        wrong = request("POST", f"{base}/{call}", body, FORM, Authorization=basic)
        for octets in ("%", "%41"):
            secret = base64.b64encode(f"wiki:{octets * 5_900}".encode()[:5_900]).decode()
            raw = request("POST", f"{base}/{call}", body, FORM, Authorization=f"Basic {secret}")
            yield Dear(f"POST /oidc/{{site}}/{call}", f"a wrong secret of {octets}", raw)
        yield Dear(f"POST /oidc/{{site}}/{call}", "a wrong secret", wrong)
        many = b"&".join([body, *(b"a=%41" for _ in range(50))])
        yield Dear(f"POST /oidc/{{site}}/{call}", "many parameters", request("POST", f"{base}/{call}", many, FORM))
    token = request("GET", f"{base}/userinfo", Authorization=f"Bearer ot_aaaa_{'a' * 43}")
    yield Dear("GET /oidc/{site}/userinfo", "a forged token", token)
    for path in (".well-known/openid-configuration", ".well-known/oauth-authorization-server", "jwks.json", "logout"):
        yield Dear(f"GET /oidc/{{site}}/{path}", "what everybody may read", request("GET", f"{base}/{path}"))


def _of_states(path: str, asked: str) -> Iterator[Dear]:
    """Logins, taken and refused, whose state is as long as it may be in an address or in a form, or longer."""
    route = "/oidc/{site}/authorize"
    for end, query in {"a login": asked, "a refused login": f"{asked}&prompt=none"}.items():
        for name, part in OCTETS.items():
            octets = part.replace(b"\xff", b"%ff").decode()
            raw = request("GET", f"{path}?{query}&state={octets * QUERY}"[:QUERY], Accept="text/html")
            yield Dear(f"GET {route}", f"{end}, its state of {name}", raw)
            for length in (4_090 * len(octets), LONGEST_FORM):
                body = (query.encode() + b"&state=" + part * LONGEST_FORM)[: min(length, LONGEST_FORM)]
                form = request("POST", path, body, FORM, Accept="text/html")
                yield Dear(f"POST {route}", f"{end}, its state of {len(body)} octets: {name}", form)


def of_a_page(tokens: list[str], kind: str) -> Iterator[Dear]:
    """What the holders of genuine page tokens may do; `kind` is `verification` or `intent`."""
    pattern = r"/p/{token:i\.[A-Za-z0-9_.-]+}" if kind == "intent" else "/p/{token}"
    base = f"/p/{tokens[0]}"
    browser = {"Accept": "text/html", "User_Agent": "Mozilla/5.0 (X11; Linux) Chrome/140"}
    for shape, headers in {"": {}, **HEADERS}.items():
        told = browser | headers
        yield Dear(f"GET {pattern}", f"the page, {shape}", request("GET", base, **told))
        yield Dear(f"GET {pattern}", f"the picture, {shape}", request("GET", f"{base}?scan=picture", **told))
        yield Dear(f"GET {pattern}/state", f"the state, {shape}", request("GET", f"{base}/state", **told))
    for shape, query in QUERIES.items():
        yield Dear(f"GET {pattern}", f"the page, {shape}", request("GET", f"{base}?{query}", **browser))
    for picture in ("png", "svg"):
        route = f"GET {pattern}/qr.{{kind:svg|png}}"
        yield Dear(route, f"the {picture} again", request("GET", f"{base}/qr.{picture}"))
        # Drawn for the first time.
        first = [request("GET", f"/p/{one}/qr.{picture}") for one in tokens[1:]]
        yield Dear(route, f"the first {picture}", first[0], tuple(first[1:]))
    if kind == "verification":
        yield from _of_guesses(tokens, pattern, browser)


def _of_guesses(tokens: list[str], pattern: str, browser: dict[str, str]) -> Iterator[Dear]:
    route, wrong = f"POST {pattern}/check", json.dumps({"code": "000000"}).encode()
    asked = [request("POST", f"/p/{one}/check", wrong) for one in tokens]
    longest = {name: json.dumps({"code": text * (1_000 // len(text))}).encode() for name, text in _CODES.items()}
    for name, body in longest.items():
        yield Dear(route, f"a code of {name}", request("POST", f"/p/{tokens[0]}/check", body))
        form = b"code=" + quote(json.loads(body)["code"]).encode()
        yield Dear(route, f"a form's code of {name}", request("POST", f"/p/{tokens[0]}/check", form, FORM, **browser))
    for name, (kind, body) in BODIES.items():
        for act in ("check", "resend"):
            raw = request("POST", f"/p/{tokens[0]}/{act}", body, kind, **browser)
            yield Dear(f"POST {pattern}/{act}", f"{name}, of a page's holder", raw)
    yield Dear(route, "a wrong code", asked[0], tuple(asked[1:]))
    posted = [request("POST", f"/p/{one}/check", b"code=000000", FORM, **browser) for one in tokens]
    yield Dear(route, "a wrong code by form", posted[0], tuple(posted[1:]))
    watched = f"/p/{tokens[0]}/events"
    yield Dear(route, "a wrong code beside open streams", asked[0], streams=watched)
    yield Dear(f"POST {pattern}/resend", "too soon", request("POST", f"/p/{tokens[1]}/resend", b"{}"))
