"""Every text that is sent: it renders in both languages, and prints nothing that a stranger wrote (DESIGN rule 5)."""

import re
from ipaddress import ip_address

import msgspec
import pytest
from jinja2 import Environment, meta

from codesvc.config import parse
from codesvc.domain.addresses import bucket
from codesvc.domain.device import family
from codesvc.domain.keyring import Keyring
from codesvc.domain.record import Fixed
from codesvc.domain.signed_links import Links
from codesvc.messages.composer import Composer, field_date, in_sentence, spoken_date
from codesvc.messages.message_fields import MessageFields
from codesvc.messages.templates import CHAT_MESSAGES, BadTemplate, Templates, shipped_directory
from codesvc.sites.registry.reading import configured_directory
from codesvc.wechat.template_fields import check_field
from tests.languages.collect import asked_for_by_the_shop
from tests.rules.records import a_record
from tests.world import MASTER, document

RUDE = "RUDE<b>{{7*7}}www.evil.example"
RING = Keyring(MASTER.encode())
ID = f"vf_{RING.current.key_id}d6" + "a" * 26


@pytest.fixture
def composer(tmp_path):
    settings = parse(document("http://127.0.0.1:1", "http://127.0.0.1:2"), env={}, directory=tmp_path)
    return Composer(Templates(), RING, configured_directory(settings), Links("http://127.0.0.1:1", RING))


