"""Safe reading and writing of WeChat's XML.

A callback is a flat list of elements, or has two more levels. So everything that attacks on XML parsers use is refused
before or right after parsing: document types, entities, size, depth, number of elements, another root, bytes that are
not UTF-8.
"""

import re
import sys
from contextlib import suppress
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from codesvc.wechat.errors import BadCallback
from codesvc.wechat.unexpected_body import describe, is_html

MAX_BYTES = 64 * 1024
MAX_PLAINTEXT_BYTES = 16 * 1024
"""Of a body that no signature covers, which others can send too. A text of 2,048 characters has some 6 kB."""
_MAX_DEPTH = 6
_MAX_ELEMENTS = 512
_MAX_REFERENCES = 2_100  # or brackets: a message has 2,048 characters at most (WECHAT.md 9.4)
_SECTION = b"<![CDATA["
_ATTRIBUTE = re.compile(rb"=[ \t\r\n]*[\"']")
# XML 1.0 cannot represent these characters, not even escaped.
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
# The most of them are single octets in UTF-8, which are removed at once: one by one they take 6 ms for 64 kB.
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
# In a CDATA section, `&#2;` is text that a person typed. An unended section reaches to the end, so the time is linear.
_REFERENCE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&#(?:x([0-9a-fA-F]+)|([0-9]+));", re.DOTALL)
_LAST_CHARACTER_DIGITS = 7


def readable(text: str) -> str:
    """`text` without the characters that XML forbids, written out or as character references (XML 1.0 section 2.2).

    WeChat passes on what people paste, such as U+0002 and U+000B, although no XML parser accepts it.
    """
    text = _UNWRITABLE.sub("", text)
    return _REFERENCE.sub(_allowed_reference, text) if "&#" in text else text


def _allowed_reference(found: re.Match[str]) -> str:
    hexadecimal, decimal = found.groups()
    digits = (hexadecimal or decimal or "").lstrip("0")
    if hexadecimal is None and decimal is None:
        return found[0]
    if not digits or len(digits) > _LAST_CHARACTER_DIGITS:
        return ""
    number = int(digits, 16 if hexadecimal else 10)
    return "" if number > sys.maxunicode or _UNWRITABLE.fullmatch(chr(number)) else found[0]


def read(body: bytes, fault: type[BadCallback], *, mend: bool = False, most: int = MAX_BYTES) -> Element:
    """Parse `body` and return its `xml` root. Its signature has been checked before.

    Args:
        body: UTF-8; characters that XML forbids are dropped, lone surrogates with them.
        fault: the exception to raise; it differs between the envelope and the message inside it.
        most: how many bytes the body may have.
        mend: read bytes that are not UTF-8 as U+FFFD, such as half a character where a long text was cut off.

    Raises:
        BadCallback: as `fault`; the text gives the reason, and quotes no value of the body.
    """
    if len(body) > most:
        raise fault(f"the body is larger than {most // 1024} KiB")
    _require_few_parts(body, fault)
    problem = ""
    root: Element | None = None
    try:
        root = fromstring(readable(_decoded(body.translate(None, _CONTROLS), mend=mend)), forbid_dtd=True)
    except UnicodeDecodeError:
        problem = "" if body.startswith(b"\x1f\x8b") else "the body is not UTF-8"
    except DefusedXmlException:
        problem = "" if is_html(body) else "the body declares a document type or an entity"
    except (ParseError, ValueError):
        pass
    if root is None:
        raise fault(problem or describe(body))
    if root.tag != "xml":
        raise fault(f"the root element is not xml; {describe(body)}")
    _check_size(root, fault)
    return root


def _decoded(body: bytes, *, mend: bool) -> str:
    with suppress(UnicodeDecodeError):
        return body.decode("utf-8-sig")
    body = _SURROGATE.sub(b"", body)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not mend or not body.lstrip().startswith(b"<"):
            raise
    return body.decode("utf-8-sig", "replace")


def _require_few_parts(body: bytes, fault: type[BadCallback]) -> None:
    """Refuse a body of many parts before it is parsed: 64 KiB of them take a parser 9 ms, counting them 0.1 ms.

    Outside of a CDATA section, each `<` and `&` is markup. WeChat writes no attributes.

    Raises:
        BadCallback: as `fault`.
    """
    first, *rest = body.split(_SECTION)
    markup = first + b"".join(each.partition(b"]]>")[2] for each in rest)
    tags, references = markup.count(b"<"), markup.count(b"&")
    attributes = len(_ATTRIBUTE.findall(markup))
    # The parser stops at each bracket, of which a section's end has two.
    brackets = body.count(b"]") - 2 * len(rest)
    if max(len(rest), attributes, tags / 2) > _MAX_ELEMENTS or max(references, brackets) > _MAX_REFERENCES:
        raise fault("the body has too many elements")


def _check_size(root: Element, fault: type[BadCallback]) -> None:
    level, seen = [root], 0
    for _ in range(_MAX_DEPTH):
        seen += len(level)
        if seen > _MAX_ELEMENTS:
            raise fault("the body has too many elements")
        level = [child for element in level for child in element]
    if level:
        raise fault("the body is nested too deeply")


def only(root: Element, name: str, fault: type[BadCallback]) -> str | None:
    """The text of the only child called `name`, unchanged; None if there is none.

    Raises:
        BadCallback: as `fault`, if there are two: two readers could then read two different messages.
    """
    found = root.findall(name)
    if len(found) > 1:
        raise fault(f"the element {name} occurs twice")
    return (found[0].text or "") if found else None


def cdata(text: str) -> str:
    """`text` as a CDATA section, with the end mark escaped. Characters that XML cannot represent are removed."""
    return "<![CDATA[" + _UNWRITABLE.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"
