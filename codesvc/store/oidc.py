"""Scripts about authorisation codes and access tokens of relying parties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.oidc_codes import CODE_LIFE_MS
from codesvc.store.act import Act
from codesvc.store.replies import IntentReply, Reply

if TYPE_CHECKING:
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class CodeIssued(IntentReply, frozen=True):
    """DONE, EARLY, OTHER, STRANGER, ENDED or ABSENT (`issue_oidc_code.lua`).

    Attributes:
        first_openid: the openid that the person's subject is derived from; never logged.
    """

    first_openid: str = ""


class CodeClaimed(Reply, frozen=True):
    """DONE, SPENT (the code came again) or ABSENT.

    Attributes:
        login: the id of the login that gave the code.
        request: the relying party's request, JSON.
        first_openid: the openid that the person's subject is derived from; never logged.
        user: the bound user, "" for a visitor.
        display: the user's display name, "" for none.
        locale: the language of the login.
        approved: when the person agreed, ms.
    """

    login: str = ""
    request: bytes = b""
    first_openid: str = ""
    user: str = ""
    display: str = ""
    locale: str = ""
    approved: int = 0


class FirstOpenid(Reply, frozen=True):
    """DONE, or ABSENT where the person has logged in to no app.

    Attributes:
        first_openid: the openid that the person's subject is derived from; never logged.
    """

    first_openid: str = ""


class TokenRead(Reply, frozen=True):
    """DONE or ABSENT.

    Attributes:
        content: what `keep` was given.
    """

    content: bytes = b""


class Oidc:
    """Codes and tokens of relying parties. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._issue = Act(deployment, "issue_oidc_code", CodeIssued)
        self._first = Act(deployment, "read_first_openid", FirstOpenid)
        self._claim = Act(deployment, "claim_oidc_code", CodeClaimed)
        self._keep = Act(deployment, "keep_oidc_token", Reply)
        self._read = Act(deployment, "read_oidc_token", TokenRead)
        self._revoke = Act(deployment, "revoke_oidc_token", Reply)

    async def issue(
        self, keys: Keys, site: str, login: str, code: str, *, browser: str, visitors: bool, writes: str
    ) -> CodeIssued:
        """Issue a code, given by its digest: DONE, EARLY, OTHER, STRANGER, ENDED or ABSENT.

        `writes`: of how many people without a binding the first openid is kept, rates encoded.
        """
        return await self._issue(
            keys,
            {"intent": keys.intent(login), "code": keys.oidc_code(site, code)},
            {
                "site": site,
                "browser": browser,
                "visitors": int(visitors),
                "life": CODE_LIFE_MS,
                "binding_writes": writes,
            },
        )

    async def first(self, keys: Keys, openid: str) -> FirstOpenid:
        """The openid that the subject of a WeChat account is derived from."""
        return await self._first(keys, {"first": keys.oidc_first(openid)}, {})

    async def claim(self, keys: Keys, site: str, code: str, *, client: str, kept_ms: int) -> CodeClaimed:
        """Hand in a code, given by its digest."""
        return await self._claim(
            keys, {"code": keys.oidc_code(site, code)}, {"site": site, "client": client, "kept": kept_ms}
        )

    async def keep(self, keys: Keys, site: str, code: str, token: str, *, content: bytes, life_ms: int) -> Reply:
        """Keep an access token, given by its digest: DONE, or SPENT if its code came again."""
        return await self._keep(
            keys,
            {"code": keys.oidc_code(site, code), "token": keys.oidc_token(site, token)},
            {"content": content, "life": life_ms},
        )

    async def read(self, keys: Keys, site: str, token: str) -> TokenRead:
        """What is behind an access token."""
        return await self._read(keys, {"token": keys.oidc_token(site, token)}, {})

    async def revoke(self, keys: Keys, site: str, token: str, *, client: str) -> Reply:
        """End an access token of this client: DONE or ABSENT."""
        return await self._revoke(keys, {"token": keys.oidc_token(site, token)}, {"client": client})
