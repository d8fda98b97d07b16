"""Common response headers, prepared once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from multidict import CIMultiDict

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_AROUND: Final = " \t"

_LONGEST_HEAD: Final = 14_000
"""Characters of all values; names and the status line come on top."""

COMMON_HEADERS: Final = {
    "Server": "codesvc",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""The headers of every answer, unless the answer sets its own value: a page names what it may load and run."""


class UnfitHeader(Exception):
    """A handler made a header that must not be sent; the argument is the header's name."""


def require_fit(headers: CIMultiDict[str]) -> None:
    """Refuse a control character in a header (RFC 9110 section 5.5): a line break would start another header.

    And refuse a head that proxies do not take (nginx: 16 kB, as ops/nginx has it). To nginx such an answer is a back
    end that fails, to which it sends nobody for ten seconds.

    Raises:
        UnfitHeader: a header has a control character, or all together are too long.
    """
    whole = "".join(headers.values())
    if len(whole) > _LONGEST_HEAD:
        raise UnfitHeader(max(headers, key=lambda name: len(headers[name])))
    if whole.isprintable():
        return
    for name, value in headers.items():
        if _CONTROL.search(value):
            raise UnfitHeader(name)


def cookie_in(headers: Mapping[str, str], name: str) -> str:
    """The value of one cookie (RFC 6265 section 4.2.1), "" if there is none.

    "" also if the name comes twice: another host or path has set one of them, and nothing says which (section 8.6).

    `request.cookies` of aiohttp is not used, because it parses all cookies and their attributes: 3 ms for 8 KB.
    """
    values = [_unquoted(value) for key, value in _cookies(headers) if key == name]
    return values[0] if len(values) == 1 else ""


def is_ambiguous(headers: Mapping[str, str], name: str) -> bool:
    """Whether a cookie comes more than once, so that `cookie_in` takes none of them."""
    return sum(key == name for key, _ in _cookies(headers)) > 1


def cookies_in(headers: Mapping[str, str], prefix: str) -> list[str]:
    """The values of all cookies whose name begins with `prefix`, without names that come twice (`cookie_in`)."""
    found = [(key, value) for key, value in _cookies(headers) if key.startswith(prefix)]
    times = Counter(key for key, _ in found)
    return [_unquoted(value) for key, value in found if times[key] == 1]


def cookie_names(headers: Mapping[str, str], prefix: str) -> list[str]:
    """The names of all cookies that begin with `prefix`; those set first come first (RFC 6265 section 5.4)."""
    return [key for key, _ in _cookies(headers) if key.startswith(prefix)]


def _cookies(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # Only blanks and tabs are around a name (RFC 6265bis section 5.7). Other white space of Unicode belongs to it: any
    # host of the domain may set such a cookie, for example a no-break space and then `__Host-` as its name.
    for pair in headers.get("Cookie", "").split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            yield name.strip(_AROUND), value


def _unquoted(value: str) -> str:
    return value.strip(_AROUND).removeprefix('"').removesuffix('"')


def uncached_headers(content_type: str) -> CIMultiDict[str]:
    """The headers of answers with this content type that must not be cached. aiohttp copies them for each answer."""
    return CIMultiDict({**COMMON_HEADERS, "Cache-Control": "no-store", "Content-Type": content_type})
