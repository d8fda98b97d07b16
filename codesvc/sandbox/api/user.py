"""Calls about followers (WECHAT.md 12)."""

from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.person import Contact
from codesvc.sandbox.rights import Right

_MAX_BATCH = 100
_REMARK_LIMIT = 30


def describe_user(contact: Contact) -> dict[str, Any]:
    """A person as `user/info` answers; only the ids if they do not follow."""
    bound = {"unionid": contact.unionid} if contact.unionid else {}
    if not contact.follows:
        return {"subscribe": 0, "openid": contact.openid, **bound}
    code = contact.subscribe_code
    return {
        "subscribe": 1,
        "openid": contact.openid,
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": int(contact.followed_at),
        **bound,
        "remark": contact.remark,
        "groupid": min(contact.tags, default=0),
        "tagid_list": sorted(contact.tags),
        "subscribe_scene": contact.subscribe_scene,
        "qr_scene": code.spec.scene_id if code else 0,
        "qr_scene_str": code.spec.scene if code and "STR" in code.spec.action else "",
    }


def get_user(call: Call) -> Answer:
    """One person; a success has no errcode."""
    openid = call.query.get("openid", "")
    if not openid:
        raise ApiError(41009)
    return describe_user(call.account.contact(openid))


def get_users(call: Call) -> Answer:
    """Up to 100 people."""
    listed = call.body.get("user_list")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_BATCH:
        raise ApiError(40032)
    openids = [item.get("openid") if isinstance(item, Mapping) else None for item in listed]
    return {"user_info_list": [describe_user(call.account.contact(openid)) for openid in openids]}


def list_followers(call: Call) -> Answer:
    """One page of openids.

    A request after the last page gets `count` 0 and no `data`. The last page with openids still has a next_openid
    (WECHAT.md 12).
    """
    everyone = call.account.followers()
    return {"total": len(everyone), **page_of(call, everyone, call.query.get("next_openid", ""))}


def page_of(call: Call, openids: list[str], after: str) -> dict[str, Any]:
    """The page of a list that follows an openid, or the first; 40003 if the list has no such openid."""
    if after and after not in openids:
        raise ApiError(40003)
    start = openids.index(after) + 1 if after else 0
    page = openids[start : start + call.platform.settings.page_size]
    data = {"data": {"openid": page}} if page else {}
    return {"count": len(page), **data, "next_openid": page[-1] if page else ""}


def set_remark(call: Call) -> Answer:
    """Set the account's own name for a follower."""
    contact = call.account.contact(call.body.get("openid"))
    if len(call.text("remark")) >= _REMARK_LIMIT:
        raise ApiError(40035)
    contact.remark = call.text("remark")
    return OK


ENDPOINTS = (
    Endpoint("/cgi-bin/user/info", "GET", get_user, right=Right.FOLLOWERS, errors="40003H 41009H"),
    Endpoint("/cgi-bin/user/info/batchget", "POST", get_users, right=Right.FOLLOWERS, errors="40003H 40032L"),
    Endpoint("/cgi-bin/user/get", "GET", list_followers, right=Right.FOLLOWERS, errors="40003H"),
    Endpoint("/cgi-bin/user/info/updateremark", "POST", set_remark, right=Right.FOLLOWERS, errors="40003H 40035?"),
)
