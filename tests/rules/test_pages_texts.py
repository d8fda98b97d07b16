"""Every catalogue says everything with the same values, and nothing that is never asked for."""

from __future__ import annotations

import pytest
from babel import Locale, localedata

from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.messages.templates import BadTemplate, Templates, shipped_directory
from codesvc.web.inbound.adapter import Reason
from codesvc.web.pages.widget_files import words
from codesvc.web.problem_types import PROBLEMS
from codesvc.web.texts import SOURCE, Texts
from codesvc.web.texts.catalogue import counted_by, forms_of, place_of, read, texts_in, values_in
from codesvc.web.texts.speech import direction_of
from tests.languages.collect import SHOP, asked_for, asked_for_by_the_shop, template

DIRECTORY = shipped_directory() / "texts"
LANGUAGES = sorted(path.stem for path in DIRECTORY.glob("*.po"))


def catalogue(language):
    return {
        place_of(message): message
        for message in texts_in(read((DIRECTORY / f"{language}.po").read_text(), language, language))
    }


@pytest.fixture(scope="module")
def texts():
    return Texts(Templates())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_every_catalogue_and_no_value_differs(language):
    source, translated = catalogue(SOURCE), catalogue(language)
    assert translated.keys() == source.keys()
    for place, message in translated.items():
        assert all(forms_of(message)), f"{place} is not translated"
        assert not message.fuzzy, f"{place} is only guessed"
        assert counted_by(message) == counted_by(source[place])
        wanted = set().union(*map(values_in, forms_of(source[place])))
        assert {frozenset(values_in(form) - {"account", "site"}) for form in forms_of(message)} == {
            frozenset(wanted - {"account", "site"})
        }, place


def test_every_language_is_written_in_its_direction(monkeypatch):
    monkeypatch.setattr(localedata, "_cache", {})  # what is read of so many languages goes with the test
    written = {}
    for name in localedata.locale_identifiers():
        locale = Locale.parse(name)
        if not locale.territory:
            written[name] = (direction_of(locale), "rtl" if locale.character_order == "right-to-left" else "ltr")
    assert len(written) > 300
    assert {name: both for name, both in written.items() if both[0] != both[1]} == {}


def test_the_template_for_translators_is_up_to_date():
    assert (DIRECTORY / "pages.pot").read_bytes() == template(), "run `make texts`"


def test_every_text_that_the_code_asks_for_by_name_is_there():
    places = catalogue(SOURCE).keys()
    assert {key for key in asked_for() if ("", key) not in places and ("widget", key) not in places} == set()


def test_no_text_is_there_that_nothing_asks_for():
    stages = {*DeliveryStatus, *Status, "auto", "test", "replied", "fallback", "failed.no-binding"}
    heads = {"code.label", "scan.caption", "scan.offer", "scan.again", "wait", "missing", "busy", "trouble", "refused"}
    families = stages | heads | {"bi", "lg", "ask", "tk", "msg", "oidc"} | {f"problem.{name}" for name in PROBLEMS}
    families |= {f"relay.{reason}" for reason in Reason}
    known = {*asked_for(), "problem.offline"}
    idle = {
        key
        for _, key in catalogue(SOURCE)
        if key not in known and not any(key == family or key.startswith(f"{family}.") for family in families)
    }
    assert idle == set()


@pytest.mark.parametrize("path", sorted((SHOP / "texts").glob("*.po")), ids=lambda path: path.stem)
def test_the_shop_says_everything_and_nothing_else(path):
    said = {message.id: message for message in texts_in(read(path.read_text(), path.stem, path.name))}
    assert said.keys() == set(asked_for_by_the_shop()), "run `make texts`"
    assert [key for key, message in said.items() if message.fuzzy or not message.string] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_its_words(texts, language):
    stages = {*DeliveryStatus, *Status, "auto", "test", "replied", "fallback", "failed.no-binding"} - {"pending"}
    for stage in stages:
        for part in ("title", "hint"):
            assert texts.speech(language)(f"{stage}.{part}", account="号", site="站")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_an_identity_system_has_its_words(texts, language):
    assert len({texts.speech(language)(f"relay.{reason}", seconds=7) for reason in Reason}) == len(Reason)


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("zh", 0, "1 秒"),
        ("zh", 59, "59 秒"),
        ("zh", 121, "3 分钟"),
        ("zh", 3600, "60 分钟"),
        ("zh", 7201, "3 小时"),
        ("en", 1, "1 second"),
        ("en", 59, "59 seconds"),
        ("en", 7201, "3 hours"),
    ],
)
def test_waits_are_said_as_people_do(texts, language, seconds, said):
    assert texts.speech(language).wait(seconds) == said


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("de", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-Hant-HK", "zh"),
        ("fr,de;q=0.9,en;q=0.5,zh;q=0.4", "en"),
        ("zh;q=0.2, en;q=0.3", "en"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("en;q=no", "zh"),
        ("../../en, \x00;q=1, " + "a-" * 300, "zh"),
    ],
)
def test_the_browsers_language_is_chosen(texts, header, language):
    assert texts.chosen(header) == language


