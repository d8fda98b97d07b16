"""The member `user` of requests, and what is wrong with a user id or an openid, in words."""

import unicodedata
from typing import Annotated

from msgspec import Meta

from codesvc.domain.binding_values import BadValue, checked_openid
from codesvc.domain.errors import Invalid
from codesvc.domain.identifiers import LONGEST_USER, USER_PATTERN, is_user, stranger_in, unlike_normal
from codesvc.domain.test_identity import is_test_openid

_FORM = {"pattern": USER_PATTERN, "maxLength": LONGEST_USER}  # `check_user` holds them

StartedUser = Annotated[
    str,
    Meta(
        extra_json_schema=_FORM,
        description="your opaque identifier of the person, in NFC; for a sign-up, a random id for each attempt",
        examples=["attempt-7f3a"],
    ),
]
BoundUser = Annotated[
    str,
    Meta(
        extra_json_schema=_FORM,
        description="your lasting identifier of the person who is logged in, in NFC; the WeChat account is bound to it",
        examples=["u-17"],
    ),
]
MessageUser = Annotated[
    str,
    Meta(
        extra_json_schema=_FORM,
        description="your lasting identifier of the person, in NFC; without it, the user id of the recipient is used",
        examples=["u-17"],
    ),
]


def check_user(text: str) -> None:
    """Check the form of a user, in a body or in a path.

    Raises:
        Invalid: it is none; the message says what is wrong and what is allowed.
    """
    if is_user(text):
        return
    if not text:
        wrong = "it is empty"
    elif len(text) > LONGEST_USER:
        wrong = f"it has {len(text)} characters"
    elif (strange := stranger_in(text)) is not None:
        wrong = f"its character {strange + 1} is {_named(text[strange])}"
    elif (unlike := unlike_normal(text)) is not None:
        wrong = (
            f"from its character {unlike + 1} on it is not in Unicode's normal form C (NFC), in which a letter and its "
            "accent are one character; normalise your ids before you send them"
        )
    else:
        wrong = f"it begins with {_named(text[0])}"
    raise Invalid(
        f"user is not a valid id: {wrong}. An id has 1 to {LONGEST_USER} letters and digits of any "
        "script, and ._@+:-, and begins with a letter or digit (for example A-Z, 0-9). For other ids send a number or "
        "a hash of them instead",
        "/user",
    )


def check_openid(text: str, mode: str) -> None:
    """Check that an openid has WeChat's form. In test mode any text within the published limits may stand for a person.

    Raises:
        Invalid: it has not; the message says what is wrong, and masks the openid.
    """
    if mode == "test":
        return
    try:
        checked_openid(text)
    except BadValue as error:
        raise Invalid(str(error), "/openid") from None
    if is_test_openid(text):
        raise Invalid("this openid belongs to a test identity, which live mode does not have", "/openid")


def _named(character: str) -> str:
    name = "a space" if character == " " else unicodedata.name(character, "a control character")
    return f"{name} (U+{ord(character):04X})"
