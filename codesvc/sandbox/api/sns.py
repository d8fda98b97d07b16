"""`/sns/*`: the server-side calls of web authorisation (WECHAT.md 11.2, 11.3); their Content-Type is `text/plain`."""

from typing import Any

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.api.token import check_secret, open_account
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.oauth import Session
from codesvc.sandbox.rights import Right, need_right

_WITH_PROFILE = ("snsapi_userinfo", "snsapi_login")


def _spend(call: Call, appid: str) -> None:
    """Count a call of an account; a website application has no counter here."""
    if appid in call.platform.accounts:
        call.platform.accounts[appid].quotas.spend(call.path, call.now)


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


def exchange_code(call: Call) -> Answer:
    """Exchange a code for a session."""
    appid, secret = call.query.get("appid", ""), call.query.get("secret", "")
    website = call.platform.websites.get(appid)
    if website is None:
        open_account(call, appid, secret)
    else:
        check_secret(secret, website.secret)
    _spend(call, appid)
    if call.query.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    if website is None:
        need_right(call.platform.accounts[appid].spec.kind, Right.WEB_AUTHORISATION)
    session = call.platform.oauth.exchange(appid, call.query.get("code", ""), call.now)
    answer = _describe(session, call.now)
    if session.identity.snapshot:
        answer["is_snapshotuser"] = 1
    return answer | (_unionid_field(session) if session.identity.scope in _WITH_PROFILE else {})


def refresh_session(call: Call) -> Answer:
    """Prolong a session; the answer never has a unionid."""
    appid = call.query.get("appid", "")
    if not appid:
        raise ApiError(41002)
    if appid not in call.platform.accounts and appid not in call.platform.websites:
        raise ApiError(40013)
    _spend(call, appid)
    if call.query.get("grant_type") != "refresh_token":
        raise ApiError(40002)
    return _describe(call.platform.oauth.refresh(appid, call.query.get("refresh_token", ""), call.now), call.now)


def _session(call: Call) -> Session:
    session = call.platform.oauth.session(call.query.get("access_token", ""), call.query.get("openid", ""), call.now)
    _spend(call, session.identity.appid)
    return session


def get_profile(call: Call) -> Answer:
    """The person's profile, for the scopes snsapi_userinfo and snsapi_login.

    WeChat leaves sex and area empty since 2021-10.
    """
    session = _session(call)
    identity = session.identity
    if identity.scope not in _WITH_PROFILE:
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


def check_session(call: Call) -> Answer:
    """Whether an sns token still works for an openid."""
    _session(call)
    return OK


ENDPOINTS = (
    Endpoint(
        "/sns/oauth2/access_token",
        "GET",
        exchange_code,
        token=False,
        errors="40002H 40013H 40029H 40125H 40163H 41002H 41004H 41008H 42003H 48001?",
    ),
    Endpoint(
        "/sns/oauth2/refresh_token",
        "GET",
        refresh_session,
        token=False,
        errors="40002H 40013H 40030H 41002H 41003H 42002H",
    ),
    Endpoint("/sns/userinfo", "GET", get_profile, token=False, errors="40001H 40003H 41001H 41009H 42001H 48001H"),
    Endpoint("/sns/auth", "GET", check_session, token=False, errors="40001H 40003H 41001H 41009H 42001H"),
)
