"""Plots as SVG: bars and curves, drawn so that they can be read on a light and on a dark page."""

from __future__ import annotations

import math

_WIDTH, _BAR, _LEFT = 720, 26, 250
_STYLE = (
    "<style>text{font:13px sans-serif;fill:#24292f}.muted{fill:#57606a}.bar{fill:#2f6f4f}.floor{fill:#8c959f}"
    ".line{fill:none;stroke:#2f6f4f;stroke-width:2}.other{stroke:#9a6700}.dot{fill:#2f6f4f}.axis{stroke:#8c959f}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.muted{fill:#9198a1}.bar,.dot{fill:#6fbf95}"
    ".line{stroke:#6fbf95}.other{stroke:#d4a72c}}</style>"
)


def _text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    plain = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">{plain}</text>'


def _picture(height: int, title: str, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">'
    return "\n".join([head, _STYLE, _text(0, 16, title), *parts, "</svg>", ""])


def bars(title: str, values: dict[str, tuple[float, str]], *, floors: int) -> str:
    """One bar for each name; the first `floors` are grey."""
    most = max(value for value, _ in values.values())
    parts = []
    for row, (name, (value, told)) in enumerate(values.items()):
        y, width = 32 + row * (_BAR + 8), value / most * (_WIDTH - _LEFT - 110)
        kind = "floor" if row < floors else "bar"
        parts += [
            _text(_LEFT - 10, y + 17, name, anchor="end"),
            f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}" rx="3" class="{kind}"/>',
            _text(_LEFT + width + 8, y + 17, told, kind="muted"),
        ]
    return _picture(40 + len(values) * (_BAR + 8), title, parts)


def curves(title: str, across: list[float], lines: dict[str, list[float]], *, unit: str) -> str:
    """Values over a logarithmic axis."""
    low, high, most = math.log10(across[0]), math.log10(across[-1]), max(max(line) for line in lines.values()) * 1.15
    left, top, wide, tall = 60, 40, _WIDTH - 250, 220

    def at(x: float, y: float) -> tuple[float, float]:
        part = (math.log10(x) - low) / ((high - low) or 1)
        return left + part * wide, top + tall - y / most * tall

    parts = [f'<line x1="{left}" y1="{top + tall}" x2="{left + wide}" y2="{top + tall}" class="axis"/>']
    parts += [_text(at(x, 0)[0], top + tall + 20, f"{x:,.0f}", anchor="middle", kind="muted") for x in across]
    parts += [_text(left - 8, at(across[0], y)[1], f"{y:.0f}", anchor="end", kind="muted") for y in (0, most / 2, most)]
    label = math.inf
    by_height = sorted(enumerate(lines.items()), key=lambda one: one[1][1][-1])
    for number, (name, line) in by_height:
        points = [at(x, y) for x, y in zip(across, line, strict=True)]
        kind, dash = "line" if number < len(lines) / 2 else "line other", "6 4" if number % 2 else "none"
        drawn = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline class="{kind}" stroke-dasharray="{dash}" points="{drawn}"/>')
        # From the lowest line up, no label closer to the last than a line of text.
        label = min(points[-1][1] + 4, label - 17)
        parts.append(_text(points[-1][0] + 10, label, f"{name}, {unit}"))
    return _picture(top + tall + 40, title, parts)
