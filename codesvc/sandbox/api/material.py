"""Temporary material `/cgi-bin/media/*` and permanent material `/cgi-bin/material/*` (official pages).

Articles (图文) are not imitated.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from codesvc.sandbox.api.call import OK, Call, Endpoint, File
from codesvc.sandbox.api.form import read_form
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.media import TEMPORARY_LIFE, Media, check_file, mint_media_id, read_kind
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right

_MAX_PAGE = 20
_IMAGE = "image"


def _receive(call: Call, kind: str, *, life: float | None) -> Media:
    """Read the upload of a call.

    Raises:
        ApiError: 40004 kind, 41005 no file, 40005 its type, 40006 its size.
    """
    known = read_kind(kind)
    form = read_form(call.raw, call.content_type)
    part = form.get("media")
    if part is None:
        raise ApiError(41005)
    content_type, suffix = check_file(known, part.content)
    words = _description(form["description"].content) if "description" in form else {}
    ends_at = None if life is None else call.now + life
    return Media(
        mint_media_id(),
        known,
        part.content,
        part.filename,
        content_type,
        suffix,
        call.now,
        ends_at,
        words.get("title", ""),
        words.get("introduction", ""),
    )


def _description(raw: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(raw, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(47001) from error


def upload_temporary(call: Call) -> Mapping[str, Any]:
    """Keep a file for three days; a success has no errcode on the older page, and one on the newer."""
    media = call.account.media.keep(_receive(call, call.query.get("type", ""), life=TEMPORARY_LIFE))
    name = "thumb_media_id" if media.kind == "thumb" else "media_id"
    return {"type": media.kind, name: media.media_id, "created_at": int(media.created_at)}


def download_temporary(call: Call) -> Mapping[str, Any] | File:
    """A file, or the address of a video."""
    media = call.account.media.find(call.query.get("media_id", ""), call.now, permanent=False)
    if media.kind == "video":
        return {"video_url": media.url}
    return _file(media)


def upload_picture(call: Call) -> Mapping[str, Any]:
    """A picture for articles: JPG or PNG under 1 MB; a success has no errcode."""
    form = read_form(call.raw, call.content_type)
    if "media" not in form:
        raise ApiError(41005)
    content_type, suffix = check_file("image", form["media"].content, in_article=True)
    if suffix == "gif":
        raise ApiError(40005)
    media = Media(mint_media_id(), "image", form["media"].content, "", content_type, suffix, call.now, call.now)
    return {"url": media.url}


def add(call: Call) -> Mapping[str, Any]:
    """Keep a file for good; a success has no errcode. Only a picture has a `url`."""
    media = call.account.media.keep(_receive(call, call.query.get("type", ""), life=None))
    return {"media_id": media.media_id, **({"url": media.url} if media.kind in {_IMAGE, "thumb"} else {})}


def get(call: Call) -> Mapping[str, Any] | File:
    """A file, or title and address of a video."""
    media = call.account.media.find(call.body.get("media_id"), call.now, permanent=True)
    if media.kind == "video":
        return {"title": media.title, "description": media.introduction, "down_url": media.url}
    return _file(media)


def delete(call: Call) -> Mapping[str, Any]:
    """Delete a permanent file."""
    call.account.media.drop(call.body.get("media_id"), call.now)
    return OK


def count(call: Call) -> Mapping[str, Any]:
    """How many there are of each kind; a success has no errcode."""
    numbers = {
        f"{kind}_count": len(call.account.media.permanent(read_kind(kind))) for kind in ("voice", "video", _IMAGE)
    }
    return {**numbers, "news_count": 0}


def list_page(call: Call) -> Mapping[str, Any]:
    """A page of one kind, newest first; a success has no errcode."""
    if call.text("type") == "news":
        return {"total_count": 0, "item_count": 0, "item": []}
    kind = read_kind(call.text("type"))
    offset, most = read_integer(call.body.get("offset")), read_integer(call.body.get("count"))
    if offset is None or offset < 0 or most is None or not 1 <= most <= _MAX_PAGE:
        raise ApiError(40035)
    everything = call.account.media.permanent(kind)
    page = everything[offset : offset + most]
    items = [
        {"media_id": each.media_id, "name": each.name, "update_time": int(each.created_at)}
        | ({"url": each.url} if kind == _IMAGE else {})
        for each in page
    ]
    return {"item": items, "total_count": len(everything), "item_count": len(items)}


def _file(media: Media) -> File:
    return File(media.content, media.content_type, f"{media.media_id}.{media.suffix}")


_UPLOAD = "40004H 40005H 40006H 41005H"
ENDPOINTS = (
    Endpoint("/cgi-bin/media/upload", "POST", upload_temporary, right=Right.MATERIAL, errors=_UPLOAD, upload=True),
    Endpoint("/cgi-bin/media/get", "GET", download_temporary, right=Right.MATERIAL, errors="40007H"),
    Endpoint(
        "/cgi-bin/media/uploadimg",
        "POST",
        upload_picture,
        right=Right.MATERIAL,
        errors="40005H 40009H 41005M",
        upload=True,
    ),
    Endpoint("/cgi-bin/material/add_material", "POST", add, right=Right.MATERIAL, errors=_UPLOAD, upload=True),
    Endpoint("/cgi-bin/material/get_material", "POST", get, right=Right.MATERIAL, errors="40007H"),
    Endpoint("/cgi-bin/material/del_material", "POST", delete, right=Right.MATERIAL, errors="40007H"),
    Endpoint("/cgi-bin/material/get_materialcount", "GET", count, right=Right.MATERIAL),
    Endpoint("/cgi-bin/material/batchget_material", "POST", list_page, right=Right.MATERIAL, errors="40004? 40035?"),
)
