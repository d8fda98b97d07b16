"""Files in `multipart/form-data`, as uploads send them (RFC 7578)."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from codesvc.sandbox.errcodes import ApiError


@dataclass(frozen=True)
class Part:
    """One member of a form; `filename` is empty if it is not a file."""

    content: bytes
    filename: str


def read_form(raw: bytes, content_type: str) -> dict[str, Part]:
    """The members of a form by their names; 41005 if the body is not a form (reports of PHP's `@file`)."""
    if not content_type.lower().startswith("multipart/form-data") or any(char in content_type for char in "\r\n"):
        raise ApiError(41005)
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = message_from_bytes(head + raw)
    if not message.is_multipart():
        raise ApiError(41005)
    found = {}
    for part in message.walk():
        label = _disposition(part)
        name = label.get_param("name", header="content-disposition")
        if isinstance(name, str) and not part.is_multipart():
            found[name] = Part(_content(part), label.get_filename() or "")
    return found


def _disposition(part: Message) -> Message:
    """The Content-Disposition of a part, read as UTF-8, as browsers and SDKs write names."""
    label = Message()
    for name, value in part.raw_items():
        if name.lower() == "content-disposition":
            label[name] = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return label


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
