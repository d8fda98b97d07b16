"""Picks a language for what a reader asks for: one tag, or the weighed ranges of an `Accept-Language` header.

Tags are compared without case and with `_` as `-` (RFC 5646 section 2.1.1). Ranges are weighed by RFC 9110 section
12.5.4 and looked up by RFC 4647 section 3.4. Every text gets an answer: what is not a language range is passed over.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from babel.core import get_global

_LONGEST: Final = 512
"""So many characters are read: some 35 languages. Browsers send up to 150; all of an 8 KB header would take 1 ms."""
_LONGEST_TAG: Final = 100
"""Characters. RFC 5646 section 4.4.1 asks for room for 35."""
_ANSWERS_KEPT: Final = 1024
_RANGE: Final = re.compile(r"(?:\*|[a-z]{1,8})(?:-(?:\*|[a-z0-9]{1,8}))*", re.ASCII)
_WEIGHT: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)
_SCRIPT: Final = re.compile(r"[a-z]{4}", re.ASCII)
_CHINESE: Final = re.compile(r"cmn|yue|wuu|nan|hak|gan|hsn|cdo|cjy|cpx|czh|czo|lzh|mnp|zho|chi")
"""The members of the macrolanguage zh, and its three-letter codes: their readers read the texts of zh."""


def nearest(asked: str, available: tuple[str, ...], default: str) -> str:
    """The available language that fits best.

    Args:
        asked: a tag, or the value of an `Accept-Language`.
        available: the languages by name, such as `zh` or `zh_Hant`.
        default: the one of them for a reader who asks for no available language and does not exclude it (`q=0`).
    """
    return _kept(asked[:_LONGEST], available, default)


def _nearest(asked: str, available: tuple[str, ...], default: str) -> str:
    names = {_plain(name): name for name in available}
    ranges = _ranges(asked)
    # Reversed, so that of equal ranges the first counts.
    weights = {tag: weight for tag, weight in reversed(ranges) if "*" not in tag}
    for tag, weight in sorted(ranges, key=lambda each: -each[1]):
        if not weight:
            break
        if tag == "*":
            # `*` stands for every language that no other range names (RFC 9110 section 12.5.4).
            fitting = [name for key, name in names.items() if _weight_of(key, weights) is None]
            if fitting:
                return default if default in fitting else fitting[0]
            continue
        for candidate in _ladder(tag):
            found = candidate if candidate in names else _narrower(candidate, names)
            if found is not None and _weight_of(found, weights) != 0:
                return names[found]
    # A reader may have excluded the default: then the first language that is left.
    allowed = [name for key, name in names.items() if _weight_of(key, weights) != 0]
    return allowed[0] if allowed and default not in allowed else default


_kept = lru_cache(_ANSWERS_KEPT)(_nearest)
"""Each start and each page asks, and most ask the same: a look-up takes 0.2 µs, working it out 3 to 10."""


def _plain(tag: str) -> str:
    return tag.strip(" \t").lower().replace("_", "-")


def _ranges(asked: str) -> list[tuple[str, float]]:
    """The readable ranges with their weights, in their order. A range whose weight is unreadable is left out."""
    found = []
    for part in asked.split(","):
        text, *parameters = part.split(";")
        tag = _plain(text)
        tag = tag.partition(".")[0].partition("@")[0]  # such as en_US.UTF-8
        weight = _weight(parameters)
        if len(tag) <= _LONGEST_TAG and weight is not None and _RANGE.fullmatch(tag):
            first, *more = tag.split("-")
            # `fra` and others for which there is a two-letter code are not valid (RFC 5646 section 2.2.1).
            language = "zh" if _CHINESE.fullmatch(first) else "en" if first == "eng" else first
            # A `*` that is not the first subtag matches any subtags, even none (RFC 4647 section 3.3.2).
            found.append(("-".join([language, *(each for each in more if each != "*")]), weight))
    return found


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if name.strip(" \t").lower() != "q":
            if name.strip(" \t") or equals:
                return None
            continue
        said = value.strip(" \t")
        # RFC 9110 section 12.4.2 allows three decimals.
        return min(float(said[:8]), 1.0) if _WEIGHT.fullmatch(said) else None
    return 1.0


def _ladder(tag: str) -> Iterator[str]:
    """A tag and its fallbacks, from the narrowest: for `zh-tw` also `zh-hant`, because Taiwan writes so, then `zh`."""
    subtags = tag.split("-")
    for length in range(len(subtags), 1, -1):
        yield "-".join(subtags[:length])
    if len(subtags) > 1 and not _SCRIPT.fullmatch(subtags[1]):
        likely = get_global("likely_subtags").get(f"{subtags[0]}_{subtags[1].upper()}", "")
        if likely.count("_") == 2:  # noqa: PLR2004  language, script, region
            yield _plain(likely.rpartition("_")[0])
    yield subtags[0]


def _narrower(tag: str, names: dict[str, str]) -> str | None:
    return next((key for key in names if key.startswith(f"{tag}-")), None)


def _weight_of(key: str, weights: dict[str, float]) -> float | None:
    """The weight of the narrowest range that matches a language (RFC 4647 section 3.3.1); None where none does."""
    while key:
        if key in weights:
            return weights[key]
        key = key.rpartition("-")[0]
    return None
