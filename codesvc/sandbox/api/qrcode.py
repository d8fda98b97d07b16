"""`/cgi-bin/qrcode/create` (WECHAT.md 5.1)."""

from typing import Any

from codesvc.sandbox.api.call import Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.qrcode import QrCode, read_qr_spec
from codesvc.sandbox.rights import Right


def describe_code(code: QrCode) -> dict[str, Any]:
    """A QR code as the console lists it."""
    return {
        "account": code.appid,
        "url": code.url,
        "ticket": code.ticket,
        "scene": code.spec.scene,
        "action": code.spec.action,
        "created_at": code.created_at,
        "expires_at": code.expires_at,
        "shown": code.shown,
        "shown_en": code.shown_en,
        "shown_at": code.shown_at,
        "scanned_at": code.scanned_at,
    }


def create_qrcode(call: Call) -> Answer:
    """Make a code; a success has no errcode. This call answers malformed JSON with 40052, not 47001 (WECHAT.md 5.1)."""
    try:
        body = call.body
    except ApiError as error:
        if error.errcode == 47001:  # noqa: PLR2004 - the platform's number
            raise ApiError(40052) from error
        raise
    account = call.account
    spec = read_qr_spec(body)
    code = call.platform.codes.mint(account.spec.appid, spec, call.now, permanent_limit=account.spec.permanent_limit)
    call.platform.event_bus.publish("qrcode", **describe_code(code))
    life = {} if spec.life_seconds is None else {"expire_seconds": spec.life_seconds}
    return {"ticket": code.ticket, **life, "url": code.url}


ENDPOINTS = (
    Endpoint("/cgi-bin/qrcode/create", "POST", create_qrcode, right=Right.QRCODE, errors="40052H 40053H 45029H"),
)
