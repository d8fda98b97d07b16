"""Draws the pictures in docs/images that show how something moves, from the tables that the service itself obeys.

`python docs/diagrams.py` writes them; a test holds what is checked in to the tables. What stands here is only where a
box lies and what is said beside it: a state without a place, or a place without a state, ends with an error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from codesvc.domain.verification import DELIVERY_MOVES, VERIFICATION_MOVES

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 176, 58

STYLE = """
text { font-family: system-ui, "Noto Sans CJK SC", sans-serif; text-anchor: middle; fill: #1b1f24 }
.name { font-size: 15px; font-weight: 600 } .say { font-size: 11.5px; fill: #57606a }
rect { fill: #fff; stroke: #8c959f; stroke-width: 1.4 } .first rect { stroke: #0969da; stroke-width: 2.2 }
.end rect { fill: #f3f5f7 } .good rect { fill: #e6f6ea; stroke: #1a7f37 }
path { fill: none; stroke: #57606a; stroke-width: 1.5 } marker path { fill: #57606a; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .say { fill: #9da7b1 } rect { fill: #161b22; stroke: #6e7681 }
  .first rect { stroke: #4493f8 } .end rect { fill: #21262d } .good rect { fill: #12361f; stroke: #3fb950 }
  path { stroke: #9da7b1 } marker path { fill: #9da7b1 }
}
"""


@dataclass(frozen=True)
class Place:
    """Where a state's box lies (its middle), and what is said of it."""

    x: int
    y: int
    chinese: str
    english: str
    good: bool = False


VERIFICATION = {
    "pending": Place(120, 200, "等待输入验证码", "waiting for the code"),
    "approved": Place(480, 48, "验证码正确", "the right code", good=True),
    "expired": Place(480, 124, "超过有效期", "its time is over"),
    "exhausted": Place(480, 200, "错误次数用尽", "no attempts left"),
    "canceled": Place(480, 276, "网站或本人取消", "by the site or the person"),
    "superseded": Place(480, 352, "被较新的取代", "by a newer one"),
}
DELIVERY = {
    "queued": Place(112, 178, "在发件箱中", "in the outbox"),
    "unknown": Place(382, 54, "微信未答复", "WeChat did not answer"),
    "sent": Place(652, 178, "微信已接受", "WeChat accepted it"),
    "delivered": Place(652, 54, "回执：已送达", "receipt: arrived", good=True),
    "failed": Place(382, 310, "未能送达", "it will not arrive"),
    "awaiting_scan": Place(112, 442, "等待扫码", "a scan brings the code"),
    "scanned": Place(652, 442, "已扫码，正在回复", "the answer is on its way"),
}


def draw(moves: Mapping[str, frozenset[str]], places: Mapping[str, Place], title: str) -> str:
    """A state machine as SVG.

    Raises:
        ValueError: the table and the places name different states.
    """
    if {str(state) for state in moves} != places.keys():
        raise ValueError(f"{title}: the table has {sorted(map(str, moves))}, the picture {sorted(places)}")
    across = max(place.x for place in places.values()) + WIDTH // 2 + 24
    down = max(place.y for place in places.values()) + HEIGHT // 2 + 24
    first = next(iter(moves))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0.6 L8 4 L0 7.4 Z"/></marker></defs>',
    ]
    for source, targets in moves.items():
        for target in sorted(map(str, targets)):
            both = str(source) in map(str, moves[next(state for state in moves if str(state) == target)])
            path = _arrow(places[str(source)], places[target], bend=26 if both else 0)
            lines.append(f'<path data-from="{source}" data-to="{target}" marker-end="url(#tip)" d="{path}"/>')
    for state, targets in moves.items():
        place = places[str(state)]
        kind = "good" if place.good else "first" if state == first else "" if targets else "end"
        x, y = place.x - WIDTH // 2, place.y - HEIGHT // 2
        lines.append(
            f'<g class="{kind}"><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="9"/>'
            f'<text class="name" x="{place.x}" y="{place.y - 9}">{state}</text>'
            f'<text class="say" x="{place.x}" y="{place.y + 7}">{escape(place.chinese)}</text>'
            f'<text class="say" x="{place.x}" y="{place.y + 22}">{escape(place.english)}</text></g>'
        )
    return "\n".join([*lines, "</svg>\n"])


def _arrow(source: Place, target: Place, bend: int) -> str:
    """From the edge of one box to the edge of the other; bent to its left where another comes back."""
    away = math.hypot(target.x - source.x, target.y - source.y)
    across = (target.y - source.y) / away * bend, (source.x - target.x) / away * bend
    middle = (source.x + target.x) / 2 + 2 * across[0], (source.y + target.y) / 2 + 2 * across[1]
    begin, end = _edge(source, middle), _edge(target, middle)
    return f"M{begin[0]:.1f} {begin[1]:.1f} Q{middle[0]:.1f} {middle[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def _edge(place: Place, towards: tuple[float, float]) -> tuple[float, float]:
    """Where the line from a box's middle leaves the box."""
    dx, dy = towards[0] - place.x, towards[1] - place.y
    scale = min(
        (WIDTH / 2 + 3) / abs(dx) if dx else math.inf,
        (HEIGHT / 2 + 3) / abs(dy) if dy else math.inf,
    )
    return place.x + dx * scale, place.y + dy * scale


PICTURES = {
    "life-of-a-verification.svg": (VERIFICATION_MOVES, VERIFICATION, "验证的生命周期 · Life of a verification"),
    "life-of-a-delivery.svg": (DELIVERY_MOVES, DELIVERY, "投递的生命周期 · Life of a delivery"),
}
"""Every picture: the table, the places, the title."""


def main() -> None:
    """Write them all."""
    for name, picture in PICTURES.items():
        (IMAGES / name).write_text(draw(*picture), encoding="utf-8")


if __name__ == "__main__":
    main()
