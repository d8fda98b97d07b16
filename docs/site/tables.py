"""Tables that a phone can show: each cell knows its column, so that the style can put rows below one another."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from pathlib import Path
from typing import Any, Final

_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_CELL: Final = re.compile(r"<td([^>]*)>(.*?)</td>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_WORD: Final = re.compile(r"[!-\u2e7f]+")
"""What is not broken: a line may begin at each Chinese character."""
# Nobody sees these; the search shows a table as running text, with them between its cells and rows.
_BETWEEN: Final = "<span hidden> · </span>"
_HIDDEN: Final = re.compile(r"<span hidden>.*?</span>")
_ROW_END: Final = "\u2063"
_AFTER: Final = f"<span hidden>;{_ROW_END} </span>"
_PART: Final = r"</?(?:p|ul|ol|li|pre|blockquote|div|h\d)\b[^>]*>"
_INDEXED_ROW: Final = re.compile(rf"{_PART}|((?:(?!{_PART})[^{_ROW_END}])+);{_ROW_END}")
"""A row, or a tag before which none can have begun."""
_MANY_COLUMNS: Final = 3
"""A table of two columns is no wider as rows below one another, and easier to read."""
_WIDEST_CELLS: Final = 92
_LONGEST_WORDS: Final = 42
"""In all columns together, in Latin characters, of a table that stays one on a phone."""
_NARROWEST: Final = 4
"""A column is no narrower, in Latin characters, whatever it holds."""
_WHOLE: Final = 10
"""A cell of so few Latin characters is not broken: a column of one Chinese character below another reads badly."""
_ERRCODES: Final = re.compile(r"\d{5}(?:(?:、|, )\d{5})*")
"""The first cell of a row about errcodes of WeChat: the search leads to each of them."""
_ROLES: Final = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row"}


def on_page_content(html: str, **_: Any) -> str:
    """Give each cell the name of its column, and each part its role: the style takes both from it on a phone."""
    return _TABLE.sub(lambda found: _labelled(found[0]), html)


def on_post_build(config: Any, **_: Any) -> None:
    """Make each row a paragraph in the index of the search: an excerpt is a paragraph, and began within a row."""
    path = Path(config["site_dir"]) / "search" / "search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    for entry in index["docs"]:
        entry["text"] = _INDEXED_ROW.sub(
            lambda found: f"<p>{found[1].strip()}</p>" if found[1] else found[0], entry["text"]
        )
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _labelled(table: str) -> str:
    names = [_shown(name) for name in _HEAD.findall(table)]
    short = " data-short" if len(names) >= _MANY_COLUMNS and _is_short(table) else ""
    table = _ROW.sub(lambda row: _row(row[0], names), table)
    for tag, role in _ROLES.items():
        table = table.replace(f"<{tag}>", f'<{tag} role="{role}">')
    table = _HEAD.sub(lambda head: f'<th role="columnheader"{_whole(head[1])}>{head[1]}</th>', table)
    return table.replace("<table ", f"<table{short} ", 1)


def _is_short(table: str) -> bool:
    """Whether a phone can show a table of three or more columns as it is, with a few words in each cell."""
    cells = [
        [_shown(cell) for _, cell in _CELL.findall(row) or [("", c) for c in _HEAD.findall(row)]]
        for row in _ROW.findall(table)
    ]
    columns = list(zip(*cells, strict=False))
    words = sum(max([_NARROWEST, *(_width(word) for cell in column for word in _unbroken(cell))]) for column in columns)
    return sum(max(map(_width, column)) for column in columns) <= _WIDEST_CELLS and words <= _LONGEST_WORDS


def _unbroken(cell: str) -> list[str]:
    return [cell] if _width(cell) <= _WHOLE else _WORD.findall(cell)


def _shown(cell: str) -> str:
    """What a reader sees of a cell."""
    return unescape(_TAG.sub("", _HIDDEN.sub("", cell))).strip()


def _width(text: str) -> int:
    """In Latin characters: a Chinese one is twice as wide."""
    return sum(2 if each > "\u2e7f" else 1 for each in text)


def _row(row: str, names: list[str]) -> str:
    left = iter(names)
    row = _CELL.sub(lambda cell: _cell(cell[1], cell[2], next(left, "")), row)
    for end in ("</div></td>", "</th>"):
        before, last, after = row.rpartition(end)
        row = before.replace(end, f"{_BETWEEN}{end}") + (_AFTER if last else "") + last + after
    return row


def _cell(attributes: str, content: str, name: str) -> str:
    if _ERRCODES.fullmatch(content.strip()):
        content = re.sub(r"\d{5}", r'<span id="\g<0>">\g<0></span>', content)
    kind = _whole(content) if content.strip() else ' class="empty"'
    return f'<td role="cell" data-label="{escape(name)}"{kind}{attributes}><div>{content}</div></td>'


def _whole(cell: str) -> str:
    return ' class="whole"' if 0 < _width(_shown(cell)) <= _WHOLE else ""
