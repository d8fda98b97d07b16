"""A mail server. A message is one mail with the message's id as its Message-ID.

Answers of 4xx are tried again, 5xx are final (RFC 5321 section 4.2.1). A server that does not answer the end of
the data may have taken the mail (section 4.5.3.2.6), which is then not sent again. The same holds for one whose answer
is not in the form of SMTP.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Final

from codesvc.delivery.gateways.gateway import GATEWAY_SECONDS, GatewayAnswer, Taken
from codesvc.delivery.gateways.smtp_dialogue import Dialogue, Refused
from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.recipient import email
from codesvc.runtime.public_sockets import PUBLIC

if TYPE_CHECKING:
    from codesvc.config.relay_settings import SmtpGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.runtime.public_sockets import AddressRule
    from codesvc.runtime.site_names import SiteNames

MAIL_SECONDS: Final = 3 * GATEWAY_SECONDS
"""For a whole mail. A single reply has no bound beside it: some servers take long to look for spam."""
_PERMANENT: Final = 500
_LONGEST_LINE: Final = 998
"""RFC 5322 section 2.1.1; longer lines are encoded."""
_ENCODED: Final = "=?"
"""Begins an encoded word (RFC 2047 section 2)."""


class Smtp:
    """Sends a mail.

    Args:
        rule: which addresses are called unless private ones are allowed.
        connect_seconds: how long it may take to look the server's name up and to connect.
        mail_seconds: how long a whole mail may take.
    """

    idempotent: Final = False

    def __init__(
        self,
        config: SmtpGateway,
        names: SiteNames,
        *,
        rule: AddressRule = PUBLIC,
        connect_seconds: float = GATEWAY_SECONDS,
        mail_seconds: float = MAIL_SECONDS,
    ) -> None:
        self._config = config
        self._names, self._rule = names, rule
        self._connect_seconds, self._mail_seconds = connect_seconds, mail_seconds
        # A domain of another script may be configured, and mail servers know its ASCII form.
        self._sender = email(config.sender).text

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Send it once."""
        config, mail, dialogue = self._config, self._mail(handover), Dialogue(self._config.host)
        try:
            async with asyncio.timeout(self._mail_seconds):
                await dialogue.begin(await self._socket(), config.security)
                if config.password is not None:
                    await dialogue.log_in(config.user, config.password.reveal())
                await dialogue.hand_over(self._sender, handover.recipient.text, mail)
        except PrivateAddress:
            return GatewayAnswer(Taken.NO, "private-address")
        except Refused as error:
            dialogue.leave()
            reason = "login" if error.login and error.code >= _PERMANENT else f"smtp-{error.code}"
            return GatewayAnswer(Taken.NO if error.code >= _PERMANENT else Taken.LATER, reason)
        except OSError:  # a TimeoutError is an OSError
            if dialogue.in_doubt:
                return GatewayAnswer(Taken.UNKNOWN, "broken-off")
            return GatewayAnswer(Taken.LATER, "unreachable")
        else:
            dialogue.leave()
            return GatewayAnswer(Taken.YES)
        finally:
            dialogue.close()

    async def _socket(self) -> socket.socket:
        """A connected socket, to an address that was checked.

        Raises:
            PrivateAddress: the name has no address that is allowed.
            OSError: it cannot be reached.
        """
        loop, config = asyncio.get_running_loop(), self._config
        async with asyncio.timeout(self._connect_seconds):
            found = await self._names.addresses(config.host, config.port)
            if not config.allow_private:
                found = [each for each in found if self._rule.allows(str(each[4][0]), config.port, https=False)]
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

    def _mail(self, handover: Handover) -> bytes:
        config, text, subject = self._config, handover.text, " ".join(handover.subject.split())
        lines = text.splitlines()
        is_plain = text.isascii() and max(map(len, lines), default=0) <= _LONGEST_LINE
        mail = MIMEText(text, "plain", "us-ascii" if is_plain else "utf-8")
        mail["From"] = formataddr((config.sender_name or "", self._sender))
        mail["To"] = handover.recipient.text
        # A subject may hold a stranger's name. Encoded whole it has no encoded words of its own: `EmailMessage` decodes
        # those, and Python before 3.11.10 and 3.12.5 then writes their line breaks as further headers (CVE-2024-6923).
        mail["Subject"] = (
            subject if subject.isascii() and _ENCODED not in subject else Header(subject, "utf-8").encode()
        )
        mail["Date"] = format_datetime(datetime.fromtimestamp(handover.created / 1000, UTC))
        mail["Message-ID"] = f"<{handover.id}@{self._sender.rpartition('@')[2]}>"
        # No machine answers it (RFC 3834 section 5).
        mail["Auto-Submitted"] = "auto-generated"
        return mail.as_bytes()
