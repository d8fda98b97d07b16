"""WeChat's callback: parsing of callbacks and rendering of replies. The clock is an argument.

An event is trusted as far as it is signed (DESIGN rule 9). In safe and compatible mode, msg_signature covers the
ciphertext, and nothing outside of `<Encrypt>` is read. In plaintext mode, the signature covers the token, the time and
the nonce, but not the body. Then `Inbound.covered` is False, and the caller must not put a code, a link or a proof into
the HTTP answer.

WeChat sorts what it signs and joins it without separators. So a signature fits also when timestamp and nonce have
changed places, or digits have moved from one to the other. `_refuse_another_reading` keeps an old callback whose nonce
reads as a later time from being new again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from codesvc.wechat import crypto
from codesvc.wechat.errors import BadEnvelope, BadMessage, BadSignature, OtherAccount, StaleCallback
from codesvc.wechat.event_parser import read_event, receiver
from codesvc.wechat.events import Event, OfPerson
from codesvc.wechat.unexpected_body import describe
from codesvc.wechat.xml import MAX_BYTES, MAX_PLAINTEXT_BYTES, cdata, only, read

CALLBACK_WINDOW: Final = 300
"""How many seconds a callback's timestamp may lie before or after the clock of the process that gets it. The mark that
it has acted (`once.lua`) is kept for twice the whole span, because the clocks of two processes may differ.
"""
_SECONDS = re.compile(r"[0-9]{1,10}")
_TIME = re.compile(r"[0-9]{10}")
# A longer memory would refuse more of WeChat's own callbacks: it is a week of the 10**10 values of a nonce.
_REMEMBERED_SECONDS = 604_800
_SEALED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([^<\]]+)")
_MOST_ENVELOPES = 4  # at either end of a body; a person's text stands before or after the genuine one
# The signature does not cover echostr. So only the digits that WeChat sends, and similar harmless characters, are
# returned.
_ECHO = re.compile(r"[A-Za-z0-9_+/=.-]{1,512}")


@dataclass(frozen=True, kw_only=True)
class CallbackKeys:
    """The callback secrets that an account shares with WeChat (WECHAT.md 9).

    Attributes:
        appid: the account.
        tokens: the present token of the console, then the previous one while it is being changed.
        aes_keys: the present EncodingAESKey and the previous one, 43 characters each; may be empty in plaintext mode.
        mode: the mode set in the console.
        original_id: `gh_…`; if given, a message to any other id is refused.
    """

    appid: str
    tokens: tuple[str, ...] = field(repr=False)
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    mode: Literal["safe", "compatible", "plaintext"] = "safe"
    original_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReplyContext(OfPerson):
    """What is needed to answer a callback: receiver, sender, and the keys that matched the callback."""

    appid: str
    original_id: str
    nonce: str = field(repr=False)
    encrypted: bool
    token: str = field(repr=False)
    aes_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A checked callback.

    Attributes:
        covered: whether a signature covers the event, because it was encrypted. If not, anybody may read the answer.
        vouched: whether another back end received it, checked it, and says that WeChat sent it.
        stamp: timestamp and nonce as they are signed. It is the same if they have changed places.
        reply_context: for `render_text`.
    """

    event: Event
    covered: bool
    vouched: bool = False
    stamp: str = field(default="", repr=False)
    reply_context: ReplyContext

    @property
    def forgeable(self) -> bool:
        """Whether anybody may have made the event (rule 9)."""
        return not (self.covered or self.vouched)


def verify_url(keys: CallbackKeys, query: Mapping[str, str]) -> str:
    """Answer the console's GET (WECHAT.md 9.1): returns the echostr, to be sent back unchanged as text/plain.

    Raises:
        BadSignature: not signed with one of our tokens, or without a usable echostr.
    """
    _signing_token(keys, query.get("signature", ""), query.get("timestamp", ""), query.get("nonce", ""))
    echostr = query.get("echostr", "")
    if not _ECHO.fullmatch(echostr):
        raise BadSignature("there is no usable echostr")
    return echostr


def parse(
    keys: CallbackKeys, query: Mapping[str, str], body: bytes, *, now: float, window: int = CALLBACK_WINDOW
) -> Inbound:
    """Check and parse a callback (WECHAT.md 9.2, 9.3).

    Args:
        keys: the account's keys.
        query: signature, timestamp, nonce; with encryption also msg_signature.
        body: the raw body.
        now: unix seconds.
        window: how many seconds the callback's timestamp may lie before or after `now`.

    Raises:
        StaleCallback: outside the window, or signed at an earlier time.
        BadSignature: missing, or made with another token.
        BadEnvelope: the outer body is malformed, not encrypted where it must be, or cannot be decrypted.
        BadMessage: the message is malformed, or meant for another account.
        BadKeys: an AES key of ours is malformed.
    """
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not _SECONDS.fullmatch(timestamp):
        raise BadSignature("the timestamp is missing or malformed")
    encrypted = keys.mode != "plaintext" or query.get("encrypt_type") == "aes"
    _require_signature(keys, query, timestamp, nonce, body if encrypted else b"")
    # After the signature: an operator has to know whether WeChat's clock and ours differ, or a stranger calls.
    if abs(now - int(timestamp)) > window:
        raise StaleCallback(f"the timestamp is more than {window} seconds away from now")

    aes_key = None
    if encrypted:
        sealed = (only(read(body, BadEnvelope), "Encrypt", BadEnvelope) or "").strip()
        if not sealed:
            raise BadEnvelope("the body is not encrypted")
        token = _signing_token(keys, query.get("msg_signature", ""), timestamp, nonce, sealed)
        body, aes_key = crypto.decrypt(sealed, keys.aes_keys, keys.appid)
    else:
        token = _signing_token(keys, query["signature"], timestamp, nonce)

    root = read(body, BadMessage, mend=True, most=MAX_BYTES if aes_key is not None else MAX_PLAINTEXT_BYTES)
    original_id = receiver(root)
    if keys.original_id is not None and original_id != keys.original_id:
        raise OtherAccount("the message is for another account")
    event = read_event(root)
    _refuse_another_reading(timestamp, nonce, event.at if aes_key is not None else None, window)
    context = ReplyContext(
        appid=keys.appid,
        openid=event.openid,
        original_id=original_id,
        nonce=nonce,
        encrypted=aes_key is not None,
        token=token,
        aes_key=aes_key,
    )
    stamp = _stamp(timestamp, nonce)
    return Inbound(event=event, covered=aes_key is not None, stamp=stamp, reply_context=context)


