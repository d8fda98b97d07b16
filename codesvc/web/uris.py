"""URLs with other people's texts, in the form that may stand in a header: ASCII, by RFC 3986 and RFC 3987.

`urllib.parse.urlsplit` drops line breaks and tabs. They are encoded by this module, so that what was checked is what
is sent.
"""

import re
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode

from yarl import URL

from codesvc.domain.dns_names import may_be_encoded
from codesvc.domain.service_address import DEFAULT_PORTS

# RFC 3986 appendix B.
_PARTS: Final = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_DEFAULT_PORTS: Final = {scheme: f":{port}" for scheme, port in DEFAULT_PORTS.items()}
_HOST: Final = re.compile(r"(.*?)(:[0-9]*)?", re.DOTALL)
_ALLOWED: Final = "!$&'()*+,;=:@/?%"
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def as_uri(iri: str) -> str:
    """A URL with what RFC 3986 forbids percent-encoded, and its host in punycode (RFC 3987 section 3.1).

    What is encoded already stays as it is.

    Raises:
        ValueError: the scheme or the host is none.
    """
    scheme, authority, path, query, fragment = _split(iri)
    said = f"{scheme}:" if scheme is not None else ""
    if authority is not None:
        said += f"//{_ascii(authority)}"
    said += _encoded(path)
    if query is not None:
        said += f"?{_encoded(query)}"
    return said if fragment is None else f"{said}#{_encoded(fragment)}"


def origin_of(iri: str) -> str:
    """The origin of a URL as browsers write it: scheme, host in punycode, and a port if it is not the scheme's own.

    Raises:
        ValueError: the host is none.
    """
    scheme, authority, *_ = _split(iri)
    origin = f"{scheme}://{_ascii(authority or '')}".lower()
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(":")[0], ""))


def with_parameters(iri: str, **parameters: str) -> str:
    """The URI of an address with these parameters in its query; others of the same names are replaced.

    Octets that are no UTF-8 may stand in a parameter as lone surrogates (PEP 383).
    """
    whole, hash_mark, fragment = as_uri(iri).partition("#")
    base, _, query = whole.partition("?")
    kept = [each for each in query.split("&") if unquote_plus(each.partition("=")[0]) not in parameters]
    added = urlencode(parameters, errors="surrogateescape")
    query = "&".join([*kept, added] if any(kept) else [added])
    return f"{base}?{query}{hash_mark}{fragment}"


def _split(iri: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    found = _PARTS.fullmatch(iri)
    if found is None:
        raise ValueError("not a URL")
    scheme, authority, path, query, fragment = found.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        raise ValueError("not a scheme")
    return scheme, authority, path, query, fragment


def _encoded(part: str) -> str:
    return _STRAY_PERCENT.sub("%25", quote(part, safe=_ALLOWED, errors="replace"))


def _ascii(authority: str) -> str:
    if authority.isascii() and authority.isprintable() and " " not in authority:
        return authority
    found = _HOST.fullmatch(authority)
    if found is None or not found[1].isprintable() or any(mark in found[1] for mark in " @\\%[]"):
        raise ValueError("not a host")
    host = URL.build(scheme="http", host=found[1]).raw_host if may_be_encoded(found[1]) else None
    if not host:
        raise ValueError("not a host")
    return host + (found[2] or "")
