"""Test identities: users of a site that never reach WeChat and get a fixed code, in test mode only (DESIGN rule 11).

For a customer's own tests, which have no phone to scan with. What is theirs is visible as such: the verification id
says so (`codesvc.domain.codes`), and so does the WeChat that stands for one, which no message ever goes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.domain.codes import ALPHABETS, MAX_LENGTH, MIN_LENGTH, CodeFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

TEST_OPENID: Final = "test_"
"""What the openid of no real WeChat begins with; the rest is made in `store/scripts/fragments/push.lua`."""


def is_test_openid(openid: str) -> bool:
    """Whether this stands for a test identity, so that nothing may be sent to it."""
    return openid.startswith(TEST_OPENID)


def format_of(code: str) -> CodeFormat | None:
    """What verifications with this fixed code look like; None where no code could be so."""
    if not MIN_LENGTH <= len(code) <= MAX_LENGTH:
        return None
    letter = next((letter for letter, characters in ALPHABETS.items() if set(code) <= set(characters)), None)
    return CodeFormat(letter, len(code)) if letter else None


def fixed_code(identities: Mapping[str, str], user: str) -> str | None:
    """The fixed code of a user, None for everybody who is no test identity.

    Args:
        identities: user to code; a name that ends in `*` means all users that begin so. The longest name wins.
        user: who asks.
    """
    if user in identities:
        return identities[user]
    fitting = [name for name in identities if name.endswith("*") and user.startswith(name[:-1])]
    return identities[max(fitting, key=len)] if fitting else None
