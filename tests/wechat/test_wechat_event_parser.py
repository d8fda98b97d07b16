"""Each shape of WECHAT.md 6.5, 7.3 and 10 becomes its event."""

import re

import pytest
from defusedxml.ElementTree import fromstring

from codesvc.wechat import events
from codesvc.wechat.event_parser import read_event


def push(elements, *, sender="oU", at=1700000000, kind="event"):
    return read_event(
        fromstring(
            f"<xml><ToUserName>gh_A</ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
            f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{elements}</xml>"
        )
    )


def event(name, elements="", **more):
    return push(f"<Event><![CDATA[{name}]]></Event>{elements}", **more)


@pytest.mark.parametrize(
    ("key", "scene"),
    [
        ("", None),
        ("<EventKey/>", None),
        ("<EventKey><![CDATA[]]></EventKey>", None),
        ("<EventKey>qrscene_vc_8f3a</EventKey>", "vc_8f3a"),
        ("<EventKey>qrscene_qrscene_x</EventKey>", "qrscene_x"),
        ("<EventKey>qrscene_0</EventKey>", "0"),
        ("<EventKey>qrscene_</EventKey>", None),
        ("<EventKey>last_trade_no_1</EventKey>", None),
    ],
)
def test_following(key, scene):
    followed = event("subscribe", key + "<Ticket>gQH4</Ticket>")
    assert isinstance(followed, events.Followed)
    assert (followed.openid, followed.at, followed.scene) == ("oU", 1700000000, scene)


def test_scanning_keeps_a_prefix_that_belongs_to_the_scene():
    scanned = event("SCAN", "<EventKey>qrscene_x</EventKey>")
    assert isinstance(scanned, events.Scanned)
    assert scanned.scene == "qrscene_x"


def test_a_scan_without_a_scene_is_nothing_we_know():
    assert event("SCAN").kind == "event:scan"


def test_unfollowing_and_clicking():
    assert isinstance(event("unsubscribe", "<EventKey/>"), events.Unfollowed)
    assert event("CLICK", "<EventKey>MENU_GET_CODE</EventKey>").key == "MENU_GET_CODE"


@pytest.mark.parametrize("name", ["MsgId", "MsgID"])
def test_text_keeps_blanks_and_its_number_tells_it_apart(name):
    text = push(f"<Content> code please\n</Content><{name}>24287654321987654</{name}><URL>x</URL>", kind="text")
    assert isinstance(text, events.Text)
    assert text.content == " code please\n"
    assert text.dedupe != push("<Content> code please\n</Content>", kind="text").dedupe


@pytest.mark.parametrize("number", ["", "<MsgId>24287654321987654</MsgId>"])
def test_texts_of_other_content_or_another_sender_are_others_whatever_their_id(number):
    """In plaintext mode a forger chooses the id: neither a keyword nor somebody else's message passes for a repeat."""
    one, same, *others = (
        push(f"<Content>{content}</Content>{number}", kind="text", sender=sender)
        for content, sender in (("a", "o1"), ("a", "o1"), ("b", "o1"), ("a", "o2"))
    )
    assert one.dedupe == same.dedupe
    assert len({one.dedupe, *(other.dedupe for other in others)}) == 3
    assert re.fullmatch(r"[a-z0-9:]{1,40}", one.dedupe)


def test_a_text_of_another_id_is_another():
    one, two = (push(f"<Content>a</Content><MsgId>{number}</MsgId>", kind="text") for number in (1, 2))
    assert one.dedupe != two.dedupe


@pytest.mark.parametrize("name", ["MsgID", "MsgId"])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", ("delivered", "")),
        (" success ", ("delivered", "")),
        ("failed:user block", ("failed", "user-block")),
        ("failed:userblock", ("failed", "user-block")),
        ("failed: system failed", ("failed", "system-failed")),
        ("failed:freq limit", ("failed", "freq-limit")),
        ("failed:some New thing!", ("failed", "somenewthing")),
        ("<b>", ("failed", "b")),
        ("验证", ("failed", "unknown")),
        ("", ("failed", "unknown")),
        ("x" * 999, ("failed", "x" * 40)),
    ],
)
def test_template_receipts(name, status, outcome):
    receipt = event(
        "TEMPLATESENDJOBFINISH", f"<{name}>3557254367693750277</{name}><Status><![CDATA[{status}]]></Status>"
    )
    assert isinstance(receipt, events.TemplateReceipt)
    assert (receipt.msgid, receipt.dedupe) == (3557254367693750277, "r:3557254367693750277")
    assert (receipt.status, receipt.reason) == outcome


@pytest.mark.parametrize("msgid", ["", "<MsgID/>", "<MsgID>-1</MsgID>", "<MsgID>1e3</MsgID>"])
def test_a_receipt_without_a_number_is_nothing_we_know(msgid):
    assert event("TEMPLATESENDJOBFINISH", msgid + "<Status>success</Status>").kind == "event:templatesendjobfinish"


def test_a_revoked_authorisation_names_the_person():
    revoked = event("user_authorization_revoke", "<OpenID>oPerson</OpenID><AppID>wx1</AppID>", sender="oSender")
    assert isinstance(revoked, events.AuthorizationRevoked)
    assert revoked.openid == "oPerson"
    assert event("user_authorization_revoke").openid == "oU"


@pytest.mark.parametrize(
    ("kind", "elements", "expected"),
    [
        ("image", "", "image"),
        ("event", "<Event>VIEW</Event>", "event:view"),
        ("event", "<Event>subscribe_msg_popup_event</Event>", "event:subscribe_msg_popup_event"),
        ("event", "<Event>subscribe_msg_sent_event</Event>", "event:subscribe_msg_sent_event"),
        ("event", "", "event:unknown"),
        ("event", "<Event>" + "X y" * 90 + "</Event>", None),
        ("新", "", "unknown"),
    ],
)
def test_everything_else_has_a_safe_name(kind, elements, expected):
    other = push(elements, kind=kind)
    assert isinstance(other, events.Other)
    assert re.fullmatch(r"[a-z0-9_:]{1,64}", other.kind)
    assert expected in (None, other.kind)


def test_repetitions_share_a_key_and_neighbours_do_not():
    first = event("SCAN", "<EventKey>a</EventKey>")
    assert event("SCAN", "<EventKey>a</EventKey>").dedupe == first.dedupe
    others = [
        event("SCAN", "<EventKey>b</EventKey>"),
        event("SCAN", "<EventKey>a</EventKey>", at=1700000001),
        event("SCAN", "<EventKey>a</EventKey>", sender="oV"),
        event("CLICK", "<EventKey>a</EventKey>"),
        event("subscribe", "<EventKey>a</EventKey>"),
        event("unsubscribe", "<EventKey>a</EventKey>"),
    ]
    keys = {first.dedupe, *(other.dedupe for other in others)}
    assert len(keys) == 7
    assert all(re.fullmatch(r"[a-z0-9:]{1,40}", key) for key in keys)
