"""Parameters and bodies that many calls share."""

from typing import Final

from codesvc.domain.identifiers import LONGEST_USER, USER_PATTERN
from codesvc.web.api.inputs import EmptyInput
from codesvc.web.contract.examples import BIND_ID, LOGIN_ID, TOKEN, VERIFICATION_ID
from codesvc.web.contract.operation import FORM, JSON, Body, Parameter, in_path

VERIFICATION: Final = in_path("id", "A verification's id.", VERIFICATION_ID)
BIND_INTENT: Final = in_path("id", "A bind intent's id.", BIND_ID)
LOGIN: Final = in_path("id", "A login's id.", LOGIN_ID)
USER: Final = in_path(
    "user",
    "Your identifier of the person, percent-encoded as UTF-8.",
    "alice",
    {"type": "string", "pattern": USER_PATTERN, "maxLength": LONGEST_USER},
)
PAGE_TOKEN: Final = in_path("page_token", "The `page_token` of a verification, bind intent or login.", TOKEN)
INTENT_PAGE_TOKEN: Final = in_path("page_token", "The `page_token` of a bind intent.", f"i.{TOKEN}")
NOTHING: Final = Body(shape=EmptyInput, examples={"nothing": {}}, required=False)
NOTHING_OR_FORM: Final = Body(shape=EmptyInput, examples={"nothing": {}}, media=(JSON, FORM), required=False)
ACCOUNT: Final = in_path("account", "The account's name in the configuration.", "main")
IDEMPOTENCY_KEY: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    description="Makes the call safe to retry: for 24 hours, the same key and body get the same answer, or 410 once "
    "the result is no longer kept.",
    schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
    example="2f9a0c64-6f0e-4b1c-9f0a-6a2a8d1c7b55",
    required=False,
)
