"""Tables that a phone can show: each cell knows its column, so that the style can put rows below one another."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any, Final

_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD: Final = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
_CELL: Final = re.compile(r"<td([^>]*)>(.*?)</td>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
# Nobody sees these; the search shows a table as running text, with them between its cells and rows.
_BETWEEN: Final = "<span hidden> · </span>"
_AFTER: Final = "<span hidden>; </span>"
_ROLES: Final = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row"}


def on_page_content(html: str, **_: Any) -> str:
    """Give each cell the name of its column, and each part its role: the style takes both from it on a phone."""
    return _TABLE.sub(lambda found: _labelled(found[0]), html)


def _labelled(table: str) -> str:
    names = [unescape(_TAG.sub("", name)).strip() for name in _HEAD.findall(table)]
    table = _ROW.sub(lambda row: _row(row[0], names), table)
    for tag, role in _ROLES.items():
        table = table.replace(f"<{tag}>", f'<{tag} role="{role}">')
    return table.replace("<th>", '<th role="columnheader">')


def _row(row: str, names: list[str]) -> str:
    left = iter(names)
    row = _CELL.sub(lambda cell: _cell(cell[1], cell[2], next(left, "")), row)
    for end in ("</div></td>", "</th>"):
        before, last, after = row.rpartition(end)
        row = before.replace(end, f"{_BETWEEN}{end}") + (_AFTER if last else "") + last + after
    return row


def _cell(attributes: str, content: str, name: str) -> str:
    empty = "" if content.strip() else ' class="empty"'
    return f'<td role="cell" data-label="{escape(name)}"{empty}{attributes}><div>{content}</div></td>'