RUSSIAN = """\
msgid ""
msgstr "Language: ru\\n"
"Plural-Forms: nplurals=3; plural="
"(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "sent.title"
msgstr "Код отправлен"

#, fuzzy
msgid "sent.hint"
msgstr "?"

msgid "wait.minutes"
msgid_plural "{count}"
msgstr[0] "{count} минуту"
msgstr[1] "{count} минуты"
msgstr[2] "{count} минут"
"""


@pytest.fixture
def override(tmp_path):
    def write(name, text):
        (tmp_path / "texts").mkdir(exist_ok=True)
        (tmp_path / "texts" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Texts(Templates(tmp_path))

    return write


def test_a_directory_adds_a_language_with_forms_of_its_own(override):
    texts = override("ru.po", RUSSIAN)
    speech = texts.speech(texts.chosen("ru-RU,ru;q=0.9,en;q=0.8"))
    assert [speech("wait.minutes", count=count) for count in (1, 3, 5, 21)] == [
        "1 минуту", "3 минуты", "5 минут", "21 минуту",
    ]  # fmt: skip
    assert speech("sent.title") == "Код отправлен"
    assert speech("sent.hint", account="号") == texts.speech("en")("sent.hint", account="号")
    assert words(speech)["wait.minutes"] == {
        "by": "count", "one": "{count} минуту", "few": "{count} минуты", "many": "{count} минут",
    }  # fmt: skip


def test_a_directory_changes_single_texts_and_leaves_the_others(override):
    texts = override("zh.po", 'msgid "sent.title"\nmsgstr "已发出"\n')
    assert texts.speech("zh")("sent.title") == "已发出"
    assert texts.speech("zh")("delivered.title") == Texts(Templates()).speech("zh")("delivered.title")


def test_arabic_runs_from_right_to_left(override):
    speech = override("ar.po", 'msgid "sent.title"\nmsgstr "تم"\n').speech("ar")
    assert speech.direction == words(speech)["dir"] == "rtl"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('msgid "sent.title"\nmsgstr "Sent"\n\nmsgid no.quotes\n', "line 4: not a line of a gettext catalogue"),
        ('\nmsgid "sent.titel"\nmsgstr "Sent"\n', "line 2: there is no text 'sent.titel'"),
        ('msgid "sent.hint"\nmsgstr "{acount}"\n', "line 1: nothing gives {acount} here"),
        ('msgid "sent.hint"\nmsgstr "{account"\n', "line 1: a brace without its other half"),
        ('msgid "sent.hint"\nmsgstr "{account.__class__}"\n', "line 1: a brace without its other half"),
        ('msgid "wait.hours"\nmsgstr "hours"\n', "line 1: 'wait.hours' has msgid_plural \"{count}\""),
        ('msgid "sent.title"\nmsgid_plural "{n}"\nmsgstr[0] "a"\n', "line 1: 'sent.title' has no plural"),
        (b'msgid "sent.title"\nmsgstr "\xff"\n', "line 2: not UTF-8"),
        (
            'msgid "wait.hours"\nmsgid_plural "{count}"\nmsgstr[0] "h"\nmsgstr[5] "h"\n',
            "line 1: msg has more translations",
        ),
        ('msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n n;\\n"\n', "plural form"),
    ],
)
def test_a_slip_is_told_at_the_start_with_file_and_line(override, text, says):
    with pytest.raises(BadTemplate) as caught:
        override("fr.po", text)
    assert str(caught.value).startswith("template texts/fr.po")
    assert says in str(caught.value)


def test_a_language_that_nobody_knows_is_told(override):
    with pytest.raises(BadTemplate, match=r"texts/xx\.po"):
        override("xx.po", 'msgid "sent.title"\nmsgstr "Sent"\n')
