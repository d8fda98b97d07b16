"""Calls for messages: codes that your own system made."""

from codesvc.client.asynchronous.sender import Sender
from codesvc.client.call import creating, part, posting, reading, recipient
from codesvc.client.schema import Message, RecipientUser


class MessageCalls(Sender):
    """Methods for messages and recipients."""

    async def send_message(
        self,
        *,
        code: str | None = None,
        user: str | None = None,
        phone: str | None = None,
        email: str | None = None,
        known_recipient: bool | None = None,
        purpose: str | None = None,
        text: str | None = None,
        subject: str | None = None,
        locale: str | None = None,
        expires_in: int | None = None,
        client_ip: str | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Message:
        """Deliver a code that you made (scope `messages`): over WeChat, or by the site's own gateway.

        Give a `user`, or one of `phone` and `email`, or a user with one of them.

        Args:
            code: the code.
            user: your id of the person; without one, the id that stands for the recipient.
            phone: in E.164, or as dialled in the region of the site's `relay`.
            email: an e-mail address.
            known_recipient: you have verified before that the recipient is this user's. Without it the code may prove
                that, and a user's WeChat gets it only if the recipient's own id is bound to it.
            purpose: a purpose of the configuration; without one, that of the site's `relay`.
            text: for the gateway; without one, the service's own.
            subject: the subject of an e-mail; without one, the service's own.
            locale: `en…`, or anything else for Chinese.
            expires_in: how long the code is valid, 60 to 3,600 seconds.
            client_ip: IP address of the browser.
            reference: what your page shows beside the code, up to 8 letters and digits.
            idempotency_key: identifies this act if your program repeats it after a restart. Without it,
                only the retries of this call count as one act.
        """
        members = {
            "recipient": recipient(phone, email),
            "user": user,
            "known_recipient": known_recipient,
            "code": code,
            "purpose": purpose,
            "text": text,
            "subject": subject,
            "locale": locale,
            "expires_in": expires_in,
            "client_ip": client_ip,
            "reference": reference,
        }
        return await self._send(creating("/v1/messages", Message, members, idempotency_key))

    async def get_message(self, message: str) -> Message:
        """Where a message stands; `NotFound` if there is none, or no longer."""
        return await self._send(reading(f"/v1/messages/{part(message)}", Message))

    async def find_recipient(self, *, phone: str | None = None, email: str | None = None) -> RecipientUser:
        """The lasting user id of a phone number or an e-mail address. Bind a WeChat account under it."""
        return await self._send(posting("/v1/recipients", RecipientUser, {"recipient": recipient(phone, email)}))
