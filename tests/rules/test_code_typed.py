"""What people type: codes, keywords and references."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.domain.chat_text import attempts_keyword, read_command, read_keyword
from codesvc.domain.codes import (
    ALPHABETS,
    KEYWORD_LENGTH,
    KEYWORD_LETTERS,
    keyword_letters,
    matches,
    new_keyword,
    normalise,
    reference,
)


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123 456 ",
        "123-456",
        "１２３４５６",
        "12\u30003456",
        "123–456",
        "123.456",
        "12\u200b3456",
        "\ufeff123456",
        "\u202a123456\u202c",
        "\u2066123\u2069456",
        "١٢٣٤٥٦",
        "۱۲۳۴۵۶",
        "१२३४५६",
        "123456。",
        "「123456」",
        "“123456”",
        "123 456\u00a0",
        "123−456",
        "1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣",
        "𝟏𝟐𝟑456",
        "123\u3164456",
        "123\u2800456",
        "\u00ad123456",
        "123\x02456",
        "123456\ufe0f",
        "（123456）！",
        "123456;",
    ],
)
def test_a_code_may_be_typed_as_people_type(typed):
    assert matches("123456", typed)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "123457", "0123456", "123456a", "١٢٣٤٥٦x", "654321", "\0"])
def test_anything_else_is_wrong(typed):
    assert not matches("123456", typed)


def test_letters_are_read_in_any_case():
    assert matches("ABXY", "abxy")


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text):
    assert matches("123456", text) == (normalise(text) == "123456")


def test_words_can_be_typed_by_a_thumb_and_are_read_back():
    keywords = {new_keyword() for _ in range(300)}
    assert len(keywords) == 300
    for keyword in keywords:
        assert len(keyword) == KEYWORD_LENGTH
        assert set(keyword) <= set(KEYWORD_LETTERS)
        assert read_keyword(keyword) == keyword
        assert read_keyword(f" {keyword[:4].upper()} {keyword[4:]}\n") == keyword
    assert not set("01lio") & set(KEYWORD_LETTERS)
    assert set("".join(keywords)) == set(KEYWORD_LETTERS)


def test_every_letter_of_a_keyword_is_as_likely_as_any_other():
    letters = Counter(keyword_letters(bytes(range(256))))
    assert set(letters) == set(KEYWORD_LETTERS)
    assert set(letters.values()) == {8}


@given(st.text(max_size=40))
def test_whatever_is_read_is_a_keyword_of_the_message(text):
    keyword = read_keyword(text)
    assert keyword is None or (set(keyword) <= set(KEYWORD_LETTERS) and len(keyword) == 8)
    assert keyword is None or keyword in normalise(text).lower()
    read_command(text)
    attempts_keyword(text)


AROUND = [
    *(
        "{}。",
        "“{}”",
        "「{}」",
        "『{}』",
        "口令：{}",
        "口令:{}",
        "口令是{}",
        "keyword: {}",
        "Keyword：{}。",
        "KEYWORD {}",
        "【{}】",
    ),
    *(
        "\u200b{}",
        "\ufeff{}\u202c",
        "你好，我的口令是{}谢谢",
        "my keyword is {}, thanks!",
        "{}\n\n请查收",
        "({})",
        "`{}`",
        "'{}'",
    ),
    *("请问 {} 对吗？", "{}！！！", "关键词：「{}」", "\u2066{}\u2069"),
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "shape", ["k7mq2xw9", "K7MQ2XW9", "ｋ７ｍｑ２ｘｗ９", "k7mq\u200b2xw9", "k7m\ufeffq2xw\u00ad9"]
)
def test_a_keyword_is_read_with_what_people_paste_around_it(around, shape):
    assert read_keyword(around.format(shape)) == "k7mq2xw9"


def test_a_keyword_in_two_halves_is_read_after_its_name():
    assert read_keyword("口令：k7mq 2xw9。") == "k7mq2xw9"
    assert read_keyword("k7mq-2xw9") == "k7mq2xw9"


@pytest.mark.parametrize("text", ["K7MQ 2XW9 谢谢", "请查收 k7mq-2xw9。", "k7mq 2xw9 k7mq2xw9", "hello, k7mq—2xw9!"])
def test_a_keyword_in_two_halves_is_read_out_of_other_text(text):
    assert read_keyword(text) == "k7mq2xw9"


@pytest.mark.parametrize(
    "text",
    ["k7mq2xw", "k7mq2xw90", "k7mq2xl9", "口令", "口令：k7mq", "k7mq2xw9 or k7mq2xw8", "k7mq2xw1。", "kmqh 2345 谢谢"],
)
def test_what_was_meant_as_a_keyword_is_seen(text):
    assert read_keyword(text) is None
    assert attempts_keyword(text)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "你好", "thank you so much", "13800138000", "。", "什么时候发货？", "what that 好", "2345 6789 元"],
)
def test_other_messages_are_not_meant_as_keywords(text):
    assert not attempts_keyword(text)


@pytest.mark.parametrize("text", ["不是我", "「不是我」。", "\u200b不 是我！", "“不是我”", "不是我…"])
def test_commands_are_read_with_what_people_put_around_them(text):
    assert read_command(text) == "不是我"


@pytest.mark.parametrize("text", ["", "hello", "abcdefghj", "abcdefg1", "abcdefgi", "你好你好你好你好", "abcd efg"])
def test_these_are_no_words(text):
    assert read_keyword(text) is None


def test_references_are_two_clear_letters_spread_evenly():
    made = [reference(f"vf_{number}") for number in range(5000)]
    letters = set("".join(made))
    assert not letters & set("BGIOQSZ0123456789")
    assert len(set(made)) == len(letters) ** 2
    assert max(map(made.count, set(made))) < 5000 / len(letters) ** 2 * 3
    assert reference("vf_1") == made[1]


def test_the_digits_alphabet_is_what_phones_offer():
    assert ALPHABETS["d"] == "0123456789"
