"""The policy of a start: the one of its purpose, or a reduced one for a test identity.

It also refuses a start whose purpose or client address is missing, because the site's configuration decides that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codesvc.domain.codes import ALPHABET_NAMES
from codesvc.domain.errors import Invalid
from codesvc.domain.test_identity import format_of

if TYPE_CHECKING:
    from codesvc.config import Purpose
    from codesvc.service.models import StartRequest
    from codesvc.sites.directory import SiteEntry


def policy_of(site: SiteEntry, request: StartRequest) -> tuple[Purpose, bool]:
    """The policy of a start, and whether it is for a test identity.

    Raises:
        Invalid: the site has no such purpose, or it requires a client address and the request has none.
    """
    policy = site.purpose(request.purpose)
    if policy is None:
        known = ", ".join(sorted(site.config.purposes))
        raise Invalid(f"this site has no such purpose; known are {known}", "/purpose")
    if request.client_ip is None and not request.predecessor and site.config.client_ip == "required":
        raise Invalid(
            'client_ip is missing: send the address of the visitor, or set client_ip = "none" for this '
            "site if it really cannot know it",
            "/client_ip",
        )
    code = site.test_code(request.user)
    return (policy, False) if code is None else (_of_test_identity(policy, code), True)


def _of_test_identity(policy: Purpose, code: str) -> Purpose:
    """The purpose's policy with the format of the fixed code and without scanning. Attempts and times stay."""
    form = format_of(code)
    if form is None:
        raise ValueError("the configuration does not allow such a code")
    alphabet = next(name for name, letter in ALPHABET_NAMES.items() if letter == form.alphabet)
    return replace(
        policy,
        code_alphabet=alphabet,
        code_length=form.length,
        long_code_length=form.length,
        scan="off",
    )
