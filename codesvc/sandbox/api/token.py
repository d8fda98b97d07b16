"""`/cgi-bin/token` and `/cgi-bin/stable_token` (WECHAT.md 3)."""

import hmac

from codesvc.sandbox.account_state import Account
from codesvc.sandbox.api.call import Answer, Call, Endpoint
from codesvc.sandbox.credential import AccessToken
from codesvc.sandbox.errcodes import ApiError


def open_account(call: Call, appid: str, secret: str) -> Account:
    """The account of an appid and its secret.

    Raises:
        ApiError: 41002 no appid, 41004 no secret, 40013 unknown appid, 40243 frozen secret, 40125 wrong secret
            (WECHAT.md 2).
    """
    if not appid:
        raise ApiError(41002)
    if not secret:
        raise ApiError(41004)
    account = call.platform.accounts.get(appid)
    if account is None:
        raise ApiError(40013)
    call.subject = account
    if account.spec.secret_frozen:
        raise ApiError(40243)
    check_secret(secret, account.spec.secret)
    return account


def check_secret(given: str, secret: str) -> None:
    """Compare an AppSecret in constant time; 41004 none, 40125 a wrong one."""
    if not given:
        raise ApiError(41004)
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode()):
        raise ApiError(40125)


def _check_address(call: Call, account: Account) -> None:
    allowed = account.spec.ip_whitelist
    if allowed is not None and call.remote not in allowed:
        mapped = call.remote if ":" in call.remote else f"::ffff:{call.remote}"
        raise ApiError(40164, f"invalid ip {call.remote} ipv6 {mapped}, not in whitelist")


def _grant(account: Account, call: Call, token: AccessToken) -> Answer:
    call.platform.event_bus.publish("token", account=account.spec.appid, kind=token.kind)
    return {"access_token": token.value, "expires_in": int(token.expires_at - call.now)}


def fetch_token(call: Call) -> Answer:
    """A new ordinary token; the previous one works for another 300 s."""
    if call.query.get("grant_type") != "client_credential":
        raise ApiError(40002)
    account = open_account(call, call.query.get("appid", ""), call.query.get("secret", ""))
    _check_address(call, account)
    account.quotas.spend(call.path, call.now)
    return _grant(account, call, account.credentials.fetch(call.now))


def fetch_stable_token(call: Call) -> Answer:
    """The current stable token, or a new one with `force_refresh`."""
    if call.text("grant_type") != "client_credential":
        raise ApiError(40002)
    account = open_account(call, call.text("appid"), call.text("secret"))
    _check_address(call, account)
    account.quotas.spend(call.path, call.now)
    force = _read_switch(call.body.get("force_refresh"))
    return _grant(account, call, account.credentials.fetch_stable(call.now, force=force))


def _read_switch(value: object) -> bool:
    """A boolean, also as text or number, as some SDKs send it; None is false.

    Raises:
        ApiError: 47001 for anything else; what the platform answers is not documented.
    """
    if value in (True, "true", "True", "1"):  # 1 equals True
        return True
    if value in (None, False, "false", "False", "0", ""):
        return False
    raise ApiError(47001)


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/token", "GET", fetch_token, token=False, errors="40002H 40013H 40125H 40164H 40243L 41002H 41004H"
    ),
    Endpoint(
        "/cgi-bin/stable_token",
        "POST",
        fetch_stable_token,
        token=False,
        errors="40002H 40013H 40125H 40164H 40243L 41002H 41004H 47001?",
    ),
)
