"""`/cgi-bin/shorten/gen` and `/cgi-bin/shorten/fetch`: short keys for long texts, as WeChat documents them."""

from codesvc.sandbox.account_state import ShortKey
from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_short_key
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right

_MAX_BYTES = 4096
_MAX_LIFE = 2_592_000


def make_key(call: Call) -> Answer:
    """A key for a text of up to 4 KB; without a life it is kept for 30 days."""
    text = call.body.get("long_data")
    if not isinstance(text, str) or not text:
        raise ApiError(47003, "argument invalid! long_data is empty")
    if len(text.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        raise ApiError(9410010)
    given = call.body.get("expire_seconds")
    life = _MAX_LIFE if given is None else read_integer(given)
    if life is None or not 1 <= life <= _MAX_LIFE:
        raise ApiError(9410011)
    key = mint_short_key()
    call.account.short_keys[key] = ShortKey(text, call.now, call.now + life)
    return {**OK, "short_key": key}


def read_key(call: Call) -> Answer:
    """The text of a key, and how long it still lives."""
    key = call.text("short_key")
    if not key:
        raise ApiError(47003, "argument invalid! short_key is empty")
    kept = call.account.short_keys.get(key)
    if kept is None or kept.expires_at <= call.now:
        raise ApiError(9410012)
    left = int(kept.expires_at - call.now)
    return {**OK, "long_data": kept.text, "create_time": int(kept.created_at), "expire_seconds": left}


ENDPOINTS = (
    Endpoint("/cgi-bin/shorten/gen", "POST", make_key, right=Right.SHORT_LINK, errors="47003H 9410010H 9410011H"),
    Endpoint("/cgi-bin/shorten/fetch", "POST", read_key, right=Right.SHORT_LINK, errors="47003H 9410012H"),
)
