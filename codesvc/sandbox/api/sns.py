"""`/sns/*`: the server-side calls of web authorisation (WECHAT.md 11.2, 11.3); their Content-Type is `text/plain`."""

from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.api.call import OK, Call, Endpoint
from codesvc.sandbox.api.token import open_account
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.oauth import Session
from codesvc.sandbox.rights import Right, need_right


def _describe(session: Session, now: float) -> dict[str, Any]:
    identity = session.identity
    return {
        "access_token": session.access_token,
        "expires_in": int(session.expires_at - now),
        "refresh_token": session.refresh_token,
        "openid": identity.openid,
        "scope": identity.scope,
    }


def _unionid_field(session: Session) -> dict[str, Any]:
    return {"unionid": session.identity.unionid} if session.identity.unionid else {}


def exchange_code(call: Call) -> Mapping[str, Any]:
    """Exchange a code for a session."""
    account = open_account(call, call.query.get("appid", ""), call.query.get("secret", ""))
    account.quotas.spend(call.path, call.now)
    if call.query.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    need_right(account.spec.kind, Right.WEB_AUTHORISATION)
    session = call.platform.oauth.exchange(account.spec.appid, call.query.get("code", ""), call.now)
    answer = _describe(session, call.now)
    if session.identity.snapshot:
        answer["is_snapshotuser"] = 1
    return answer | (_unionid_field(session) if session.identity.scope == "snsapi_userinfo" else {})


def refresh_session(call: Call) -> Mapping[str, Any]:
    """Prolong a session; the answer never has a unionid."""
    appid = call.query.get("appid", "")
    if not appid:
        raise ApiError(41002)
    account = call.platform.accounts.get(appid)
    if account is None:
        raise ApiError(40013)
    account.quotas.spend(call.path, call.now)
    if call.query.get("grant_type") != "refresh_token":
        raise ApiError(40002)
    return _describe(
        call.platform.oauth.refresh(account.spec.appid, call.query.get("refresh_token", ""), call.now), call.now
    )


def _session(call: Call) -> Session:
    session = call.platform.oauth.session(call.query.get("access_token", ""), call.query.get("openid", ""), call.now)
    call.platform.accounts[session.identity.appid].quotas.spend(call.path, call.now)
    return session


def get_profile(call: Call) -> Mapping[str, Any]:
    """The person's profile, for the scope snsapi_userinfo; WeChat leaves sex and area empty since 2021-10."""
    session = _session(call)
    identity = session.identity
    if identity.scope != "snsapi_userinfo":
        raise ApiError(48001)
    return {
        "openid": identity.openid,
        "nickname": identity.nickname,
        "sex": 0,
        "province": "",
        "city": "",
        "country": "",
        "headimgurl": "https://thirdwx.qlogo.cn/mmopen/sandbox/132",
        "privilege": [],
        **_unionid_field(session),
    }


def check_session(call: Call) -> Mapping[str, Any]:
    """Whether an sns token still works for an openid."""
    _session(call)
    return OK


ENDPOINTS = (
    Endpoint("/sns/oauth2/access_token", "GET", exchange_code, token=False),
    Endpoint("/sns/oauth2/refresh_token", "GET", refresh_session, token=False),
    Endpoint("/sns/userinfo", "GET", get_profile, token=False),
    Endpoint("/sns/auth", "GET", check_session, token=False),
)
