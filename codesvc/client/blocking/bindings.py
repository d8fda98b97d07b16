"""Bindings and tickets."""

from __future__ import annotations

from codesvc.client.blocking.sending import Sender
from codesvc.client.call import creating, deleting, part, putting, query, reading
from codesvc.client.schema import Binding, Bindings, History, Redemption


def _path(user: str, more: str = "") -> str:
    return f"/v1/bindings/{part(user)}{more}"


class BindingCalls(Sender):
    """The calls around bindings and tickets."""

    def bind(
        self,
        user: str,
        *,
        proof: str | None = None,
        handle: str | None = None,
        openid: str | None = None,
        replace: bool = False,
    ) -> Binding:
        """Bind a user, by exactly one of proof, handle and openid; a proof or handle is spent by it.

        Args:
            user: the person's final id.
            proof: of an approved verification.
            handle: of a login or a ticket.
            openid: one that you know (scope `openids`).
            replace: moves the user from another WeChat.
        """
        members = {"proof": proof, "handle": handle, "openid": openid, "replace": replace or None}
        return self._send(putting(_path(user), Binding, members))

    def get_binding(self, user: str) -> Binding:
        """Look up a binding; `NotFound` where there is none."""
        return self._send(reading(_path(user), Binding))

    def unbind(self, user: str) -> None:
        """Unbind a user; `NotFound` where there was no binding."""
        return self._send(deleting(_path(user)))

    def history(self, user: str) -> History:
        """What became of a user's bindings, oldest first."""
        return self._send(reading(_path(user, "/history"), History))

    def find_bindings(
        self,
        *,
        handle: str | None = None,
        openid_handle: str | None = None,
        openid: str | None = None,
        unionid: str | None = None,
    ) -> Bindings:
        """The users of a WeChat, by exactly one of these; the last two need the scope `openids`."""
        given = {"handle": handle, "openid_handle": openid_handle, "openid": openid, "unionid": unionid}
        return self._send(reading(f"/v1/bindings?{query(given)}", Bindings))

    def lift_guesses(self, user: str) -> None:
        """Lift a spent guess budget (scope `admin`)."""
        return self._send(deleting(f"/v1/users/{part(user)}/guesses", harmless=True))

    def redeem_ticket(self, ticket: str, state: str, *, idempotency_key: str | None = None) -> Redemption:
        """What a ticket from the chat brought.

        Args:
            ticket: the query's `redeem`.
            state: what the session holds, never what the request brought.
            idempotency_key: names this act over restarts of your program.
        """
        members = {"ticket": ticket, "state": state}
        return self._send(creating("/v1/tickets/redeem", Redemption, members, idempotency_key))
