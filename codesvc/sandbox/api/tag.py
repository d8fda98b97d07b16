"""Tags of followers, and the blacklist (after WeChat's documentation; WECHAT.md 12)."""

from collections.abc import Mapping
from functools import partial

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.api.user import page_of
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.person import Contact
from codesvc.sandbox.rights import Right
from codesvc.sandbox.tags import MAX_TAGS_PER_FOLLOWER

_MAX_BATCH = 50
_MAX_BLACKLIST_BATCH = 20


def create_tag(call: Call) -> Answer:
    """Make a tag; a success has no errcode."""
    name = _name(call)
    return {"tag": {"id": call.account.tags.create(name), "name": name}}


def list_tags(call: Call) -> Answer:
    """All tags with the number of their followers; a success has no errcode."""
    tags = call.account.tags.names()
    return {"tags": [{"id": tag, "name": name, "count": len(_tagged(call, tag))} for tag, name in tags.items()]}


def rename_tag(call: Call) -> Answer:
    """Give a tag another name."""
    call.account.tags.rename(_tag(call).get("id"), _name(call))
    return OK


def delete_tag(call: Call) -> Answer:
    """Remove a tag, from its followers too."""
    number = call.account.tags.require_changeable(_tag(call).get("id"))
    call.account.tags.delete(number, len(_tagged(call, number)))
    for contact in call.account.contacts.values():
        contact.tags.discard(number)
    return OK


def list_tagged(call: Call) -> Answer:
    """One page of the followers with a tag; without any, no `data`."""
    tag = call.account.tags.require_known(call.body.get("tagid"))
    return page_of(call, [contact.openid for contact in _tagged(call, tag)], call.text("next_openid"))


def tag_people(call: Call) -> Answer:
    """Give a tag to up to 50 followers: to all of them, or to none."""
    contacts, tag = _batch(call, _MAX_BATCH), call.account.tags.require_known(call.body.get("tagid"))
    if any(tag not in contact.tags and len(contact.tags) >= MAX_TAGS_PER_FOLLOWER for contact in contacts):
        raise ApiError(45059)
    for contact in contacts:
        contact.tags.add(tag)
    return OK


def untag_people(call: Call) -> Answer:
    """Take a tag from up to 50 followers."""
    contacts, tag = _batch(call, _MAX_BATCH), call.account.tags.require_known(call.body.get("tagid"))
    for contact in contacts:
        contact.tags.discard(tag)
    return OK


def list_tags_of(call: Call) -> Answer:
    """The tags of one follower; a success has no errcode."""
    return {"tagid_list": sorted(call.account.contact(call.body.get("openid")).tags)}


def list_blacklisted(call: Call) -> Answer:
    """One page of the blacklist; a success has no errcode."""
    listed = [contact.openid for contact in call.account.contacts.values() if contact.blacklisted]
    return {"total": len(listed), **page_of(call, listed, call.text("begin_openid"))}


def blacklist(call: Call) -> Answer:
    """Blacklist up to 20 followers."""
    return _mark(call, blacklisted=True)


def unblacklist(call: Call) -> Answer:
    """Take up to 20 followers from the blacklist."""
    return _mark(call, blacklisted=False)


def _mark(call: Call, *, blacklisted: bool) -> Answer:
    for contact in _batch(call, _MAX_BLACKLIST_BATCH):
        contact.blacklisted = blacklisted
    return OK


def _tag(call: Call) -> Answer:
    tag = call.body.get("tag")
    if not isinstance(tag, Mapping):
        raise ApiError(47001)
    return tag


def _name(call: Call) -> str:
    name = _tag(call).get("name")
    return name if isinstance(name, str) else ""


def _batch(call: Call, most: int) -> list[Contact]:
    """The followers of `openid_list`; 40032 none or too many, 40003 no openid, 49003 an openid of another account."""
    listed = call.body.get("openid_list")
    if not isinstance(listed, list) or not 1 <= len(listed) <= most:
        raise ApiError(40032)
    contacts = []
    for openid in listed:
        if not isinstance(openid, str) or not openid:
            raise ApiError(40003)
        elsewhere = any(openid in account.contacts for account in call.platform.accounts.values())
        if openid not in call.account.contacts and elsewhere:
            raise ApiError(49003)
        contacts.append(call.account.contact(openid))
    return contacts


def _tagged(call: Call, tag: int) -> list[Contact]:
    return [contact for contact in call.account.contacts.values() if contact.follows and tag in contact.tags]


_endpoint = partial(Endpoint, right=Right.FOLLOWERS)
ENDPOINTS = (
    _endpoint("/cgi-bin/tags/create", "POST", create_tag, errors="45056H 45157H 45158H"),
    _endpoint("/cgi-bin/tags/get", "GET", list_tags),
    _endpoint("/cgi-bin/tags/update", "POST", rename_tag, errors="45058H 45157H 45158H 45159?"),
    _endpoint("/cgi-bin/tags/delete", "POST", delete_tag, errors="45057H 45058H 45159?"),
    _endpoint("/cgi-bin/user/tag/get", "POST", list_tagged, errors="40003H 45159H"),
    _endpoint("/cgi-bin/tags/members/batchtagging", "POST", tag_people, errors="40003H 40032H 45059H 45159H 49003H"),
    _endpoint("/cgi-bin/tags/members/batchuntagging", "POST", untag_people, errors="40003H 40032H 45159H 49003H"),
    _endpoint("/cgi-bin/tags/getidlist", "POST", list_tags_of, errors="40003H"),
    _endpoint("/cgi-bin/tags/members/getblacklist", "POST", list_blacklisted, errors="40003H"),
    _endpoint("/cgi-bin/tags/members/batchblacklist", "POST", blacklist, errors="40003H 40032H 49003H"),
    _endpoint("/cgi-bin/tags/members/batchunblacklist", "POST", unblacklist, errors="40003H 40032H 49003H"),
)
