"""Callback bodies: plain, compatible and safe mode, with and without a genuine signature."""

from __future__ import annotations

from urllib.parse import parse_qsl

from codesvc.domain.chat_text import attempts_keyword, read_command, read_keyword
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.wechat import callback_format, crypto
from codesvc.wechat.errors import BadCallback, BadSignature
from codesvc.wechat.events import Text
from codesvc.wechat.xml import only, read
from tests.fuzz.target import Target
from tests.service.callbacks import push_of, sealed

NOW = 1_750_000_000
PERSON = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
KEYS = {
    mode: callback_format.CallbackKeys(
        appid=DEFAULT_ACCOUNT.appid,
        tokens=(DEFAULT_ACCOUNT.token, "the token of before"),
        aes_keys=(DEFAULT_ACCOUNT.aes_key,),
        mode=mode,
        original_id=DEFAULT_ACCOUNT.original_id,
    )
    for mode in ("safe", "compatible", "plaintext")
}
GAP = b"@@"
"""Stands in an input for the genuine `<Encrypt>` element."""
GENUINE = push_of(DEFAULT_ACCOUNT, PERSON, text="hello") | {"CreateTime": NOW, "MsgId": 7_000_000_000}
QUERY, BODY = sealed(DEFAULT_ACCOUNT, GENUINE, at=NOW)
ENVELOPE = BODY[BODY.index("<Encrypt>") : BODY.index("</Encrypt>") + len("</Encrypt>")].encode()
EVENT = callback_format.parse(KEYS["safe"], QUERY, BODY.encode(), now=NOW).event
WORDS = (
    "<xml>", "</xml>", "<![CDATA[", "]]>", "<!DOCTYPE x>", "<!ENTITY a 'b'>", "&a;", "&#2;", "&#x10FFFF;", "<?xml?>",
    "<Encrypt>", "</Encrypt>", "@@", "<ToUserName>", "<FromUserName>", "<CreateTime>", "<MsgType>", "<Event>",
    "<EventKey>", "<Content>", "<MsgId>", "<MsgID>", "<Status>", "<List>", "<Ticket>", "<TemplateId>", "<OpenID>",
    "<SubscribeMsgPopupEvent>", "<SubscribeMsgSentEvent>", "<SubscribeStatusString>", "qrscene_", "failed:user block",
    "TEMPLATESENDJOBFINISH", "subscribe_msg_popup_event", "user_authorization_revoke", "口令：", "signature=",
    "timestamp=", "nonce=", "msg_signature=", "encrypt_type=aes", "echostr=",
)  # fmt: skip


def _answered(inbound, text):
    """A reply to a push is XML that holds the text, sealed if the push was."""
    root = read(callback_format.render_text(inbound, text, now=NOW), BadSignature)
    if inbound.reply_context.aes_key is not None:
        sealed_reply = only(root, "Encrypt", BadSignature) or ""
        plain, _ = crypto.decrypt(sealed_reply, (DEFAULT_ACCOUNT.aes_key,), DEFAULT_ACCOUNT.appid)
        root = read(plain, BadSignature)
    return only(root, "Content", BadSignature), only(root, "ToUserName", BadSignature)


def read_message(data):
    """A message that is signed and sealed as it has to be, and may be anything inside."""
    mode = sorted(KEYS)[data[0] % len(KEYS)] if data else "safe"
    query, body = _sealed(data[1:], mode)
    inbound = callback_format.parse(KEYS[mode], query, body, now=NOW)
    event = inbound.event
    assert event.openid
    assert event.dedupe
    assert event.at >= 0
    assert inbound.covered == (mode != "plaintext")
    assert event.openid not in repr(inbound.reply_context) or len(event.openid) < 16
    if isinstance(event, Text):
        keyword = read_keyword(event.content)
        assert keyword is None or keyword.isascii()
        attempts_keyword(event.content)
        read_command(event.content)
        said, to = _answered(inbound, event.content)
        assert to == event.openid
        assert said is not None


