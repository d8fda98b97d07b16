"""The fields of template messages, whatever a start brings: refused at the start of the service, or delivered whole."""

import pytest

from codesvc.app import prepare
from codesvc.config import parse
from codesvc.messages.field_trial import BadMessage
from tests.world import document

DIGITS_OF_PLACE = "{{ place | replace('.', '') | replace('*', '') | replace(':', '') }}"
LONG = "很长的网站名称" * 6


def refusal(tmp_path, fields, site=None, purpose=None, *, message="code", channel="template"):
    """The text of the refusal; "" if the service would start."""
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    del tables["sites"]["cafe"]
    messages = {message: {"template_id": "x" * 43, "channel": channel, "fields": fields}}
    tables["accounts"]["main"]["messages"] = messages
    tables["sites"]["shop"] |= site or {}
    if purpose is not None:
        tables["sites"]["shop"]["purposes"] = {"register": purpose, "reset": purpose}
    settings = parse(tables, env={}, directory=tmp_path)
    try:
        prepare(settings)
    except BadMessage as error:
        return str(error)
    return ""


CODE = {"character_string1": "{{ code }}"}


@pytest.mark.parametrize(
    ("fields", "site", "purpose", "words"),
    [
        # only where WeChat drops or cuts it
        ({"first": "{{ code }}"}, {}, None, ["cannot be seen", "first"]),
        ({"remark": "{{ code }}", "keyword1": "{{ site }}"}, {}, None, ["cannot be seen", "remark"]),
        ({"keyword1": "{{ site }}的验证码是：请不要告诉任何人：{{ code }}"}, {}, None, ["20 characters", "keyword1"]),
        ({"keyword1": "{{ site }}：{{ code }}"}, {"name": {"zh": "茶", "en": "A Tea Shop By The Moonhill"}}, None,
         ["20 characters", 'locale "en"']),
        ({"code": "您在{{ site }}的{{ purpose }}验证码是：{{ code }}"}, {}, None, ["20 characters"]),
        ({"thing1": "{{ site }}{{ code }}"}, {"name": LONG}, None, ["cut", "thing1"]),
        ({"thing1": "{{ site }}{{ code }}"}, {"name": {"zh": "茶", "en": "Moonhill Tea House"}}, None, ["cut", "en"]),
        ({"thing1": "验证码{{ code }}，{{ minutes }}分钟内有效"}, {}, {"code_length": 12}, None),
        ({"thing1": "您的{{ purpose }}验证码：{{ code }}"}, {}, {"code_length": 4, "long_code_length": 12},
         ["cut", "lengthened code"]),
        ({"thing1": "{{ site }}"}, {}, None, ["no field"]),
        ({"thing1": "{{ code[:3] }}"}, {}, None, ["cannot be seen"]),
        ({"thing1": "{% if locale == 'zh' %}{{ code }}{% endif %}"}, {}, None, ["cannot be seen", 'locale "en"']),
        ({"thing1": "{% if minutes > 3 %}{{ code }}{% endif %}"}, {}, None, ["cannot be seen", "minute"]),
        # values that WeChat refuses under some circumstance
        (CODE | {"phrase2": "{{ purpose }}"}, {}, None, ["phrase2", 'locale "en"', "Sign-up", "5 Chinese"]),
        ({"number1": "{{ code }}"}, {}, {"code_alphabet": "letters"}, ["number1", "32 digits", "letters"]),
        ({"number1": "{{ code }}"}, {}, {"code_alphabet": "mixed"}, ["number1", "32 digits"]),
        ({"number1": "{{ code }}"}, {}, {"reveal": "tap"}, ["number1", "------", 'reveal = "tap"']),
        ({"letter1": "{{ code }}"}, {}, {"code_alphabet": "mixed"}, ["letter1"]),
        ({"car_number1": "{{ code }}"}, {}, {"long_code_length": 10}, ["car_number1", "lengthened"]),
        (CODE | {"letter2": "{{ agent }}"}, {}, None, ["letter2", "user_agent", "empty"]),
        (CODE | {"letter2": "{% if agent != 'Mac' %}X{% else %}1{% endif %}"}, {}, None, ["letter2", "Mac"]),
        (CODE | {"number2": "{{ place }}"}, {}, None, ["number2"]),
        (CODE | {"car_number2": DIGITS_OF_PLACE}, {"client_ip": "none"}, None, ["car_number2", 'client_ip = "none"']),
        (CODE | {"time2": "0{{ minutes }}:00"}, {}, {"code_life": 60, "code_max_life": 3000}, ["time2", "minute"]),
        (CODE | {"character_string2": "{{ place }}中"}, {}, None, ["character_string2"]),
        (CODE | {"name2": "{{ site }}"}, {"name": {"zh": "山月", "en": "Moonhill Tea"}}, None, ["name2", "en"]),
        (CODE | {"short_thing2": "{% if place %}x{% else %}\x01{% endif %}"}, {}, None, None),
    ],
)  # fmt: skip
def test_what_a_person_would_not_get_stops_the_start(tmp_path, fields, site, purpose, words):
    text = refusal(tmp_path, fields, site, purpose)
    if words is None:
        assert text == ""
    else:
        assert text
        assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("message", ["code", "code_notice"])
