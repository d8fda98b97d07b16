"""Code that a phone can show: what a wrapped line goes on under, and what is not torn in two."""

from __future__ import annotations

import re
from typing import Any, Final

_BLOCK: Final = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_LINE: Final = re.compile(r'(<span id="__span-[\d-]+")>((?:<span class="w">)?)( +)')
_OPTION: Final = re.compile(r"(?<=[\s>])(--?[A-Za-z][\w-]{0,24}|--)(?=[\s<=])")
DEEPEST: Final = 12
"""Characters; a line that begins further right goes on there all the same, or nothing would be left of the width."""


def on_page_content(html: str, **_: Any) -> str:
    """Say how deep each line of code begins, and keep options such as `--config` whole: both are for the style."""
    return _BLOCK.sub(lambda found: _OPTION.sub(r'<span class="option">\1</span>', _deep(found[0])), html)


def _deep(block: str) -> str:
    return _LINE.sub(lambda line: f'{line[1]} style="--deep:{min(len(line[3]), DEEPEST)}">{line[2]}{line[3]}', block)
