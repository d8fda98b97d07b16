"""Bind intents and logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.client.blocking.sending import Sender
from codesvc.client.call import creating, part, posting, reading
from codesvc.client.schema import BindIntent, Login, ScanCode

if TYPE_CHECKING:
    from collections.abc import Iterator


def _bind(intent: str, more: str = "") -> str:
    return f"/v1/bind-intents/{part(intent)}{more}"


def _login(login: str, more: str = "") -> str:
    return f"/v1/logins/{part(login)}{more}"


class AskingCalls(Sender):
    """The calls around bind intents and logins."""

    def start_bind_intent(
        self,
        *,
        user: str,
        client_ip: str | None = None,
        method: str | None = None,
        replace: bool | None = None,
        user_agent: str | None = None,
        locale: str | None = None,
        return_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> BindIntent:
        """Let a logged-in user bind a WeChat by a scan, or with `method="oauth"` by a link inside WeChat.

        Args:
            user: whom to bind.
            client_ip: the browser's address.
            method: `scan` or `oauth`.
            replace: moves the user from another WeChat.
            user_agent: the browser's header.
            locale: `en…`, or anything else for Chinese.
            return_url: where the hosted page leads back to.
            idempotency_key: names this act over restarts of your program.
        """
        members = {
            "user": user,
            "client_ip": client_ip,
            "method": method,
            "replace": replace,
            "user_agent": user_agent,
            "locale": locale,
            "return_url": return_url,
        }
        return self._send(creating("/v1/bind-intents", BindIntent, members, idempotency_key))

    def get_bind_intent(self, intent: str) -> BindIntent:
        """Read a bind intent."""
        return self._send(reading(_bind(intent), BindIntent))

    def scan_bind_intent(self, intent: str) -> ScanCode:
        """What its QR code says."""
        return self._send(reading(_bind(intent, "/scan"), ScanCode))

    def cancel_bind_intent(self, intent: str) -> BindIntent:
        """End it."""
        return self._send(posting(_bind(intent, "/cancel"), BindIntent, {}))

    def watch_bind_intent(self, intent: str) -> Iterator[BindIntent]:
        """It at once and at every change, until it is over."""
        return self._watch(reading(_bind(intent, "/events"), BindIntent))

    def start_login(
        self,
        *,
        client_ip: str | None = None,
        user_agent: str | None = None,
        locale: str | None = None,
        return_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Login:
        """Find out who is there by a scan and a yes.

        Args:
            client_ip: the browser's address.
            user_agent: the browser's header.
            locale: `en…`, or anything else for Chinese.
            return_url: where the hosted page leads back to.
            idempotency_key: names this act over restarts of your program.
        """
        members = {"client_ip": client_ip, "user_agent": user_agent, "locale": locale, "return_url": return_url}
        return self._send(creating("/v1/logins", Login, members, idempotency_key))

    def get_login(self, login: str) -> Login:
        """Read a login: its `user` once approved, or a `handle` for a first-time visitor."""
        return self._send(reading(_login(login), Login))

    def scan_login(self, login: str) -> ScanCode:
        """What its QR code says."""
        return self._send(reading(_login(login, "/scan"), ScanCode))

    def cancel_login(self, login: str) -> Login:
        """End it."""
        return self._send(posting(_login(login, "/cancel"), Login, {}))

    def watch_login(self, login: str) -> Iterator[Login]:
        """It at once and at every change, until it is over."""
        return self._watch(reading(_login(login, "/events"), Login))
