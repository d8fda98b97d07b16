"""What the site's builder does besides its own work, for each of the two languages.

The pages of one language lie in `docs/zh` or `docs/en`, and each is a site of its own with its own search. Pictures,
the glossary and (in English) the decision records lie beside them and are shared. In the repository a page may point
to all of these and to the source; on the site such links are led to where the file is. A file of the repository that
a page points to, such as a unit of systemd, is a page of the site too: who reads on a phone has no checkout.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.structure.nav import Section

DOCS: Final = Path(__file__).parents[1]
OTHER: Final = {"zh": "en", "en": "zh"}
TAGS: Final = {"zh": ("zh-CN", "中文"), "en": ("en", "English")}
SECTIONS: Final = {
    "Start here": "从这里开始",
    "Connect a website": "接入网站",
    "Codes from other systems": "身份系统的验证码",
    "WeChat login for apps": "应用用微信登录",
    "Run the service": "部署与运维",
    "Reference": "参考",
    "Understand": "了解原理",
    "Decide": "五个问题",
    "Contribute": "参与开发",
}
"""Titles of the navigation: English, as in mkdocs.yml, and Chinese."""
FILES: Final = "files/"
"""Where on the site the files of the repository are."""
GLOSSARY: Final = {"zh": "词汇表", "en": "Glossary"}

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_TWIN = re.compile(r"<link rel=\"?alternate\"? href=[^>]* hreflang=[^>]*>\s*")
_SRC = re.compile(r'(\b(?:src|srcset)=")(?!https?://|data:)([^"]+)"')
_FENCE = re.compile(r"^(?P<fence>`{3,}).*?^(?P=fence)`*\s*$", re.MULTILINE | re.DOTALL)
_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc(?:set)?=["']?\s*((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|modulepreload|dns-prefetch))[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(["']?((?:https?:)?//[^"')]+)""",
    re.IGNORECASE,
)


def _language(config: Any) -> str:
    return Path(config["docs_dir"]).name


def _shared(language: str) -> dict[str, Path]:
    """Files beside the language's folder, by the address that they get on the site."""
    found = {"glossary.md": DOCS / "glossary.md"}
    found |= {f"images/{path.name}": path for path in (DOCS / "images").iterdir()}
    found |= {f"assets/{path.name}": path for path in (DOCS / "site" / "assets").iterdir()}
    if language == "en":
        found |= {f"decisions/{path.name}": path for path in (DOCS / "decisions").iterdir()}
    return found


def on_config(config: Any, **_: Any) -> Any:
    """Leave out of the navigation what this language does not have: the decision records, which are in English."""
    root = Path(config["docs_dir"])
    shared = _shared(root.name)

    def kept(items: list[Any]) -> list[Any]:
        found: list[Any] = []
        for item in items:
            if isinstance(item, dict):
                found += [{title: below} for title, pages in item.items() if (below := kept(pages))]
            elif item == "glossary.md":  # one page for both, with both titles
                found.append({GLOSSARY[root.name]: item})
            elif (root / item).exists() or item in shared:
                found.append(item)
        return found

    config["nav"] = kept(config["nav"])
    return config


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add what both languages share, and the files of the repository that pages point to."""
    for uri, path in sorted(_shared(_language(config)).items()):
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    for path in _linked_files():
        files.append(File.generated(config, _file_page(path), content=_shown_file(path)))
    return files


@cache
def _linked_files() -> list[Path]:
    """Files outside of the documentation that a page of either language points to."""
    found = set()
    for language in OTHER:
        for page in (DOCS / language).rglob("*.md"):
            text = _FENCE.sub("", page.read_text(encoding="utf-8"))
            found |= {(page.parent / link[3]).resolve() for link in _LINK.finditer(text)}
    return sorted(path for path in found if path.is_file() and not path.is_relative_to(DOCS))


def _file_page(path: Path) -> str:
    return f"{FILES}{path.relative_to(DOCS.parent).as_posix()}.md"


def _shown_file(path: Path) -> str:
    """A page with the text of a file; the search leaves it out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":  # its own links lead to files of the repository
        shown = _LINK.sub(r"\2", text)
    else:
        kind = {".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".py": "python", ".conf": "nginx"}.get(
            path.suffix, ""
        )
        shown = f"# `{path.relative_to(DOCS.parent).as_posix()}`\n\n````{kind}\n{text}\n````\n"
    return f"---\nsearch:\n  exclude: true\n---\n\n{shown}"


