"""Subscription notices, and the older one-time message (WECHAT.md 7.1, 7.4). Each has its own permission."""

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.api.template import REPEAT_WINDOW, find_template, read_jump
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right
from codesvc.sandbox.template import lay_out, read_values

_MAX_TITLE = 15
_MAX_SCENE = 10_000
_MAX_CONTENT = 200


def send_notice(call: Call) -> Answer:
    """Send a notice that the person has accepted; they need not follow the account.

    One accept allows one send, unless the template is long-term.
    """
    account = call.account
    contact = account.contact(call.body.get("touser"))
    template = find_template(account, call.text("template_id"), notice=True)
    jump = read_jump(call)
    layout = lay_out(template, call.body.get("data"))
    key = (contact.openid, call.key("client_msg_id"))
    sent = account.sent.get(key) if key[1] else None
    if sent is not None and call.now - sent[0] < REPEAT_WINDOW:
        return OK
    left = contact.grants.get(template.template_id, 0)
    if left < 1 or contact.refuses_template(template.template_id):
        raise ApiError(43101)
    if not template.long_term:
        contact.grants[template.template_id] = left - 1
    msgid = call.platform.next_msgid()
    if key[1]:
        account.sent[key] = (call.now, msgid)
    shown = {
        "type": "notice",
        "template_id": template.template_id,
        "title": template.title,
        "data": {name: {"value": value} for name, value in layout.data.items()},
        "content": layout.text,
        **jump,
        "msgid": msgid,
        "client_msg_id": key[1] or None,
    }
    call.platform.show(contact, shown)
    delay = call.platform.settings.receipt_delay
    call.platform.outbox.append(call.platform.pushes(contact).notice_sent(template.template_id, msgid, delay))
    return OK


def send_once(call: Call) -> Answer:
    """Send the one message that a person confirmed on the subscribemsg page."""
    contact = call.account.contact(call.body.get("touser"))
    template_id, scene, title = call.text("template_id"), read_integer(call.body.get("scene")), call.text("title")
    if scene is None or not 0 <= scene <= _MAX_SCENE or not 1 <= len(title) <= _MAX_TITLE:
        raise ApiError(40035)
    jump = read_jump(call)
    values = read_values(call.body.get("data"))
    if not 1 <= len(values.get("content", "")) <= _MAX_CONTENT:  # KINDS.md 2.1; the errcode is a guess
        raise ApiError(47003, "argument invalid! data.content.value invalid")
    if (template_id, scene) not in contact.one_time_grants:
        raise ApiError(43101)
    contact.one_time_grants.discard((template_id, scene))
    data = {name: {"value": value} for name, value in values.items()}
    message = {"type": "subscribe_once", "template_id": template_id, "title": title, "data": data}
    call.platform.show(contact, {**message, "content": values["content"], **jump})
    return OK


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/message/subscribe/bizsend",
        "POST",
        send_notice,
        right=Right.NOTICE,
        errors="40003H 40036H 40037H 40039L 40048L 43101H 47003H",
    ),
    Endpoint(
        "/cgi-bin/message/template/subscribe",
        "POST",
        send_once,
        right=Right.ONE_TIME,
        errors="40003H 40035? 43101L 47003?",
    ),
)
