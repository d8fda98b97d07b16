"""The person as a relying party knows them: the subject and the claims (OpenID Connect Core 1.0 sections 5 and 8).

A subject is pairwise: derived from site and openid under a key that is never rotated. So it is the same for ever, it
differs from site to site, and it reveals no openid. It is derived from the openid under which the person first
logged in. The store keeps that after WeChat has moved the account, so the subject survives a new openid.
"""

from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import Any, Final

from codesvc.domain.base_encodings import base32
from codesvc.domain.visitor_names import resembles_visitor_name, visitor_name

_SUBJECT_BYTES: Final = 20
_TAG: Final = 4
_LOCALES: Final = {"zh": "zh-CN", "en": "en"}
AMR: Final = ("mca",)
"""Authentication by a second channel (RFC 8176 section 2), the nearest value to a confirmation in WeChat."""


class Subjects:
    """Derives subjects.

    Args:
        key: `oidc.subject_key`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"Subjects({self.key_id})"

    @property
    def key_id(self) -> str:
        """An identifier of the key that reveals nothing about it."""
        return digest(self._key, b"codesvc oidc key id", "sha256").hex()[:16]

    def of(self, site: str, openid: str) -> str:
        """The subject of a person on a site: 32 letters and digits."""
        found = digest(self._key, f"codesvc oidc subject\0{site}\0{openid}".encode(), "sha256")
        return base32(found[:_SUBJECT_BYTES])


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A person who has confirmed a login.

    Attributes:
        subject: `sub`.
        user: the bound user of the site, "" for a visitor.
        display: the name under which the person recognises that user, "" for none.
        locale: `zh` or `en`.
        approved_at: when they confirmed, unix seconds.
    """

    subject: str
    user: str
    display: str
    locale: str
    approved_at: int

    def claims(self, scope: str, *, email_domain: str | None) -> dict[str, Any]:
        """The claims for these scopes. WeChat gives no address, so `email` is made up and not verified."""
        scopes = scope.split()
        found: dict[str, Any] = {"sub": self.subject}
        if "profile" in scopes:
            user = "" if self._has_the_name_of_another else self.user
            username = user or visitor_name(self.subject)
            found |= {
                "preferred_username": username,
                "nickname": username,
                "name": self.display or user or self._visitor(),
                "locale": _LOCALES[self.locale],
            }
        if "email" in scopes and email_domain is not None:
            found |= {"email": f"{self.subject}@{email_domain}", "email_verified": False}
        return found

    @property
    def _has_the_name_of_another(self) -> bool:
        """Whether the user is named as another person is without a binding: some apps know people by that name."""
        return resembles_visitor_name(self.user) and self.user != visitor_name(self.subject)

    def _visitor(self) -> str:
        tag = sha256(self.subject.encode()).hexdigest()[:_TAG].upper()
        return f"微信用户 {tag}" if self.locale == "zh" else f"WeChat user {tag}"
