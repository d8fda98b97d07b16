"""The audit log: a line for every administrative act and every change of a binding.

The script that makes a change also writes its line, so that a change and its line are always stored together. Users and
openids are masked, because lines are kept longer than personal data. Each partition has its own log, limited in length
and in age (`codesvc.store.script`). Readers merge the logs.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Act(StrEnum):
    """Kinds of acts. `guesses.lifted` and the acts on webhooks and bindings are written by their own scripts."""

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
    """A site, account or key in the store was removed; `detail` names it. The script that removes it writes the line.
    """
    CLOCK_MOVED = "clock.moved"


class Line(msgspec.Struct, frozen=True):
    """One line of the audit log.

    Attributes:
        at: ms since 1970 by the store's clock, as text.
        actor: `key:{name}` for a site's key, `admin:{name}` for an operator, `chat` for the person in WeChat, `cli`, or
            `codesvc` for the service itself.
        act: a value of `Act`.
        site: the site concerned, "" if none.
        user: the masked user, "" if none.
        wechat: the masked openid, "" if none.
        came_from: for a moved binding, the masked openid that it had before.
        reason: the reason that the operator gave.
        detail: more about the act, such as how a binding was made or removed.
        id: identifies the line; not stored, set by the reader.
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
    """The `actor` of an operator of the admin pages."""
    return f"admin:{name}"


def read_line(identifier: str, raw: bytes) -> Line:
    """Decode a line as the script wrote it."""
    return msgspec.structs.replace(msgspec.json.decode(raw, type=Line), id=identifier)