def test_a_subscription_notice_is_tried_in_the_same_way(tmp_path, message):
    purpose = {"channels": ["subscription"]}
    hidden = {"thing1": "{{ site }}", "time2": "{{ expires_at }}"}
    text = refusal(tmp_path, hidden, {}, purpose, message=message, channel="subscription")
    assert f"messages.{message} (shop, register and 1 more): the code cannot be seen: no field" in text
    assert refusal(tmp_path, hidden | CODE, {}, purpose, message=message, channel="subscription") == ""


@pytest.mark.parametrize("name", ["bound", "moved", "move_asked", "unbound"])
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"thing1": "{{ user }}", "thing2": "{{ reference }}{{ place }}"}, None),
        ({"thing1": "{{ purpose }}"}, ["'purpose' is undefined", "reference, site, user."]),
        ({"letter1": "{{ reference }}"}, ["letter1: is empty", "without a page"]),
        ({"character_string1": "{{ user }}"}, None),
        ({"number1": "{{ user }}"}, ["at most 32 digits"]),
    ],
)
def test_a_notice_about_a_binding_is_tried_with_its_own_variables(tmp_path, name, fields, words):
    text = refusal(tmp_path, fields, message=name)
    assert bool(text) == bool(words)
    assert [word for word in words or [] if word not in text] == []


@pytest.mark.parametrize(
    ("fields", "site", "purpose"),
    [
        ({"keyword1": "{{ code }}"}, {}, None),
        ({"first": "{{ code }}", "keyword1": "验证码 {{ code }}"}, {}, None),
        ({"first": "{{ site }}", "keyword1": "验证码"}, {}, {"reveal": "tap"}),
        ({"thing1": "验证码 {{ code[:3] }} {{ code[3:] }}"}, {}, None),
        ({"thing1": "{% if locale == 'zh' %}{{ code }}{% endif %}", "thing2": "{{ code }}"}, {}, None),
        ({"thing1": "{% if locale == 'zh' %}{{ code }}{% endif %}",
          "thing2": "{% if locale != 'zh' %}{{ code }}{% endif %}"}, {}, None),
        (CODE | {"thing4": "{{ agent }}"}, {}, None),
        (CODE | {"thing4": "{{ place }}"}, {"client_ip": "none"}, None),
        (CODE | {"thing4": "{{ site }}{{ purpose }}"}, {"name": LONG}, None),
        ({"thing1": "{{ site }}"}, {}, {"channels": ["customer_service"]}),
        ({"number1": "{{ code }}"}, {}, None),
    ],
)  # fmt: skip
def test_what_reaches_a_person_starts(tmp_path, fields, site, purpose):
    assert refusal(tmp_path, fields, site, purpose) == ""
