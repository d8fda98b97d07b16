"""The audit log: a line for every administrative act and every change of a binding.

The script that makes a change also writes its line, so that a change and its line are always stored together. Users and
openids are masked, because lines are kept longer than personal data. Each site has its own log, and each partition one
for lines without a site. A log is limited in length and in age by itself. Readers merge the logs. The lines of a log
are numbered, so a reader can say how many are gone (`AuditAct.LINES_MISSING`).
"""

from enum import StrEnum
from typing import Final

import msgspec


class AuditAct(StrEnum):
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
    DATA_EXPORTED = "data.exported"
    """A command wrote out stored data: that of a `person`, or all `bindings` of a site; `detail` says which."""
    DATA_ERASED = "data.erased"
    """A command erased a person's data, perhaps none. The removal of a binding has its own line."""
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_RESENT = "webhook.resent"
    SETTINGS_SET = "settings.set"
    """A site, account or key in the store was set, or the configuration file lets in others (`file/…`)."""
    SETTINGS_REMOVED = "settings.removed"
    """A site, account or key was removed; `detail` names it. The script that removes it writes the line."""
    OIDC_CODE_REPLAYED = "oidc.code_replayed"
    """A relying party's code came twice, so the token that it gave was revoked; `detail` is the login."""
    CLOCK_MOVED = "clock.moved"
    LINES_MISSING = "lines.missing"
    """Lines of a log are gone. Not stored: a reader makes this line; `missing` says how many, `detail` a `Gone`."""


class Gone(StrEnum):
    """Why lines of the audit log are gone."""

    LENGTH = "length"
    """The log of the site was full."""
    AGE = "age"
    """The lines were older than `store.audit_retention`."""
    UNKNOWN = "unknown"
    """The service did not remove the lines: they were deleted in the store, or the store lost them."""


FAILED_LOGINS: Final = AuditAct.LOGIN_FAILED.value
"""The name of the log of failed sign-ins. Strangers write its lines, so it is apart from all others."""


REPEATABLE: Final = frozenset(
    {
        AuditAct.LOOKED_UP,
        AuditAct.GUESSES_LIFTED,
        AuditAct.WEBHOOK_RESENT,
        AuditAct.WEBHOOK_ENABLED,
        AuditAct.OIDC_CODE_REPLAYED,
    }
)
"""Acts that one caller can repeat as often as they like. For each site their lines are in logs of their own, so that
they push out no line about a binding: one for what operators looked at, which no site's key writes, one for replayed
codes, which visitors of an app cause, and one for the rest.
"""
SIGN_INS: Final = frozenset({AuditAct.LOGIN, AuditAct.LOGOUT})
"""Who has the password can repeat these. They have a log of their own, so that they push out no change of settings."""
CHANGES_LOG: Final = "changes:"
"""The log of changes of settings that stood before. So they push out no line about a site, an account, a key or a
client that was made or removed.
"""
LOG_OF: Final = (
    dict.fromkeys(REPEATABLE, "repeatable:")
    | {AuditAct.LOOKED_UP: "looks:", AuditAct.OIDC_CODE_REPLAYED: "replays:"}
    | dict.fromkeys(SIGN_INS, "sign-ins:")
)
"""What the names of the logs of such acts begin with; the site's name follows, if there is one."""


def logs_with(act: str) -> frozenset[str]:
    """What the names of the logs begin with that may have lines of an act: "" for the site's log of all other acts."""
    if act == AuditAct.SETTINGS_SET:
        return frozenset({"", CHANGES_LOG})
    return frozenset({LOG_OF.get(AuditAct(act), "")} if act in {*AuditAct} else ())


class Line(msgspec.Struct, frozen=True):
    """One line of the audit log.

    Attributes:
        at: ms since 1970 by the store's clock, as text.
        actor: `key:{name}` for a site's key, `admin:{name}` for an operator, `chat` for the person in WeChat, `page`
            for the reader of a page, `cli`, `file` for the configuration file, or `codesvc` for the service itself.
        act: a value of `AuditAct`.
        site: the site concerned, "" if none.
        user: the masked user, "" if none.
        wechat: the masked openid, "" if none.
        came_from: for a moved binding, the masked openid that it had before.
        reason: the reason that the operator gave.
        detail: more about the act, such as how a binding was made or removed.
        number: counts the lines of one log, from 1; 0 for lines that have no number.
        missing: how many lines are gone, for `AuditAct.LINES_MISSING`.
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
    number: int = 0
    missing: int = 0
    id: str = ""


def operator(name: str) -> str:
    """The `actor` of an operator of the admin pages."""
    return f"admin:{name}"


def read_line(identifier: str, raw: bytes) -> Line:
    """Decode a line as the script wrote it."""
    return msgspec.structs.replace(msgspec.json.decode(raw, type=Line), id=identifier)
