"""Verification codes, derived from the verification id and never stored (DESIGN rule 1).

    code = truncation( HMAC-SHA-256( K, id ) )      K = HKDF(master secret)

The verification id contains everything else that is needed to compute the code: the master key's id, the length and the
alphabet.

    vf_ <key id: 4> <alphabet: 1> <length: 1> <random: 26, 130 bits in base32>

The id of a test identity's verification (`codesvc.domain.test_identity`) begins with `vf_test_`, and its code is the
configured one.

So the store contains no code and no digest of a code. A resend carries the same code. After a master key is replaced,
codes of the old key stay valid until they expire.

The truncation is that of RFC 4226 section 5.3: the low nibble of the last byte selects an offset, and the bytes at that
offset, without the top bit, are the number. RFC 4226 then takes the number modulo 10^digits, which makes some codes
more likely than others. This module avoids that in two steps. It takes more bytes where the code space is large. And it
rejects a number from the incomplete last run of the code space and draws again under the next counter. Every code is
then equally likely.
"""

from __future__ import annotations

import hmac
import re
import secrets
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Final

import msgspec

from codesvc.domain.keyed_digest import keyed_digest
from codesvc.domain.typed_text import GAP, compact, normalise, visible

_ALPHABETS: Final = {
    "digits": ("d", "0123456789"),
    "letters": ("l", "ABCDEFGHJKLMNPQRSTUVWXYZ"),
    "mixed": ("m", "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
}
"""Name in the configuration -> letter in the id, and characters.

A fixed code of a test identity gets the first alphabet that has its characters (`codesvc.domain.test_identity`), so a
new alphabet comes last.

I and O are left out; alphabets with letters also leave out 0 and 1. `templates/pages/code_box.js` finds codes of
letters in a message by the characters of these alphabets together.
"""
ALPHABETS: Final = dict(_ALPHABETS.values())
"""Letter in the id -> characters."""
ALPHABET_NAMES: Final = {name: letter for name, (letter, _) in _ALPHABETS.items()}
"""Name in the configuration -> letter in the id."""

MIN_LENGTH: Final = 4
MAX_LENGTH: Final = 12
_LENGTHS: Final = "0123456789abc"
_WIDTHS: Final = (4, 8, 16)
_ID: Final = re.compile(rf"vf_(test_)?([a-z2-7]{{4}})([{''.join(ALPHABETS)}])([4-9a-c])([a-z2-7]{{26}})")

TEST_ID: Final = "vf_test_"
"""Prefix of the ids of test identities' verifications. No other id has it, because a key id contains no `_`."""


class CodeFormat(msgspec.Struct, frozen=True):
    """The length and alphabet of a verification's code.

    Attributes:
        alphabet: a key of `ALPHABETS`.
        length: number of characters, `MIN_LENGTH` to `MAX_LENGTH`.
    """

    alphabet: str = "d"
    length: int = 6

    def __post_init__(self) -> None:
        if self.alphabet not in ALPHABETS or not MIN_LENGTH <= self.length <= MAX_LENGTH:
            raise ValueError("no such code format")

    @property
    def size(self) -> int:
        """The number of different codes."""
        return int(len(ALPHABETS[self.alphabet]) ** self.length)

    @property
    def digits_only(self) -> bool:
        """Whether its codes consist of digits."""
        return ALPHABETS[self.alphabet].isdigit()

    @property
    def tag(self) -> str:
        """The two characters that encode this format in an id."""
        return self.alphabet + _LENGTHS[self.length]


class VerificationId(msgspec.Struct, frozen=True):
    """A parsed verification id.

    Attributes:
        key_id: id of the master key that derives the code.
        text: the whole id.
    """

    key_id: str
    format: CodeFormat
    text: str

    @property
    def test(self) -> bool:
        """Whether the verification belongs to a test identity."""
        return self.text.startswith(TEST_ID)

    @classmethod
    def parse(cls, text: str) -> VerificationId | None:
        """Parse an id; None if `text` is not one."""
        found = _ID.fullmatch(text)
        if found is None:
            return None
        _, key_id, alphabet, length, _ = found.groups()
        return cls(key_id, CodeFormat(alphabet, _LENGTHS.index(length)), text)

    @classmethod
    def mint(cls, key_id: str, *formats: CodeFormat, test: bool = False) -> tuple[VerificationId, ...]:
        """New ids that differ in their format only: the start script chooses among them."""
        beginning, random = f"{TEST_ID if test else 'vf_'}{key_id}", _random_base32()
        return tuple([cls(key_id, f, f"{beginning}{f.tag}{random}") for f in formats])


_BASE32_OF_BYTE: Final = 8 * b"abcdefghijklmnopqrstuvwxyz234567"
_RANDOM_LETTERS: Final = 26


def _random_base32() -> str:
    # Five bits of each byte: 130 in all.
    return secrets.token_bytes(_RANDOM_LETTERS).translate(_BASE32_OF_BYTE).decode()


def truncate(digest: bytes, width: int = 4) -> int:
    """Dynamic truncation (RFC 4226 section 5.3), `width` bytes wide (4 in the RFC): a number below 2**(8*width - 1)."""
    offset = digest[-1] & 0x0F
    return int.from_bytes(digest[offset : offset + width], "big") & ((1 << (8 * width - 1)) - 1)


def _draw(size: int) -> tuple[int, int]:
    """How many bytes are drawn for a code space of this size, and the limit below which a number is accepted."""
    # At least twice the size of the code space, so that less than half of the draws are rejected.
    width = next(w for w in _WIDTHS if 1 << (8 * w - 2) >= size)
    return width, (1 << (8 * width - 1)) // size * size


def derive(key: bytes, verification: VerificationId) -> str:
    """The code of a verification; `key` is the code key of the master key that the id names."""
    width, limit = _draw(verification.format.size)
    for counter in count():
        message = f"{verification.text}/{counter}".encode()
        number = truncate(keyed_digest(key, message), width)
        if number < limit:
            break
    characters, code = ALPHABETS[verification.format.alphabet], ""
    for _ in range(verification.format.length):
        number, rest = divmod(number, len(characters))
        code = characters[rest] + code
    return code


def well_formed(form: CodeFormat, normalised: str) -> bool:
    """Whether a normalised text could be a code of this format. It says nothing about which code is right."""
    return len(normalised) == form.length and set(normalised) <= set(ALPHABETS[form.alphabet])


_MOST_DISTINCT: Final = 256
"""So many different characters a message with a code may have; each new one has to be looked up."""
# Two capital letters in brackets are the reference of the message around a code.
_MARK: Final = re.compile("[(\\[\u3010] ?([A-Z]{2}) ?[)\\]\u3011]")


@lru_cache(maxsize=64)
def _in_text(form: CodeFormat) -> re.Pattern[str]:
    """A code within other text: one run of its length, or two halves with a blank or a dash between them."""
    one = f"[{ALPHABETS[form.alphabet]}]"
    whole, half = f"{one}{{{form.length}}}", f"{one}{{{form.length // 2}}}"
    halves = "" if form.length % 2 else f"|{half}{GAP}{half}"
    return re.compile(f"(?<![0-9A-Za-z])(?:{whole}{halves})(?![0-9A-Za-z])")


def read_code(form: CodeFormat, typed: str, own: str) -> str | None:
    """The code that a typed or pasted text says; None if it cannot be a code by its form.

    A text says a code if it is one (`normalise`), or if exactly one stands in it, as in `验证码：514465` or in a whole
    message. In a message, letters count in capitals only. A message that names another reference than `own` belongs to
    another verification, so its code is not this one's. The page reads by the same rule (templates/pages/code_box.js).

    Args:
        form: the verification's code format.
        typed: the text.
        own: the verification's reference.
    """
    if len(set(typed)) > _MOST_DISTINCT:
        return None
    shown = visible(typed)
    whole = compact(shown)
    if well_formed(form, whole):
        return whole
    marks = set(_MARK.findall(shown))
    if marks and own not in marks:
        return None
    found = {normalise(each) for each in _in_text(form).findall(shown)}
    return found.pop() if len(found) == 1 else None


def matches(expected: str, typed: str) -> bool:
    """Whether `typed` is the code, compared in constant time (DESIGN rule 8)."""
    return hmac.compare_digest(expected.encode(), normalise(typed).encode())


_REFERENCE_LETTERS: Final = "ACDEFHJKLMNPRTUVWXY"


def reference(verification_id: str) -> str:
    """The reference: two letters, derived from the id, that let a person tell codes apart. It is not a secret."""
    number = int.from_bytes(sha256(b"reference/" + verification_id.encode()).digest()[:8], "big")
    size = len(_REFERENCE_LETTERS)
    return _REFERENCE_LETTERS[number % size] + _REFERENCE_LETTERS[number // size % size]


KEYWORD_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
KEYWORD_LENGTH: Final = 8
_KEYWORD_EVEN: Final = 256 // len(KEYWORD_LETTERS) * len(KEYWORD_LETTERS)
_KEYWORD_OF_BYTE: Final = bytes(ord(KEYWORD_LETTERS[n % len(KEYWORD_LETTERS)]) for n in range(256))
_NO_KEYWORD_BYTE: Final = bytes(range(_KEYWORD_EVEN, 256))


def keyword_letters(random: bytes) -> str:
    """The letters of a keyword that random bytes stand for, each letter for eight bytes.

    248 is eight times 31, so bytes from 248 on stand for none.
    """
    return random.translate(_KEYWORD_OF_BYTE, _NO_KEYWORD_BYTE).decode()


def new_keyword() -> str:
    """Eight characters a thumb can type: about 40 bits, drawn evenly."""
    while True:
        # Of twice as many bytes as needed, enough usually stand for a letter.
        letters = keyword_letters(secrets.token_bytes(2 * KEYWORD_LENGTH))
        if len(letters) >= KEYWORD_LENGTH:
            return letters[:KEYWORD_LENGTH]
