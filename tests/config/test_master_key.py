"""Master keys of live services: what people type is refused, what programs make is taken."""

import base64
import hashlib
import random

import pytest

from codesvc.config.master_key import weakness

TYPED = [
    "12345678901234567890123456789012",
    "change-me-change-me-change-me-change-me",
    "passwordpasswordpasswordpassword",
    "P4ssw0rd-for-the-Service-2024-xYzAbQ",
    "correct-battery-staple-and-many-more-words",
    "TheQuickBrownFoxJumpsOverTheLazyDogs",
    "a key of ours, long enough: 8f3Kq9Zx2LmB",
    "abcdefghijklmnopqrstuvwxyzABCDEF",
    "0123456789abcdef" * 4,
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "3141592653589793238462643383279502884197169399375105820974944592",
    base64.b64encode(b"these are words that nobody drew").decode(),
    b"words again, in hexadecimal digits".hex(),
    "8f3Kq9Zx2LmB" * 4,
    bytes(range(32)).hex(),
    base64.b64encode(bytes(range(200, 80, -3))).decode(),
    "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p",
    hashlib.sha256(b"password").hexdigest(),
    base64.b64encode(hashlib.sha512(b"secret\n").digest()).decode(),
]


@pytest.mark.parametrize("key", TYPED)
def test_what_people_type_is_refused_in_live_mode(document, key):
    (line,) = document.set("secrets.master_key", key).faults()
    assert line.startswith("secrets.master_key: ")
    assert line.endswith("make one with `openssl rand -base64 48`")
    assert key not in line


@pytest.mark.parametrize("count", [32, 48, 64])
def test_what_programs_make_is_taken(count):
    dice = random.Random(count)  # noqa: S311  a test that always draws the same
    for _ in range(1_000):
        octets = dice.randbytes(count)
        for text in (
            base64.b64encode(octets).decode(),
            base64.urlsafe_b64encode(octets).decode().rstrip("="),
            octets.hex(),
        ):
            assert weakness(text) == "", text


def test_a_weak_key_may_be_the_previous_one(document):
    assert document.set("secrets.previous_master_keys", [TYPED[0]]).settings().mode == "live"
