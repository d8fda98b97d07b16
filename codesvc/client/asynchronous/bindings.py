"""Calls for bindings and tickets."""

from codesvc.client.asynchronous.sender import Sender
from codesvc.client.call import creating, deleting, part, putting, query, reading
from codesvc.client.schema import Binding, Bindings, History, Redemption


def _path(user: str, more: str = "") -> str:
    return f"/v1/bindings/{part(user)}{more}"


class BindingCalls(Sender):
    """Methods for bindings and tickets."""

    async def bind(
        self,
        user: str,
        *,
        proof: str | None = None,
        handle: str | None = None,
        openid: str | None = None,
        replace: bool = False,
        display: str | None = None,
    ) -> Binding:
        """Bind a user by exactly one of proof, handle and openid. A proof or handle works once.

        Args:
            user: your permanent id of the person.
            proof: the `proof` of an approved verification.
            handle: the `handle` of a login or of a redeemed ticket.
            openid: one that you already know (scope `openids`).
            replace: move the user, if they are bound to another WeChat account.
            display: a name by which the person recognises the account in WeChat, such as a nickname.
        """
        members = {"proof": proof, "handle": handle, "openid": openid, "replace": replace or None, "display": display}
        return await self._send(putting(_path(user), Binding, members))

    async def get_binding(self, user: str) -> Binding:
        """The binding of a user; `NotFound` if there is none."""
        return await self._send(reading(_path(user), Binding))

    async def unbind(self, user: str) -> None:
        """Remove a binding; `NotFound` if there is none."""
        return await self._send(deleting(_path(user)))

    async def history(self, user: str) -> History:
        """The history of a user's bindings, oldest first."""
        return await self._send(reading(_path(user, "/history"), History))

    async def find_bindings(
        self,
        *,
        handle: str | None = None,
        openid_handle: str | None = None,
        openid: str | None = None,
        unionid: str | None = None,
    ) -> Bindings:
        """Find the users of one WeChat account by exactly one argument. The last two need the scope `openids`."""
        given = {"handle": handle, "openid_handle": openid_handle, "openid": openid, "unionid": unionid}
        return await self._send(reading(f"/v1/bindings?{query(given)}", Bindings))

    async def lift_guesses(self, user: str) -> None:
        """Reset the count of a user's wrong codes (scope `admin`)."""
        return await self._send(deleting(f"/v1/users/{part(user)}/guesses", harmless=True))

    async def redeem_ticket(self, ticket: str, state: str, *, idempotency_key: str | None = None) -> Redemption:
        """Exchange a ticket from the chat for a handle, or for a user and a proof.

        Args:
            ticket: the value of the query parameter `redeem`.
            state: the state that your session stored, never the one in the request.
            idempotency_key: identifies this call, so that your program can repeat it after a restart.
        """
        members = {"ticket": ticket, "state": state}
        return await self._send(creating("/v1/tickets/redeem", Redemption, members, idempotency_key))
