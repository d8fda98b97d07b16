"""Codes are derived, never stored (DESIGN rule 1).

    code = truncation( HMAC-SHA-256( K, id ) )      K = HKDF(master secret)

The verification id carries all that is needed to compute the code again: which master key, how long, which alphabet.

    vf_ <key id: 4> <alphabet: 1> <length: 1> <random: 26, 130 bits in base32>

The id of a test identity's (`codesvc.domain.test_identity`) begins with `vf_test_`, and its code is the configured one.

So the store keeps no code and no digest of one, a resend carries the same code without remembering it, and a master key
can be replaced while codes made under the old one stay good for their few minutes.

The truncation is RFC 4226 section 5.3's: the low nibble of the last byte picks an offset, the bytes there, less the top
bit, are the number. RFC 4226 then takes it modulo 10^digits, which favours small codes by a hair for 6 digits and badly
for large alphabets. Here a number from the incomplete last run is thrown away and the next one is drawn under the next
counter, so that every code is exactly as likely as any other; and as many bytes are taken as the code space needs.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Final

import msgspec

from codesvc.domain.random_pool import Supply, cut

ALPHABETS: Final = {
    "d": "0123456789",
    "l": "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "m": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
}
"""Alphabet letter in the id -> its characters. I and O are left out, and with letters also 0 and 1."""

ALPHABET_NAMES: Final = {"digits": "d", "letters": "l", "mixed": "m"}
"""The configuration's keyword for an alphabet -> its letter in the id."""

MIN_LENGTH: Final = 4
MAX_LENGTH: Final = 12
_LENGTHS: Final = "0123456789abc"
_WIDTHS: Final = (4, 8, 16)
_ID: Final = re.compile(r"vf_(test_)?([a-z2-7]{4})([dlm])([4-9a-c])([a-z2-7]{26})")

TEST_ID: Final = "vf_test_"
"""How the ids of test identities' verifications begin; no other's can, for no master key's id holds a `_`."""


class CodeFormat(msgspec.Struct, frozen=True):
    """How codes of one verification look.

    Attributes:
        alphabet: a key of `ALPHABETS`.
        length: characters, `MIN_LENGTH` to `MAX_LENGTH`.
    """

    alphabet: str = "d"
    length: int = 6

    def __post_init__(self) -> None:
        if self.alphabet not in ALPHABETS or not MIN_LENGTH <= self.length <= MAX_LENGTH:
            raise ValueError("no such code format")

    @property
    def size(self) -> int:
        """How many different codes there are."""
        return int(len(ALPHABETS[self.alphabet]) ** self.length)

    @property
    def tag(self) -> str:
        """The two characters that stand for this format in an id."""
        return _tag(self)


@lru_cache(maxsize=64)
def _tag(form: CodeFormat) -> str:
    return form.alphabet + _LENGTHS[form.length]


class VerificationId(msgspec.Struct, frozen=True):
    """A verification id taken apart.

    Attributes:
        key_id: which master key derives the code.
        format: what the code looks like.
        text: the id as it travels.
    """

    key_id: str
    format: CodeFormat
    text: str

    @property
    def test(self) -> bool:
        """Whether it is a test identity's."""
        return self.text.startswith(TEST_ID)

    @classmethod
    def parse(cls, text: str) -> VerificationId | None:
        """Read an id; None where `text` is not one (any text is fine here)."""
        found = _ID.fullmatch(text)
        if found is None:
            return None
        _, key_id, alphabet, length, _ = found.groups()
        return cls(key_id, CodeFormat(alphabet, _LENGTHS.index(length)), text)

    @classmethod
    def mint(cls, key_id: str, *formats: CodeFormat, test: bool = False) -> tuple[VerificationId, ...]:
        """New ids that differ in their format only: the start script chooses among them."""
        beginning, random = f"{TEST_ID if test else 'vf_'}{key_id}", _random.draw()
        return tuple([cls(key_id, f, f"{beginning}{f.tag}{random}") for f in formats])


_BASE32_OF_BYTE: Final = 8 * b"abcdefghijklmnopqrstuvwxyz234567"
_RANDOM_LETTERS: Final = 26


