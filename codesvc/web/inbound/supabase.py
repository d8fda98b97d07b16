"""Supabase Auth: the Send SMS and Send Email hooks (HOOKS 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from codesvc.web.inbound.adapter import Adapter, Reading, Reason, answered
from codesvc.web.inbound.authentication import by_standard_webhooks
from codesvc.web.inbound.bodies import json_of, with_plus

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call, Refusal
    from codesvc.web.inbound.bodies import Fields

_NEW_ADDRESS: Final = ("user.new_email", "user.email_new")
_OF_KNOWN: Final = frozenset({"recovery", "magiclink", "reauthentication", "signin"})
"""Words of codes that go to a number or an address that the user has. A phone factor is enrolled with `mfa`, too."""
_OF_NEW: Final = frozenset({"signup", "invite", "email_change", "phone_change"})
"""Words of codes that go to a number or an address that the user gives for the first time."""
_AT_ONCE: Final = {"Retry-After": "1"}


def _read(_: Inbound, call: Call) -> list[Reading]:
    body = json_of(call)
    readings = _emails(body) if body.value("email_data") is not None else [_sms(body)]
    return [_of_user(reading, body) for reading in readings]


def _of_user(reading: Reading, body: Fields) -> Reading:
    """With what both hooks say about the person. The language is there only if the application wrote it."""
    return structs.replace(
        reading,
        language=body.note("user.user_metadata.locale") or body.note("user.user_metadata.language"),
        address=body.note("metadata.ip_address"),
        user=body.note("user.id"),
        known_recipient=reading.word in _OF_KNOWN and reading.recipient in _confirmed(body),
        claims_recipient=reading.word in _OF_NEW,
    )


def _confirmed(body: Fields) -> set[str]:
    """What Supabase has confirmed of the user. A code of `recovery` would confirm an address, too."""
    phone = with_plus(body.note("user.phone")) if body.note("user.phone_confirmed_at") else ""
    email = body.note("user.email") if body.note("user.email_confirmed_at") else ""
    return {phone, email}


def _sms(body: Fields) -> Reading:
    """`sms.phone` is there from 2.180; before, a changed number stood in `user.new_phone` and `user.phone` was old."""
    return Reading(
        recipient=with_plus(body.needed("sms.phone", "user.new_phone", "user.phone")),
        code=body.needed("sms.otp"),
        word=body.note("sms.sms_type") or _guessed(body),
        id=body.note("metadata.uuid"),
    )


def _guessed(body: Fields) -> str:
    """The request does not say what the code is for; the user's state says it in most cases."""
    if body.note("user.new_phone"):
        return "phone_change"
    return "signin" if body.note("user.phone_confirmed_at") else "signup"


def _emails(body: Fields) -> list[Reading]:
    """A change of address with confirmation by both sides has two codes. A notification has none and sends nothing.

    The names of the two are crossed for historical reasons: `token` goes with `token_hash_new` to the old address and
    `token_new` with `token_hash` to the new one. A change with one confirmation has `token` alone, for the new address.
    """
    word, identifier = body.note("email_data.email_action_type"), body.note("metadata.uuid")
    token, token_new = body.text("email_data.token"), body.text("email_data.token_new")
    if word.endswith("_notification") and not token:
        return []
    to = body.needed("user.email") if word != "email_change" or token_new else body.needed(*_NEW_ADDRESS, "user.email")
    pairs = [(to, token or body.needed("email_data.token"))]
    if word == "email_change" and token_new:
        pairs.append((body.needed(*_NEW_ADDRESS), token_new))
    return [
        Reading(recipient=recipient, code=code, word=word, id=f"{identifier}.{number}" if identifier else "")
        for number, (recipient, code) in enumerate(pairs)
    ]


def _refuse(refusal: Refusal) -> web.Response:
    """Refuse with a text for the person: a 200 with an error object. A 503 with `Retry-After` is repeated at once."""
    if refusal.reason is Reason.UNAVAILABLE:
        return answered({"message": refusal.detail}, 503, _AT_ONCE)
    if refusal.reason is Reason.MALFORMED:
        return answered({"message": refusal.detail}, 400)
    return answered({"error": {"http_code": refusal.status, "message": refusal.sentence}})


ADAPTER: Final = Adapter("supabase", by_standard_webhooks, _read, refuse=_refuse)
