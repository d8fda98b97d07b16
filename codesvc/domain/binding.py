"""Bindings between a site's user and a WeChat account, and their history.

The rules are in a Lua fragment (`store/scripts/fragments/binding.lua`), because each of them reads and then writes,
which must be atomic. A user has at most one WeChat account. A WeChat account has at most one user, or `MOST_USERS`
where the site allows many. A second claim changes nothing. Every change of a binding adds a line to the user's history.
"""

from hashlib import sha1
from typing import Final

import msgspec

EVICTION_KEPT_MS: Final = 86_400_000
"""How long it is remembered that a user lost a binding. It is longer than the life of everything that was begun before
and could act afterwards: verifications, intents, proofs, handles, codes and tokens of relying parties.
"""

MOST_USERS: Final = 50
"""How many users of a site one WeChat account may have with `users_per_wechat = "many"`. A scan reads all of them."""


class BindingChange(msgspec.Struct, frozen=True, rename={"came_from": "from"}):
    """One line of the history of a user's bindings.

    Attributes:
        at: ms since 1970, as text.
        event: `bound`, `moved` (from another WeChat account) or `removed`.
        by: how it was made (proof, openid, handle, intent, oauth, import), moved (migration: WeChat moved the account
            to another appid), or removed (site, operator, forgotten).
        wechat: tag of the WeChat account that was bound, moved to, or removed; see `tag_of`.
        source: id of the verification, bind intent, login or ticket that led to it, "" if none.
        came_from: for a move, the tag of the previous WeChat account.
    """

    at: str
    event: str
    by: str
    wechat: str
    source: str = ""
    came_from: str = ""


def tag_of(key: str, site: str, openid: str) -> str:
    """The tag of a WeChat account in the history: 12 hexadecimal digits, constant for a key, a site and an openid.

    The history must not contain openids. An openid cannot be computed from its tag, and without the key nobody can
    compute the tag of an openid that they know. SHA-1 is the only hash that every store's Lua has; nested under a key
    of 256 bits, as in HMAC (RFC 2104), its collisions do not help to find a tag.

    Args:
        key: 64 hexadecimal digits (`MasterKey.tag_key`).
        site: the site's name.
        openid: the WeChat account.
    """
    inner = sha1(f"{key}{site}/{openid}".encode(), usedforsecurity=False).hexdigest()
    return sha1(f"{key}{inner}".encode(), usedforsecurity=False).hexdigest()[:12]
