"""Members of paths that many calls share."""

from __future__ import annotations

from typing import Final

from codesvc.domain.identifiers import LONGEST_USER, USER_PATTERN
from codesvc.web.contract.examples import BIND_ID, LOGIN_ID, TOKEN, VERIFICATION_ID
from codesvc.web.contract.operation import Parameter

VERIFICATION: Final = Parameter(
    name="id", place="path", description="A verification's id.", schema={"type": "string"}, example=VERIFICATION_ID
)
BIND_INTENT: Final = Parameter(
    name="id", place="path", description="A bind intent's id.", schema={"type": "string"}, example=BIND_ID
)
LOGIN: Final = Parameter(
    name="id", place="path", description="A login's id.", schema={"type": "string"}, example=LOGIN_ID
)
USER: Final = Parameter(
    name="user",
    place="path",
    description="Your identifier of the person, percent-encoded as UTF-8.",
    schema={"type": "string", "pattern": USER_PATTERN, "maxLength": LONGEST_USER},
    example="alice",
)
PAGE_TOKEN: Final = Parameter(
    name="page_token",
    place="path",
    description="The `page_token` of a verification, bind intent or login.",
    schema={"type": "string"},
    example=TOKEN,
)
ACCOUNT: Final = Parameter(
    name="account",
    place="path",
    description="The account's name in the configuration.",
    schema={"type": "string"},
    example="main",
)
IDEMPOTENCY_KEY: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    description="Names this act, so that it can be repeated: the same key and body get the same answer, for 24 hours.",
    schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
    example="2f9a0c64-6f0e-4b1c-9f0a-6a2a8d1c7b55",
    required=False,
)
