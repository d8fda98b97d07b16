"""The language for what a reader asks for: tags and weighed ranges as browsers, programs and attackers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.domain.language_tags import nearest

TWO = ("en", "zh")
MANY = ("en", "fr", "sr", "sr_Latn", "zh", "zh_Hant")


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("EN", "en"),
        ("ZH-CN", "zh"),
        ("Zh-Hant-TW", "zh"),
        ("en_US", "en"),
        ("en_US.UTF-8", "en"),
        ("fr,EN;q=0.5", "en"),
        ("fr;q=1.0 , En-gb ; Q=0.8, ZH;q=0.1", "en"),
        ("zh;q=0.5,en;q=0.50001", "en"),
        ("*", "zh"),
        ("zh-*", "zh"),
        ("EN-*-x", "en"),
        ("en, *;q=0.5", "en"),
        ("*, zh;q=0.1", "en"),
        ("*, en;q=0.1", "zh"),
        ("zh;q=0, *", "en"),
        ("zh;q=0", "en"),
        ("zh;q=0, en;q=0", "zh"),
        ("zh-TW;q=0, en;q=0.1", "en"),
        ("en;q=nan", "zh"),
        ("en;q=-1", "zh"),
        ("en;q=", "zh"),
        ("en;q=9", "en"),
        ("en;level=1;q=1", "zh"),
        ("cmn-Hans-CN, en;q=0.2", "zh"),
        ("yue-HK, en;q=0.2", "zh"),
        ("ENG", "en"),
        ("", "zh"),
        (",,;;q=1,", "zh"),
        ("e" * 10_000, "zh"),
        (f"{'e' * 400},en;q=0.1", "en"),
        (",".join(["fr"] * 150 + ["en"]), "en"),
        # What stands behind the first 512 characters is not read.
        (f"{'e' * 10_000},en;q=0.1", "zh"),
        (",".join(["fr"] * 5_000 + ["en"]), "zh"),
        ("en-" + "-".join(["a"] * 5_000), "zh"),
        ("x-private", "zh"),
        ("entertainment", "zh"),
    ],
)
def test_the_nearest_of_two(asked, language):
    assert nearest(asked, TWO, "zh") == language


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-hk", "zh_Hant"),
        ("ZH-TW,zh;q=0.5", "zh_Hant"),
        ("zh-hant-mo", "zh_Hant"),
        ("zh-CN", "zh"),
        ("zh-Hant;q=0, zh-TW", "zh"),
        ("sr-latn-RS", "sr_Latn"),
        ("FR-CA", "fr"),
    ],
)
def test_the_nearest_of_many(asked, language):
    assert nearest(asked, MANY, "zh") == language


def test_a_reader_of_the_language_gets_a_narrower_one_where_there_is_no_other():
    assert nearest("ZH-cn", ("en", "zh_Hant"), "en") == "zh_Hant"


headers = st.text(max_size=200) | st.lists(
    st.builds(
        lambda tag, weight: tag + weight,
        st.sampled_from(["EN", "zh-*", "*", "Zh-Hant-TW", "fr", "", "en_US", "x-a"]) | st.text(max_size=12),
        st.sampled_from(["", ";q=0", ";q=1.000", "; Q=0.5", ";q=nan", ";q=-0", ";q", ";;", ";q=1;q=0"])
        | st.floats().map(";q={}".format),
    ),
    max_size=9,
).map(",".join)


@given(asked=headers)
def test_every_text_has_a_language(asked):
    assert nearest(asked, TWO, "zh") in TWO
    assert nearest(asked, MANY, "zh") in MANY
    assert nearest(asked.upper(), TWO, "zh") == nearest(asked.lower(), TWO, "zh") or not asked.isascii()
