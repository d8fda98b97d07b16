"""The member `display` of requests: the name by which a person recognises an account."""

from typing import Annotated

from msgspec import Meta, UnsetType

from codesvc.domain.display_name import LONGEST, NONE, SAME, UnfitName, check_display
from codesvc.domain.errors import Invalid

Display = Annotated[
    str,
    Meta(
        extra_json_schema={"minLength": 1, "maxLength": LONGEST},  # `check_display` holds them
        description="a name by which the person recognises the account in WeChat, such as a nickname, instead of a "
        "masked `user`; only the WeChat account that is bound, or has just confirmed, sees it",
        examples=["山月小客"],
    ),
]


def wanted_name(display: str | UnsetType | None) -> str:
    """A display name as scripts take it: null removes it, and one that is left out stays.

    Raises:
        Invalid: it cannot be shown as a name.
    """
    if isinstance(display, UnsetType):
        return SAME
    if display is None:
        return NONE
    try:
        check_display(display)
    except UnfitName as error:
        raise Invalid(f"display {error}", "/display") from None
    return display