def _sealed(inner, mode):
    query, _ = sealed(DEFAULT_ACCOUNT, {}, mode="plaintext", at=NOW, inner="")
    if mode == "plaintext":
        return query, inner
    text = crypto.encrypt(inner, DEFAULT_ACCOUNT.aes_key, DEFAULT_ACCOUNT.appid)
    parts = (DEFAULT_ACCOUNT.token, query["timestamp"], query["nonce"], text)
    query = query | {"encrypt_type": "aes", "msg_signature": crypto.signature(*parts)}
    return query, f"<xml><Encrypt><![CDATA[{text}]]></Encrypt></xml>".encode()


def read_envelope(data):
    """A genuine sealed message with anything around it: what is believed is the genuine message, or nothing."""
    mode = "compatible" if data[:1] < b"\x80" else "safe"
    before, gap, after = data[1:].partition(GAP)
    inbound = callback_format.parse(KEYS[mode], QUERY, before + (ENVELOPE if gap else b"") + after, now=NOW)
    assert inbound.event == EVENT
    assert inbound.covered


def read_unsigned(data):
    """A query and a body of somebody who knows no token: nothing is believed in any mode."""
    line, _, body = data.partition(b"\n")
    query = dict(parse_qsl(line.decode("utf-8", "replace"), keep_blank_values=True))
    for keys in KEYS.values():
        try:
            callback_format.parse(keys, query, body, now=NOW)
        except BadCallback:
            continue
        raise AssertionError("believed without a signature")
    try:
        callback_format.verify_url(KEYS["safe"], query)
    except BadSignature:
        return
    raise AssertionError("an address was confirmed without a signature")


def _messages():
    account = DEFAULT_ACCOUNT
    pushes = [
        push_of(account, PERSON, text="口令：abcd2345"),
        push_of(account, PERSON, text="a]]>b &amp; <c>"),
        push_of(account, PERSON, event="subscribe", key="qrscene_cs_x", Ticket="t"),
        push_of(account, PERSON, event="SCAN", key="cs_x"),
        push_of(account, PERSON, event="unsubscribe"),
        push_of(account, PERSON, event="CLICK", key="bind"),
        push_of(account, PERSON, event="TEMPLATESENDJOBFINISH", MsgID="200163836", Status="failed:user block"),
        push_of(account, PERSON, event="user_authorization_revoke", OpenID=PERSON, RevokeInfo="1"),
    ]
    texts = [sealed(account, push | {"CreateTime": NOW}, mode="plaintext", at=NOW)[1].encode() for push in pushes]
    choice = b"<List><TemplateId>T</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
    sent = (
        b"<List><TemplateId>T</TemplateId><MsgID>1</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>x</ErrorStatus></List>"
    )
    for name, of, inside in (
        (b"subscribe_msg_popup_event", b"SubscribeMsgPopupEvent", choice),
        (b"subscribe_msg_change_event", b"SubscribeMsgChangeEvent", choice),
        (b"subscribe_msg_sent_event", b"SubscribeMsgSentEvent", sent),
    ):
        more = b"<" + of + b">" + inside + b"</" + of + b"></xml>"
        texts.append(texts[4].replace(b"unsubscribe", name).replace(b"</xml>", more))
    return [bytes([mode]) + text for text in texts for mode in range(3)]


def _envelopes():
    texts = (b"<xml><ToUserName>gh</ToUserName>@@</xml>", b"<xml><Content><![CDATA[<Encrypt>x]]></Content>@@</xml>")
    return [mode + text for text in (*texts, b"<xml>@@@@</xml>", BODY.encode()) for mode in (b"\0", b"\xff")]


def _unsigned():
    query = f"signature={'0' * 40}&timestamp={NOW}&nonce=4711&msg_signature={'0' * 40}&encrypt_type=aes&echostr=12"
    return [query.encode() + b"\n" + BODY.encode(), f"timestamp={NOW}".encode() + b"\n" + _messages()[0][1:]]


TARGETS = (
    Target("callback_message", read_message, (BadCallback,), _messages, words=WORDS),
    Target("callback_envelope", read_envelope, (BadCallback,), _envelopes, words=WORDS),
    Target("callback_unsigned", read_unsigned, (), _unsigned, words=WORDS),
)
