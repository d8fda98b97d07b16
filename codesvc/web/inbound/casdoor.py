"""Casdoor: "Custom HTTP SMS" and "Custom HTTP Email" (HOOKS 5). Only the status 200 is success there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, Unreadable
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, fields_of, pairs_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call
    from codesvc.web.inbound.bodies import Fields

_MOST_ADDRESSES: Final = 10
_PHONES: Final = ("phoneNumber", "mobile")
_ADDRESSES: Final = ("toAddress", "toAddresses")
_OF_EMAILS: Final = ("subject", "fromAddress")
_MARKUP: Final = "</"


def _read(source: Inbound, call: Call) -> list[Reading]:
    body = fields_of(call)
    to = source.options.get("to")
    addresses = {to} if to else set(_ADDRESSES)
    if addresses.union(_ADDRESSES, _OF_EMAILS).intersection(body.names()):
        return _emails(source, call, body, addresses)
    return [_sms(source, body)]


def _sms(source: Inbound, body: Fields) -> Reading:
    """Two texts: the number, and the content under a name of the operator's choice, even the empty one."""
    phone = source.options.get("phone") or next((name for name in _PHONES if name in body.names()), _PHONES[0])
    rest = [name for name in body.names() if name != phone]
    content = source.options.get("content") or (rest[0] if len(rest) == 1 else "code")
    code, text = code_and_text(source, body.needed(content))
    return Reading(recipient=body.needed(phone), code=code, text=text)


def _emails(source: Inbound, call: Call, body: Fields, names: set[str]) -> list[Reading]:
    """To one address, or to several. A JSON body lacks the address: a fault of Casdoor's, so the form is to be used."""
    given = [value for name, value in pairs_of(call) if name in names] or [body.note(name) for name in names]
    addresses = sorted({each.strip() for each in given if each.strip()})
    if not addresses:
        raise Unreadable("toAddress is missing: set the content type of the provider to form")
    if len(addresses) > _MOST_ADDRESSES:
        raise Unreadable("toAddresses are too many")
    code, text = code_and_text(source, body.needed(source.options.get("content") or "content"))
    return [
        Reading(
            recipient=address,
            code=code,
            text="" if code and _MARKUP in text else text,
            subject=body.note("subject"),
            language=call.headers.get("Accept-Language", ""),
        )
        for address in addresses
    ]


ADAPTER: Final = Adapter("casdoor", by_token, _read)
