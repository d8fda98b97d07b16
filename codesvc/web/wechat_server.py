"""wechat-server's protocol, for panels that can log in by it (KINDS.md section 11): `GET /api/wechat/user?code=…`.

The answers are those of the original: always 200, `success` a boolean, `data` a string, and the messages in Chinese,
because panels show them. The token is a key of the scope `wechat_server`, raw as panels send it or after `Bearer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.errors import StoreUnavailable
from codesvc.web.api.views import json_response
from codesvc.web.authentication import count_refused_key
from codesvc.web.context import services

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()


def _refused(message: str) -> web.Response:
    return json_response({"message": message, "success": False})


def _site(request: web.Request) -> SiteEntry | None:
    """The site whose panel asks; None if the token is no such key, or the site has not opted in."""
    here = services(request)
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    caller = here.directory.caller(key)
    if caller is None:
        count_refused_key(here, key)
    if caller is None or "wechat_server" not in caller.key.scopes or caller.site.config.wechat_server is None:
        return None
    here.key_uses.note(caller)
    return caller.site


@routes.get("/api/wechat/user")
async def user(request: web.Request) -> web.Response:
    """Use a code up: the openid of the person it was made for; "" for an unknown, used or expired one."""
    site = _site(request)
    if site is None:
        return _refused("无权进行此操作，未登录或 token 无效")
    code = request.query.get("code", "").strip()
    if not code:
        return _refused("无效的参数")
    try:
        openid = await services(request).login_codes.owner(site, code)
    except StoreUnavailable:
        return _refused("服务暂时不可用，请稍后再试")
    return json_response({"data": openid, "message": "", "success": True})


@routes.get("/api/wechat/access_token")
async def access_token(_: web.Request) -> web.Response:
    """wechat-server hands out the account's access token here; this service does not."""
    return _refused("此服务不提供 access_token")
