"""`/cgi-bin/message/mass/preview`: a mass message for one person, to look at (official page)."""

from collections.abc import Mapping

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.person import Contact
from codesvc.sandbox.rights import Right

_NEEDED = {
    "text": "content",
    "image": "media_id",
    "voice": "media_id",
    "music": "media_id",
    "mpvideo": "media_id",
    "mpnews": "media_id",
    "wxcard": "card_id",
}


def preview(call: Call) -> Answer:
    """Show a message to one follower; `towxname`, the person's name here, comes before `touser`."""
    contact = _recipient(call)
    kind = call.text("msgtype")
    if kind not in _NEEDED:
        raise ApiError(40008)
    part = call.body.get(kind)
    value = part.get(_NEEDED[kind]) if isinstance(part, Mapping) else None
    if not isinstance(value, str) or not value:
        raise ApiError(44004 if kind == "text" else 40007)
    if not contact.follows:
        raise ApiError(43004)
    msgid = call.platform.next_msgid()
    call.platform.show(contact, {"type": kind, _NEEDED[kind]: value, "msgid": msgid, "by": "mass_preview"})
    return {**OK, "errmsg": "preview success", "msg_id": msgid}


def _recipient(call: Call) -> Contact:
    name = call.text("towxname")
    if not name:
        return call.account.contact(call.body.get("touser"))
    found = next((each for each in call.account.contacts.values() if each.person.name == name), None)
    if found is None:
        raise ApiError(40132)
    return found


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/message/mass/preview",
        "POST",
        preview,
        right=Right.MASS,
        errors="40003H 40007M 40008M 40132M 43004? 44004M",
    ),
)
