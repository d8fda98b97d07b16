"""`/cgi-bin/token` and `/cgi-bin/stable_token` (WECHAT.md 3)."""

import hmac
from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.api.call import Call, Endpoint
from codesvc.sandbox.credential import AccessToken
from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.platform import Account


def open_account(call: Call, appid: str, secret: str) -> Account:
    """The account of an appid and its secret.

    Raises:
        Refusal: 41002, 41004 missing, 40013 unknown, 40243 frozen, 40125 wrong (WECHAT.md 2).
    """
    if not appid:
        raise Refusal(41002)
    if not secret:
        raise Refusal(41004)
    account = call.platform.accounts.get(appid)
    if account is None:
        raise Refusal(40013)
    call.subject = account
    if account.spec.secret_frozen:
        raise Refusal(40243)
    if not hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), account.spec.secret.encode()):
        raise Refusal(40125)
    return account


def _check_address(call: Call, account: Account) -> None:
    allowed = account.spec.ip_whitelist
    if allowed is not None and call.remote not in allowed:
        mapped = call.remote if ":" in call.remote else f"::ffff:{call.remote}"
        raise Refusal(40164, f"invalid ip {call.remote} ipv6 {mapped}, not in whitelist")


def _grant(account: Account, call: Call, token: AccessToken) -> Mapping[str, Any]:
    call.platform.feed.publish("token", account=account.spec.appid, kind=token.kind)
    return {"access_token": token.value, "expires_in": int(token.expires_at - call.now)}


def fetch_token(call: Call) -> Mapping[str, Any]:
    """A new ordinary token; the old one has 300 s left."""
    if call.query.get("grant_type") != "client_credential":
        raise Refusal(40002)
    account = open_account(call, call.query.get("appid", ""), call.query.get("secret", ""))
    _check_address(call, account)
    account.quotas.spend(call.path, call.now)
    return _grant(account, call, account.credentials.fetch(call.now))


def fetch_stable_token(call: Call) -> Mapping[str, Any]:
    """The token in force, or with `force_refresh` another one."""
    if call.text("grant_type") != "client_credential":
        raise Refusal(40002)
    account = open_account(call, call.text("appid"), call.text("secret"))
    _check_address(call, account)
    account.quotas.spend(call.path, call.now)
    force = call.body.get("force_refresh") in (True, "true", "True", 1, "1")
    return _grant(account, call, account.credentials.fetch_stable(call.now, force=force))


ENDPOINTS = (
    Endpoint("/cgi-bin/token", "GET", fetch_token, token=False),
    Endpoint("/cgi-bin/stable_token", "POST", fetch_stable_token, token=False),
)
