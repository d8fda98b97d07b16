"""The modules of the sandbox's page: no markup out of data, no third party, the same words in both languages."""

import re
from importlib.resources import files


def test_no_module_makes_markup_of_data_or_asks_a_third_party():
    static = files("codesvc.sandbox") / "static"
    for path in [*(static / "js").iterdir(), *(static / "css").iterdir()]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            path
        )
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", text), path
        assert len(text.splitlines()) < 300, path


def test_both_languages_have_the_same_words():
    static = files("codesvc.sandbox") / "static" / "js"
    words = [
        re.findall(r"^  (\w+):", (static / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("texts-zh.js", "texts-en.js")
    ]
    assert words[0] == words[1]
    assert len(set(words[0])) == len(words[0])
