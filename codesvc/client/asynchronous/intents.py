"""Calls for bind intents and logins."""

from collections.abc import AsyncIterator

from codesvc.client.asynchronous.sender import Sender
from codesvc.client.call import creating, part, posting, reading
from codesvc.client.schema import BindIntent, Login, ScanCode


def _bind(intent: str, more: str = "") -> str:
    return f"/v1/bind-intents/{part(intent)}{more}"


def _login(login: str, more: str = "") -> str:
    return f"/v1/logins/{part(login)}{more}"


class IntentCalls(Sender):
    """Methods for bind intents and logins."""

    async def start_bind_intent(
        self,
        *,
        user: str,
        display: str | None = None,
        client_ip: str | None = None,
        method: str | None = None,
        replace: bool | None = None,
        user_agent: str | None = None,
        locale: str | None = None,
        return_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> BindIntent:
        """Start to bind a WeChat account to a logged-in user: by a scan, or with `method="oauth"` by a link in WeChat.

        Args:
            user: your id of the user to bind.
            display: a name by which the person recognises the account in WeChat, such as a nickname.
            client_ip: IP address of the browser.
            method: `scan` or `oauth`.
            replace: move the user, if they are bound to another WeChat account.
            user_agent: the browser's `User-Agent` header.
            locale: a language tag, or the browser's `Accept-Language`. Texts are in Chinese (default) or English.
            return_url: where the hosted page sends the browser at the end.
            idempotency_key: identifies this call, so that your program can repeat it after a restart.
        """
        members = {
            "user": user,
            "display": display,
            "client_ip": client_ip,
            "method": method,
            "replace": replace,
            "user_agent": user_agent,
            "locale": locale,
            "return_url": return_url,
        }
        return await self._send(creating("/v1/bind-intents", BindIntent, members, idempotency_key))

    async def get_bind_intent(self, intent: str) -> BindIntent:
        """The current state of a bind intent."""
        return await self._send(reading(_bind(intent), BindIntent))

    async def scan_bind_intent(self, intent: str) -> ScanCode:
        """The content of the bind intent's QR code."""
        return await self._send(reading(_bind(intent, "/scan"), ScanCode))

    async def cancel_bind_intent(self, intent: str) -> BindIntent:
        """Cancel a bind intent."""
        return await self._send(posting(_bind(intent, "/cancel"), BindIntent, {}))

    def watch_bind_intent(self, intent: str) -> AsyncIterator[BindIntent]:
        """Yield the current state, then every new state until the bind intent has ended."""
        return self._watch(reading(_bind(intent, "/events"), BindIntent))

    async def start_login(
        self,
        *,
        client_ip: str | None = None,
        user_agent: str | None = None,
        locale: str | None = None,
        return_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Login:
        """Start a login: the person scans a QR code and confirms, and the login then names the user.

        Args:
            client_ip: IP address of the browser.
            user_agent: the browser's `User-Agent` header.
            locale: `en…`, or anything else for Chinese.
            return_url: where the hosted page sends the browser at the end.
            idempotency_key: identifies this act if your program repeats it after a restart.
        """
        members = {"client_ip": client_ip, "user_agent": user_agent, "locale": locale, "return_url": return_url}
        return await self._send(creating("/v1/logins", Login, members, idempotency_key))

    async def get_login(self, login: str) -> Login:
        """The current state of a login: with `user` once approved, or with `handle` for a first-time visitor."""
        return await self._send(reading(_login(login), Login))

    async def scan_login(self, login: str) -> ScanCode:
        """The content of the login's QR code."""
        return await self._send(reading(_login(login, "/scan"), ScanCode))

    async def cancel_login(self, login: str) -> Login:
        """Cancel a login."""
        return await self._send(posting(_login(login, "/cancel"), Login, {}))

    def watch_login(self, login: str) -> AsyncIterator[Login]:
        """Yield the current state, then every new state until the login has ended."""
        return self._watch(reading(_login(login, "/events"), Login))
