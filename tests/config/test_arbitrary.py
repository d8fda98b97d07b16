"""Whatever stands in the file, the answer is settings or a list of faults; rates and keys are what they look like."""

from __future__ import annotations

import contextlib
import copy
import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesvc.config import ConfigError, Rate, parse
from codesvc.config.api_keys import hash_line, new_key
from codesvc.config.faults import UnfitError
from codesvc.config.rates import LONGEST_WINDOW, MOST_COUNTED, rate, rates

WORDS = st.sampled_from([
    "mode", "service", "store", "secrets", "accounts", "sites", "main", "shop", "url", "master_key", "keys", "purposes",
    "limits", "messages", "name", "zh", "en", "secret_file", "data_dir", "code_length", "user_pushes", "fields", "none",
])  # fmt: skip
TEXTS = st.one_of(
    WORDS, st.text(max_size=20), st.sampled_from(["https://[", "5/hour", "http://a:b", "::1/200", "\ud800"])
)
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(),
    st.floats(),
    st.none(),
    st.just(datetime(2025, 5, 1, tzinfo=UTC)),
    st.just(date(2025, 5, 1)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def places(table, *path):
    """The paths of everything in the right configuration, tables included."""
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, *path, key)


@given(data=st.dictionaries(TEXTS, VALUES, max_size=6), env=st.dictionaries(TEXTS, TEXTS, max_size=2))
@settings(max_examples=150)
def test_nothing_but_a_configuration_error_comes_of_arbitrary_tables(data, env):
    with pytest.raises(ConfigError) as caught:
        parse(data, env=env, directory=Path("/nowhere"))
    assert len(str(caught.value).splitlines()) >= 1


@given(data=st.data())
@settings(max_examples=250)
def test_nothing_but_a_configuration_error_comes_of_one_arbitrary_value(right_tables, data):
    """Deeper than the test before: the rest is right, so that the rules between options run too."""
    tables = copy.deepcopy(right_tables)
    *parents, last = data.draw(st.sampled_from(list(places(right_tables))))
    table = tables
    for step in parents:
        table = table[step]
    if data.draw(st.booleans()) and isinstance(table[last], dict):
        table[last][data.draw(TEXTS)] = data.draw(VALUES)
    else:
        table[last] = data.draw(VALUES)
    with contextlib.suppress(ConfigError):
        parse(tables, env={}, directory=Path("/nowhere"))


@given(count=st.integers(1, MOST_COUNTED), seconds=st.integers(1, LONGEST_WINDOW))
def test_a_rate_reads_as_it_is_written(count, seconds):
    assert rate(str(Rate(count, seconds))) == Rate(count, seconds)


@given(st.text(alphabet="0123456789/smhdour -.", max_size=12))
def test_a_rate_is_read_or_refused(text):
    with contextlib.suppress(UnfitError):
        found = rate(text)
        assert found.count >= 1
        assert found.seconds >= 1


def test_rates_alone_in_lists_and_lifted():
    assert rates("5/minute") == (Rate(5, 60),)
    assert rates(["1/second", "30/7d"]) == (Rate(1, 1), Rate(30, 604_800))
    assert rates("none") == ()


def test_a_key_says_what_and_whose_it_is_and_only_its_hash_is_kept():
    key = new_key("shop", bytes(range(32)))
    assert key == "csk_shop_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert hash_line(key) == "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize(("site", "octets"), [("Shop", bytes(32)), ("", bytes(32)), ("shop", bytes(31))])
def test_a_key_of_a_wrong_name_or_too_little_chance_is_refused(site, octets):
    with pytest.raises(ValueError, match=r"must be 1 to 32|is made of 32"):
        new_key(site, octets)
