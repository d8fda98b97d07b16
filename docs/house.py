"""Draws docs/images/house.svg: the rooms of the code in their order, from the table that the architecture test holds.

`python -m docs.house` writes it; a test compares what is checked in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tests.rules.rooms import INDEPENDENT, ORDER

PICTURE: Final = Path(__file__).parent / "images" / "house.svg"
WIDTH, LEFT, STEP, HEIGHT = 420, 20, 64, 46
STYLE: Final = """
text { font: 12px system-ui, "Noto Sans CJK SC", sans-serif; fill: #55645c; text-anchor: middle }
.name { font-size: 14.5px; font-weight: 600; fill: #13201a } rect { fill: #eef3f0; stroke: #7f8f87 }
.apart rect { fill: #e6f4ed } path { fill: none; stroke: #7f8f87; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #9dafa5 } .name { fill: #e8f0ec } rect { fill: #151d19; stroke: #71837a } .apart rect { fill: #14301f }
}
"""
TASKS: Final = {
    "cli": ("命令", "commands"),
    "doctor": ("检查", "check"),
    "demo": ("示例商店", "demo shop"),
    "app": ("组装所有部件", "makes every part once"),
    "web": ("HTTP：接口、页面、回调", "HTTP: API, pages, callback"),
    "delivery": ("从发件箱到微信和事件通知", "outbox to WeChat and webhooks"),
    "service": ("用例", "use cases"),
    "messages": ("对用户说的话", "texts for people"),
    "sites": ("网站、公众号、密钥", "sites, accounts, keys"),
    "store": ("键、脚本、连接", "keys, scripts, connections"),
    "wechat": ("微信协议", "WeChat's protocol"),
    "runtime": ("日志、指标、进程", "log, metrics, processes"),
    "config": ("配置", "configuration"),
    "domain": ("纯规则，不读写外部", "pure rules, no I/O"),
    "client": ("Python 客户端", "Python client"),
    "sandbox": ("微信沙箱", "imitation of WeChat"),
}
"""What each room is for, in Chinese and in English."""


def draw() -> str:
    """The house as SVG.

    Raises:
        KeyError: a room has no description.
    """
    down = 16 + (len(ORDER) + 1) * STEP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {down}" role="img">',
        f"<title>代码的模块 · The rooms of the code</title><style>{STYLE}</style>",
    ]
    for level, rooms in enumerate(ORDER):
        lines += _row(sorted(rooms), 10 + level * STEP, "room")
        if level:
            y = 10 + level * STEP
            lines.append(f'<path d="M{WIDTH // 2} {y - STEP + HEIGHT}V{y - 2}m-4 -5l4 5l4 -5"/>')
    lines += _row(sorted(INDEPENDENT), 16 + len(ORDER) * STEP, "apart")
    return "\n".join([*lines, "</svg>\n"])


def _row(rooms: list[str], top: int, kind: str) -> list[str]:
    width = (WIDTH - 2 * LEFT - 10 * (len(rooms) - 1)) / len(rooms)
    lines = []
    for place, room in enumerate(rooms):
        left, (chinese, english) = LEFT + place * (width + 10), TASKS[room]
        middle = left + width / 2
        said = f"{chinese} · {english}" if len(rooms) == 1 else chinese
        lines.append(
            f'<g class="{kind}" data-room="{room}"><rect x="{left:.1f}" y="{top}" width="{width:.1f}" '
            f'height="{HEIGHT}" rx="8"/><text class="name" x="{middle:.1f}" y="{top + 19}">{room}</text>'
            f'<text x="{middle:.1f}" y="{top + 36}">{escape(said)}</text></g>'
        )
    return lines


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
