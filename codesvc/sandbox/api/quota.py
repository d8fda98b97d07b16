"""Quota and network calls (WECHAT.md 4)."""

import re
from typing import Any

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.api.token import open_account
from codesvc.sandbox.errcodes import ApiError

_RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")
_API_ADDRESSES = ("106.55.206.146", "106.55.206.211", "175.24.211.168")
_CALLBACK_ADDRESSES = ("101.226.103.0/25", "106.55.206.0/25", "127.0.0.1")


def clear_quota(call: Call) -> Answer:
    """Reset all counters of the day."""
    if call.text("appid") != call.account.spec.appid:
        raise ApiError(40013)
    call.account.quotas.clear(call.now)
    return OK


def clear_quota_by_secret(call: Call) -> Answer:
    """Reset all counters of the day, without a token.

    Appid and appsecret may be in the query or in the body, because WeChat's pages disagree about it.
    """
    given = {**(call.body if call.raw.strip() else {}), **call.query}
    appid, secret = (value if isinstance(value := given.get(name), str) else "" for name in ("appid", "appsecret"))
    open_account(call, appid, secret).quotas.clear(call.now)
    return OK


def clear_api_quota(call: Call) -> Answer:
    """Reset the counter of one API."""
    call.account.quotas.clear(call.now, _read_path(call))
    return OK


def get_quota(call: Call) -> Answer:
    """The day's counter of one API, and its limit per minute if it has one."""
    reading = call.account.quotas.read(_read_path(call), call.now)
    answer: dict[str, Any] = dict(OK)
    if reading.limit.daily is not None:
        remain = max(reading.limit.daily - reading.used, 0)
        answer["quota"] = {"daily_limit": reading.limit.daily, "used": reading.used, "remain": remain}
    if reading.limit.minute is not None:
        answer["rate_limit"] = {"call_count": reading.limit.minute, "refresh_second": 60}
    return answer


def get_rid(call: Call) -> Answer:
    """The request and the answer of an earlier call, by its request id."""
    rid = call.text("rid")
    if not _RID.fullmatch(rid):
        raise ApiError(76002)
    entry = call.platform.journal.by_rid(rid)
    if entry is None:
        raise ApiError(76001)
    if entry.account != call.account.spec.appid:
        raise ApiError(76003, "could not query this rid data, no permission")
    return {
        **OK,
        "request": {
            "invoke_time": int(entry.at),
            "cost_in_ms": int(entry.duration * 1000),
            "request_url": entry.query,
            "request_body": entry.request,
            "response_body": entry.response,
            "client_ip": call.remote,
        },
    }


def list_api_addresses(_call: Call) -> Answer:
    """The addresses of the API servers."""
    return {"ip_list": list(_API_ADDRESSES)}


def list_callback_addresses(_call: Call) -> Answer:
    """The addresses from which callbacks come; with loopback, so that a check of the sender accepts the sandbox."""
    return {"ip_list": list(_CALLBACK_ADDRESSES)}


def check_callback(call: Call) -> Answer:
    """The network diagnosis; the sandbox measures nothing and answers with fixed samples."""
    action, operator = call.text("action"), call.text("check_operator") or "DEFAULT"
    if action not in {"dns", "ping", "all"} or operator not in {"CHINANET", "UNICOM", "CAP", "DEFAULT"}:
        raise ApiError(40035)
    answer: dict[str, Any] = {}
    if action in {"dns", "all"}:
        answer["dns"] = [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
    if action in {"ping", "all"}:
        answer["ping"] = [{"ip": "127.0.0.1", "from_operator": "UNICOM", "package_loss": "0%", "time": "1.000ms"}]
    return answer


def _read_path(call: Call) -> str:
    path = call.text("cgi_path")
    if path.startswith("/sns/"):
        raise ApiError(76022)
    if not path.startswith("/") or path.startswith("//") or "?" in path:
        raise ApiError(76003)
    if not re.fullmatch(r"/(?:cgi-bin|wxa|wxaapi)/[\w./-]{1,128}", path):
        raise ApiError(76021)
    return path


ENDPOINTS = (
    Endpoint("/cgi-bin/clear_quota", "POST", clear_quota, errors="40013H 48006H"),
    Endpoint(
        "/cgi-bin/clear_quota/v2",
        "POST",
        clear_quota_by_secret,
        token=False,
        errors="40013L 40125L 41002L 41004L 48006L",
    ),
    Endpoint("/cgi-bin/openapi/quota/clear", "POST", clear_api_quota, errors="48006H 76003H 76021H 76022H"),
    Endpoint("/cgi-bin/openapi/quota/get", "POST", get_quota, errors="76003H 76021H 76022H"),
    Endpoint("/cgi-bin/openapi/rid/get", "POST", get_rid, errors="76001M 76002M 76003M"),
    Endpoint("/cgi-bin/get_api_domain_ip", "GET", list_api_addresses),
    Endpoint("/cgi-bin/getcallbackip", "GET", list_callback_addresses),
    Endpoint("/cgi-bin/callback/check", "POST", check_callback, errors="40035?"),
)
