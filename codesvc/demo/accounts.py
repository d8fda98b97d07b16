"""The shop's customers: in memory here, a table of your database in real life."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[\w.-]{2,32}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
_SALT_BYTES: Final = 16


class NameTakenError(Exception):
    """Somebody has this user name."""


@dataclass(slots=True)
class Account:
    """A customer.

    Attributes:
        id: what the verification service knows the customer by; never changes, says nothing.
        name: what the customer logs in with.
        password: salt and scrypt hash.
    """

    id: str
    name: str
    password: bytes


class Accounts:
    """Finds, adds, checks."""

    def __init__(self) -> None:
        self._by_name: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}
        self._secret = secrets.token_bytes(32)
        # Checked where there is no such customer, so that the answer takes as long.
        self._nobody = Account("", "", _hashed(secrets.token_hex(16)))

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether a user name can be had: 2 to 32 letters, digits, `_`, `.`, `-`."""
        return _NAME.fullmatch(name) is not None

    def find(self, name: str) -> Account | None:
        """By user name."""
        return self._by_name.get(_folded(name))

    def get(self, account_id: str | None) -> Account | None:
        """By id."""
        return self._by_id.get(account_id or "")

    def id_to_verify(self, name: str) -> str:
        """The id under which to verify whoever claims to be `name`.

        For a name that nobody has it is an id that nobody has, and for the same name always the same: a fresh one each
        time would never meet the limits that a real one meets, and so give away who is a customer.
        """
        account = self.find(name)
        if account is not None:
            return account.id
        return "u" + hmac.digest(self._secret, _folded(name).encode(), "sha256").hex()[:24]

    def add(self, name: str, password: bytes) -> Account:
        """A new customer, with a password from `hash_password`.

        Raises:
            NameTakenError: somebody else has this name.
        """
        if self.find(name) is not None:
            raise NameTakenError
        account = Account("u" + secrets.token_hex(12), name, password)
        self._by_name[_folded(name)] = self._by_id[account.id] = account
        return account

    def remove(self, account: Account) -> None:
        """Forget a customer."""
        del self._by_name[_folded(account.name)], self._by_id[account.id]

    async def log_in(self, name: str, password: str) -> Account | None:
        """The customer with this name and password. A real shop also counts wrong ones."""
        account = self.find(name)
        right = await asyncio.to_thread(_matches, (account or self._nobody).password, password)
        return account if right else None


async def hash_password(password: str) -> bytes:
    """Salt and scrypt hash; in a thread, as it takes a while on purpose."""
    return await asyncio.to_thread(_hashed, password)


def _hashed(password: str, salt: bytes = b"") -> bytes:
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    typed = unicodedata.normalize("NFKC", password).encode()
    return salt + hashlib.scrypt(typed, salt=salt, n=2**14, r=8, p=5, maxmem=2**26)


def _matches(known: bytes, password: str) -> bool:
    return hmac.compare_digest(known, _hashed(password, known[:_SALT_BYTES]))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
