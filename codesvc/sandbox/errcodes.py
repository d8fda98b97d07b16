"""The platform's error answers: errcode and errmsg (WECHAT.md 2).

The platform answers an error with HTTP 200 and a JSON object. A rule raises `ApiError`; the frame around every call
turns it into that answer and appends the `rid`.
"""

from typing import Final

ERRMSG: Final[dict[int, str]] = {
    -1: "system error",
    0: "ok",
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, "
        "more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40036: "invalid template_id size",
    40037: "invalid template_id",
    40039: "invalid url size",
    40048: "invalid url domain",
    40052: "invalid action name",
    40053: "invalid action info, please check document",
    40066: "invalid url",
    40102: "invalid industry id",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40165: "invalid weapp pagepath",
    40166: "invalid weapp appid",
    40200: "invalid account type",
    40241: "The message is duplicate in 60 seconds",
    40243: "appsecret is frozen",
    40246: "keyword name invalid",
    40249: "this template msg has been blocked for illegal content",
    40252: "部分内容正在审核中，审核完成前无法下发",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "missing refresh_token",
    41004: "appsecret missing",
    41008: "missing code",
    41009: "missing openid",
    41028: "invalid form id",
    41029: "form id used count reach limit",
    41030: "invalid page",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "user changed password",
    43001: "require GET method",
    43002: "require POST method",
    43003: "require https",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43100: "change template too frequently",
    43101: "user refuse to accept the msg",
    43106: "not allow to add template, for punishment",
    43107: "capability banned",
    43108: "concurrent send to the same user",
    43116: "This template_id is banned",
    43117: "Sending messages to this openid too frequently, please try later",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45026: "template num exceeds limit",
    45027: "template conflict with industry",
    45029: "qrcode count out of limit",
    45047: "out of response count limit",
    45168: "keyword in blacklist",
    46003: "menu no exist",
    46004: "user not exist",
    47001: "data format error",
    47002: "data format error, \\uxxxx is not accepted",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block receive message",
    48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
    48006: "forbid to clear quota because of reaching the limit",
    50001: "user unauthorized",
    50002: "user limited",
    50005: "user not following",
    63178: "appid wrong",
    76001: "rid not found",
    76002: "rid is error",
    76003: "cgi_path is invalid",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    89503: "this ip is waiting for the administrator's confirmation",
    89506: "this ip was refused twice, retry in 24 hours",
    89507: "this ip was refused, retry in one hour",
}


class ApiError(Exception):
    """The platform answers a call with an error.

    Args:
        errcode: the number in the answer.
        errmsg: the text without the `rid`; by default the known text for the number.
    """

    def __init__(self, errcode: int, errmsg: str | None = None) -> None:
        self.errcode = errcode
        self.errmsg = ERRMSG.get(errcode, f"error {errcode}") if errmsg is None else errmsg
        super().__init__(f"{errcode}: {self.errmsg}")
