"""Codes of wechat-server's protocol (KINDS.md section 11). The panel logs in the person that the code was made for.

Such a code is bound to no browser: it logs in any person who knows it. So it is long, works once, lives shortly, and
only few of a site's are live at once. A guess hits one of the live ones, so all wrong ones of a site have a budget.
When it is spent, new codes are long, and short ones are refused until it recovers. When many short ones are live, new
ones are long too. Long ones have no budget and no most, because anybody could use those up: no person is locked out.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

MOST_LIVE: Final = 100
"""Short codes of a site within one life. Above that, new codes are long."""
LONG_LENGTH: Final = 16
"""Enough for guesses without a budget: 10,000 a second at 100 live codes succeed in a day with 1 in 100,000."""
_FORM: Final = re.compile(r"[1-9][0-9]{3,15}")


def space(length: int) -> int:
    """How many codes of a length there are: the first digit is never 0, as with wechat-server."""
    return 9 * int(10 ** (length - 1))


def is_code(text: str) -> bool:
    """Whether a text may be a code at all."""
    return _FORM.fullmatch(text) is not None


class WechatServerSecrets:
    """Codes, and the names under which the store keeps them, derived from the master key."""

    def __init__(self, keyring: Keyring) -> None:
        self._code_key = keyring.token_keys("wechat-server code")[-1]
        self._name_key = keyring.token_keys("wechat-server name")[-1]

    def code(self, site: str, dedupe: str, length: int) -> str:
        """The code that answers one message. A repeated callback gets the same one."""
        digest = hmac.digest(self._code_key, f"{length}/{site}/{dedupe}".encode(), sha256)
        return str(10 ** (length - 1) + int.from_bytes(digest, "big") % space(length))

    def name(self, site: str, code: str) -> str:
        """The name of a code in the store, which does not show it."""
        return hmac.new(self._name_key, f"{site}/{code}".encode(), sha256).hexdigest()[:32]
