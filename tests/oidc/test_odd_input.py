"""Odd parameters never cost a 500, and never lead anywhere."""

from __future__ import annotations

import random
from urllib.parse import quote, urlencode

from tests.oidc.parties import CALLBACK, SECRET, Browser, provider

ODD = [
    *(
        "",
        " ",
        "\0",
        "\r\n",
        "a\tb",
        "\x7f",
        "\x85",
        "\u2028",
        "\ud800",
        "💥" * 50,
        "é",
        "%00",
        "%",
        "%zz",
        "+",
        "&",
        "=",
    ),
    *(";", "#", "a" * 3000, '"', "\\", "<b>", "{}", "[]", "null", "-1", "1e9", "9" * 400, "none", "code", "S256"),
    *("openid", "ünïcode", "https://x.example/?a=b#c"),
]
NAMES = [
    *(
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "ui_locales",
        "é",
        "",
    ),
    *("display", "login_hint", "id_token_hint", "acr_values", "claims", "code_challenge", "code_challenge_method"),
    *("response_mode", "request", "registration"),
]
TOKEN_NAMES = [
    *("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "scope", "token"),
    *("access_token", "x"),
]
GOOD = {"response_type": "code", "client_id": "wiki", "redirect_uri": CALLBACK, "scope": "openid", "state": "s"}


def encoded(pairs):
    return "&".join(f"{quote(k, errors='surrogatepass')}={quote(v, errors='surrogatepass')}" for k, v in pairs)


async def test_no_odd_request_is_a_fault_of_the_service(new_world):
    async with new_world(**provider(sites__shop__limits={"site_starts": "none", "address_starts": "none"})) as world:
        browser = Browser(world)
        dice = random.Random(7)  # noqa: S311  the same odd requests each time
        for _ in range(250):
            pairs = [(k, v) for k, v in GOOD.items() if dice.random() > 0.05]
            pairs += [(dice.choice(NAMES), dice.choice(ODD)) for _ in range(dice.randrange(3))]
            method = dice.choice(["GET", "POST"])
            query = encoded(pairs)[:7000]
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            if method == "GET":
                answer = await world.call("GET", f"/oidc/shop/authorize?{query}", key=None)
            else:
                answer = await world.call("POST", "/oidc/shop/authorize", key=None, data=query, headers=form)
            assert answer.status in {303, 400}, (answer.status, query)
            if answer.status == 303:
                assert answer.headers["Location"].startswith((CALLBACK + "?", "/p/i.")), query
            assert answer.headers["Location"].isascii() if answer.status == 303 else True
        for _ in range(250):
            pairs = [(dice.choice(TOKEN_NAMES), dice.choice(ODD)) for _ in range(dice.randrange(5))]
            if dice.random() < 0.6:
                pairs += [("client_id", "wiki"), ("client_secret", SECRET), ("grant_type", "authorization_code")]
            path, sent = dice.choice(["token", "revoke", "userinfo", "logout"]), {}
            if dice.random() < 0.3:
                sent["Authorization"] = dice.choice(["Basic ", "Bearer "]) + quote(
                    dice.choice(ODD), errors="surrogatepass"
                )
            body, kind = (
                encoded(pairs),
                dice.choice(["application/x-www-form-urlencoded", "application/json", "text/plain"]),
            )
            answer = await world.call(
                "POST", f"/oidc/shop/{path}", key=None, data=body, headers=sent | {"Content-Type": kind}
            )
            assert answer.status < 500, (path, body, sent)
            answer = await browser.get(f"/oidc/shop/userinfo?{urlencode({'access_token': 'x'})}", **sent)
            assert answer.status == 401
