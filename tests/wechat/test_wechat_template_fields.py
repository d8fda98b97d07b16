"""Every row of WECHAT.md 6.4, valid and invalid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.sandbox.field_rule import fits
from codesvc.wechat.template_fields import FieldKind, check_field, fallback, fit, not_empty, shown_part

VALID = [
    ("thing1", "登录验证"), ("thing1", "字" * 20), ("thing12", "6位码 abc"),
    ("number1", "482913"), ("number1", "0.5"), ("number1", "1" * 32),
    ("letter1", "ABC"), ("letter1", "a" * 32),
    ("symbol1", "+++"), ("symbol1", "。¥+"),
    ("character_string2", "482913"), ("character_string2", "A-1"), ("character_string2", "1" * 32),
    ("time2", "15:01"), ("time2", "15:01:59"), ("time2", "2019年10月1日 15:01"), ("time2", "15:01~16:00"),
    ("time2", "2019-10-01 15:01~2019-10-02 15:01"),
    ("date3", "2019-10-01"), ("date3", "2019年10月1日"), ("date3", "2019/10/01"), ("date3", "2019.10.1"),
    ("date3", "2019年10月1日 15:01"), ("date3", "2019-10-01~2019-10-02"),
    ("amount1", "¥100.5"), ("amount1", "100元"), ("amount1", "€9"),
    ("phone_number1", "+86-0766-66888866"), ("phone_number1", "13800000000"),
    ("car_number1", "粤A8Z888挂"), ("car_number1", "A"),
    ("name1", "张三"), ("name1", "字" * 10), ("name1", "J.Smith"), ("name1", "a" * 20), ("name1", "欧阳·A"),
    ("phrase1", "配送中"),
    ("const1", "已完成"), ("enum1", "已完成"),
    ("short_thing1", "x" * 20), ("first", "x" * 400), ("remark", ""), ("keyword3", "x" * 40), ("code", "482913"),
    ("thing", "no number, so a free key" * 3),
]  # fmt: skip
INVALID = [
    ("thing1", "字" * 21), ("thing1", ""), ("thing1", "   "), ("thing1", "😀" * 11),
    ("number1", "48a"), ("number1", "1" * 33), ("number1", "1."), ("number1", "4829１3"),
    ("letter1", "A1"), ("letter1", "a" * 33), ("letter1", "é"),
    ("symbol1", "1"), ("symbol1", "++++++"),
    ("character_string2", "验证码"), ("character_string2", "1" * 33), ("character_string2", ""),
    ("time2", "3pm"), ("time2", "24:00"), ("time2", "15:60"), ("time2", "2019-10-01"), ("time2", "2019-10/01 15:01"),
    ("date3", "10/2019/01"), ("date3", "2019-13-01"), ("date3", "15:01"),
    ("amount1", "12345678901元"), ("amount1", "¥¥1"), ("amount1", "元"), ("amount1", "¥"), ("amount1", "1１"),
    ("phone_number1", "letters"), ("phone_number1", "1" * 18),
    ("car_number1", "粤A8Z8888挂"), ("car_number1", "粤粤A"),
    ("name1", "字" * 11), ("name1", "张" + "a" * 10), ("name1", "a" * 21), ("name1", "张3"),
    ("name1", "张*"), ("name1", "张…"),
    ("short_thing1", "x" * 21), ("phone_number1", "1/2"), ("amount1", "₹5"), ("phrase1", "㐀"), ("car_number1", "㐀1"),
    ("phrase1", "13笔"), ("phrase1", "六个字的短语"),
    ("const1", "字" * 21), ("enum1", "字" * 21),
    ("thing1", "a\nb"), ("thing1", "a\x00"), ("first", "a\nb"), ("thing1", "\u202eabc"), ("thing1", "\ud800"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), VALID)
def test_valid(key, value):
    assert check_field(key, value) is None


@pytest.mark.parametrize(("key", "value"), INVALID)
def test_invalid(key, value):
    reason = check_field(key, value)
    assert reason is not None
    assert reason.startswith(f"{key}: ")


def test_every_kind_has_a_valid_and_an_invalid_row():
    for rows in (VALID, INVALID):
        assert {FieldKind.of(key) for key, _ in rows} == set(FieldKind)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("thing1", "短", "短"),
        ("thing1", "字" * 21, "字" * 19 + "…"),
        ("thing1", " two\nlines ", "two lines"),
        ("thing1", "word " * 4 + "end", "word word word word…"),
        ("thing1", "a" * 17 + "👩\u200d👩", "a" * 17 + "👩…"),
        ("name1", "字" * 12, "字" * 10),
        ("name1", "a" * 21, "a" * 20),
        ("short_thing1", "字" * 21, "字" * 19 + "…"),
        ("character_string1", "1" * 40, "1" * 40),
        ("number1", "1" * 40, "1" * 40),
        ("phrase1", "六个字的短语", "六个字的短语"),
        ("first", "a\nb\x00", "a b"),
    ],
)
def test_fit(key, value, expected):
    assert fit(key, value) == expected


@given(value=st.text(st.characters(exclude_categories=()), min_size=1))
def test_what_was_fitted_into_a_thing_is_valid_or_empty(value):
    fitted = fit("thing1", value)
    assert not fitted.strip() or check_field("thing1", fitted) is None


@given(key=st.text(), value=st.text(st.characters(exclude_categories=())))
def test_any_key_and_value_get_an_answer(key, value):
    reason = check_field(key, value)
    assert reason is None or isinstance(reason, str)


TYPED = st.sampled_from([f"{kind}1" for kind in FieldKind if kind])
TEXT = st.text(st.characters(exclude_categories=())) | st.from_regex(
    r"[0-9a-zA-Z¥￥$€£₹年月日元:~./ *#+一㐀…·-]{0,24}", fullmatch=True
)


@given(key=TYPED, value=TEXT | st.sampled_from([value for _, value in VALID + INVALID]))
def test_what_is_accepted_here_is_accepted_by_the_sandbox(key, value):
    if check_field(key, value) is None:
        assert fits(key, value)


@pytest.mark.parametrize("kind", FieldKind)
def test_an_empty_value_has_a_fallback_of_its_type(kind):
    key = f"{kind}1" if kind else "keyword1"
    assert check_field(key, fallback(key)) is None
    assert not_empty(key, "") == not_empty(key, " \n") == fallback(key)
    assert not_empty(key, "x") == "x"


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("first", "482913", ""),
        ("remark", "482913", ""),
        ("keyword1", "x" * 20 + "482913", "x" * 20),
        ("code", "482913", "482913"),
        ("code", "😀" * 11, "😀" * 10),
        ("character_string1", "x" * 32, "x" * 32),
    ],
)
def test_what_a_person_sees_of_a_value(key, value, shown):
    assert shown_part(key, value) == shown
