"""`/cgi-bin/ticket/getticket`: the tickets of the JS-SDK and of cards."""

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_jsapi_ticket
from codesvc.sandbox.rights import Right, need_right

_LIFE = 7200


def get_ticket(call: Call) -> Answer:
    """The ticket of a type; while one lives, the same again with a life of 7,200 s (field report)."""
    kind = call.query.get("type", "")
    if kind not in {"jsapi", "wx_card"}:
        raise ApiError(40097)
    if kind == "wx_card":
        need_right(call.account.spec.kind, Right.CARDS)
    value, ends_at = call.account.tickets.get(kind, ("", 0.0))
    if ends_at <= call.now:
        value = mint_jsapi_ticket()
    call.account.tickets[kind] = (value, call.now + _LIFE)
    return {**OK, "ticket": value, "expires_in": _LIFE}


ENDPOINTS = (Endpoint("/cgi-bin/ticket/getticket", "GET", get_ticket, errors="40097M 48001M"),)
