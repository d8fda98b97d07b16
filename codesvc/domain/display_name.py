"""The name under which a site's user recognises an account, such as a nickname.

A masked user (`ud***81`) tells most people nothing, so a site may give a name with a binding. It is often chosen by the
user, so it must not be able to pass for anything but a name: one short line, without links, and without characters
that hide or reorder others. Only the WeChat account that is bound, or that has just confirmed, sees it.
"""

import re
import unicodedata
from typing import Final

from codesvc.domain.masking import isolated, shown_user
from codesvc.domain.visible_text import has_many_marks, hidden_in

LONGEST: Final = 32  # code points
SAME: Final = ""
"""What a script takes for a name that stays as it is."""
NONE: Final = " "
"""What a script takes for a name that is to be removed. No name is like this: none has blanks around it."""

_LINK: Final = re.compile(
    r"[<>@＠]"  # markup of a chat message, an address, a mention
    r"|[:：]\s*[/／\\]"  # the beginning of an address after its scheme
    r"|[^\W_][.。．｡․][^\W\d_]{2,}"  # a domain, with any character that input methods and browsers take for its dot
    r"|\d{1,3}(?:[.。．｡․]\d{1,3}){3}"  # an IPv4 address
    r"|\b(?:https?|www|weixin|wxp)\b",
    re.IGNORECASE,
)


class UnfitName(ValueError):
    """The text cannot be a display name; the argument says why, after the member's name."""


def reads_as_link(text: str) -> bool:
    """Whether a chat or a mail program might make a link of a part of the text, or take it for markup."""
    return any(map(_LINK.search, (text, unicodedata.normalize("NFKC", text))))


def check_display(text: str) -> None:
    """Require a text that can be shown as a name.

    Raises:
        UnfitName: it is empty, too long, more than a line, or could hide something or lead somewhere.
    """
    if not 1 <= len(text) <= LONGEST:
        raise UnfitName(f"must have 1 to {LONGEST} characters")
    hidden = hidden_in(text)
    if hidden is not None:
        raise UnfitName(f"has the invisible or unassigned character U+{ord(hidden):04X}")
    if text != text.strip() or not any(character.isalnum() for character in unicodedata.normalize("NFKC", text)):
        raise UnfitName("must have a letter or digit, and no spaces at its ends")
    if reads_as_link(text):
        raise UnfitName("must not look like a link or an address; a space after each dot helps")
    if has_many_marks(text):
        raise UnfitName("has too many combining marks on one letter")


def recognisable(user: str, display: str) -> str:
    """The name of an account in texts for the person: its display name, or else the masked user."""
    return isolated(display) if display else shown_user(user)