def strangers_record(locale):
    """Everything that somebody on the internet may write, written rudely."""
    fixed = Fixed(
        locale=locale,
        agent=family(f"{RUDE} Windows"),
        return_url=f"https://shop.example/?{RUDE}",
        metadata={"note": RUDE},
    )
    user, place = f"u.{RUDE.partition('<')[0]}", bucket(ip_address("203.0.113.9"))
    return a_record(id=ID, user=user, address=place, fixed=msgspec.json.encode(fixed).decode())


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", CHAT_MESSAGES)
def test_every_text_renders_and_prints_nothing_a_stranger_wrote(composer, name, locale):
    record = strangers_record(locale)
    more = {"minutes": 3, "stopped": 1, "entered": 1}
    text = composer._templates.chat(name, locale, composer.variables(record) | more)
    assert text
    assert not re.search(r"RUDE|evil|49|\{\{|113\.9|Undefined", text.replace(composer.code_of(record), ""))
    if locale == "zh":
        assert re.search("[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_code_is_told_with_everything_that_tells_it_apart(composer, locale):
    record = strangers_record(locale)
    text = composer.chat("code", record)
    site, purpose = {"zh": ("山月茶铺", "注册"), "en": ("Moonhill Tea", "sign-up")}[locale]
    code = composer.code_of(record)
    assert re.search(rf"^{code}$", text, re.MULTILINE)
    for part in (site, purpose, "不是我", "Windows", "203.0.*.*", "5", composer.variables(record)["reference"]):
        assert part in text


def texts_of(locale):
    """Every chat text of a language that the service ships, and the fields of its cards."""
    yield from ((path.name, path.read_text()) for path in (shipped_directory() / "chat" / locale).iterdir())
    yield from ((path.name, path.read_text()) for path in (shipped_directory() / "people" / locale).iterdir())


KEYWORDS_OF_REPLIES = ("不是我", "确认", "同意换绑")


@pytest.mark.parametrize(("name", "text"), [*texts_of("en")])
def test_an_english_text_has_no_chinese_but_the_replies_each_explained(name, text):
    """What a reader has to send stays as it is, in quotation marks, and its meaning stands behind it in brackets."""
    for keyword in KEYWORDS_OF_REPLIES:
        for found in re.finditer(keyword, text):
            assert re.match(r"[^”]*” \((?:not me|confirm|agree to the change)\)", text[found.end() :]), (name, keyword)
        text = text.replace(keyword, "")
    assert not re.search(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]", text), name


@pytest.mark.parametrize(
    ("name", "text"), [*texts_of("en"), *((f"the shop: {text}", text) for text in asked_for_by_the_shop())]
)
def test_an_english_text_uses_the_words_of_the_glossary(name, text):
    forbidden = r"\b(?:un)?bind|\bbound\b|\bgood for\b|no longer good|somebody|nobody|tell it to|asked for from"
    said = re.sub(r"\{[{%].*?[%}]\}", "", text)
    assert not re.search(forbidden, said, re.IGNORECASE), name


MOMENT = 1_795_954_500_000  # 2026-11-29 20:15 in Beijing


def test_dates_are_in_the_readers_language():
    assert spoken_date(MOMENT, "zh") == field_date(MOMENT, "zh") == "2026年11月29日 20:15"
    assert spoken_date(MOMENT, "en") == "29 Nov 2026, 20:15 Beijing time"
    assert field_date(MOMENT, "en") == "2026-11-29 20:15"


def test_the_purpose_stands_in_a_sentence():
    assert in_sentence("Sign-up", "en") == "sign-up"
    assert in_sentence("VIP entry", "en") == "VIP entry"
    assert in_sentence("注册", "zh") == "注册"


@pytest.mark.parametrize("message", ["code", "reset_done"])
def test_an_english_card_is_english(message):
    fields = Templates().fields(f"message/{message}.toml")
    given = {"code": "439334", "reference": "EX", "site": "Moonhill Tea", "purpose": "Password reset", "locale": "en"}
    given |= {"expires_at": field_date(MOMENT, "en"), "now_at": field_date(MOMENT, "en")}
    for key, value in MessageFields.of(fields).filled(given).items():
        assert not re.search(r"[\u4e00-\u9fff]", value.replace("不是我", "")), (key, value)
        assert not value.endswith("…"), (key, value)
        assert check_field(key, value) is None


@pytest.mark.parametrize("name", [name for name in CHAT_MESSAGES if name != "code"])
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_no_other_text_holds_the_code(composer, name, locale):
    record = strangers_record(locale)
    text = composer._templates.chat(name, locale, composer.variables(record) | {"stopped": 0, "entered": 0})
    assert composer.code_of(record) not in text


@pytest.mark.parametrize("name", ["refused", "expired", "limited", "disowned", "welcome", "soon"])
def test_texts_about_nothing_in_particular_name_no_site_user_or_purpose(name):
    """One text, always: a refused scan must not tell whose QR code it was."""
    for locale in ("zh", "en"):
        source = (shipped_directory() / "chat" / locale / f"{name}.txt").read_text()
        assert set(re.findall(r"{{\s*(\w+)", source)) <= {"minutes", "account"}


def test_the_two_languages_use_the_same_variables():
    for name in CHAT_MESSAGES:
        zh, en = ((shipped_directory() / "chat" / locale / f"{name}.txt").read_text() for locale in ("zh", "en"))
        read = [meta.find_undeclared_variables(Environment().parse(text)) for text in (zh, en)]  # noqa: S701  no HTML
        assert read[0] == read[1], name


def test_every_text_is_there_in_both_languages():
    zh, en = ({path.stem for path in (shipped_directory() / "chat" / locale).iterdir()} for locale in ("zh", "en"))
    assert zh == en >= set(CHAT_MESSAGES)


def test_the_template_messages_fields_are_what_wechat_takes(composer):
    record = strangers_record("zh")
    fields = composer.fields("main", "code", record)
    assert fields["character_string1"] == composer.code_of(record)
    assert all(check_field(key, value) is None for key, value in fields.items())
    assert "RUDE" not in str(fields)


@pytest.mark.parametrize("source", [{"thing1": "{{ nobody }}"}, {"thing1": "{{ user }}"}, {"thing1": "{{ metadata }}"}])
def test_a_template_cannot_print_what_is_not_offered(source):
    field = Templates().fields(source)["thing1"]
    with pytest.raises(Exception, match="is undefined"):
        field.render({"code": "1"})


@pytest.mark.parametrize("source", [{"thing1": "{{"}, {"thing1": 5}, "message/none.toml"])
def test_a_broken_template_is_told_when_it_is_loaded(source):
    with pytest.raises(BadTemplate):
        Templates().fields(source)


def test_a_directory_overrides_single_texts_and_leaves_the_others(tmp_path):
    (tmp_path / "chat" / "zh").mkdir(parents=True)
    (tmp_path / "chat" / "zh" / "expired.txt").write_text("慢")
    templates = Templates(tmp_path)
    assert templates.chat("expired", "zh", {}) == "慢"
    assert templates.chat("expired", "en", {}) == Templates().chat("expired", "en", {})


def test_a_broken_override_names_its_file_and_line(tmp_path):
    (tmp_path / "chat" / "zh").mkdir(parents=True)
    (tmp_path / "chat" / "zh" / "expired.txt").write_text("\n\n{% if %}")
    with pytest.raises(BadTemplate, match=r"chat/zh/expired\.txt, line 3"):
        Templates(tmp_path)
