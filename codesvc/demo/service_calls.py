"""HTTP calls to the verification service, with a site's API key; only the site's server makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import aiohttp

if TYPE_CHECKING:
    from aiohttp import web

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_DEFAULT_WAIT: Final = 60


class ServiceError(Exception):
    """The service answered with a problem, or not at all.

    Args:
        problem: name of the problem type (`rate-limited`, `binding-conflict`, …), `unavailable` if there was no answer.
        retry_after: the seconds to wait before another try, if the service named them.
    """

    def __init__(self, problem: str, retry_after: int = _DEFAULT_WAIT) -> None:
        super().__init__(problem)
        self.problem = problem
        self.retry_after = retry_after


class ServiceCalls:
    """A client for the calls that the shop and the identity system need. Each may raise ServiceError, see `call`.

    Args:
        http: a client session that lives as long as the website.
        api_key: the site's key. It never leaves the server; the shop's has the scopes `verify` and `bindings`.
    """

    def __init__(self, http: aiohttp.ClientSession, service_url: str, api_key: str) -> None:
        self._http = http
        self.url = service_url
        self._headers = {"Authorization": f"Bearer {api_key}"}

    async def start(
        self, request: web.Request, *, purpose: str, user: str, locale: str, return_url: str
    ) -> dict[str, Any]:
        """Start a verification; the answer has `id`, which the shop keeps, and `page_url`, where the browser goes."""
        body = {
            "purpose": purpose,
            "user": user,
            # Behind a reverse proxy, use the client address that the proxy reports, not the proxy's own address.
            "client_ip": request.remote,
            "user_agent": request.headers.get("User-Agent", ""),
            "locale": locale,
            "return_url": return_url,
        }
        return await self.call("POST", "/v1/verifications", body)

    async def read(self, verification: str) -> dict[str, Any]:
        """The state of a verification, with the `proof` if it is approved.

        If the person has got a new code on the page, it is the state of the successor.
        """
        return await self._latest("verifications", verification)

    async def spend(self, proof: str) -> dict[str, Any]:
        """Spend a proof; returns its claims. A proof can be spent once.

        Raises:
            ServiceError: `bad-proof`, `proof-spent`, `proof-expired`, or see `call`.
        """
        return await self.call("POST", "/v1/proofs/verify", {"proof": proof})

    async def bind(self, user: str, proof: str) -> None:
        """Bind the WeChat account that received the code to this user; spends the proof.

        Raises:
            ServiceError: `binding-conflict` if that WeChat account is bound to another user, or see `call`.
        """
        await self.call("PUT", f"/v1/bindings/{quote(user, safe='')}", {"proof": proof})

    async def bind_handle(self, user: str, handle: str) -> None:
        """Bind the WeChat account that a handle (of a login or a ticket) stands for to this user.

        Raises:
            ServiceError: as `bind`.
        """
        await self.call("PUT", f"/v1/bindings/{quote(user, safe='')}", {"handle": handle})

    async def ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start one of `bind-intents` or `logins`; the answer has `id` and `page_url`, as for `start`."""
        return await self.call("POST", f"/v1/{what}", body)

    async def asked(self, what: str, identifier: str) -> dict[str, Any]:
        """The state of a bind intent or login, or of its successor; an approved login also names the user."""
        return await self._latest(what, identifier)

    async def redeem(self, code: str, state: str) -> dict[str, Any]:
        """Redeem the code of a link from the chat: a `handle`, or for a reset `user` and `proof`.

        Raises:
            ServiceError: `bad-ticket` if the state belongs to another session, `ticket-spent`, or see `call`.
        """
        return await self.call("POST", "/v1/tickets/redeem", {"ticket": code or "-", "state": state or "no state here"})

    async def binding(self, user: str) -> dict[str, Any] | None:
        """The user's binding (`reachable`, `bound_at`); None if no WeChat account is bound."""
        try:
            return await self.call("GET", f"/v1/bindings/{quote(user, safe='')}")
        except ServiceError as error:
            if error.problem == "not-found":
                return None
            raise

    async def unbind(self, user: str) -> None:
        """Remove the user's binding, if there is one."""
        try:
            await self.call("DELETE", f"/v1/bindings/{quote(user, safe='')}")
        except ServiceError as error:
            if error.problem != "not-found":
                raise

    async def _latest(self, what: str, identifier: str) -> dict[str, Any]:
        """The state of what the shop has started, or of the successor that its page has started."""
        state = await self.call("GET", f"/v1/{what}/{quote(identifier, safe='')}")
        successor = state["successor"]
        return await self.call("GET", f"/v1/{what}/{successor}") if successor else state

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make one call.

        Raises:
            ServiceError: the answer is not a success, or there is no answer.
        """
        try:
            async with self._http.request(
                method, self.url + path, json=body, headers=self._headers, timeout=_TIMEOUT
            ) as response:
                if response.status == 204:  # noqa: PLR2004  no content
                    return {}
                answer: dict[str, Any] = await response.json(content_type=None)
                if response.ok:
                    return answer
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise ServiceError("unavailable") from None
        name = str(answer.get("type", "")).rpartition("/")[2]
        raise ServiceError(name, int(answer.get("retry_after", _DEFAULT_WAIT)))
