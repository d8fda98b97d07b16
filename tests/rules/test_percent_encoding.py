"""Percent-encoding in what strangers send: read as Python's library reads it, without a step for each sign."""

import random
from urllib.parse import unquote_to_bytes

import pytest

from codesvc.domain.percent_encoding import TooManyStray, decoded


def test_it_reads_what_the_library_reads():
    dice = random.Random(5)  # noqa: S311  the same texts each time
    for _ in range(50_000):
        octets = bytes(dice.choice(b"%%%%=+\r\n\t _aF09zG\xff.") for _ in range(dice.randrange(16)))
        assert decoded(octets) == unquote_to_bytes(octets), octets


@pytest.mark.parametrize("octet", range(256))
def test_each_octet_comes_back_whole(octet):
    for encoded in (b"%%%02x" % octet, b"%%%02X" % octet):
        assert decoded(b"a" + encoded + b"=") == b"a" + bytes([octet]) + b"="


def test_few_signs_that_encode_nothing_stay_and_many_are_refused():
    assert decoded(b"100% of 5%x%") == b"100% of 5%x%"
    assert decoded(b"%" * 16) == b"%" * 16
    with pytest.raises(TooManyStray):
        decoded(b"%" * 17)
