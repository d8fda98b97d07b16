"""The audit log: every administrative act and every change of a binding, as lines that outlive what is kept of people.

A line is written by the very script that does the thing, so that there is no act without a line and no line without an
act. Users and openids stand in it masked. Each partition has a log of its own, bounded in number and in time
(`codesvc.store.script`); readers put them together.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Act(StrEnum):
    """What can be done. `guesses.lifted`, the webhooks' and the bindings' are written by their own scripts."""

    BINDING_MADE = "binding.made"
    BINDING_MOVED = "binding.moved"
    BINDING_REMOVED = "binding.removed"
    GUESSES_LIFTED = "guesses.lifted"
    LOGIN = "login"
    LOGIN_FAILED = "login.failed"
    LOGOUT = "logout"
    LOOKED_UP = "looked.up"
    """An operator looked at a person's verifications and binding."""
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_RESENT = "webhook.resent"
    SETTINGS_SET = "settings.set"
    SETTINGS_REMOVED = "settings.removed"
    """A site, an account or a key that the store keeps; `detail` names it. Written by its own script."""
    CLOCK_MOVED = "clock.moved"


class Line(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        at: ms since 1970 by the clock that decides, as text.
        actor: `key:{name}` of a site, `admin:{name}`, `chat` (the person, in WeChat), `cli`, `codesvc` by itself.
        act: see `Act`.
        site: whose, "" if none.
        user: masked.
        wechat: masked openid.
        came_from: masked openid that a binding moved away from.
        reason: what the operator gave as his reason.
        detail: how a binding was made or removed, and the like.
        id: of the line, made by whoever reads it.
    """

    at: str
    actor: str
    act: str
    site: str = ""
    user: str = ""
    wechat: str = ""
    came_from: str = ""
    reason: str = ""
    detail: str = ""
    id: str = ""


def operator(name: str) -> str:
    """How the log names an operator of the admin page."""
    return f"admin:{name}"


def read_line(identifier: str, raw: bytes) -> Line:
    """A line as the script wrote it."""
    return msgspec.structs.replace(msgspec.json.decode(raw, type=Line), id=identifier)
