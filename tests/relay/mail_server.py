"""A mail server of a site, which says what a test wants."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

from tests.raw_server import raw_server

MAIL = {"host": "127.0.0.1", "security": "none", "sender": "codes@shop.example", "sender_name": "山月茶铺"}
_ANSWERS = {"GREETING": "220 here", "EHLO": "250 here", "DATA": "354 go", "END": "250 taken", "QUIT": "221 bye"}


class Ended(Exception):
    """The server hangs up."""


class MailServer:
    """A mail server that follows a script; for its arguments, see `mail_server`.

    Attributes:
        commands: what it got.
        secret: whether each came through TLS.
        mails: the mails, with the dot at their end.
    """

    def __init__(self, tls, before, says):
        self.port, self.commands, self.secret, self.mails = 0, [], [], []
        self._tls, self._before, self._answers = tls, before, _ANSWERS | says
        self._encrypted = tls is not None and "STARTTLS" not in says
        self._tasks = []

    async def serve(self, reader, writer):
        self._tasks.append(asyncio.current_task())
        with suppress(Ended, OSError, asyncio.IncompleteReadError):
            self._say(writer, "GREETING")
            while line := await reader.readline():
                await self._obey(line, reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _obey(self, line, reader, writer):
        word = line.split()[0].decode().upper().rstrip(":")
        self.commands.append(line.decode().strip())
        self.secret.append(self._encrypted)
        self._before(word)
        answer = self._say(writer, word)
        if word == "STARTTLS" and answer.startswith("220"):
            await writer.start_tls(self._tls)
            self._encrypted = True
        elif word == "DATA" and answer.startswith("354"):
            self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
            self._say(writer, "END")
        elif word == "QUIT":
            raise Ended

    def _say(self, writer, word):
        answer = self._answers.get(word, "250 fine")
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if answer == "drop":
            raise Ended
        if answer != "silence":
            writer.write(answer.encode() + b"\r\n")
        return answer

    @asynccontextmanager
    async def run(self):
        async with raw_server(self.serve, tls=self._tls if self._encrypted else None) as self.port:
            yield self
            await asyncio.gather(*self._tasks)


def mail_server(*, tls=None, before=lambda _: None, **says):
    """A mail server that follows a script.

    Args:
        tls: a context of TLS, from the start or, if `says` has STARTTLS, after that command.
        before: called with each command before it is answered.
        says: answers by command, or a list of them for one after the other; GREETING and END are for what is no
            command. "drop" ends the connection, "silence" is no answer.
    """
    return MailServer(tls, before, says).run()
