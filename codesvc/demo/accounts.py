"""The shop's customers. The demo keeps them in memory; a real shop keeps them in a database table."""

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
    """Another customer has this user name."""


@dataclass(slots=True)
class Account:
    """A customer.

    Attributes:
        id: the id under which the verification service knows the customer. It never changes and contains no name.
        name: the user name for the login.
        password: salt and scrypt hash.
    """

    id: str
    name: str
    password: bytes


class Accounts:
    """All customers: find, add, remove, and check passwords."""

    def __init__(self) -> None:
        self._by_name: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}
        self._secret = secrets.token_bytes(32)
        # The password of this account is checked if there is no such customer, so that both answers take the same time.
        self._nobody = Account("", "", _hashed(secrets.token_hex(16)))

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether a user name has the right form: 2 to 32 letters, digits, `_`, `.`, `-`."""
        return _NAME.fullmatch(name) is not None

    def find(self, name: str) -> Account | None:
        """The customer with this user name."""
        return self._by_name.get(_folded(name))

    def get(self, account_id: str | None) -> Account | None:
        """The customer with this id."""
        return self._by_id.get(account_id or "")

    def id_to_verify(self, name: str) -> str:
        """The id for a verification of a person who claims to be `name`.

        For an unknown name it is an id that no customer has. The same unknown name always gives the same id. A new id
        each time would never reach the limits that a customer's id reaches, and so would reveal who is a customer.
        """
        account = self.find(name)
        if account is not None:
            return account.id
        return "u" + hmac.digest(self._secret, _folded(name).encode(), "sha256").hex()[:24]

    def add(self, name: str, password: bytes) -> Account:
        """A new customer, with a password from `hash_password`.

        Raises:
            NameTakenError: another customer has this name.
        """
        if self.find(name) is not None:
            raise NameTakenError
        account = Account("u" + secrets.token_hex(12), name, password)
        self._by_name[_folded(name)] = self._by_id[account.id] = account
        return account

    def remove(self, account: Account) -> None:
        """Remove a customer."""
        del self._by_name[_folded(account.name)], self._by_id[account.id]

    async def log_in(self, name: str, password: str) -> Account | None:
        """The customer with this name and password. A real shop also counts wrong passwords."""
        account = self.find(name)
        right = await asyncio.to_thread(_matches, (account or self._nobody).password, password)
        return account if right else None


async def hash_password(password: str) -> bytes:
    """Salt and scrypt hash; computed in a thread, because scrypt is slow on purpose."""
    return await asyncio.to_thread(_hashed, password)


def _hashed(password: str, salt: bytes = b"") -> bytes:
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    typed = unicodedata.normalize("NFKC", password).encode()
    return salt + hashlib.scrypt(typed, salt=salt, n=2**14, r=8, p=5, maxmem=2**26)


def _matches(known: bytes, password: str) -> bool:
    return hmac.compare_digest(known, _hashed(password, known[:_SALT_BYTES]))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
