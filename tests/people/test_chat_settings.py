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


def two_sites(tmp_path, first, second):
    """Two sites of one account with these tables."""
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    tables["sites"]["shop"] |= first
    tables["sites"]["cafe"] |= {"origins": ["https://shop.example"], **second}
    return parse(tables, env={}, directory=tmp_path)


@pytest.mark.parametrize("word", ["确认", "不是我", "取消", "Confirm", "１", "123456", "同意换绑 ab", "确认。"])
def test_a_word_that_answers_a_question_is_no_keyword(tmp_path, word):
    for chat in (
        {"bind_url": "https://shop.example/bind", "bind_keywords": [word]},
        {"reset_url": "https://shop.example/r", "reset_keywords": [word]},
    ):
        with pytest.raises(ConfigError, match="answer a question"):
            settings(tmp_path, **chat)


def chat(wish, *words):
    return {"chat": {f"{wish}_url": "https://shop.example/a", f"{wish}_keywords": list(words)}}


def test_a_word_of_another_site_of_the_account_is_taken(tmp_path):
    for first, second in (
        (chat("reset", "重置 Shop"), chat("reset", "重置shop")),
        (chat("bind", "进店"), chat("reset", "进店")),
        (chat("reset", "重置密码"), chat("bind", "重置密码")),
        ({"wechat_server": {}}, chat("bind", "验证码")),
        (chat("bind", "登录码"), {"wechat_server": {"keywords": ["登录码"]}}),
    ):
        with pytest.raises(ConfigError, match=r"sites\.cafe\.(chat|wechat_server).*of sites\.shop"):
            two_sites(tmp_path, first, second)


def test_the_words_that_every_site_has_are_shared_and_unused_ones_are_free(tmp_path):
    assert two_sites(tmp_path, chat("reset", "重置密码"), chat("reset", "重置密码", "找回"))
    assert two_sites(tmp_path, chat("reset", "重置shop"), {"chat": {"reset_keywords": ["重置shop"]}})
