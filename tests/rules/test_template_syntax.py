"""Every HTML template of the service compiles, also one that is drawn only for an operator or an unusual state.

A template is compiled when it is first drawn, so a merge that lost a bracket would otherwise show as a 500 to a person.
"""

from pathlib import Path

import pytest
from jinja2 import Environment

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("codesvc", "templates")
    for path in (ROOT / folder).rglob("*.html")
    if "templates" in path.parts
)


def test_the_templates_are_found():
    assert "codesvc/web/admin/templates/verification.html" in TEMPLATES
    assert "templates/pages/verification.html" in TEMPLATES


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles(name):
    Environment(autoescape=True).parse((ROOT / name).read_text(encoding="utf-8"), name)
