"""Verification ids: everything that is needed to compute a code again, and nothing that a stranger could slip in."""

import re
from base64 import b32decode
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codesvc.domain.codes import _BASE32_OF_BYTE, ALPHABETS, MAX_LENGTH, MIN_LENGTH, CodeFormat, VerificationId

formats = st.builds(CodeFormat, st.sampled_from(sorted(ALPHABETS)), st.integers(MIN_LENGTH, MAX_LENGTH))
key_ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=4, max_size=4)


@given(key_ids, st.lists(formats, min_size=1, max_size=3))
def test_what_is_minted_is_read_back(key_id, wanted):
    minted = VerificationId.mint(key_id, *wanted)
    assert [m.format for m in minted] == wanted
    for identifier in minted:
        assert VerificationId.parse(identifier.text) == identifier
        assert identifier.key_id == key_id
    assert len({m.text[9:] for m in minted}) == 1


def test_every_letter_is_as_likely_as_any_other():
    counts = Counter(bytes(range(256)).translate(_BASE32_OF_BYTE).decode())
    assert set(counts) == set("abcdefghijklmnopqrstuvwxyz234567")
    assert set(counts.values()) == {8}


def test_at_least_128_random_bits_are_in_it():
    seen = {VerificationId.mint("abcd", CodeFormat())[0].text[9:] for _ in range(200)}
    assert len(seen) == 200
    assert {len(b32decode(text.upper() + "=" * 6)) for text in seen} == {16}


@given(st.text(max_size=60) | st.from_regex(r"vf_[a-z2-7]{4}[a-z][0-9a-z][a-z2-7]{20,30}\s?"))
@example("vf_" + "a" * 4 + "d6" + "a" * 26 + "\n")
@example("vf_" + "a" * 4 + "d3" + "a" * 26)
@example("vf_" + "a" * 4 + "dd" + "a" * 26)
@example("VF_" + "a" * 4 + "d6" + "a" * 26)
@example("vf_aaaad٦" + "a" * 26)
def test_nothing_else_is_an_id(text):
    found = VerificationId.parse(text)
    if found is None:
        return
    assert re.fullmatch(r"vf_[a-z2-7]{4}[dlm][4-9abc][a-z2-7]{26}", text, re.ASCII)
    assert found.text == text
    assert found.format.tag == text[7:9]


@pytest.mark.parametrize(("alphabet", "length"), [("x", 6), ("", 6), ("d", 3), ("d", 13), ("d", -1)])
def test_there_is_no_other_format(alphabet, length):
    with pytest.raises(ValueError, match="no such code format"):
        CodeFormat(alphabet, length)


def test_alphabets_hold_nothing_that_is_mistaken_for_another():
    for letter, characters in ALPHABETS.items():
        assert len(set(characters)) == len(characters)
        assert characters == characters.upper()
        if letter != "d":
            assert not set("IO01") & set(characters)
