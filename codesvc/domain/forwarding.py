"""The addresses that proxies hand on: `X-Forwarded-For`, and `Forwarded` by RFC 7239.

An element names the node that a proxy was called by. Besides plain addresses there are ports, brackets, IPv4-mapped
addresses and zones; RFC 7239 section 6 also has `unknown` and obfuscated names, which are not addresses.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal

from codesvc.domain.addresses import parse_address, without_port
from codesvc.domain.errors import Invalid

ForwardedHeader = Literal["X-Forwarded-For", "Forwarded"]
Reason = Literal["unknown", "obfuscated", "malformed", "no-address"]

_ZONE: Final = re.compile(r"%[^\s%/]+")
_PAIR: Final = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s";,]*)\s*(?:;|$)')
_UNQUOTED: Final = re.compile(r"\\(.)")


class UnreadableHop(Exception):
    """An element names no address; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def address_of_node(node: str) -> IPv4Address | IPv6Address:
    """The address of a node (RFC 7239 section 6), without its port and its zone; IPv4-mapped becomes IPv4.

    Raises:
        UnreadableHop: it names no address.
    """
    text = node.strip(" \t")
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    host = without_port(bare) or bare
    if host.lower() == "unknown":
        raise UnreadableHop("unknown")
    if re.fullmatch(r"_[A-Za-z0-9._-]+", host):
        raise UnreadableHop("obfuscated")
    try:
        # A zone only has a meaning on the proxy (RFC 4007 section 11).
        return parse_address(_ZONE.sub("", host, count=1))
    except Invalid:
        raise UnreadableHop("malformed") from None


def hops(header: ForwardedHeader, lines: list[str]) -> Iterator[str | None]:
    """The nodes that the lines of a header name, the latest proxy's first. None is an element without a node.

    Several lines are one list, and empty elements do not count (RFC 9110 sections 5.3 and 5.6.1). Only as much is read
    as is asked for: what a client has sent stands behind what trusted proxies have added.
    """
    if header == "X-Forwarded-For":
        return (each for each in reversed(",".join(lines).split(",")) if each.strip(" \t"))
    return (_node(each) for line in reversed(lines) for each in _elements(line) if each.strip(" \t"))


def _elements(line: str) -> Iterator[str]:
    """The elements of a `Forwarded` line, the last first.

    They are found from the right, line by line: what a proxy has added stands there. So a quote that a client does not
    close hides nothing of it.
    """
    end, quoted = len(line), False
    for place in range(len(line) - 1, -1, -1):
        if line[place] == "," and not quoted:
            yield line[place + 1 : end]
            end = place
        elif line[place] == '"' and not (quoted and _is_escaped(line, place)):
            quoted = not quoted
    yield line[:end]


def _is_escaped(line: str, place: int) -> bool:
    before = place
    while before and line[before - 1] == "\\":
        before -= 1
    return (place - before) % 2 == 1


def _node(element: str) -> str | None:
    """The node of an element; None if it names none. An element that cannot be read is itself the node."""
    rest, node = element, None
    while rest.strip():
        pair = _PAIR.match(rest)
        if pair is None:
            return element
        if pair[1].lower() == "for":
            if node is not None:
                return element  # each name at most once (RFC 7239 section 4)
            node = pair[2]
        rest = rest[pair.end() :]
    if node is not None and node.startswith('"'):
        return _UNQUOTED.sub(r"\1", node[1:-1])
    return node
