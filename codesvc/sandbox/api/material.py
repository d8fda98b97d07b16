"""Temporary material `/cgi-bin/media/*` and permanent material `/cgi-bin/material/*` (after WeChat's documentation).

Articles (图文) are not imitated.
"""

import msgspec

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint, File
from codesvc.sandbox.api.form import Part, read_form
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_media_id
from codesvc.sandbox.media import (
    TEMPORARY_LIFE,
    Kind,
    Media,
    check_article_picture,
    check_file,
    media_url,
    read_kind,
)
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right

_MAX_PAGE = 20
_COUNTED: tuple[Kind, ...] = ("voice", "video", "image")


def _keep(call: Call, *, life: float | None) -> Media:
    """Read the upload of a call, and keep it for a number of seconds or for ever.

    Raises:
        ApiError: 40004 kind, 41005 no file, 40005 its type, 40006 its size.
    """
    kind = read_kind(call.query.get("type", ""))
    form, part = _read_upload(call)
    content_type, suffix = check_file(kind, part.content)
    words = _description(form["description"].content) if "description" in form else {}
    return call.account.media.keep(
        Media(
            mint_media_id(),
            kind,
            part.content,
            part.filename,
            content_type,
            suffix,
            call.now,
            None if life is None else call.now + life,
            words.get("title", ""),
            words.get("introduction", ""),
        )
    )


def _read_upload(call: Call) -> tuple[dict[str, Part], Part]:
    form = read_form(call.raw, call.content_type)
    if "media" not in form:
        raise ApiError(41005)
    return form, form["media"]


def _description(raw: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(raw, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(47001) from error


def upload_temporary(call: Call) -> Answer:
    """Keep a file for three days; a success has no errcode on the older page, and one on the newer."""
    media = _keep(call, life=TEMPORARY_LIFE)
    name = "thumb_media_id" if media.kind == "thumb" else "media_id"
    return {"type": media.kind, name: media.media_id, "created_at": int(media.created_at)}


def download_temporary(call: Call) -> Answer | File:
    """A file, or the address of a video."""
    media = call.account.media.find(call.query.get("media_id", ""), call.now, permanent=False)
    if media.kind == "video":
        return {"video_url": media.url}
    return _file(media)


def upload_picture(call: Call) -> Answer:
    """A picture for articles: JPG or PNG under 1 MB; a success has no errcode."""
    _, part = _read_upload(call)
    _, suffix = check_article_picture(part.content)
    return {"url": media_url(mint_media_id(), suffix)}


def add(call: Call) -> Answer:
    """Keep a file for good; a success has no errcode. Only a picture has a `url`."""
    media = _keep(call, life=None)
    return {"media_id": media.media_id, **({"url": media.url} if media.kind in {"image", "thumb"} else {})}


def get(call: Call) -> Answer | File:
    """A file, or title and address of a video."""
    media = call.account.media.find(call.body.get("media_id"), call.now, permanent=True)
    if media.kind == "video":
        return {"title": media.title, "description": media.introduction, "down_url": media.url}
    return _file(media)


def delete(call: Call) -> Answer:
    """Delete a permanent file."""
    call.account.media.drop(call.body.get("media_id"), call.now)
    return OK


def count(call: Call) -> Answer:
    """How many there are of each kind; a success has no errcode."""
    numbers = {f"{kind}_count": len(call.account.media.permanent(kind)) for kind in _COUNTED}
    return {**numbers, "news_count": 0}


def list_page(call: Call) -> Answer:
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
        | ({"url": each.url} if kind == "image" else {})
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
