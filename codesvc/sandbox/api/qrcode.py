"""`/cgi-bin/qrcode/create` (WECHAT.md 5.1)."""

from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.api.call import Call, Endpoint
from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.qrcode import QrCode, read_order


def describe_code(code: QrCode) -> dict[str, Any]:
    """A code as the console's list of fresh ones shows it."""
    return {
        "account": code.appid,
        "url": code.url,
        "ticket": code.ticket,
        "scene": code.order.scene,
        "action": code.order.action,
        "created_at": code.created_at,
        "expires_at": code.expires_at,
    }


def create_qrcode(call: Call) -> Mapping[str, Any]:
    """Make a code; no errcode on success. Malformed JSON is 40052 here, not 47001 (WECHAT.md 5.1)."""
    try:
        body = call.body
    except Refusal as refusal:
        if refusal.errcode == 47001:  # noqa: PLR2004 - the platform's number
            raise Refusal(40052) from refusal
        raise
    account = call.account
    order = read_order(body)
    code = call.platform.codes.mint(account.spec.appid, order, call.now, permanent_limit=account.spec.permanent_limit)
    call.platform.feed.publish("qrcode", **describe_code(code))
    life = {} if order.life is None else {"expire_seconds": order.life}
    return {"ticket": code.ticket, **life, "url": code.url}


ENDPOINTS = (Endpoint("/cgi-bin/qrcode/create", "POST", create_qrcode),)
