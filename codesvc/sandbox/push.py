"""Messages and events that the platform pushes to a callback, before encryption (WECHAT.md 7.3, 10).

`shows_reply` says whether the person sees the reply, and whether they see the platform's error text if the delivery
fails. WeChat shows no reply to a receipt or to `unsubscribe` (WECHAT.md 10.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codesvc.sandbox.person import Contact
from codesvc.sandbox.qrcode import QrCode

UNAVAILABLE_TEXT = "该公众号暂时无法提供服务,请稍后再试"


@dataclass(frozen=True)
class Push:
    """One message or event for an account's callback; all delivery attempts send the same fields.

    Attributes:
        appid: the account.
        openid: the person who caused it.
        fields: the elements of the XML, in order.
        shows_reply: whether the person sees the reply in the chat.
        delay: seconds to wait before the delivery.
    """

    appid: str
    openid: str
    fields: Mapping[str, Any]
    shows_reply: bool = True
    delay: float = 0.0

    @property
    def label(self) -> str:
        """`text`, or the name of the event."""
        return str(self.fields.get("Event") or self.fields["MsgType"])

    @property
    def max_articles(self) -> int:
        """The maximum number of articles in a news reply to it (WECHAT.md 10.3)."""
        return 8 if self.fields["MsgType"] == "event" else 1


class PushFactory:
    """Makes the pushes that the interactions of one person cause.

    Args:
        original_id: the account's `gh_…`.
        now: the time of the interaction by the platform's clock, in seconds since the epoch; becomes CreateTime.
    """

    def __init__(self, original_id: str, contact: Contact, now: float) -> None:
        self._contact = contact
        self._head = {"ToUserName": original_id, "FromUserName": contact.openid, "CreateTime": int(now)}

    def message(self, kind: str, msg_id: int, fields: Mapping[str, Any]) -> Push:
        """An ordinary message: text, image, voice, video, shortvideo, location, link."""
        return self._push({"MsgType": kind, **fields, "MsgId": msg_id})

    def event(
        self, event: str, fields: Mapping[str, Any] | None = None, *, shows_reply: bool = True, delay: float = 0.0
    ) -> Push:
        """An event of any type, with the fields of that type."""
        return self._push({"MsgType": "event", "Event": event, **(fields or {})}, shows_reply=shows_reply, delay=delay)

    def subscribe(self, code: QrCode | None) -> Push:
        """The person followed; with `qrscene_…` and the ticket if they used a QR code."""
        if code is None:
            return self.event("subscribe", {"EventKey": ""})
        return self.event("subscribe", {"EventKey": f"qrscene_{code.spec.scene}", "Ticket": code.ticket})

    def scan(self, code: QrCode) -> Push:
        """A follower scanned a QR code; the scene has no prefix."""
        return self.event("SCAN", {"EventKey": code.spec.scene, "Ticket": code.ticket})

    def template_finished(self, msgid: int, status: str, delay: float) -> Push:
        """The receipt of a template message; `MsgID` with a capital D (WECHAT.md 6.5)."""
        fields = {"MsgID": msgid, "Status": status}
        return self.event("TEMPLATESENDJOBFINISH", fields, shows_reply=False, delay=delay)

    def notice_answered(self, template_id: str, *, accept: bool, scene: str) -> Push:
        """The person answered the popup for a notice."""
        item = {
            "TemplateId": template_id,
            "SubscribeStatusString": "accept" if accept else "reject",
            "PopupScene": scene,
        }
        return self.event("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": {"List": item}}, shows_reply=False)

    def notice_changed(self, template_id: str, *, popup_element: bool) -> Push:
        """The person switched off a notice in the settings.

        `popup_element`: whether the wrapper is SubscribeMsgPopupEvent, as in WeChat's own example. Otherwise it is
        SubscribeMsgChangeEvent, as SDKs expect it (WECHAT.md 7.3).
        """
        item = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        wrapper = "SubscribeMsgPopupEvent" if popup_element else "SubscribeMsgChangeEvent"
        return self.event("subscribe_msg_change_event", {wrapper: {"List": item}}, shows_reply=False)

    def notice_sent(self, template_id: str, msgid: int, delay: float) -> Push:
        """A notice was delivered."""
        item = {"TemplateId": template_id, "MsgID": msgid, "ErrorCode": 0, "ErrorStatus": "success"}
        fields = {"SubscribeMsgSentEvent": {"List": item}}
        return self.event("subscribe_msg_sent_event", fields, shows_reply=False, delay=delay)

    def _push(self, fields: Mapping[str, Any], *, shows_reply: bool = True, delay: float = 0.0) -> Push:
        return Push(self._contact.appid, self._contact.openid, {**self._head, **fields}, shows_reply, delay)
