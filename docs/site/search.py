"""What readers find in the search of the site.

The theme's search knows the words of a page only. Readers ask in words of their own ("重发", "换手机", "resend"), so
`search_words.toml` names such words for sections, and they count like a title without being shown. The theme's worker
splits a run of Han characters by the words that it has indexed, and gives up on the whole run at the first character
that it has never seen: so every common character is indexed once, on the glossary. Samples of code hold many words that
answer nothing ("user", "client_ip"), so they are a field of their own, which counts little.
"""

from __future__ import annotations

import json
import re
import tomllib
from html import unescape
from pathlib import Path
from typing import Any, Final

from mkdocs.exceptions import PluginError

WORDS: Final = Path(__file__).with_name("search_words.toml")
RANKING: Final = Path(__file__).with_name("ranking.js")
FAINT: Final = {
    "problems/#by-status": 1,
    **dict.fromkeys(("decisions/", "contributing/", "glossary/"), 0.02),
    **dict.fromkeys(("log-events/", "metrics/", "events/", "template-variables/", "claims/"), 0.1),
    **dict.fromkeys(("configuration/", "cli/", "sandbox/", "problems/"), 0.3),
}
"""Pages that answer few questions and hold many words, and a section of theirs that answers: weights in the search."""
_TAG: Final = re.compile(r"<[^>]+>")
_SAMPLE: Final = re.compile(r"<pre>.*?</pre>", re.DOTALL)
OF_ONE_SYSTEM: Final = re.compile(r"(?:relay|openid)/[\w-]+/")
"""Pages for one other system, which are mostly its configuration: who wants one names the system."""


def on_post_build(config: Any, **_: Any) -> None:
    """Put the readers' words and the weights into the theme's index, and the ranking into its worker.

    Raises:
        PluginError: `search_words.toml` names a section that the site does not have.
    """
    path = Path(config["site_dir"]) / "search" / "search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))[Path(config["docs_dir"]).name]
    for entry in index["docs"]:
        location = entry["location"]
        weight = 0.3 if OF_ONE_SYSTEM.match(location) else 1
        entry["boost"] = next((faint for start, faint in FAINT.items() if location.startswith(start)), weight)
        if samples := _SAMPLE.findall(entry["text"]):
            entry["code"] = unescape(_TAG.sub(" ", " ".join(samples)))
            entry["text"] = _SAMPLE.sub("", entry["text"])
        if location in words:
            entry["words"] = words.pop(location)
        elif location == "glossary/":
            entry["words"] = " ".join(_characters())
    if words:
        raise PluginError(f"{WORDS.name}: no such section: {', '.join(words)}")
    for worker in Path(config["site_dir"]).glob("assets/javascripts/workers/search.*.min.js"):
        theirs = worker.read_text(encoding="utf-8")
        worker.write_text(f"{RANKING.read_text(encoding='utf-8')}\n{theirs}", encoding="utf-8")
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _characters() -> str:
    """The 3,755 Chinese characters in common use: the first level of GB 2312."""
    cells = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return b"".join(cells).decode("gb2312", "ignore")