def on_nav(nav: Any, config: Any, **_: Any) -> Any:
    """Title the sections in the language of the site."""
    if _language(config) == "zh":
        _title(nav.items)
    return nav


def _title(items: list[Any]) -> None:
    for item in items:
        if isinstance(item, Section):
            item.title = SECTIONS[item.title]
            _title(item.children)


class Links:
    """The links of one page, and where they lead on the site.

    Args:
        page: the page.
        language: of the site that it is on.
    """

    def __init__(self, page: Any, language: str) -> None:
        self._language = language
        self._source = Path(page.file.abs_src_path)
        self._folder = posixpath.dirname(page.file.src_uri) or "."
        self._url = page.url or "."
        self._shared = {path: uri for uri, path in _shared(language).items()}

    def _place(self, target: str) -> tuple[str, str | None]:
        """The language of a file's site and its address there, without an address if it is on none."""
        path = (self._source.parent / target).resolve()
        if path in self._shared:
            return self._language, self._shared[path]
        inside = path.relative_to(DOCS).as_posix() if path.is_relative_to(DOCS) else ""
        for each in (self._language, OTHER[self._language]):
            if inside.startswith(f"{each}/") and path.is_file():
                return each, inside.removeprefix(f"{each}/")
        if inside.startswith("decisions") and path.exists():
            return "en", inside if path.is_file() else f"{inside}/README.md"
        if path in _linked_files():
            return self._language, _file_page(path)
        return "", None

    def led(self, found: re.Match[str]) -> str:
        """A Markdown link to where the file is on the site; plain text where it is on none."""
        picture, text, target, anchor = found[1], found[2], found[3], found[4] or ""
        where, address = self._place(target)
        if address is None:
            name = (self._source.parent / target).resolve().relative_to(DOCS.parent).as_posix()
            shown = f"（`{name}`）" if self._language == "zh" else f" (`{name}`)"
            return f"{text}{shown}" if text.strip("`") not in name else f"`{name}`"
        if where == self._language:
            return f"{picture}[{text}]({posixpath.relpath(address, self._folder)}{anchor})"
        base = posixpath.relpath(f"../{where}/{_address(address)}", self._url) + "/"
        shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
        return f'<a href="{base}{anchor}" hreflang="{TAGS[where][0]}">{shown}</a>'

    def shown(self, found: re.Match[str]) -> str:
        """The `src` of a picture."""
        _, address = self._place(found[2])
        return found[0] if address is None else f'{found[1]}{posixpath.relpath(address, self._url)}"'


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Lead each link outside of code to where the file is on the site."""
    if page.file.src_uri.startswith(FILES):
        return markdown
    links = Links(page, _language(config))
    pieces, last = [], 0
    for fence in [*_FENCE.finditer(markdown), None]:
        text = markdown[last : fence.start() if fence else None]
        pieces.append(_SRC.sub(links.shown, _LINK.sub(links.led, text)))
        if fence:
            pieces.append(fence[0])
            last = fence.end()
    return "".join(pieces)


def _address(uri: str) -> str:
    """The folder that a page gets on the site."""
    name = uri.removesuffix(".md")
    return posixpath.dirname(name) if posixpath.basename(name) in {"index", "README"} else name


def on_page_context(context: Any, page: Any, config: Any, **_: Any) -> Any:
    """Name the page's twin, in each language."""
    uri = page.file.src_uri
    links = []
    for language, (tag, name) in TAGS.items():
        there = (DOCS / language / uri).exists() or uri in _shared(language) or uri.startswith(FILES)
        address = _address(uri) if there else ""
        links.append({"lang": tag, "name": name, "link": f"../{language}/{address}/".replace("//", "/")})
    config["extra"]["alternate"] = links
    return context


def on_post_page(output: str, config: Any, **_: Any) -> str:
    """Name the dialog of the search, and drop the head's links to twins: the theme asks each for a sitemap."""
    name = {"zh": "搜索", "en": "Search"}[_language(config)]
    return _TWIN.sub("", output).replace('role="dialog">', f'role="dialog" aria-label="{name}">')


def on_post_build(config: Any, **_: Any) -> None:
    """Look through everything that was built.

    Raises:
        PluginError: a page or a style loads something from another host.
    """
    for path in Path(config["site_dir"]).rglob("*"):
        if path.suffix in {".html", ".css"}:
            for found in _LOADS.finditer(path.read_text(encoding="utf-8")):
                raise PluginError(f"{path}: loads {next(filter(None, found.groups()))} from another host")
