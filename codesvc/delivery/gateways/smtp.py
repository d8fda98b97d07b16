"""A mail server. A message is one mail with the message's id as its Message-ID.

Answers of 4xx are tried again, 5xx are final (RFC 5321 section 4.2.1). A server that does not answer the end of
the data may have taken the mail (section 4.5.3.2.6), which is then not sent again. The same holds for one whose answer
is not in the form of SMTP.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from datetime import UTC, datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Final

import aiosmtplib

from codesvc.delivery.gateways.gateway import GATEWAY_SECONDS, GatewayAnswer, Taken
from codesvc.domain.address_guard import PrivateAddress, is_public

if TYPE_CHECKING:
    from codesvc.config.relay_settings import SmtpGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.runtime.site_names import SiteNames

_MAIL_SECONDS: Final = 3 * GATEWAY_SECONDS
"""How long a whole mail may take. Each of the seven replies may take `GATEWAY_SECONDS`."""
_TRANSIENT: Final = 400
_PERMANENT: Final = 500
_LONGEST_LINE: Final = 998
"""RFC 5322 section 2.1.1; longer lines are encoded."""
_ENCODED: Final = "=?"
"""Begins an encoded word (RFC 2047 section 2)."""
# The library reads a reply anew from its beginning with each piece that comes. With its own bound of 32 kB, a server
# that sends one in drops would take five seconds of CPU for each. A reply of EHLO has a thousand octets.
aiosmtplib.protocol.MAX_RESPONSE_LENGTH = 4_096


class Smtp:
    """Sends a mail."""

    idempotent: Final = False

    def __init__(self, config: SmtpGateway, names: SiteNames) -> None:
        self._config = config
        self._names = names

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Send it once."""
        mail, whom = self._mail(handover), handover.recipient.text
        end = asyncio.get_running_loop().time() + _MAIL_SECONDS
        try:
            async with asyncio.timeout_at(end):
                client = await self._connected()
        except PrivateAddress:
            return GatewayAnswer(Taken.NO, "private-address")
        except (OSError, aiosmtplib.SMTPException, TimeoutError) as error:
            refused = isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= _PERMANENT
            return GatewayAnswer(Taken.NO, "login") if refused else GatewayAnswer(Taken.LATER, "unreachable")
        try:
            return await self._sent(client, mail, whom, end)
        finally:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        config, connected = self._config, await self._socket()
        client = aiosmtplib.SMTP(
            hostname=config.host,
            sock=connected,
            use_tls=config.security == "tls",
            start_tls=config.security == "starttls",
            timeout=GATEWAY_SECONDS,
        )
        try:
            await client.connect()
            if config.password is not None:
                await client.login(config.user, config.password.reveal())
        except BaseException:
            client.close()
            connected.close()
            raise
        return client

    async def _socket(self) -> socket.socket:
        """A connected socket, to an address that was checked.

        Raises:
            PrivateAddress: the name has no public address.
            OSError: it cannot be reached.
        """
        loop, config = asyncio.get_running_loop(), self._config
        async with asyncio.timeout(GATEWAY_SECONDS):
            found = await self._names.addresses(config.host, config.port)
            if not config.allow_private:
                found = [each for each in found if is_public(str(each[4][0]))]
            if not found:
                raise PrivateAddress
            failed: OSError | None = None
            for family, kind, protocol, _, address in found:
                made = socket.socket(family, kind, protocol)
                made.setblocking(False)  # noqa: FBT003  the socket's own signature
                try:
                    await loop.sock_connect(made, address)
                except OSError as error:
                    made.close()
                    failed = error
                except BaseException:
                    made.close()
                    raise
                else:
                    return made
            raise failed or OSError

    async def _sent(self, client: aiosmtplib.SMTP, mail: bytes, whom: str, end: float) -> GatewayAnswer:
        in_data = False
        try:
            async with asyncio.timeout_at(end):
                await client.mail(self._config.sender)
                await client.rcpt(whom)
                in_data = True
                await client.data(mail)
            with suppress(OSError, aiosmtplib.SMTPException, TimeoutError):
                await client.quit()
        except (OSError, aiosmtplib.SMTPException, TimeoutError) as error:
            if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= _TRANSIENT:
                permanent = error.code >= _PERMANENT
                return GatewayAnswer(Taken.NO if permanent else Taken.LATER, f"smtp-{error.code}")
            return GatewayAnswer(Taken.UNKNOWN, "broken-off") if in_data else GatewayAnswer(Taken.LATER, "unreachable")
        return GatewayAnswer(Taken.YES)

    def _mail(self, handover: Handover) -> bytes:
        config, text, subject = self._config, handover.text, " ".join(handover.subject.split())
        lines = text.splitlines()
        is_plain = text.isascii() and max(map(len, lines), default=0) <= _LONGEST_LINE
        mail = MIMEText(text, "plain", "us-ascii" if is_plain else "utf-8")
        mail["From"] = formataddr((config.sender_name or "", config.sender))
        mail["To"] = handover.recipient.text
        # A subject may hold a stranger's name. Encoded whole it has no encoded words of its own: `EmailMessage` decodes
        # those, and Python before 3.11.10 and 3.12.5 then writes their line breaks as further headers (CVE-2024-6923).
        mail["Subject"] = (
            subject if subject.isascii() and _ENCODED not in subject else Header(subject, "utf-8").encode()
        )
        mail["Date"] = format_datetime(datetime.fromtimestamp(handover.created / 1000, UTC))
        mail["Message-ID"] = f"<{handover.id}@{config.sender.rpartition('@')[2]}>"
        # No machine answers it (RFC 3834 section 5).
        mail["Auto-Submitted"] = "auto-generated"
        return mail.as_bytes()
