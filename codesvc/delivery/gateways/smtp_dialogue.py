"""What is said to a mail server (RFC 5321): one mail over one connection, which is made already.

A reply is read line by line and has a bound, so its cost grows with its length alone. A site chooses the server, and
may choose one that sends its replies octet by octet.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_REPLY: Final = 4_096
"""Octets. The longest usual one, which says what a server can do, has a thousand."""
_REPLY: Final = re.compile(rb"[2-5][0-9]{2}[ \r\n-]")
_OWN_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class BrokenOff(OSError):
    """The connection ended, or what came is not in the form of SMTP."""


class Refused(Exception):
    """The server answered with an error.

    Attributes:
        code: the reply's code, of three digits.
        login: whether the login was refused, not the mail.
    """

    def __init__(self, code: int, *, login: bool = False) -> None:
        super().__init__(code)
        self.code, self.login = code, login


@cache
def trust() -> ssl.SSLContext:
    """How servers prove who they are: by the system's certificate authorities. Reading those takes some 20 ms."""
    return ssl.create_default_context()


class Dialogue:
    """A conversation with a mail server.

    Attributes:
        in_doubt: whether the server may have taken the mail: its content was sent and not answered.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._offers: dict[str, str] = {}
        self._transport: asyncio.Transport | None = None
        self.in_doubt = False
        self._listen()

    def _listen(self) -> asyncio.StreamReaderProtocol:
        self._reader = asyncio.StreamReader(limit=_LONGEST_REPLY)
        return asyncio.StreamReaderProtocol(self._reader)

    async def begin(self, connected: socket.socket, security: Literal["starttls", "tls", "none"]) -> None:
        """Read the greeting, ask what the server can do, and encrypt. This and all that follows may raise `OSError`."""
        loop, tls = asyncio.get_running_loop(), security == "tls"
        self._transport, _ = await loop.create_connection(
            self._listen,
            sock=connected,
            ssl=trust() if tls else None,
            server_hostname=self._host if tls else None,
        )
        try:
            await self._replied("2")
            await self._hello()
            if security == "starttls":
                await self._say("STARTTLS", "2")
                # With a new reader: what came after this reply is in plaintext and anybody's (RFC 3207 section 6).
                protocol = self._listen()
                self._transport = await loop.start_tls(self._open, protocol, trust(), server_hostname=self._host)
                protocol.connection_made(self._open)
                await self._hello()
        except Refused as error:
            # Whatever it is, it does not concern this mail.
            raise BrokenOff(f"begins with {error.code}") from None

    async def log_in(self, user: str, password: str) -> None:
        """Log in by a mechanism that the server offers; the next one where it refuses one that it cannot do.

        Raises:
            Refused: the login is wrong.
        """
        whole = _encoded(f"\0{user}\0{password}")
        mechanisms = {
            "PLAIN": ((f"AUTH PLAIN {whole}", "2"),),
            "LOGIN": (("AUTH LOGIN", "3"), (_encoded(user), "3"), (_encoded(password), "2")),
        }
        refused: Exception = BrokenOff("offers no login that is known")
        for offered in self._offers.get("AUTH", "").upper().split():
            if offered not in mechanisms:
                continue
            try:
                for line, wanted in mechanisms.pop(offered):
                    await self._say(line, wanted)
            except Refused as error:
                refused = Refused(error.code, login=True)
            else:
                return
        raise refused

    async def hand_over(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send a mail.

        Raises:
            Refused: the server did not take it.
        """
        await self._say(f"MAIL FROM:<{sender}>", "2")
        await self._say(f"RCPT TO:<{recipient}>", "2")
        await self._say("DATA", "3")
        content = _DOT.sub(b"..", _LINE_END.sub(b"\r\n", mail))
        transport, self.in_doubt = self._open, True
        transport.write(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        await self._replied("2")

    def leave(self) -> None:
        """Say goodbye to a server that answers. Its answer is not awaited."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def close(self) -> None:
        """End the connection at once, if it was not left."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    @property
    def _open(self) -> asyncio.Transport:
        if self._transport is None or self._transport.is_closing():
            raise BrokenOff("not connected")
        return self._transport

    async def _hello(self) -> None:
        lines = await self._say(f"EHLO {_own_name(self._open)}", "2")
        # `AUTH=` is how servers before RFC 2554 wrote it, and some still do.
        parts = [line.replace("=", " ", 1).partition(" ") for line in lines[1:]]
        self._offers = {word.upper(): said for word, _, said in parts}

    async def _say(self, line: str, wanted: str) -> Sequence[str]:
        self._open.write(line.encode("ascii") + b"\r\n")
        return await self._replied(wanted)

    async def _replied(self, wanted: str) -> Sequence[str]:
        """The lines of a reply whose code begins with the wanted digit (RFC 5321 section 4.2.1)."""
        lines: list[str] = []
        octets, more = 0, True
        while more:
            try:
                line = await self._reader.readuntil(b"\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                raise BrokenOff("no whole line") from None
            octets += len(line)
            if _REPLY.match(line) is None or octets > _LONGEST_REPLY:
                raise BrokenOff("no reply of SMTP")
            lines.append(line.decode(errors="replace").rstrip())
            more = line[3:4] == b"-"
        if not lines[-1].startswith(wanted):
            raise Refused(int(lines[-1][:3]))
        return [line[4:] for line in lines]


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _own_name(transport: asyncio.Transport) -> str:
    """This machine's name if it is a whole one, else its address (RFC 5321 section 4.1.4). It is not looked up."""
    name = socket.gethostname()
    if _OWN_NAME.fullmatch(name):
        return name
    address = str(transport.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
