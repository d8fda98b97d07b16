"""What is known of the tie between a site's user and a WeChat, and of its past.

The rules themselves stand in one fragment of Lua (`store/scripts/fragments/binding.lua`), because a rule that reads and
then writes is one act: a user has one WeChat; a WeChat has one user, unless the site says many; a second claim changes
nothing; and whatever joins or parts two of them leaves a line here.
"""

from __future__ import annotations

from hashlib import sha1

import msgspec


class Passage(msgspec.Struct, frozen=True, rename={"came_from": "from"}):
    """One line of a user's history.

    Attributes:
        at: ms since 1970, as text.
        event: `bound`, `moved` (from another WeChat) or `removed`.
        by: how: proof, openid, handle, intent, oauth, import; of a removal site, operator or forgotten.
        wechat: tag of the WeChat that was bound, moved to, or removed.
        source: the verification, bind intent, login or ticket it came from, "" if none.
        came_from: of a move, the tag of the WeChat before.
    """

    at: str
    event: str
    by: str
    wechat: str
    source: str = ""
    came_from: str = ""


def tag_of(site: str, openid: str) -> str:
    """What the history calls a WeChat: 12 hexadecimal digits, the same for the same site and openid.

    It protects nothing by itself; an openid has too many possibilities to be found from it.
    """
    return sha1(f"{site}/{openid}".encode(), usedforsecurity=False).hexdigest()[:12]
