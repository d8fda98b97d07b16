"""Keeps the catalogues in step with the code: `make texts`; a new language: `make language LANGUAGE=fr`.

English is the source: whoever needs a text writes it into `templates/texts/en.po`. From there it goes into the template
for translators (`pages.pot`) and into every other catalogue, with the English beside it and the files that ask for it.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stderr
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from codesvc.messages.templates import shipped_directory
from codesvc.web.texts import SOURCE
from codesvc.web.texts.catalogue import place_of, read, texts_in

ROOT = Path(__file__).parents[2]
DIRECTORY = shipped_directory() / "texts"
SHOP = ROOT / "codesvc" / "demo"
CONSOLE = "codesvc/web/admin/"  # has catalogues of its own
PAGES = "the pages and the widget"
KEYWORDS = {name: tuple(range(1, 6)) for name in ("best", "t.best")} | {"t": None}
METHODS = [
    ("codesvc/web/**.py", "python"),
    ("codesvc/web/static/**.js", "javascript"),
    ("templates/pages/**.js", "javascript"),
    ("templates/pages/**.html", "jinja2"),
]
HEADER = (
    "# {what} of {of}. See docs/en/contributing/translating.md.\n"
    'msgid ""\nmsgstr ""\n"Project-Id-Version: codesvc\\n"\n{language}"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
)


@cache
def asked_for() -> dict[str, set[str]]:
    """The ids that stand in the code as they are, and the files they stand in. Others are put together from parts."""
    found: dict[str, set[str]] = {}
    # Babel prints a warning for each f-string. Ids that are put together from parts are meant to be.
    with redirect_stderr(StringIO()):
        places = list(extract_from_dir(ROOT, METHODS, keywords=KEYWORDS))
    for name, _, messages, _, _ in places:
        for key in messages if isinstance(messages, tuple) else (messages,):
            if key and "$" not in key and key != "dir" and not name.startswith(CONSOLE):
                found.setdefault(key, set()).add(name)
    return found


def written(catalogue: Catalog, header: str) -> bytes:
    body = BytesIO()
    write_po(body, catalogue, width=0, omit_header=True, include_lineno=False)
    return header.encode() + body.getvalue()


def listed(translations: Catalog | None) -> Catalog:
    """All texts in the order of the English catalogue: untranslated, or as these translations have them."""
    fresh = Catalog(locale=translations.locale_identifier if translations else None)
    if translations:
        fresh._num_plurals, fresh._plural_expr = translations.num_plurals, translations.plural_expr
    for message in texts_in(read((DIRECTORY / f"{SOURCE}.po").read_text(), SOURCE, SOURCE)):
        known = translations.get(message.id, message.context) if translations else None
        files = sorted(asked_for().get(place_of(message)[1], ()))
        english = message.string if isinstance(message.string, str) else message.string[-1]
        fresh.add(
            message.id,
            known.string if known else None,
            locations=[(name, 0) for name in files],
            auto_comments=[english],
            user_comments=known.user_comments if known else (),
            flags=known.flags if known else (),
            context=message.context,
        )
    return fresh


def template() -> bytes:
    """`pages.pot`."""
    return written(listed(None), HEADER.format(what="Words", of=PAGES, language=""))


def catalogue(language: str, translations: Catalog) -> bytes:
    """A catalogue with every text, what was there kept."""
    tag, name = translations.locale_identifier, Locale.parse(language).english_name
    plural = f'"Language: {tag}\\n"\n"Plural-Forms: {translations.plural_forms}\\n"\n'
    return written(listed(translations), HEADER.format(what=f"{name} words", of=PAGES, language=plural))


def asked_for_by_the_shop() -> list[str]:
    """Every text of the demo's shop, whose ids are the English texts."""
    places = extract_from_dir(SHOP, [("**.py", "python"), ("**.html", "jinja2")], keywords={"_": None, "mark": None})
    return list(dict.fromkeys(key for _, _, key, _, _ in sorted(places, key=lambda place: place[0])))


def shops_catalogue(path: Path) -> bytes:
    """A catalogue of the shop with every text, what was there kept."""
    known = read(path.read_text(encoding="utf-8"), path.stem, path.name)
    fresh = Catalog(locale=known.locale_identifier)
    for key in asked_for_by_the_shop():
        fresh.add(key, known[key].string if key in known else "")
    language = f'"Language: {known.locale_identifier}\\n"\n"Plural-Forms: {known.plural_forms}\\n"\n'
    name = Locale.parse(path.stem).english_name
    return written(fresh, HEADER.format(what=f"{name} words", of="the shop", language=language))


def main(new: list[str]) -> None:
    (DIRECTORY / "pages.pot").write_bytes(template())
    for language in new:
        path = DIRECTORY / f"{language}.po"
        if path.exists():
            raise SystemExit(f"{path} is there already")
        path.write_bytes(catalogue(language, Catalog(locale=Locale.parse(language))))
    for path in sorted((SHOP / "texts").glob("*.po")):
        path.write_bytes(shops_catalogue(path))
    for path in sorted(DIRECTORY.glob("*.po")):
        if path.stem != SOURCE and path.stem not in new:
            path.write_bytes(catalogue(path.stem, read(path.read_text(), path.stem, path.name)))


if __name__ == "__main__":
    main(sys.argv[1:])
