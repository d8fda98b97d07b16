"""What the stories of the models share."""

import pytest

from codesvc.store import script


@pytest.fixture
def short_lists(monkeypatch):
    """Lists of latest verifications are so short that a story fills them. What leaves them alive must not be missed."""
    monkeypatch.setattr(script, "MOST_RECENT", 2)
    script.load.cache_clear()
    yield
    script.load.cache_clear()
