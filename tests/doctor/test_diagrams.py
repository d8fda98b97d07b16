"""The pictures of the documentation show the tables that the service obeys, as they are now."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from codesvc.domain.verification import DELIVERY_MOVES, VERIFICATION_MOVES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def diagrams():
    spec = importlib.util.spec_from_file_location("diagrams", DOCS / "diagrams.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["diagrams"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["diagrams"]


@pytest.mark.parametrize(
    ("name", "moves"),
    [("life-of-a-verification.svg", VERIFICATION_MOVES), ("life-of-a-delivery.svg", DELIVERY_MOVES)],
)
def test_a_picture_shows_its_table(diagrams, name, moves):
    checked_in = (DOCS / "images" / name).read_text(encoding="utf-8")
    arrows = set(re.findall(r'data-from="(\w+)" data-to="(\w+)"', checked_in))
    assert arrows == {(source.value, target.value) for source, targets in moves.items() for target in targets}
    assert checked_in == diagrams.draw(*diagrams.PICTURES[name]), "python docs/diagrams.py"
    assert "http" not in checked_in.replace("http://www.w3.org/2000/svg", "")


def test_a_new_state_needs_a_place(diagrams):
    with pytest.raises(ValueError, match="the table has"):
        diagrams.draw({"pending": frozenset()}, diagrams.VERIFICATION, "x")


def test_the_house_is_that_of_the_architecture():
    from docs import house

    assert house.PICTURE.read_text(encoding="utf-8") == house.draw(), "python -m docs.house"


def test_the_sketches_of_the_console_are_drawn_and_shown():
    from docs import sketches

    pages = [(DOCS / language / "wechat-setup.md").read_text(encoding="utf-8") for language in ("zh", "en")]
    for name, sketch in sketches.SKETCHES.items():
        picture = (DOCS / "images" / f"{name}.svg").read_text(encoding="utf-8")
        assert picture == sketches.draw(sketch), "python docs/sketches.py"
        assert "http" not in picture.replace("http://www.w3.org/2000/svg", "").replace("https://code.example.com", "")
        assert all(f"images/{name}.svg" in page for page in pages)
