"""Worlds with an account of each kind: the sandbox refuses every call that the kind has no right to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.people.browsers import WITH_CHAT

KINDS = ("verified_service", "unverified_service", "verified_subscription", "unverified_subscription", "test")
BY_KEYWORD = KINDS[1:4]  # those without QR codes
ANSWERS_ONLY = (KINDS[1], KINDS[3])

# KINDS.md section 2, spelt once more: what the kinds may not call.
_FULL = frozenset()
_NONE = frozenset(
    {
        *("/cgi-bin/qrcode/create", "/cgi-bin/user/info", "/cgi-bin/user/info/batchget", "/cgi-bin/user/get"),
        *("/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend", "/cgi-bin/message/custom/send"),
        *("/cgi-bin/message/template/subscribe", "/cgi-bin/template/get_all_private_template"),
        *("/sns/oauth2/access_token", "/wxaapi/newtmpl/gettemplate"),
    }
)
_USER = {"/cgi-bin/user/info", "/cgi-bin/user/info/batchget", "/cgi-bin/user/get"}
DENIED = {
    "verified_service": _FULL,
    "unverified_service": _NONE,
    "verified_subscription": _NONE - _USER - {"/cgi-bin/message/custom/send", "/cgi-bin/message/template/subscribe"},
    "unverified_subscription": _NONE | {"/cgi-bin/menu/get"},
    "test": _FULL,
}


async def deny(world, kind):
    """Let the account be of this kind at WeChat, whatever the configuration says."""
    await world.control("PATCH", f"/accounts/{DEFAULT_ACCOUNT.appid}", {"kind": kind})


@asynccontextmanager
async def world_of(new_world, kind, **changes):
    """A world whose only account is of this kind, really and in the configuration."""
    given = {"accounts__main__kind": kind, **WITH_CHAT, **changes}
    if kind in BY_KEYWORD:
        given.setdefault("accounts__main__messages", {})
    async with new_world(account=replace(DEFAULT_ACCOUNT, name="月山小记", kind=kind), **given) as world:
        yield world


def calls(world):
    """The paths of WeChat's API that were called, with what was answered."""
    return [(entry.path, entry.errcode) for entry in world.platform.journal.entries(direction="api")]


def refused(world):
    """The calls that the kind has no right to."""
    return [path for path, errcode in calls(world) if errcode == 48001]