def _base32(count: int) -> list[str]:
    # Five bits of each byte: 130 in all.
    letters = secrets.token_bytes(count * _RANDOM_LETTERS).translate(_BASE32_OF_BYTE)
    return cut(letters.decode(), _RANDOM_LETTERS)


_random: Final = Supply(_base32)


def truncate(digest: bytes, width: int = 4) -> int:
    """RFC 4226 section 5.3 dynamic truncation, `width` bytes wide (4 in the RFC): a number below 2**(8*width - 1)."""
    offset = digest[-1] & 0x0F
    return int.from_bytes(digest[offset : offset + width], "big") & ((1 << (8 * width - 1)) - 1)


@lru_cache(maxsize=256)
def _mac(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod=sha256)


def keyed(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256. The key's part of it is worked out once for each key; there are a handful."""
    mac = _mac(key).copy()
    mac.update(message)
    return mac.digest()


@lru_cache(maxsize=64)
def _draw(size: int) -> tuple[int, int]:
    """How many bytes are drawn for a code space of this size, and which numbers belong to a whole run of it."""
    # Twice the space at least, so that a draw is refused less often than every other time.
    width = next(w for w in _WIDTHS if 1 << (8 * w - 2) >= size)
    return width, (1 << (8 * width - 1)) // size * size


def derive(key: bytes, verification: VerificationId) -> str:
    """The code of a verification, under the key that its `key_id` names."""
    width, limit = _draw(verification.format.size)
    for counter in count():
        message = f"{verification.text}/{counter}".encode()
        number = truncate(keyed(key, message), width)
        if number < limit:
            break
    characters = ALPHABETS[verification.format.alphabet]
    if verification.format.alphabet == "d":
        # What the loop below would make of it, in one step.
        return f"{number % verification.format.size:0{verification.format.length}}"
    code = ""
    for _ in range(verification.format.length):
        number, rest = divmod(number, len(characters))
        code = characters[rest] + code
    return code


def normalise(typed: str) -> str:
    """What a person typed, as far as it can mean a code: full-width digits, blanks, dashes and case do not matter."""
    return re.sub(r"[\s\-‐-―.]", "", unicodedata.normalize("NFKC", typed)).upper()


def matches(expected: str, typed: str) -> bool:
    """Whether `typed` is the code; takes as long for a nearly right one as for a wrong one (DESIGN rule 8)."""
    return hmac.compare_digest(expected.encode(), normalise(typed).encode())


_REFERENCE_LETTERS: Final = "ACDEFHJKLMNPRTUVWXY"


def reference(verification_id: str) -> str:
    """Two letters that tell codes apart on the page and in the message; a pure function of the id, not a secret."""
    number = int.from_bytes(sha256(b"reference/" + verification_id.encode()).digest()[:8], "big")
    size = len(_REFERENCE_LETTERS)
    return _REFERENCE_LETTERS[number % size] + _REFERENCE_LETTERS[number // size % size]


KEYWORD_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
KEYWORD_LENGTH: Final = 8
_KEYWORD_EVEN: Final = 256 // len(KEYWORD_LETTERS) * len(KEYWORD_LETTERS)
_KEYWORD_OF_BYTE: Final = bytes(ord(KEYWORD_LETTERS[n % len(KEYWORD_LETTERS)]) for n in range(256))
_NO_KEYWORD_BYTE: Final = bytes(range(_KEYWORD_EVEN, 256))
_KEYWORD: Final = re.compile(rf"[{KEYWORD_LETTERS}]{{{KEYWORD_LENGTH}}}")


def _some_keywords(count: int) -> list[str]:
    # Of 8 bits: 248 is eight times 31, and what lies above is thrown away. Twice as much as needed always leaves some.
    while True:
        letters = secrets.token_bytes(2 * count * KEYWORD_LENGTH).translate(_KEYWORD_OF_BYTE, _NO_KEYWORD_BYTE)
        if keywords := cut(letters.decode(), KEYWORD_LENGTH):
            return keywords


_keywords: Final = Supply(_some_keywords)


def new_keyword() -> str:
    """Eight characters a thumb can type: about 40 bits, drawn evenly."""
    return _keywords.draw()


def read_keyword(text: str) -> str | None:
    """The keyword in a chat message, or None where the message cannot be one."""
    keyword = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).lower()
    return keyword if _KEYWORD.fullmatch(keyword) else None
