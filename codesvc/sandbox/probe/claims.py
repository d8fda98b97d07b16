"""What the sandbox claims of the platform, and what a transcript says about each claim."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from codesvc.sandbox.probe.transcript import Event, Transcript


@dataclass(frozen=True)
class Claim:
    """What the sandbox claims, in both languages, and where a transcript shows whether it is so.

    Attributes:
        event: the label of an event of `step`; or a kind of event, which means its first one.
        holds: whether the event confirms the claim.
    """

    id: str
    zh: str
    en: str
    step: str
    event: str
    holds: Callable[[Event], bool]


def _errcode(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event.shape, dict) and event.shape.get("errcode") == number


def _members(*names: str, without: tuple[str, ...] = ()) -> Callable[[Event], bool]:
    def holds(event: Event) -> bool:
        shape: Any = event.shape
        return isinstance(shape, dict) and shape.keys() >= set(names) and not shape.keys() & set(without)

    return holds


def _is(name: str, value: Any) -> Callable[[Event], bool]:
    return lambda event: isinstance(event.shape, dict) and event.shape.get(name) == value


_CONTENT_TYPE = "application/json; encoding=utf-8"
_QUOTA = "call POST /cgi-bin/openapi/quota/get"
_QR = "call POST /cgi-bin/qrcode/create"
_SEND = "call POST /cgi-bin/message/template/send"
CLAIMS: Final = (
    Claim("stable-token", "stable_token 的响应没有 errcode", "an answer of stable_token has no errcode", "token",
          "call POST /cgi-bin/stable_token", _members("access_token", "expires_in", without=("errcode",))),
    Claim("no-token", "没有 token 是 41001", "no token is 41001", "mistakes",
          "call GET /cgi-bin/getcallbackip", _errcode(41001)),
    Claim("foreign-token", "不认识的 token 是 40001", "an unknown token is 40001", "mistakes",
          "call GET /cgi-bin/getcallbackip #2", _errcode(40001)),
    Claim("empty-body", "空的 POST 是 44002", "an empty POST is 44002", "mistakes", _QUOTA, _errcode(44002)),
    Claim("broken-json", "坏的 JSON 是 47001", "broken JSON is 47001", "mistakes",
          f"{_QUOTA} #2", _errcode(47001)),
    Claim("unknown-path", "不存在的路径是 40066", "an unknown path is 40066", "mistakes",
          "call GET /cgi-bin/codesvc_probe", _errcode(40066)),
    Claim("content-type", "Content-Type 带 encoding=utf-8", "the Content-Type has encoding=utf-8",
          "quota", "call GET /cgi-bin/getcallbackip", lambda event: event.content_type == _CONTENT_TYPE),
    Claim("qr-answer", "qrcode/create 的响应没有 errcode", "an answer of qrcode/create has no errcode", "qrcode", _QR,
          _members("ticket", "url", "expire_seconds", without=("errcode",))),
    Claim("qr-right", "没有权限是 48001", "a missing right is 48001", "qrcode", _QR, _errcode(48001)),
    Claim("scan", "扫码带 EventKey 和 Ticket", "a scan has EventKey and Ticket", "qrcode", "callback",
          _members("EventKey", "Ticket")),
    Claim("missing-field", "缺少字段是 47003", "a missing field is 47003", "template", _SEND, _errcode(47003)),
    Claim("msgid", "template/send 的响应有 errcode 0 和 19 位 msgid",
          "template/send answers errcode 0 and a 19-digit msgid", "template",
          f"{_SEND} #2", lambda event: _errcode(0)(event) and _is("msgid", "<integer:19>")(event)),
    Claim("receipt", "送达回执是 TEMPLATESENDJOBFINISH，元素是 MsgID",
          "the receipt is TEMPLATESENDJOBFINISH, with MsgID", "template",
          "callback TEMPLATESENDJOBFINISH", _members("MsgID", "Status")),
    Claim("reply", "对文本消息的直接回复能到", "a reply to a text message arrives", "keyword", "answer reply arrived",
          lambda event: event.shape == "yes"),
    Claim("custom", "消息之后可以发客服消息", "after a message a customer-service message is accepted", "custom",
          "call POST /cgi-bin/message/custom/send", _errcode(0)),
    Claim("state", "网页授权原样带回 a-b_c.x 形式的 state",
          "web authorisation brings back a state such as a-b_c.x", "authorisation",
          "redirect return", _is("state", "<same>")),
    Claim("code-used", "第二次用同一个 code 是 40163", "a code that was used is 40163", "authorisation",
          "call GET /sns/oauth2/access_token #2", _errcode(40163)),
)  # fmt: skip


def judge(transcript: Transcript) -> dict[str, bool | None]:
    """For each claim whether it was confirmed.

    None: the walk did not come to it, or the account's rights decide that the answer says nothing about it.
    """
    return {claim.id: _judge(claim, transcript) for claim in CLAIMS}


def _judge(claim: Claim, transcript: Transcript) -> bool | None:
    for label, event in transcript.of(claim.step).items():
        if claim.event in {label, event.kind}:
            if (claim.id == "qr-right") != _errcode(48001)(event):
                # 48001 is the answer for a missing right. `qr-right` claims just that, so any other answer says nothing
                # about it. For every other claim it is 48001 that says nothing.
                return None
            return claim.holds(event)
    return None


def rows(transcript: Transcript, by: str, *, language: str) -> list[str]:
    """The rows of the documentation's table for this transcript, as Markdown; `by` is who recorded it."""
    words = {True: ("是", "yes"), False: ("**否**", "**no**"), None: ("", "")}
    place = 0 if language == "zh" else 1
    judged = judge(transcript)
    return [
        f"| `{claim.id}` | {claim.zh if language == 'zh' else claim.en} | {words[judged[claim.id]][place]} | "
        + (f"{transcript.recorded_on} | {by}, {transcript.kind} |" if judged[claim.id] is not None else "| |")
        for claim in CLAIMS
    ]
