"""The files of the drop-in widget: `/widget.js` for a customer's own page, a text file per language, and types.

They are built once from the texts and styles of the hosted page. So both always agree, and a directory of templates
changes both. A page loads only one language.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import rjsmin

from codesvc.domain.channels import IN_CHAT
from codesvc.domain.device import PHONE
from codesvc.web.asset import Asset
from codesvc.web.texts.catalogue import CONTEXT

if TYPE_CHECKING:
    from codesvc.messages.templates import Templates
    from codesvc.web.texts import Speech, Texts

_STATIC: Final = Path(__file__).parents[1] / "static"
_PARTS: Final = ("elements.js", "panel.js", "widget.js")
_SHARED: Final = ("wechat.js", "code_box.js")
_STYLES: Final = ("panel.css", "widget.css")
_OF_PAGES_ONLY: Final = (
    *(
        "contact.",
        "title",
        "subtitle",
        "back",
        "needs.",
        "refresh",
        "reload",
        "busy.",
        "trouble.",
        "problem.forbidden",
        "problem.unavailable",
        "problem.page.",
        "problem.invalid",
        "front.",
        "begun.",
        "oidc.",
        "relay.",
    ),
    *("msg.", "bi.", "lg.", "ask.", "tk."),
)
_BUT: Final = frozenset(
    {
        *("back.now", "ask.link.copy", "ask.scan.alt", "ask.waiting", "ask.safety"),
        *("ask.step.scan", "ask.step.follow", "ask.step.yes", "ask.step.send"),
    }
)
_REM: Final = re.compile(r"(?<![\w.])(-?[\d.]+)rem\b")
_RULE: Final = re.compile(r"(@(?:media|container)[^{]*)")
_REMARK: Final = re.compile(r"^(?://.*|/\*(?s:.*?)\*/)\n", re.MULTILINE)
_TIMES: Final = re.compile(r" \* (?=\.?\d)")  # in calc(); no selector has a number there
_SPARE: Final = re.compile(r"\s*([{};,])\s*|(:)\s+")  # a blank before a colon may be a descendant's
_LINE_ENDS: Final = re.compile(r";?(?=\})|(?<=[;{}])\n")
"""Line ends and semicolons that `rjsmin` keeps and nothing needs.

No file has an empty statement before a brace, and every expression that ends with a brace has its semicolon.
"""
_ROOT_FONT: Final = 16  # pixels of 1rem by default; in a media query it is always this value
_HEADERS: Final = {
    "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def words(speech: Speech) -> dict[str, str | dict[str, str]]:
    """The widget's texts in one language; a text with a count has its plural forms, see `Speech.forms`."""
    own = {key for context, key in speech.places if context == CONTEXT}
    shared = {key for context, key in speech.places if not context and not key.startswith(_OF_PAGES_ONLY)} | _BUT
    said = {key: speech.forms(key, CONTEXT if key in own else "") for key in sorted(shared | own)}
    return {"dir": speech.direction, **said}


def scaled(style: str) -> str:
    """The styles with pixels in media queries, which allow no variables.

    The script (elements.js) turns every other rem into one of `--codesvc-rem`, because the customer's page may define
    any size for its own.
    """

    def in_pixels(rule: re.Match[str]) -> str:
        return _REM.sub(lambda length: f"{float(length[1]) * _ROOT_FONT:g}px", rule[0])

    return _RULE.sub(in_pixels, style)


def packed(text: str) -> str:
    """The style sheet without whole-line comments and spare white space, so that it is smaller on a slow connection."""
    short = _SPARE.sub(r"\1\2", _REMARK.sub("", text)).replace(";}", "}")
    return _TIMES.sub("*", short).strip()


class Widget:
    """The script and its types.

    Attributes:
        languages: the texts by the language's name in lower case, as the script requests it.
    """

    def __init__(self, templates: Templates, texts: Texts) -> None:
        self.languages = {name.replace("_", "-").lower(): texts.speech(name) for name in texts.languages}
        self._templates, self._texts = templates, texts
        self._words: dict[str, Asset] = {}

    def said_in(self, language: str) -> Asset:
        """The texts of the language that is nearest to a tag, made at the first request."""
        name = self._texts.chosen(language)
        if name not in self._words:
            said = msgspec.json.encode(words(self._texts.speech(name)))
            self._words[name] = Asset(said, "application/json", _HEADERS, dense=True)
        return self._words[name]

    @cached_property
    def script(self) -> Asset:
        """The script, made at the first request."""
        style = packed(scaled("".join(self._templates.source(name) for name in _STYLES)))
        tags = {name: speech.tag for name, speech in self.languages.items()}
        given = {"tags": tags, "style": style, "phone": PHONE.pattern, "chat": sorted(IN_CHAT)}
        parts = [self._templates.source(name) for name in _SHARED]
        parts += [(_STATIC / name).read_text(encoding="utf-8") for name in _PARTS]
        code = _LINE_ENDS.sub("", rjsmin.jsmin("".join(parts).replace('"use strict";\n', "")))
        code = code.replace("const ", "let ")  # shorter; that nothing is assigned twice is seen in the sources
        data = msgspec.json.encode(given).decode()
        # A second script tag on a page does nothing; the widgets of the first continue.
        script = f'(()=>{{"use strict";if(window.codesvc)return;let given={data};{code}}})();\n'
        return Asset(script.encode(), "text/javascript", _HEADERS, dense=True)

    @cached_property
    def types(self) -> Asset:
        """The TypeScript types."""
        return Asset((_STATIC / "widget.d.ts").read_bytes(), "text/plain", _HEADERS)
