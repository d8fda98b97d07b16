"""The pictures that an address leads to: the picture itself, or those in a web page, as a camera would see them."""

import base64
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin

import aiohttp
from yarl import URL

from codesvc.sandbox.account import check_http_url
from codesvc.sandbox.request_body import read_at_most

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
"""A desk: pages show a QR code there, and something else to a phone."""
_MOST = 12
_LARGEST = 2_000_000  # bytes
_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True)
class Picture:
    """A picture; `data` is base64."""

    type: str
    data: str


class _Sources(HTMLParser):
    """The addresses of a page's pictures, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get("src")
        if tag == "img" and source and source not in self.found:
            self.found.append(source)


async def pictures_at(address: str) -> list[Picture]:
    """The pictures of an address, those of a page in their order; empty if there are none.

    Args:
        address: http, https, or `data:`.

    Raises:
        ValueError: another kind of address.
    """
    if address.startswith("data:"):
        return _inline(address)
    check_http_url(address)
    async with aiohttp.ClientSession(headers={"User-Agent": _AGENT}, timeout=_TIMEOUT) as session:
        kind, body, final = await _fetched(session, address)
        if kind.startswith("image/"):
            return [_picture(kind, body)]
        sources = _Sources()
        if kind == "text/html":
            sources.feed(body.decode("utf-8", "replace"))
        found: list[Picture] = []
        for source in sources.found[:_MOST]:
            if source.startswith("data:"):
                found += _inline(source)
                continue
            kind, body, _ = await _fetched(session, urljoin(final, source))
            if kind.startswith("image/"):
                found.append(_picture(kind, body))
        return found


async def _fetched(session: aiohttp.ClientSession, address: str) -> tuple[str, bytes, str]:
    """Type, body and final address; ("", b"", address) if nothing usable came."""
    try:
        check_http_url(address)
        async with session.get(URL(address)) as response:
            if not response.ok:
                return "", b"", address
            return response.content_type, await read_at_most(response.content, _LARGEST), str(response.url)
    except (aiohttp.ClientError, OSError, ValueError):
        return "", b"", address


def _picture(kind: str, body: bytes) -> Picture:
    return Picture(kind, base64.b64encode(body).decode("ascii"))


def _inline(address: str) -> list[Picture]:
    """The picture of a `data:` address (RFC 2397)."""
    head, _, body = address.removeprefix("data:").partition(",")
    kind, *marks = head.split(";")
    if not kind.startswith("image/"):
        return []
    octets = unquote_to_bytes(body)
    if "base64" in marks:
        try:
            octets = base64.b64decode(octets)
        except ValueError:
            return []
    return [_picture(kind, octets)]
