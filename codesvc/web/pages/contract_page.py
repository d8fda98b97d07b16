"""The published contract: `/openapi.json` for programs, `/docs` for people, in sections with addresses of their own.

All of it is the same for every caller, so each page is made once, at the first request. Style and script are allowed by
hashes; a nonce would protect no better, and each answer would have to be made anew.
"""

from __future__ import annotations

import re
import tomllib
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.web.asset import Asset
from codesvc.web.problem_texts import text_of
from codesvc.web.problem_types import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.messages.templates import Templates

LANGUAGES: Final = ("zh", "en")
_KEPT: Final = "public, max-age=300"
_EVENTS: Final = (
    "What your webhook receives as a POST, signed as in Standard Webhooks. Reject anything unsigned, remember the ids "
    "that you have handled, and answer 2xx within 15 seconds."
)
_PROBLEMS: Final = "Errors by name. The `type` of an error links to the same page."
_PATHS: Final = ("/wechat/", "/p/", "/docs")
"""Addresses that people and WeChat open, not a site's programs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the overview and of a section's menu.

    Attributes:
        anchor: the id of the element that it leads to.
        title: in English; the page says it in its language.
        method: the method of a call, in lower case.
        path: the path of a call, or an event's type.
        words: what a search finds it by, in lower case.
    """

    anchor: str
    title: str
    method: str = ""
    path: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the reference.

    Attributes:
        name: the last part of its address.
        title: in English.
        about: what it is about, in English.
        calls: path, method and operation of each call.
        entries: what is on it.
        problems: the problem types with their texts; only on the page of the problem types.
    """

    name: str
    title: str
    about: str
    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    problems: Sequence[Mapping[str, Any]] = field(default_factory=list)


class Reference:
    """The document and its pages.

    Args:
        testing: whether the service is in test mode, and calls can be tried from the pages.
    """

    def __init__(self, public_url: str, templates: Templates, *, testing: bool) -> None:
        self._public_url = public_url
        self._templates = templates
        self._testing = testing
        self._pages: dict[tuple[str, str], Asset] = {}
        self._sections: dict[str, list[Section]] = {}

    @cached_property
    def _document(self) -> dict[str, Any]:
        # Imported on first use: few requests need it, and it is 2.5 % of what a start imports.
        from codesvc.web.contract import describe  # noqa: PLC0415

        return describe(self._public_url)

    @cached_property
    def json(self) -> Asset:
        """The document as JSON; pages of other origins may read it, since nothing in it is secret."""
        headers = {"Cache-Control": _KEPT, "Access-Control-Allow-Origin": "*"}
        return Asset(msgspec.json.encode(self._document), "application/json", headers)

    def page(self, name: str, language: str) -> Asset | None:
        """A section in a language (`zh` or `en`), or the overview for ""; None if there is no such section."""
        if language not in self._sections:
            self._sections[language] = _sections(self._document, language)
        sections = self._sections[language]
        section = next((each for each in sections if each.name == name), None)
        if name and section is None:
            return None
        if (name, language) not in self._pages:
            self._pages[name, language] = self._made(section, sections, language)
        return self._pages[name, language]

    def _made(self, section: Section | None, sections: list[Section], language: str) -> Asset:
        from codesvc.web.contract.samples import LANGUAGES as NAMES  # noqa: PLC0415

        html = self._templates.page(
            "reference",
            {
                "contract": self._document,
                "pretty": _pretty,
                "tried": _tried,
                "say": _speaker(language),
                "language": language,
                "sections": sections,
                "section": section,
                "samples": _samples,
                "languages": NAMES,
                "testing": self._testing,
            },
        )
        policy = (
            f"default-src 'none'; style-src {_hash_of('style', html)}; script-src {_hash_of('script', html)}; "
            f"img-src 'self'; {'connect-src ' + chr(39) + 'self' + chr(39) + '; ' if self._testing else ''}"
            "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        )
        headers = {"Cache-Control": _KEPT, "Content-Security-Policy": policy, "Vary": "Accept-Language"}
        return Asset(html.encode(), "text/html", headers | {"Content-Language": language})


def _hash_of(tag: str, html: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    return f"'sha256-{b64encode(sha256(found[1].encode() if found else b'').digest()).decode()}'"


@cache
def _speaker(language: str) -> Callable[[str], str]:
    """A function that says an English text in that language."""
    if language != "zh":
        return str
    path = Path(__file__).parents[1] / "contract" / "chinese.toml"
    words: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))
    return lambda text: words.get(text, text)


def _samples(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, str]:
    """The call in several programming languages; empty for addresses that no program calls."""
    from codesvc.web.contract.samples import call_of, samples  # noqa: PLC0415

    if method == "options" or path.startswith(_PATHS):
        return {}
    return samples(call_of(path, method, operation))


def _sections(document: Mapping[str, Any], language: str) -> list[Section]:
    """All sections: one for each group of calls, then events, shapes and problems."""
    say = _speaker(language)
    found = []
    for tag in document["tags"]:
        name = tag["name"].lower().replace(" ", "-")
        calls = [
            (path, method, call)
            for path, item in document["paths"].items()
            for method, call in item.items()
            if tag["name"] in call["tags"]
        ]
        entries = [_entry(path, method, call, say, _members(call, document)) for path, method, call in calls]
        found.append(Section(name, tag["name"], tag["description"], calls, entries))
    events = [_entry(name, "post", item["post"], say, {}) for name, item in document["webhooks"].items()]
    shapes = document["components"]["schemas"]
    plain = [
        Entry(f"schema-{name}", name, words=_words(name, *shape.get("properties", ())))
        for name, shape in shapes.items()
        if not name.endswith("Problem")
    ]
    found.append(Section("events", "Events", _EVENTS, entries=events))
    found.append(Section("shapes", "Shapes", "The types of request and response bodies.", entries=plain))
    problems = [
        {
            "shape": shape,
            "name": each["title"],
            "status": each["properties"]["status"]["const"],
            "text": text_of(PROBLEMS[each["title"]], language),
        }
        for shape, each in shapes.items()
        if shape.endswith("Problem")
    ]
    lines = [
        Entry(f"schema-{one['shape']}", one["name"], words=_words(one["name"], str(one["status"]), one["text"].title))
        for one in problems
    ]
    found.append(Section("problems", "Problems", _PROBLEMS, entries=lines, problems=problems))
    return found


def _entry(
    path: str, method: str, call: Mapping[str, Any], say: Callable[[str], str], members: Mapping[str, str]
) -> Entry:
    texts = (call["summary"], call.get("description", ""), *members.values())
    words = _words(method, path, call["operationId"], *members, *texts, *map(say, texts))
    return Entry(call["operationId"], call["summary"], method, path, words)


def _members(call: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, str]:
    """The members of a call's body, and what is said of each."""
    bodies = call.get("requestBody", {}).get("content", {}).values()
    names = [body["schema"]["$ref"].rpartition("/")[2] for body in bodies if "$ref" in body["schema"]]
    shapes = [document["components"]["schemas"][name].get("properties", {}) for name in names]
    return {name: member.get("description", "") for shape in shapes for name, member in shape.items()}


def _words(*texts: str) -> str:
    """What a search finds an entry by: the page's script compares in lower case."""
    return " ".join(texts).lower()


def _tried(call: Mapping[str, Any]) -> str:
    """The first example of a call's body, without the address of a website: this deployment has other websites."""
    content = next(iter(call["requestBody"]["content"].values()))
    value = next(iter(content["examples"].values()))["value"]
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name != "return_url"}
    return _pretty(value)


def _pretty(value: Any) -> str:
    """An example for the page: a text unchanged, any other value as indented JSON."""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