def render_text(inbound: Inbound, text: str, *, now: float) -> bytes:
    """Render a passive text reply (WECHAT.md 10.3), encrypted if the callback was. Send it within 5 s, status 200."""
    to = inbound.reply_context
    plain = (
        f"<xml><ToUserName>{cdata(to.openid)}</ToUserName><FromUserName>{cdata(to.original_id)}</FromUserName>"
        f"<CreateTime>{int(now)}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{cdata(text)}</Content></xml>"
    ).encode()
    if to.aes_key is None:
        return plain
    sealed = crypto.encrypt(plain, to.aes_key, to.appid)
    return _envelope(sealed, token=to.token, timestamp=str(int(now)), nonce=to.nonce)


def render_nothing() -> bytes:
    """The answer that shows nothing in the chat and stops WeChat's repetitions. It is never encrypted."""
    return b"success"


def _stamp(timestamp: str, nonce: str) -> str:
    return "".join(sorted((timestamp, nonce)))


def _refuse_another_reading(timestamp: str, nonce: str, created: int | None, window: int) -> None:
    """Refuse a callback of an earlier time that is fresh only because its nonce is read as the time.

    WeChat signs token, timestamp and nonce sorted and joined, without marks between them. So timestamp and nonce can be
    exchanged, or cut in another place, under the same signature.

    `created` is the event's own time where a signature covers it. Then of two times that fit the signature, the nearer
    one is WeChat's, if it is near at all: a genuine callback is read however late it comes. In plaintext mode the
    event's time can be anybody's, so a callback is refused that can also be read as one of the week before.

    Raises:
        StaleCallback: the signature was made at another time.
    """
    stamp, given = _stamp(timestamp, nonce), int(timestamp)
    others = {nonce}
    if stamp[:10] <= stamp[10:]:
        others.add(stamp[:10])
    if stamp[:-10] <= stamp[-10:]:
        others.add(stamp[-10:])
    for earlier in (int(other) for other in others if _TIME.fullmatch(other) and int(other) < given):
        if created is None:
            another = given - earlier <= _REMEMBERED_SECONDS
        else:
            another = abs(created - earlier) < min(abs(created - given), window + 1)
        if another:
            raise StaleCallback("the signature fits an earlier time: timestamp and nonce may have changed places")


def _envelope(sealed: str, *, token: str, timestamp: str, nonce: str) -> bytes:
    signature = crypto.signature(token, timestamp, nonce, sealed)
    return (
        f"<xml><Encrypt>{cdata(sealed)}</Encrypt><MsgSignature>{cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
    ).encode()


def _require_signature(
    keys: CallbackKeys, query: Mapping[str, str], timestamp: str, nonce: str, envelope: bytes
) -> None:
    """Check the signatures before anything is parsed, because parsing costs much more than a signature.

    WeChat signs the query of every callback (`signature`). A person who has read one address can repeat that with any
    body, so `msg_signature` is checked as well, over the ciphertext, which a regular expression finds. In compatible
    mode a person's text stands beside the envelope and may imitate one, so the signature must fit one of those found.

    Raises:
        BadSignature: one of them is not ours, or neither is there.
    """
    given = query.get("signature")
    if given is not None or not envelope:
        _signing_token(keys, given or "", timestamp, nonce)
    if not envelope:
        return
    found = _SEALED.findall(envelope[:MAX_BYTES])
    if not found and given is None:
        raise BadSignature(f"the signature is missing, and so is the encrypted message: {describe(envelope)}")
    # Without an envelope, `read` says what the body is instead.
    outermost = [*found[:_MOST_ENVELOPES], *found[_MOST_ENVELOPES:][-_MOST_ENVELOPES:]]
    signed = query.get("msg_signature", "")
    fitting = [each for each in outermost if _signing_tokens(keys, signed, timestamp, nonce, _text(each))]
    if found and not fitting:
        raise BadSignature("the signature does not match")


def _text(sealed: bytes) -> str:
    return sealed.decode(errors="replace").strip()


def _signing_tokens(keys: CallbackKeys, given: str, *parts: str) -> list[str]:
    """The tokens of ours that made this signature. All are tried, so that the time does not reveal which matched."""
    return [token for token in keys.tokens if token and crypto.matches(given, token, *parts)]


def _signing_token(keys: CallbackKeys, given: str, *parts: str) -> str:
    fitting = _signing_tokens(keys, given, *parts)
    if not fitting:
        raise BadSignature("the signature does not match")
    return fitting[0]
