"""Public answers that are made once and sent to everybody: scripts, texts, the published contract."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Final

import zopfli.gzip
from aiohttp import web

_LONGEST_TAGS: Final = 1_024
"""Characters of an `If-None-Match` that are read. Browsers send one ETag."""


def is_known(request: web.Request, tag: str) -> bool:
    """Whether the client has what this ETag names, quotes included.

    Not by aiohttp's `if_none_match`, which makes an object of each of a thousand tags.
    """
    known = request.headers.get("If-None-Match", "")[:_LONGEST_TAGS]
    return tag in known or known.strip() == "*"


@dataclass(frozen=True)
class Asset:
    """A public text that may be cached.

    Attributes:
        body: the text in UTF-8.
        headers: further headers of each answer, such as `Cache-Control`.
        dense: whether to compress it by zopfli, 3 % smaller than zlib makes it, and forty times as slow.
    """

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    dense: bool = False

    @cached_property
    def zipped(self) -> bytes:
        """The text, compressed with gzip."""
        if self.dense:
            return bytes(zopfli.gzip.compress(self.body, numiterations=5))
        return gzip.compress(self.body, mtime=0)

    @cached_property
    def tag(self) -> str:
        """The ETag, which changes with the text."""
        return sha256(self.body).hexdigest()[:16]

    def answer(self, request: web.Request) -> web.Response:
        """The text, or 304 if the client's copy is current."""
        packs = "gzip" in request.headers.get("Accept-Encoding", "")
        tag = f'"{self.tag}-gzip"' if packs else f'"{self.tag}"'
        vary = ", ".join(filter(None, (self.headers.get("Vary"), "Accept-Encoding")))
        headers = {**self.headers, "ETag": tag, "Vary": vary}
        if is_known(request, tag):
            return web.Response(status=304, headers=headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        return web.Response(
            body=self.zipped if packs else self.body, content_type=self.content_type, charset="utf-8", headers=headers
        )
