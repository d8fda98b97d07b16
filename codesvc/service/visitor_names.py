"""The names that apps get of people without a binding (`wx_…`): each belongs to one WeChat account.

Apps send a person's codes to the user of that name, and everybody sees the name. So on a site with an issuer no other
WeChat account is bound under it, nor under an id that may be taken for it, whoever asks for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.errors import Invalid
from codesvc.domain.visitor_names import resembles_visitor_name, visitor_name

if TYPE_CHECKING:
    from codesvc.domain.oidc_person import Subjects
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store


class VisitorNames:
    """Says whose name a user id is.

    Args:
        subjects: under the configuration's key; None where it has none.
    """

    def __init__(self, store: Store, subjects: Subjects | None) -> None:
        self._store = store.oidc
        self._subjects = subjects

    async def is_free_for(self, site: SiteEntry, user: str, openid: str) -> bool:
        """Whether this WeChat account may be bound under the user id; `openid` is "" if it is not known."""
        if not is_reserved(site, user):
            return True
        if self._subjects is None or not openid:
            return False
        first = (await self._store.first(site.store_keys, openid)).first_openid
        return user == visitor_name(self._subjects.of(site.name, first or openid))


def is_reserved(site: SiteEntry, user: str) -> bool:
    """Whether the user id is one person's, or may be taken for theirs."""
    return site.config.oidc is not None and resembles_visitor_name(user)


def name_of_another() -> Invalid:
    """The refusal to bind a user under such an id."""
    return Invalid(
        "this user id is, or may be taken for, the name by which apps know one WeChat account (wx_ and 16 characters): "
        "only that account is bound under it, best by a login of an app with bind_visitors",
        "/user",
    )
