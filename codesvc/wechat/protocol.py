"""WeChat's callback: bytes to events, and words to bytes. Pure; the clock is an argument.

An event is believed as far as it is signed (DESIGN rule 9). In safe and compatible mode the msg_signature covers the
ciphertext, and then nothing outside `<Encrypt>` is read, however plausible it looks beside it. In plaintext mode the
signature covers the token, the time and the nonce, but not the body: `Inbound.covered` is False, and the caller must
not put a code, a link or a proof into the HTTP answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from codesvc.wechat import crypto
from codesvc.wechat.errors import BadEnvelope, BadMessage, BadSignature, StaleCallback
from codesvc.wechat.event_parser import read_event, receiver
from codesvc.wechat.events import Event, mask
from codesvc.wechat.xml import cdata, only, read

_SECONDS = re.compile(r"[0-9]{1,12}")
# The signature does not cover echostr, so only what WeChat really sends (digits) and harmless neighbours go back.
_ECHO = re.compile(r"[A-Za-z0-9_+/=.-]{1,512}")


@dataclass(frozen=True, kw_only=True)
class CallbackKeys:
    """What an account shares with WeChat about its callback (WECHAT.md 9).

    Attributes:
        appid: the account.
        tokens: the token now in the console, then the one before it while a change is under way.
        aes_keys: likewise, 43 characters each; may be empty in plaintext mode.
        mode: what the console says.
        original_id: `gh_…`; if given, a message to any other id is refused.
    """

    appid: str
    tokens: tuple[str, ...] = field(repr=False)
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    mode: Literal["safe", "compatible", "plaintext"] = "safe"
    original_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReplyContext:
    """What it takes to answer one push: to whom, as whom, and closed with which keys (those that just fitted)."""

    appid: str
    openid: str = field(repr=False)
    original_id: str
    nonce: str = field(repr=False)
    encrypted: bool
    token: str = field(repr=False)
    aes_key: str | None = field(default=None, repr=False)
    who: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Put the masked openid where `repr` shows it."""
        object.__setattr__(self, "who", mask(self.openid))


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One push, checked.

    Attributes:
        event: what it says.
        covered: whether a signature covers what it says (it came encrypted).
        reply_context: for `render_text`.
    """

    event: Event
    covered: bool
    reply_context: ReplyContext


def verify_url(keys: CallbackKeys, query: Mapping[str, str]) -> str:
    """Answer the console's GET (WECHAT.md 9.1): the echostr to send back, exactly, as text/plain.

    Raises:
        BadSignature: not signed with one of our tokens, or without a usable echostr.
    """
    _signing_token(keys, query.get("signature", ""), query.get("timestamp", ""), query.get("nonce", ""))
    echostr = query.get("echostr", "")
    if not _ECHO.fullmatch(echostr):
        raise BadSignature("there is no usable echostr")
    return echostr


def parse(keys: CallbackKeys, query: Mapping[str, str], body: bytes, *, now: float, window: int = 300) -> Inbound:
    """Check a push and read it (WECHAT.md 9.2, 9.3).

    Args:
        keys: the account's.
        query: signature, timestamp, nonce; with encryption also msg_signature.
        body: as it came.
        now: unix seconds.
        window: how many seconds the push's timestamp may lie before or after `now`.

    Raises:
        StaleCallback: outside the window.
        BadSignature: missing, or made with another token.
        BadEnvelope: the outer body is malformed, not encrypted where it must be, or does not open.
        BadMessage: the message is malformed, or meant for another account.
        BadKeys: an AES key of ours is malformed.
    """
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not _SECONDS.fullmatch(timestamp):
        raise BadSignature("the timestamp is missing or malformed")
    if abs(now - int(timestamp)) > window:
        raise StaleCallback(f"the timestamp is more than {window} seconds away from now")

    aes_key = None
    if keys.mode != "plaintext" or query.get("encrypt_type") == "aes":
        sealed = (only(read(body, BadEnvelope), "Encrypt", BadEnvelope) or "").strip()
        if not sealed:
            raise BadEnvelope("the body is not encrypted")
        token = _signing_token(keys, query.get("msg_signature", ""), timestamp, nonce, sealed)
        body, aes_key = crypto.decrypt(sealed, keys.aes_keys, keys.appid)
    else:
        token = _signing_token(keys, query.get("signature", ""), timestamp, nonce)

    root = read(body, BadMessage)
    original_id = receiver(root)
    if keys.original_id is not None and original_id != keys.original_id:
        raise BadMessage("the message is meant for another account")
    event = read_event(root)
    context = ReplyContext(
        appid=keys.appid,
        openid=event.openid,
        original_id=original_id,
        nonce=nonce,
        encrypted=aes_key is not None,
        token=token,
        aes_key=aes_key,
    )
    return Inbound(event=event, covered=aes_key is not None, reply_context=context)


def render_text(inbound: Inbound, text: str, *, now: float) -> bytes:
    """A passive text reply (WECHAT.md 10.3), encrypted if the push was; to be sent within 5 s with status 200."""
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
    """The answer that says nothing in the chat and stops WeChat from asking again; never encrypted."""
    return b"success"


def _envelope(sealed: str, *, token: str, timestamp: str, nonce: str) -> bytes:
    signature = crypto.signature(token, timestamp, nonce, sealed)
    return (
        f"<xml><Encrypt>{cdata(sealed)}</Encrypt><MsgSignature>{cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
    ).encode()


def _signing_token(keys: CallbackKeys, given: str, *parts: str) -> str:
    """The token of ours that made this signature. Every token is tried, so that time tells nothing."""
    fitting = [token for token in keys.tokens if token and crypto.matches(given, token, *parts)]
    if not fitting:
        raise BadSignature("the signature does not match")
    return fitting[0]
