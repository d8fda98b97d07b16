"""The settings of the way from the chat to the site."""

import pytest

from codesvc.config import ConfigError, parse
from tests.world import document


def settings(tmp_path, **chat):
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", sites__shop__chat=chat)
    return parse(tables, env={}, directory=tmp_path).sites["shop"].chat


def test_an_address_lies_on_one_of_the_sites_origins(tmp_path):
    assert settings(tmp_path, bind_url="https://shop.example/bind").bind_url == "https://shop.example/bind"
    for stranger in ("https://evil.example/bind", "https://shop.example.evil.example/", "http://shop.example/bind"):
        with pytest.raises(ConfigError, match=r"sites\.shop\.chat\.reset_url"):
            settings(tmp_path, reset_url=stranger)


def test_keywords_are_shown_words_said_once(tmp_path):
    assert "重置密码" in settings(tmp_path).reset_keywords
    for wrong in (["a", "a"], [""], "绑定"):
        with pytest.raises(ConfigError, match="bind_keywords"):
            settings(tmp_path, bind_keywords=wrong)
