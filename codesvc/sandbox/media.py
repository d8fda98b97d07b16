"""Temporary and permanent material of an account: what may be uploaded, and what is kept how long.

The rules are after WeChat's documentation.
"""

from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.errcodes import ApiError

Kind = Literal["image", "voice", "video", "thumb"]
TEMPORARY_LIFE = 3 * 86400
MOST_BYTES = 10 * 2**20
_LIMITS: dict[Kind, int] = {"image": MOST_BYTES, "voice": 2 * 2**20, "video": MOST_BYTES, "thumb": 64 * 2**10}
_IN_ARTICLES = 2**20
_ARTICLE_TYPES = ("png", "jpg")
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"GIF8": ("image/gif", "gif"),
    b"#!AMR": ("audio/amr", "amr"),
    b"ID3": ("audio/mpeg", "mp3"),
    b"\xff\xfb": ("audio/mpeg", "mp3"),
}
_TYPES: dict[Kind, tuple[str, ...]] = {
    "image": ("png", "jpg", "gif"),
    "voice": ("amr", "mp3"),
    "video": ("mp4",),
    "thumb": ("jpg",),
}


@dataclass(frozen=True)
class Media:
    """One file.

    Attributes:
        expires_at: when it is deleted, in seconds since the epoch; None: it is permanent.
        title: the title of a permanent video.
        introduction: the description of a permanent video.
    """

    media_id: str
    kind: Kind
    content: bytes
    name: str
    content_type: str
    suffix: str
    created_at: float
    expires_at: float | None
    title: str = ""
    introduction: str = ""

    @property
    def url(self) -> str:
        """The address of the file."""
        return media_url(self.media_id, self.suffix)


@dataclass
class MediaStore:
    """The material of one account."""

    _files: dict[str, Media] = field(default_factory=dict)

    def find(self, media_id: object, now: float, *, permanent: bool) -> Media:
        """The file with this id; 40007 if it is unknown, of the other sort, or expired."""
        found = self._files.get(media_id) if isinstance(media_id, str) else None
        if found is None or (found.expires_at is None) != permanent:
            raise ApiError(40007)
        if found.expires_at is not None and found.expires_at <= now:
            raise ApiError(40007)
        return found

    def keep(self, media: Media) -> Media:
        """Keep a file under its id."""
        self._files[media.media_id] = media
        return media

    def drop(self, media_id: object, now: float) -> None:
        """Delete a permanent file; 40007 if there is none."""
        del self._files[self.find(media_id, now, permanent=True).media_id]

    def permanent(self, kind: Kind) -> list[Media]:
        """The permanent files of a kind, newest first."""
        return [each for each in reversed(self._files.values()) if each.expires_at is None and each.kind == kind]


def read_kind(text: str) -> Kind:
    """The kind of an upload; an unknown one is refused with 40004."""
    if text not in _LIMITS:
        raise ApiError(40004)
    return text


def check_file(kind: Kind, content: bytes) -> tuple[str, str]:
    """The content type and the suffix of a file.

    Raises:
        ApiError: 41005 empty, 40006 too large, 40005 of another type than its kind has.
    """
    if len(content) > _LIMITS[kind]:
        raise ApiError(40006)
    return _read_type(content, _TYPES[kind])


def check_article_picture(content: bytes) -> tuple[str, str]:
    """The content type and the suffix of a picture for articles, which is JPG or PNG.

    Raises:
        ApiError: 41005 empty, 40009 too large, 40005 of another type.
    """
    if len(content) > _IN_ARTICLES:
        raise ApiError(40009)
    return _read_type(content, _ARTICLE_TYPES)


def media_url(media_id: str, suffix: str) -> str:
    """The address that the platform gives for a picture; nothing is served there."""
    return f"http://mmbiz.qpic.cn/mmbiz_{suffix}/{media_id}/0?wx_fmt={suffix}"


def _read_type(content: bytes, allowed: tuple[str, ...]) -> tuple[str, str]:
    if not content:
        raise ApiError(41005)
    found = next((known for start, known in _BEGINNINGS.items() if content.startswith(start)), None)
    if found is None and content[4:8] == b"ftyp":
        found = ("video/mp4", "mp4")
    if found is None or found[1] not in allowed:
        raise ApiError(40005)
    return found
