"""What mkdocs does besides its own: links that leave docs/ become plain text, and the built site asks nobody else.

In the repository a page may point to the source beside it; on the site there is none, so such a link names the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

_LEAVING = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+(?!decisions|images)[^)#\s]+)(?:#[^)]*)?\)")
_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc(?:set)?=["']?\s*((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|modulepreload|dns-prefetch))[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(["']?((?:https?:)?//[^"')]+)""",
    re.IGNORECASE,
)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Take the links out that would lead nowhere."""
    depth = page.file.src_uri.count("/") + 1

    def plain(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        if target.count("../") < depth:
            return found[0]
        name = target.replace("../", "")
        return f"{text} (`{name}`)" if text.strip("`") not in name else f"`{name}`"

    return _LEAVING.sub(plain, markdown)


def on_post_build(config: Any, **_: Any) -> None:
    """Look through everything that was built.

    Raises:
        PluginError: a page or a style loads something from elsewhere.
    """
    for path in Path(config["site_dir"]).rglob("*"):
        if path.suffix in {".html", ".css"}:
            for found in _LOADS.finditer(path.read_text(encoding="utf-8")):
                raise PluginError(f"{path}: loads {next(filter(None, found.groups()))} from somebody else")
