"""Every text of the reference at /docs has its Chinese one. A text without is shown in English."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from codesvc.web.contract import describe
from codesvc.web.pages.contract_page import _sections

ROOT = Path(__file__).parents[2]
CHINESE = ROOT / "codesvc" / "web" / "contract" / "chinese.toml"


@pytest.fixture(scope="module")
def contract():
    return describe("https://code.example.com")


def test_every_text_is_in_chinese_too(contract):
    """If this is red: add the text to codesvc/web/contract/chinese.toml."""
    known = tomllib.loads(CHINESE.read_text(encoding="utf-8"))
    template = (ROOT / "templates" / "pages" / "reference.html").read_text(encoding="utf-8")
    texts = set(re.findall(r'say\("([^"]+)"\)', template))
    for section in _sections(contract, "en"):
        texts |= {section.title, section.about}
        if section.name not in {"shapes", "problems"}:
            texts |= {entry.title for entry in section.entries}
        for *_, call in section.calls:
            texts |= {call["summary"], call.get("description", "")}
            texts |= {each["description"] for each in call.get("parameters", ())}
            texts |= {answer["description"] for status, answer in call["responses"].items() if status < "4"}
    for name, shape in contract["components"]["schemas"].items():
        if not name.endswith("Problem"):
            texts.add(shape["description"])
            for member in shape.get("properties", {}).values():
                texts.add(member.get("description") or (member.get("anyOf") or [{}])[0].get("description") or "")
    assert sorted(texts - known.keys() - {""}) == []
