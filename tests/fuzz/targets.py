"""Every fuzz target by its name."""

from __future__ import annotations

from tests.fuzz import callbacks, configuration, headers, imports, tokens

TARGETS = {
    target.name: target for module in (callbacks, headers, tokens, configuration, imports) for target in module.TARGETS
}
