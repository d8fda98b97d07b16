"""`python -m docs.reference`: writes the reference pages of both languages."""

from docs.reference.pages import PAGES, page
from docs.reference.words import LANGUAGES, ROOT

for name in PAGES:
    for language in LANGUAGES:
        (ROOT / "docs" / language / f"{name}.md").write_text(page(name, language), encoding="utf-8")
