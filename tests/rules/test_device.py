"""Which device asked: a word of a closed list, whatever the header says (DESIGN rule 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.domain.device import family, is_wechat

WORDS = {"", "iPhone", "iPad", "HarmonyOS", "Android", "Windows", "Mac", "ChromeOS", "Linux"}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50", "iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)", "iPad"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", "Android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1", "HarmonyOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)", "ChromeOS"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_devices_are_recognised(header, name):
    assert family(header) == name


@given(st.text(max_size=200))
def test_nothing_but_the_list_comes_out(header):
    assert family(header) in WORDS
    assert family(f"{header} windows") in WORDS - {""}


def test_only_the_beginning_of_a_header_is_looked_at():
    assert family(" " * 1024 + "Windows") == ""
    assert not is_wechat(" " * 1024 + "MicroMessenger")
    assert is_wechat("x MicroMessenger/8")
