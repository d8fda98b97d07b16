"""Draws the sketches of WeChat's console in docs/images: where each step of docs/zh/wechat-setup.md is done.

They are drawings of our own, not screenshots: fields and buttons as boxes, with the console's own words. A number
stands where the page explains something. `python docs/sketches.py` writes them; a test compares what is checked in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

IMAGES: Final = Path(__file__).parent / "images"
WIDTH, ROW, TOP = 420, 70, 88
STYLE: Final = """
text { font: 14px system-ui, "Noto Sans CJK SC", sans-serif; fill: #13201a } .soft { fill: #55645c; font-size: 12.5px }
.head { font-size: 16px; font-weight: 600 } .act { fill: #fff; font-weight: 600 }
.no { fill: #fff; font-weight: 700; text-anchor: middle } .page { fill: #fff } .menu { fill: #eef3f0 }
.box { fill: #fff; stroke: #7f8f87 } .button, .dot { fill: #07744f } .line { stroke: #e1e8e4 }
@media (prefers-color-scheme: dark) {
  text { fill: #e8f0ec } .soft { fill: #9dafa5 } .act, .no { fill: #04211a } .page { fill: #151d19 }
  .menu { fill: #0c1210 } .box { fill: #0c1210; stroke: #71837a } .button, .dot { fill: #3ecf94 }
  .line { stroke: #27332d }
}
"""


@dataclass(frozen=True)
class Row:
    """One line of the console: a label, what is entered or chosen there, and the number of its explanation.

    Attributes:
        label: the console's word.
        value: what stands in the field; a button if `button`.
        number: as in the text of the page; 0 for none.
        button: whether it is a button.
    """

    label: str
    value: str
    number: int = 0
    button: bool = False


@dataclass(frozen=True)
class Sketch:
    """One page of the console.

    Attributes:
        title: what it is a picture of, for who cannot see it.
        menu: the way through the console's menu.
        head: the page's headline.
        rows: its lines.
    """

    title: str
    menu: tuple[str, ...]
    head: str
    rows: tuple[Row, ...]


SKETCHES: Final = {
    "console-account": Sketch(
        "注册：选择服务号 · Registering: choose a service account",
        ("mp.weixin.qq.com", "立即注册"),
        "选择账号类型",
        (
            Row("服务号", "给企业和组织", 1),
            Row("订阅号", "只能回复消息"),
            Row("微信认证", "申请认证", 2, button=True),
        ),
    ),
    "console-template": Sketch(
        "添加模板 · Adding a template",
        ("广告与服务", "模板消息"),
        "模板消息 › 模板库",
        (
            Row("服务类目", "最多 5 个", 1),
            Row("搜索模板", "验证码", 2),
            Row("我的模板", "模板 ID：43 个字符", 3),
            Row("模板内容", "验证码：{{character_string1.DATA}}", 4),
        ),
    ),
    "console-credentials": Sketch(
        "AppID、AppSecret 和 IP 白名单 · Credentials and IP whitelist",
        ("设置与开发", "开发接口管理"),
        "基本配置 › 公众号开发信息",
        (
            Row("开发者ID(AppID)", "wx0123456789abcdef", 1),
            Row("开发者密码", "重置", 2, button=True),
            Row("IP白名单", "203.0.113.10", 3),
        ),
    ),
    "console-callback": Sketch(
        "服务器配置 · Callback",
        ("设置与开发", "开发接口管理"),
        "基本配置 › 服务器配置",
        (
            Row("服务器地址(URL)", "https://code.example.com/wechat/main", 1),
            Row("令牌(Token)", "3 至 32 个字母和数字", 2),
            Row("消息加解密密钥", "43 个字母和数字", 3),
            Row("消息加解密方式", "● 安全模式   ○ 兼容   ○ 明文", 4),
            Row("", "提交", 5, button=True),
        ),
    ),
    "console-authorisation": Sketch(
        "网页授权域名 · Domain for web authorisation",
        ("设置与开发", "账号设置"),
        "功能设置",
        (
            Row("网页授权域名", "code.example.com", 1),
            Row("校验文件", "下载 MP_verify_….txt", 2),
            Row("", "保存", 3, button=True),
        ),
    ),
}
"""Every sketch by the name of its file."""


def draw(sketch: Sketch) -> str:
    """One sketch as SVG."""
    down = TOP + len(sketch.rows) * ROW + 6
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {down}" role="img">',
        f"<title>{escape(sketch.title)}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{down}" rx="10"/>',
        f'<path class="menu" d="M0 38V10A10 10 0 0 1 10 0H{WIDTH - 10}A10 10 0 0 1 {WIDTH} 10V38Z"/>',
        f'<text class="soft" x="20" y="24">{escape(" › ".join(sketch.menu))}</text>',
        f'<text class="head" x="20" y="66">{escape(sketch.head)}</text>',
        f'<line class="line" x1="20" y1="78" x2="{WIDTH - 20}" y2="78"/>',
    ]
    for place, row in enumerate(sketch.rows):
        lines += _row(row, TOP + place * ROW)
    return "\n".join([*lines, "</svg>\n"])


def _row(row: Row, top: int) -> list[str]:
    width = (40 + 16 * len(row.value)) if row.button else WIDTH - 84
    kind, words = ("button", "act") if row.button else ("box", "")
    lines = [
        f'<text class="soft" x="20" y="{top + 16}">{escape(row.label)}</text>',
        f'<rect class="{kind}" x="20" y="{top + 24}" width="{width}" height="34" rx="6"/>',
        f'<text class="{words}" x="{40 if row.button else 32}" y="{top + 46}">{escape(row.value)}</text>',
    ]
    if row.number:
        x = 20 + width + 26
        lines.append(f'<circle class="dot" cx="{x}" cy="{top + 41}" r="13"/>')
        lines.append(f'<text class="no" x="{x}" y="{top + 46}">{row.number}</text>')
    return lines


def main() -> None:
    """Write them all."""
    for name, sketch in SKETCHES.items():
        (IMAGES / f"{name}.svg").write_text(draw(sketch), encoding="utf-8")


if __name__ == "__main__":
    main()
