"""A directory of the configuration overrides templates file by file; a bad one is told at the start, with its line."""

import pytest
from jinja2 import DictLoader, Environment

from codesvc.messages.compiled_templates import CompiledTemplates
from codesvc.messages.templates import CHAT_MESSAGES, PEOPLE_MESSAGES, BadTemplate, Templates


@pytest.fixture
def override(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_every_shipped_one_loads():
    """Where nothing is overridden the service leaves that to us."""
    templates = Templates()
    templates.try_all()
    assert {kind for _, kind in templates._chat} == {*CHAT_MESSAGES, *PEOPLE_MESSAGES}


def test_one_file_stands_in_for_one(override):
    templates = Templates(override("chat/zh/refused.txt", "不行"))
    assert templates.chat("refused", "zh", {}) == "不行"
    assert templates.chat("refused", "en", {}) == Templates().chat("refused", "en", {})


@pytest.mark.parametrize("name", ["pages/verification.html", "chat/en/code.txt", "people/zh/bound.txt"])
def test_a_broken_one_is_told_with_file_and_line(override, name):
    with pytest.raises(BadTemplate, match=rf"{name}, line 3"):
        Templates(override(name, "one\ntwo\n{% if %}\n"))


def test_a_field_that_names_what_is_not_there_is_told(tmp_path):
    from codesvc.config import parse
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.signed_links import Links
    from codesvc.messages.composer import BadMessage, Composer
    from codesvc.sites.registry.reading import configured_directory
    from tests.world import MASTER, document

    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    tables["accounts"]["main"]["messages"]["code"]["fields"] = {"thing1": "{{ colour }}", "number2": "{{ site }}"}
    settings = parse(tables, env={}, directory=tmp_path)
    ring = Keyring(MASTER.encode())
    with pytest.raises(BadMessage) as caught:
        Composer(Templates(), ring, configured_directory(settings), Links("http://127.0.0.1:1", ring))
    assert "'colour' is undefined" in str(caught.value)
    assert "number2: at most 32 digits" in str(caught.value)


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize(("name", "variable"), [("code", "code"), ("code_behind_link", "link")])
def test_a_chat_text_that_hides_the_code_is_refused(override, locale, name, variable):
    directory = override(f"chat/{locale}/{name}.txt", "{{ site }} {{ reference }}")
    with pytest.raises(BadTemplate, match=rf"chat/{locale}/{name}.txt: does not print .. {variable} .., so that"):
        Templates(directory)
    Templates(override(f"chat/{locale}/{name}.txt", f"{{{{ {variable} }}}}"))


def test_a_chat_text_may_print_the_code_by_another_file(override):
    override("chat/zh/code.txt", "{% include 'chat/zh/digits.txt' %}")
    with pytest.raises(BadTemplate, match="there is no text of this name"):
        Templates(override("chat/zh/digits.txt", "{{ code }}"))
    (override("chat/zh/digits.txt", "") / "chat/zh/digits.txt").unlink()
    Templates(override("chat/zh/code.txt", "{% include 'chat/en/code.txt' %}"))


def test_a_shipped_page_is_compiled_once_in_a_process():
    one, two = (Templates()._load("pages/verification.html") for _ in range(2))
    assert one is not two
    assert one.root_render_func.__code__ is two.root_render_func.__code__


def test_what_was_compiled_is_given_for_its_own_source_alone():
    compiled = CompiledTemplates()
    pages = [
        Environment(loader=DictLoader({"page": text}), autoescape=True, bytecode_cache=compiled)
        for text in ("old", "new", "old")
    ]
    assert [page.get_template("page").render() for page in pages] == ["old", "new", "old"]
