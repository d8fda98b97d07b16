"""Whether a master key looks like one that a program has made: `openssl rand -base64 48`, `openssl rand -hex 32`.

The public keys of proofs are derived from the master key, so that a guess can be tested without asking the service. A
key that a person has typed is found that way. The rules below refuse what people type; a random key is refused less
than once in a hundred thousand, and then another one is made.
"""

import hashlib
import re
from base64 import urlsafe_b64decode
from collections.abc import Container
from itertools import pairwise
from typing import Final

REMEDY: Final = "make one with `openssl rand -base64 48`"
_FEWEST_BYTES: Final = 24
_FEWEST_DIFFERENT: Final = 14
_FEWEST_DIFFERENT_HEX: Final = 10
_REPEATED, _REPEATED_HEX = 6, 9  # characters that do not come twice, or in a row, by chance
_STEADY: Final = 6  # bytes; 2^-32 by chance at each place
_NEXT: Final = frozenset({0, 1, 255})  # the same character, the one after it, the one before it
_MOST_ALIKE: Final = 0.75  # of the characters are small letters, or capitals; 0.41 in random base64
# Seven letters or more: shorter ones come by chance.
_PHRASES: Final = (
    "password", "passwort",
    "changeme", "changethis", "replaceme", "replacethis", "topsecret", "supersecret", "qwertyui",
    "asdfghj", "letmein",
    "example", "default", "masterkey", "codesvc", "insecure", "placeholder", "iloveyou", "welcome",
    "correcthorse", "trustno", "yourkey", "verysecure", "secretkey", "mysecret",
)  # fmt: skip
# `echo password | sha256sum` looks random and is in every list.
_DIGESTED: Final = (
    "", "password", "passw0rd", "secret", "123456", "12345678", "123456789", "admin", "root", "test", "changeme",
    "change-me", "codesvc", "master", "master_key", "masterkey", "hello", "hello world", "qwerty", "foo", "foobar",
)  # fmt: skip
_DIGESTS: Final = frozenset(
    hashlib.new(name, (word + end).encode(), usedforsecurity=False).digest()
    for name in ("sha224", "sha256", "sha384", "sha512", "sha3_256")
    for word in _DIGESTED
    for end in ("", "\n")
)
_LEET: Final = str.maketrans("013457", "oleast")


def weakness(text: str) -> str:
    """Why a master key can be guessed, "" if no reason is found."""
    bare = text.strip().rstrip("=")
    letters = re.sub(r"[-_+/\s]", "", bare.lower())
    if any(phrase in form for phrase in _PHRASES for form in (letters, letters.translate(_LEET))):
        return "contains a known phrase"
    compact = bare.replace("-", "")
    is_hex = re.fullmatch(r"[0-9a-fA-F]+", compact) is not None
    if not is_hex and re.fullmatch(r"[A-Za-z0-9+/_-]+", bare) is None:
        return "is neither base64 nor hexadecimal, so that no program has made it"
    span = _REPEATED_HEX if is_hex else _REPEATED
    octets = _decoded(compact if is_hex else bare, is_hex=is_hex)
    # Every second or third character may count too, as in 1a2b3c4d, and so may the bytes behind the characters.
    threads = [bare[start::step] for step in (1, 2, 3) for start in range(step)]
    counts = any(_longest_run(each.encode(), _NEXT) >= span for each in threads)
    if _repeats(bare.lower(), span) or counts or _longest_run(octets, range(256)) >= _STEADY:
        return "repeats itself or counts"
    if octets in _DIGESTS:
        return "is the digest of a known phrase"
    if len(octets) < _FEWEST_BYTES:
        return f"decodes to {len(octets)} bytes; at least {_FEWEST_BYTES} are needed"
    different = len(set(compact.lower() if is_hex else bare))
    few = different < (_FEWEST_DIFFERENT_HEX if is_hex else _FEWEST_DIFFERENT) or compact.isdigit()
    if few or len(set(octets)) * 2 < min(len(octets), 64):
        return "has too few different characters to be random"
    if octets.isascii() and octets.decode("ascii").isprintable():
        return "decodes to text, not to random bytes"
    if not is_hex and max(sum(map(str.islower, bare)), sum(map(str.isupper, bare))) >= _MOST_ALIKE * len(bare):
        return "reads like words, not like random bytes"
    return ""


def _decoded(text: str, *, is_hex: bool) -> bytes:
    if is_hex:
        return bytes.fromhex(text[: len(text) // 2 * 2])
    whole = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return urlsafe_b64decode(whole.replace("+", "-").replace("/", "_") + "=" * (-len(whole) % 4))


def _repeats(text: str, span: int) -> bool:
    pieces = [text[place : place + span] for place in range(len(text) - span + 1)]
    return len(set(pieces)) < len(pieces)


def _longest_run(octets: bytes, steps: Container[int]) -> int:
    """How many bytes follow one another with the same difference modulo 256, if it is one of `steps`."""
    longest, run, last = 1, 1, None
    for before, after in pairwise(octets):
        step = (after - before) % 256
        run = run + 1 if step == last and step in steps else 2
        longest, last = max(longest, run), step
    return longest
