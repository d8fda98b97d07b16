"""Safe reading and writing of WeChat's XML.

A push is a flat list of elements, or has two more levels. So everything that attacks on XML parsers use is refused
before or right after parsing: document types, entities, size, depth, number of elements, another root, bytes that are
not UTF-8.
"""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from codesvc.wechat.errors import BadCallback

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 6
_MAX_ELEMENTS = 512
# XML 1.0 cannot represent these characters, not even escaped.
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(body: bytes, fault: type[BadCallback]) -> Element:
    """Parse `body` and return its `xml` root.

    Args:
        body: at most 64 KiB of UTF-8.
        fault: the exception to raise; it differs between the envelope and the message inside it.

    Raises:
        BadCallback: as `fault`; the text gives the reason and quotes nothing.
    """
    if len(body) > MAX_BYTES:
        raise fault("the body is larger than 64 KiB")
    problem = "the body is not well-formed XML"
    root: Element | None = None
    try:
        root = fromstring(body.decode("utf-8-sig"), forbid_dtd=True)
    except UnicodeDecodeError:
        problem = "the body is not UTF-8"
    except DefusedXmlException:
        problem = "the body declares a document type or an entity"
    except (ParseError, ValueError):
        pass
    if root is None:
        raise fault(problem)
    if root.tag != "xml":
        raise fault("the root element is not xml")
    _check_size(root, fault)
    return root


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
