"""A scan and a keyword do the same. So no text speaks of a scan alone where a keyword may have been sent, or may be."""

import re
from pathlib import Path

import pytest

from codesvc.messages.templates import shipped_directory
from codesvc.web import admin
from codesvc.web.texts.catalogue import forms_of, place_of, read, texts_in

SCAN, KEYWORD = re.compile("扫|二维码|[Ss]can|QR"), re.compile("口令|[Kk]eyword")
ANSWERS = sorted(path for room in ("chat", "people") for path in (shipped_directory() / room).glob("*/*.txt"))
OF_A_CASE = re.compile(r"(event|why|do)\.(?!shown$)|step\.scanned")
AFTERWARDS = re.compile(r"(scanned|ask\.other|ask\.scanned|msg\.stopped)\.")


def hold_for_both(texts):
    wrong = [text for text in texts if SCAN.search(text) and not KEYWORD.search(text)]
    assert wrong == []


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_answer_in_the_chat(path):
    hold_for_both([path.read_text(encoding="utf-8")])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("directory", "which"),
    [(Path(admin.__file__).parent / "texts", OF_A_CASE), (shipped_directory() / "texts", AFTERWARDS)],
    ids=["the operators' page of a case", "the page of who has scanned or sent it"],
)
def test_what_is_said_of_it(directory, which, language):
    source = (directory / f"{language}.po").read_text(encoding="utf-8")
    messages = [each for each in texts_in(read(source, language, language)) if which.match(place_of(each)[1])]
    assert messages
    hold_for_both(text for each in messages for text in forms_of(each))
