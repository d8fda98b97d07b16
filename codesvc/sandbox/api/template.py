"""`/cgi-bin/message/template/send`: sends a template message (WECHAT.md 6.2, 6.3, 6.5)."""

from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.account_state import Account
from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.person import Contact
from codesvc.sandbox.platform import fingerprint
from codesvc.sandbox.rights import Right
from codesvc.sandbox.template import lay_out

REPEAT_WINDOW = 600
_TEMPLATE_ID_LENGTH = 43
_MAX_URL = 2048


def find_template(account: Account, template_id: str, *, notice: bool) -> TemplateSpec:
    """The account's template with this id; message and notice ids must not be mixed (WECHAT.md 7.1).

    Raises:
        ApiError: 40036 for a wrong length; 40037 if it is unknown, or a notice where a message is wanted or vice versa.
    """
    template = account.templates.get(template_id)
    if template is None:
        # A short id of the library gets 40037; 40036 is only for lengths that no id has (WECHAT.md 6.3).
        looks_short = template_id.isascii() and template_id.isalnum() and 0 < len(template_id) <= 12  # noqa: PLR2004
        raise ApiError(40037 if looks_short or len(template_id) == _TEMPLATE_ID_LENGTH else 40036)
    if (template.kind == "notice") != notice:
        raise ApiError(40037)
    return template


def read_jump(call: Call) -> dict[str, Any]:
    """The page or mini program that a tap on the card opens.

    An empty `miniprogram` counts as none, because the SDK silenceper always sends one (WECHAT.md 15).

    Raises:
        ApiError: 40039 too long, 40048 not http, 40165 wrong pagepath, 40166 wrong appid, 47001 no object.
    """
    url = call.text("url") or call.text("page")
    if len(url) > _MAX_URL:
        raise ApiError(40039)
    if url and not url.startswith(("http://", "https://")):
        raise ApiError(40048)
    program = call.body.get("miniprogram")
    if program is not None and program != [] and not isinstance(program, Mapping):  # PHP writes an empty object as []
        raise ApiError(47001)
    if not isinstance(program, Mapping) or not program.get("appid"):
        return {"url": url, "miniprogram": None}
    appid, pagepath = program["appid"], program.get("pagepath") or program.get("path") or ""
    if not isinstance(appid, str) or not appid.startswith("wx"):
        raise ApiError(40166)
    if not isinstance(pagepath, str):
        raise ApiError(40165)
    return {"url": url, "miniprogram": {"appid": appid, "pagepath": pagepath}}


def send_template(call: Call) -> Answer:
    """Accept a template message; a later event reports whether it was delivered."""
    account = call.account
    contact = account.contact(call.body.get("touser"))
    template = find_template(account, call.text("template_id"), notice=False)
    jump = read_jump(call)
    layout = lay_out(template, call.body.get("data"))
    _check_recipient(contact, template)
    client_msg_id = call.key("client_msg_id")
    repeated = _find_repeat(call, account, contact, client_msg_id)
    if repeated is not None:
        return {**OK, "msgid": repeated}
    _check_duplicate(call, account, contact, template, layout.data)
    if template.banned:
        raise ApiError(43116)
    message = {
        "type": "template",
        "template_id": template.template_id,
        "title": template.title,
        "data": {key: {"value": value} for key, value in layout.data.items()},
        "content": layout.text,
        **jump,
        "client_msg_id": client_msg_id or None,
    }
    if template.review:
        call.platform.hold(contact, {**message, "msgid": None})
        raise ApiError(40252)
    msgid = call.platform.next_msgid()
    if client_msg_id:
        account.sent[contact.openid, client_msg_id] = (call.now, msgid)
    _finish(call, contact, {**message, "msgid": msgid})
    return {**OK, "msgid": msgid}


def list_blocked(call: Call) -> Answer:
    """The messages that their review rejected; the real `msginfo` is an array too (WECHAT.md 6.3)."""
    blocked = [message for appid, message in call.platform.blocked if appid == call.account.spec.appid]
    items = [{"id": str(n), "content": message["content"]} for n, message in enumerate(blocked, 1)]
    return {**OK, "msginfo": items}


def _check_recipient(contact: Contact, template: TemplateSpec) -> None:
    if contact.blacklisted:
        raise ApiError(43019)
    if not contact.follows:
        raise ApiError(43004)
    if contact.refuses_template(template.template_id):
        raise ApiError(43101)


def _find_repeat(call: Call, account: Account, contact: Contact, client_msg_id: str) -> int | None:
    sent = account.sent.get((contact.openid, client_msg_id)) if client_msg_id else None
    if sent is None or call.now - sent[0] >= REPEAT_WINDOW:
        return None
    if call.platform.settings.repeat_errcode:
        raise ApiError(call.platform.settings.repeat_errcode)
    return sent[1]


def _check_duplicate(
    call: Call, account: Account, contact: Contact, template: TemplateSpec, data: Mapping[str, str]
) -> None:
    window = call.platform.settings.duplicate_window
    if not window:
        return
    key = (contact.openid, fingerprint([template.template_id, data]))
    last = account.recent.get(key)
    if last is not None and call.now - last < window:
        raise ApiError(40241)
    account.recent[key] = call.now


def _finish(call: Call, contact: Contact, message: dict[str, Any]) -> None:
    platform = call.platform
    fault = platform.faults.for_receipt(contact.appid)
    status = str(fault.status) if fault else platform.settings.receipt_status
    if contact.blocks:
        status = "failed:user block"
    if not status.startswith("failed"):
        platform.show(contact, message)
    if status != "none":
        delay = platform.settings.receipt_delay
        platform.outbox.append(platform.pushes(contact).template_finished(message["msgid"], status, delay))


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/message/template/send",
        "POST",
        send_template,
        right=Right.TEMPLATE,
        errors="40003H 40036H 40037H 40039L 40048L 40165L 40166L 40241L 40252L 43004H 43019H 43101M 43116L 47003H",
    ),
    Endpoint("/wxa/sec/queryblocktmplmsg", "POST", list_blocked, right=Right.TEMPLATE),
)
