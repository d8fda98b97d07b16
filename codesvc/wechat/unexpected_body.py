"""Says what a callback's body is if it is no XML, with its beginning and without its values."""

import re

_SHOWN = 80
_LOOKED_AT = 400
_VALUES = (
    # JSON: values of members. A form: what follows `=`.
    (re.compile(r'(:\s*)"(?:[^"\\]|\\.)*(?:"|\Z)'), r'\1"…"'),
    (re.compile(r"(=)[^&<>\s]+"), r"\1…"),
    # Secrets elsewhere: digits as codes and times have them, letters and digits mixed, and long runs.
    (re.compile(r"\d{3,}"), "…"),
    (re.compile(r"(?=[A-Za-z_-]*…?[0-9])[A-Za-z0-9_-]{6,}"), "…"),
    (re.compile(r"[A-Za-z0-9_+/%-]{16,}"), "…"),
)
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_FORM = re.compile(r"[\w.%+\[\]-]{1,64}=[^\s<]*(?:&|\Z)")


def describe(body: bytes) -> str:
    """A description of a body that is not XML: its kind, its meaning and its beginning; no value of it is quoted."""
    if not body.strip():
        return "the body is empty"
    if body.startswith((b"\x1f\x8b", b"PK", b"\x28\xb5\x2f\xfd")):
        return "the body is compressed, not XML; a proxy in front of the service must forward it unchanged"
    try:
        text = body[:_LOOKED_AT].decode("utf-8-sig", "strict" if len(body) <= _LOOKED_AT else "ignore").lstrip()
    except UnicodeDecodeError:
        return "the body is not UTF-8 text"
    return f"{_kind(text)}; it begins: {_beginning(text)}"


def is_html(body: bytes) -> bool:
    """Whether a body is an HTML page, which may also be well-formed XML with a document type."""
    return _HTML.match(body[:_LOOKED_AT]) is not None


def _kind(text: str) -> str:
    low = text[:100].lower()
    if low.startswith(("{", "[")):
        return "the body is JSON, not well-formed XML; choose XML as the message format in the WeChat console"
    if _HTML.match(text.encode()):
        return "the body is an HTML page, not WeChat's XML; a proxy or firewall has replaced the message"
    if low.startswith("--"):
        return "the body is multipart/form-data, not XML; this address is only for WeChat's callbacks"
    if _FORM.match(text):
        return "the body is a form, not XML; this address is only for WeChat's callbacks"
    if low.startswith("<"):
        return "the body is not well-formed XML; a proxy may have changed or truncated it"
    return "the body is plain text, not XML; this address is only for WeChat's callbacks"


def _beginning(text: str) -> str:
    """The first characters, without line breaks, control characters and values."""
    # Tags stay, and what an element contains goes.
    shown = re.sub(r"(>)[^<>]+", r"\1…", text) if text.startswith("<") else text
    shown = re.sub(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", "…", shown, flags=re.DOTALL)
    for values, instead in _VALUES:
        shown = values.sub(instead, shown)
    return "".join(c if c.isprintable() else " " for c in shown)[:_SHOWN].strip()
