"""Test identities: users with a fixed code, for whom nothing is sent to WeChat. Test mode only (DESIGN rule 11).

They are for a customer's own tests, which cannot scan with a phone. They are marked: a test identity's verification ids
have a prefix (`codesvc.domain.codes`), and so does the openid that stands for it. No message is ever sent to that
openid.
"""

from collections.abc import Mapping
from typing import Final

from codesvc.domain.codes import ALPHABETS, MAX_LENGTH, MIN_LENGTH, CodeFormat

TEST_OPENID: Final = "test_"
"""Prefix of the openids that stand for test identities; no real openid has it. The rest is made in
`store/scripts/fragments/push.lua`.
"""


def is_test_openid(openid: str) -> bool:
    """Whether this openid stands for a test identity, so that nothing may be sent to it."""
    return openid.startswith(TEST_OPENID)


def format_of(code: str) -> CodeFormat | None:
    """The code format that fits a fixed code; None if no format does."""
    if not MIN_LENGTH <= len(code) <= MAX_LENGTH:
        return None
    letter = next((letter for letter, characters in ALPHABETS.items() if set(code) <= set(characters)), None)
    return CodeFormat(letter, len(code)) if letter else None


def fixed_code(identities: Mapping[str, str], user: str) -> str | None:
    """The fixed code of a user; None if the user is not a test identity.

    Args:
        identities: user -> code. A name that ends in `*` stands for all users with that prefix. The longest match wins.
        user: the user.
    """
    if user in identities:
        return identities[user]
    fitting = [name for name in identities if name.endswith("*") and user.startswith(name[:-1])]
    return identities[max(fitting, key=len)] if fitting else None
