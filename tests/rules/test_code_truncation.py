"""RFC 4226's truncation, and codes without bias for every length and alphabet (DESIGN rule 1)."""

import hmac
from collections import Counter
from hashlib import sha256

import pytest

from codesvc.domain.codes import ALPHABETS, MAX_LENGTH, MIN_LENGTH, CodeFormat, VerificationId, derive, truncate

SECRET = b"12345678901234567890"
# RFC 4226, appendix D: count, HMAC-SHA-1, truncated (decimal), HOTP.
APPENDIX_D = [
    (0, "cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 1284755224, "755224"),
    (1, "75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1094287082, "287082"),
    (2, "0bacb7fa082fef30782211938bc1c5e70416ff44", 137359152, "359152"),
    (3, "66c28227d03a2d5529262ff016a1e6ef76557ece", 1726969429, "969429"),
    (4, "a904c900a64b35909874b33e61c5938a8e15ed1c", 1640338314, "338314"),
    (5, "a37e783d7b7233c083d4f62926c7a25f238d0316", 868254676, "254676"),
    (6, "bc9cd28561042c83f219324d3c607256c03272ae", 1918287922, "287922"),
    (7, "a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 82162583, "162583"),
    (8, "1b3c89f65e6c9e883012052823443f048b4332db", 673399871, "399871"),
    (9, "1637409809a679dc698207310c8c7fc07290d9e5", 645520489, "520489"),
]
FORMATS = [CodeFormat(letter, length) for letter in ALPHABETS for length in range(MIN_LENGTH, MAX_LENGTH + 1)]


def an_id(code_format, number):
    return VerificationId("abcd", code_format, f"vf_abcd{code_format.tag}{number}")


@pytest.mark.parametrize(("count", "digest", "number", "code"), APPENDIX_D)
def test_truncation_is_the_rfcs(count, digest, number, code):
    made = hmac.digest(SECRET, count.to_bytes(8, "big"), "sha1")
    assert made.hex() == digest
    assert truncate(made) == number
    assert f"{truncate(made) % 10**6:06}" == code


@pytest.mark.parametrize("width", [4, 8, 16])
def test_every_offset_stays_inside_a_sha256_digest_and_only_the_top_bit_is_dropped(width):
    for offset in range(16):
        digest = bytearray(b"\xff" * 32)
        digest[-1] = 0xF0 | offset
        if offset + width < 32:
            assert truncate(bytes(digest), width) == (1 << (8 * width - 1)) - 1
        assert truncate(bytes(31) + bytes([offset]), width) in ({0} if offset + width < 32 else {0, offset})
        assert offset + width <= 32


@pytest.mark.parametrize("code_format", FORMATS, ids=lambda f: f.tag)
def test_the_numbers_that_count_are_whole_runs_of_the_code_space(code_format):
    """The exact argument: an accepted number is uniform on [0, k*size), so each code has exactly k of them.

    The bound is found from outside: what `derive` gives must be what the first number below k*size says, for the widest
    k*size that a 4, 8 or 16 byte number can hold, and the refused part must be less than half.
    """
    size = len(ALPHABETS[code_format.alphabet]) ** code_format.length
    assert size == code_format.size
    width = next(w for w in (4, 8, 16) if 2 ** (8 * w - 1) >= 2 * size)
    whole = 2 ** (8 * width - 1) // size * size
    assert whole % size == 0
    assert 2 ** (8 * width - 1) - whole < min(size, 2 ** (8 * width - 2))
    for number in range(40):
        identifier = an_id(code_format, number)
        counter = 0
        while True:
            digest = hmac.digest(b"k", f"{identifier.text}/{counter}".encode(), sha256)
            drawn = truncate(digest, width)
            if drawn < whole:
                break
            counter += 1
        assert derive(b"k", identifier) == spell(drawn % size, code_format)


def spell(number, code_format):
    letters = ALPHABETS[code_format.alphabet]
    code = ""
    for _ in range(code_format.length):
        number, rest = divmod(number, len(letters))
        code = letters[rest] + code
    return code


@pytest.mark.parametrize("code_format", [CodeFormat("l", 6), CodeFormat("d", 9)], ids=lambda f: f.tag)
def test_a_number_of_the_incomplete_last_run_is_thrown_away(code_format):
    """Two and seven of a hundred numbers lie in it, so some ids meet one: the next draw is taken instead."""
    whole = 2**31 // code_format.size * code_format.size
    met = 0
    for number in range(1000):
        identifier = an_id(code_format, number)
        first, second = (truncate(hmac.digest(b"k", f"{identifier.text}/{c}".encode(), sha256)) for c in (0, 1))
        if first >= whole > second:
            met += 1
            assert derive(b"k", identifier) == spell(second % code_format.size, code_format)
    assert met


@pytest.mark.parametrize(
    "code_format", [CodeFormat("d", 4), CodeFormat("l", 4), CodeFormat("m", 6), CodeFormat("d", 8)]
)
def test_each_place_of_a_code_takes_each_character_alike(code_format):
    """Chi-square over fixed ids: a bias of a few percent in any place would be far beyond the bound."""
    letters, draws = ALPHABETS[code_format.alphabet], 12_000
    codes = [derive(b"k", an_id(code_format, number)) for number in range(draws)]
    expected = draws / len(letters)
    for place in range(code_format.length):
        counted = Counter(code[place] for code in codes)
        assert set(counted) <= set(letters)
        statistic = sum((counted[letter] - expected) ** 2 / expected for letter in letters)
        freedom = len(letters) - 1
        assert statistic < freedom + 5 * (2 * freedom) ** 0.5 + 12


def test_another_key_and_another_id_give_another_code():
    one = CodeFormat("m", 12)
    assert derive(b"k", an_id(one, 1)) == derive(b"k", an_id(one, 1))
    assert len({derive(key, an_id(one, n)) for key in (b"k", b"l") for n in range(50)}) == 100


def test_the_format_is_part_of_what_is_derived_from():
    """Two ids with the same random part do not share digits: the longer code is not the shorter with two more."""
    codes = [derive(b"k", an_id(CodeFormat("d", length), 1)) for length in (6, 8)]
    assert not codes[1].startswith(codes[0])
    assert not codes[1].endswith(codes[0])
