"""`make docs`: builds the site in both languages into `site/` and follows every link of what was built.

`site/index.html` opens the part in the reader's language. Nothing on the site asks another host for anything.
"""

from __future__ import annotations

import os
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT: Final = Path(__file__).parents[2]
SITE: Final = ROOT / "site"
PARTS: Final = {
    "zh": ("zh-CN", "用微信发验证码：不付短信费，一条命令试用"),
    "en": ("en", "Verification codes over WeChat: no SMS fees, one command to try it"),
}
"""Folder of the pages: language tag, description."""


class Page(HTMLParser):
    """The links of one built page, and the names to which links may lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names and where it leads."""
        for name, value in attrs:
            if name in {"id", "name"} and value:
                self.names.add(value)
            elif value and (name == "href" or (name == "src" and tag != "script")):
                self.links.append(value)


def main() -> int:
    """Build both parts and the page that chooses between them; 1 if a link leads nowhere."""
    os.chdir(ROOT)
    shutil.rmtree(SITE, ignore_errors=True)
    for folder, (tag, description) in PARTS.items():
        os.environ |= {
            "DOCS_DIR": f"docs/{folder}",
            "DOCS_SITE": f"site/{folder}",
            "DOCS_LANGUAGE": tag,
            "DOCS_DESCRIPTION": description,
        }
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True)
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    shutil.copy(Path(__file__).with_name("index.html"), SITE / "index.html")
    broken = faults(SITE)
    sys.stderr.writelines(f"{each}\n" for each in broken)
    return 1 if broken else 0


def faults(site: Path) -> list[str]:
    """Every link within the site that leads to no file or to no name on its page."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                found.append(f"{path.relative_to(site)}: {link} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
                found.append(f"{path.relative_to(site)}: {link} names nothing on that page")
    return found


if __name__ == "__main__":
    sys.exit(main())
